/** What reading and writing PNG files share: chunks with checksums, filters, deflate as a stream. */
import { TempressError } from "../errors.ts";

export const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
export const GREY = 0;
export const RGB = 2;
export const again = "copy or save the image again";

export interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

export function chunkType(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at + 4, at + 8));
}

/** All chunks up to IEND, each whole and with its right checksum. */
export function readChunks(bytes: Uint8Array, where: string): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let at = PNG_SIGNATURE.length; at < bytes.length; ) {
    const end = at + 12 + (at + 12 <= bytes.length ? view.getUint32(at) : Number.POSITIVE_INFINITY);
    if (end > bytes.length) break;
    if (crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4)) {
      throw new TempressError("corrupt", `the PNG is damaged in the chunk at byte ${at}`, { where, hint: again });
    }
    chunks.push({ type: chunkType(bytes, at), data: bytes.subarray(at + 8, end - 4) });
    at = end;
    if (chunks.at(-1)!.type === "IEND") return chunks; // what follows is not the image's
  }
  throw new TempressError("truncated", "the PNG ends too early", { where, hint: again });
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function chunkBytes(type: string, data: readonly Uint8Array[]): Uint8Array {
  const body = joined([new TextEncoder().encode(type), ...data]);
  const ends = new DataView(new ArrayBuffer(8));
  ends.setUint32(0, body.length - 4);
  ends.setUint32(4, crc32(body));
  return joined([new Uint8Array(ends.buffer, 0, 4), body, new Uint8Array(ends.buffer, 4, 4)]);
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let k = 0; k < 8; k++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  return crc;
});

/** PNG's checksum (the one of zlib, ZIP and Ethernet, not the container's CRC-32C). */
export function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Sends bytes through a compressing or decompressing stream. */
export async function* through(
  stream: CompressionStream | DecompressionStream,
  parts: readonly Uint8Array[],
): AsyncGenerator<Uint8Array> {
  const writer = stream.writable.getWriter();
  const feed = async (): Promise<void> => {
    for (const part of parts) await writer.write(part as Uint8Array<ArrayBuffer>);
    await writer.close();
  };
  // A failure shows at the reading end as well; here it must only not be left unhandled.
  feed().catch(() => {});
  const reader = stream.readable.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

/** What filter `kind` expects at a byte, from its neighbours. */
export function expected(kind: number, left: number, up: number, corner: number): number {
  if (kind === 0) return 0;
  if (kind === 1) return left;
  if (kind === 2) return up;
  return kind === 3 ? (left + up) >> 1 : paeth(left, up, corner);
}
