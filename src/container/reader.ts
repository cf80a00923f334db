import { TempressError } from "../errors.ts";
import { boxVolume } from "../tensor/box.ts";
import { DTYPES } from "../tensor/dtype.ts";
import { elementCount } from "../tensor/shape.ts";
import type { ByteSource } from "../tensor/source.ts";
import { type ChunkInfo, readChunk, type StoredChunk } from "./chunk-record.ts";
import { crc32c } from "./crc32c.ts";
import { ByteReader } from "./cursor.ts";
import { HEAD_GUESS, type Header, headLength, readHeader, refuseUnknown, storedShape, unitAxes } from "./header.ts";
import * as layout from "./layout.ts";
import { scanForChunks } from "./salvage.ts";

/** A file opened: header and index are in memory, chunks are read when asked for. */
export interface Container {
  readonly header: Header;
  readonly chunks: readonly ChunkInfo[];
  /** Bytes of the parts around the chunks. */
  readonly bytes: { readonly file: number; readonly header: number; readonly index: number };
  /** Why the index could not be used (only where `salvage` was asked for). */
  readonly lostIndex?: TempressError;
}

/**
 * Reads header, trailer and index, nothing else.
 * With `salvage` a damaged index is replaced by a search for chunks through the whole file.
 */
export async function openContainer(source: ByteSource, more: { salvage?: boolean } = {}): Promise<Container> {
  const name = source.name ?? "file";
  const file = source.byteLength;
  const first = await readRange(source, 0, Math.min(file, HEAD_GUESS));
  const headBytes = headLength(first, file, name);
  const header = readHeader(
    headBytes <= first.length ? first.subarray(0, headBytes) : await readRange(source, 0, headBytes),
  );
  try {
    const { chunks, frames, indexBytes } = await readIndex(source, header, headBytes);
    const grown = withFrames(header, frames);
    checkTiling(grown, chunks);
    return { header: grown, chunks, bytes: { file, header: headBytes, index: indexBytes } };
  } catch (error) {
    if (!more.salvage || !(error instanceof TempressError)) throw error;
    const chunks = await scanForChunks(source, headBytes, header.shape.length, (info) => plausible(info, header));
    const frames = chunks.reduce((most, { frames }) => Math.max(most, frames[1]), header.shape[header.timeAxis]!);
    return {
      header: withFrames(header, frames),
      chunks,
      bytes: { file, header: headBytes, index: 0 },
      lostIndex: error,
    };
  }
}

export async function readStored(source: ByteSource, info: ChunkInfo): Promise<StoredChunk> {
  return readChunk(await readRange(source, info.offset, info.offset + info.byteLength), info);
}

/** Exactly the bytes asked for; a file that shrank in the meantime is an error. */
export async function readRange(source: ByteSource, start: number, end: number): Promise<Uint8Array> {
  const bytes = await source.read(start, end);
  // Some sources give Node's Buffer, whose `slice` is a view where everybody else's is a copy.
  if (bytes.length === end - start) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  throw new TempressError("truncated", `bytes ${start}..${end} were asked for and ${bytes.length} came`, {
    where: source.name ?? "file",
    hint: "the file may have changed while it was read",
  });
}

async function readIndex(source: ByteSource, header: Header, headBytes: number) {
  const name = source.name ?? "file";
  const file = source.byteLength;
  const lost = (why: string, cause?: unknown) =>
    new TempressError("truncated", why, {
      where: name,
      hint: "the file is cut off or damaged; fetch it again, or use --salvage to restore the chunks that are whole",
      cause,
    });
  const trailerAt = file - layout.trailer.min;
  if (trailerAt < headBytes) throw lost("the file ends before its chunks");
  const tail = await readRange(source, trailerAt, file);
  const from = new ByteReader(tail, "trailer", trailerAt);
  if (!layout.END_MARKER.every((byte, i) => tail[tail.length - layout.END_MARKER.length + i] === byte)) {
    throw lost("the file does not end with a trailer");
  }
  const { indexLength, crc } = layout.trailer.read(from);
  const indexAt = trailerAt - indexLength;
  if (indexAt < headBytes) throw lost(`the index claims ${indexLength} bytes, more than the file has`);
  const bytes = await readRange(source, indexAt, trailerAt);
  if (crc32c(tail.subarray(0, 4), crc32c(bytes)) !== crc) throw lost("the index is damaged (its checksum differs)");
  const body = new ByteReader(bytes, "index", indexAt);
  const values = layout.index(header.shape.length).read(body);
  body.end();
  refuseUnknown(values.extensions, body);
  let end = headBytes;
  const chunks = values.chunks.map(({ origin, extent, offset, byteLength, maxError, sections }): ChunkInfo => {
    const frames = [origin[0]!, origin[0]! + extent[0]!] as const;
    const stored = sections.reduce((sum, section) => sum + section.byteLength, 0);
    if (offset !== end || stored >= byteLength || byteLength > indexAt - offset) {
      throw body.wrong(`the chunk of frames ${frames[0]}:${frames[1]} lies outside its place in the file`);
    }
    end = offset + byteLength;
    return { frames, box: { origin, extent }, offset, byteLength, maxError, sections };
  });
  if (end !== indexAt) throw body.wrong(`${indexAt - end} bytes before the index belong to no chunk`);
  return { chunks, frames: values.frames, indexBytes: file - indexAt };
}

/** The index's frame count holds: appending leaves the header as it was. */
function withFrames(header: Header, frames: number): Header {
  if (header.shape[header.timeAxis] === frames) return header;
  const shape = header.shape.map((extent, axis) => (axis === header.timeAxis ? frames : extent));
  return { ...header, shape: Object.freeze(shape) };
}

/** A box inside the tensor whose values fit into the limit. */
function plausible({ box }: ChunkInfo, header: Header): boolean {
  const stored = storedShape(header);
  const inside = box.extent.every((extent, k) => {
    // A salvaged file may have grown along time after its header was written.
    const end = k === 0 ? Number.MAX_SAFE_INTEGER : stored[k]!;
    return extent >= 1 && box.origin[k]! + extent <= end;
  });
  return inside && boxVolume(box) * DTYPES[header.dtype].bytes <= layout.LIMITS.chunkValues;
}

/**
 * Boxes must fill the tensor in order: windows along the first stored axis of extent above 1, and inside a window
 * runs of each frame's C-order values. So no value is missing or there twice, however large the claims are.
 */
export function checkTiling(header: Header, chunks: readonly ChunkInfo[]): void {
  const stored = storedShape(header);
  const wrong = (why: string, info?: ChunkInfo) =>
    new TempressError("corrupt", `the chunks do not fill the tensor: ${why}`, {
      where: info ? `index, chunk of frames ${info.frames[0]}:${info.frames[1]}` : "index",
      hint: "fetch the file again",
    });
  const total = elementCount(stored);
  if (total === 0) {
    if (chunks.length > 0) throw wrong("an empty tensor has chunks");
    return;
  }
  const lead = unitAxes(stored);
  const frame = stored.slice(lead + 1);
  const frameValues = frame.reduce((product, extent) => product * extent, 1);
  let start = 0;
  let end = 0;
  let filled = frameValues;
  for (const info of chunks) {
    const { origin, extent } = info.box;
    if (!plausible(info, header)) throw wrong("a chunk lies outside the tensor or is too large", info);
    if (filled === frameValues) {
      start = end;
      end = start + extent[lead]!;
      filled = 0;
    }
    if (origin[lead] !== start || extent[lead] !== end - start || end > stored[lead]!) {
      throw wrong("a window does not follow the one before", info);
    }
    const run = runInFrame(origin.slice(lead + 1), extent.slice(lead + 1), frame);
    if (run === undefined || run.start !== filled) throw wrong("a part does not follow the one before", info);
    filled += run.length;
  }
  if (end !== stored[lead] || filled !== frameValues) throw wrong("some values are in no chunk");
}

/** Where a part of a frame lies in the frame's C order, or undefined when it is not one run. */
export function runInFrame(
  origin: readonly number[],
  extent: readonly number[],
  frame: readonly number[],
): { start: number; length: number } | undefined {
  let start = 0;
  let length = 1;
  let mustBeWhole = false;
  for (let k = 0; k < frame.length; k++) {
    if (mustBeWhole && extent[k] !== frame[k]) return undefined;
    if (extent[k] !== 1) mustBeWhole = true;
    start = start * frame[k]! + origin[k]!;
    length *= extent[k]!;
  }
  return { start, length };
}
