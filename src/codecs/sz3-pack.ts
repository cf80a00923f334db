/** What follows the predictors' heads in SZ3's streams: quantiser, indices, zstd. */
import { ByteWriter } from "../container/cursor.ts";
import { zstdCompress } from "../entropy/lossless.ts";
import type { CodedArray } from "./sz3-kernels.ts";
import { writeQuantizer, writeU64 } from "./sz3-quantizer.ts";
import { writeSymbols } from "./sz3-symbols.ts";

/** SZ3's level; its streams are equal byte by byte only with this one. */
const ZSTD_LEVEL = 3;

/** Bytes that zstd may need for `size`. */
export function compressBound(size: number): number {
  return size + Math.floor(size / 256) + (size < 131072 ? Math.floor((131072 - size) / 2048) : 0);
}

export function radiusOf(quantBins: number): number {
  return Math.floor(quantBins / 2);
}

/** Quantiser, indices and zstd behind a head; undefined when `room` does not suffice in SZ3's eyes. */
export function pack(
  to: ByteWriter,
  { kernels, indices, quantizer, width }: CodedArray,
  bound: number,
  count: number,
  room: number,
): Uint8Array | undefined {
  writeQuantizer(to, { bound, radius: quantizer.radius, escapes: quantizer.escaped() }, width);
  writeSymbols(to, kernels, { address: indices, count, limit: Math.max(1, 2 * quantizer.radius) }, true);
  return envelope(to.written(), room);
}

/** A length and a zstd frame; undefined as above. */
export function envelope(inner: Uint8Array, room: number): Uint8Array | undefined {
  if (room - 8 < compressBound(inner.length)) return undefined;
  const to = new ByteWriter();
  writeU64(to, inner.length);
  to.put(zstdCompress(inner, ZSTD_LEVEL));
  return to.written().slice();
}
