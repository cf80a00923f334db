import { TempressError } from "../errors.ts";
import type { ByteSource } from "../tensor/source.ts";
import { type ChunkInfo, readChunkHeader } from "./chunk-record.ts";
import { CHUNK_MARKER, LIMITS } from "./layout.ts";

const PIECE = 1 << 20;
/** Marker, flags, length, header and checksum. */
const LONGEST_HEADER = LIMITS.chunkHeader + 32;

/**
 * Finds the chunks of a file whose index is lost: every marker whose header has a right checksum and which
 * `accept` finds plausible. Reads the file in pieces; chunks cut off by the end of the file are left out.
 */
export async function scanForChunks(
  source: ByteSource,
  start: number,
  rank: number,
  accept: (info: ChunkInfo) => boolean,
): Promise<ChunkInfo[]> {
  const found: ChunkInfo[] = [];
  const file = source.byteLength;
  for (let at = start; at < file; ) {
    const bytes = await source.read(at, Math.min(file, at + PIECE + LONGEST_HEADER));
    let i = 0;
    while (i < PIECE) {
      i = bytes.indexOf(CHUNK_MARKER[0], i);
      if (i < 0 || i >= PIECE) break;
      const info = chunkAt(bytes, i, at, rank);
      if (info && info.offset + info.byteLength <= file && accept(info)) {
        found.push(info);
        i += info.byteLength;
      } else {
        i++;
      }
    }
    at += Math.max(PIECE, i);
  }
  return found;
}

function chunkAt(bytes: Uint8Array, i: number, base: number, rank: number): ChunkInfo | undefined {
  if (!CHUNK_MARKER.every((byte, k) => bytes[i + k] === byte)) return undefined;
  try {
    return readChunkHeader(bytes.subarray(i, i + LONGEST_HEADER), base + i, rank).info;
  } catch (error) {
    // A marker by chance or a damaged header: the search goes on behind it.
    if (error instanceof TempressError) return undefined;
    throw error;
  }
}
