/**
 * Values that no lattice index can hold: kept as they are, with their positions.
 *
 *     varint count, count x varint places left out since the one before, count x value
 */
import { DTYPES } from "../tensor/dtype.ts";
import { bytesOf, type Tensor } from "../tensor/tensor.ts";
import { damaged, type Place, readVarint, takeBytes, writeVarint } from "../tensor/varint.ts";

/** `escapes`: positions in rising order. */
export function writeEscapes(frames: Tensor, escapes: readonly number[]): Uint8Array {
  const gaps: number[] = [];
  writeVarint(gaps, escapes.length);
  let last = -1;
  for (const index of escapes) {
    writeVarint(gaps, index - last - 1);
    last = index;
  }
  const size = DTYPES[frames.dtype].bytes;
  const from = bytesOf(frames);
  const section = new Uint8Array(gaps.length + size * escapes.length);
  section.set(gaps);
  escapes.forEach((index, k) => {
    section.set(from.subarray(index * size, (index + 1) * size), gaps.length + k * size);
  });
  return section;
}

/** Puts the values in their places; throws `corrupt` or `truncated` on damage. */
export function readEscapes(bytes: Uint8Array, into: Tensor): void {
  const place: Place = { bytes, at: 0, part: "escapes" };
  const size = DTYPES[into.dtype].bytes;
  const count = readVarint(place, Math.floor(bytes.length / (size + 1)));
  const positions: number[] = [];
  let last = -1;
  for (let k = 0; k < count; k++) {
    last += 1 + readVarint(place, into.data.length);
    if (last >= into.data.length) throw damaged(place, `holds value ${last} of ${into.data.length}`);
    positions.push(last);
  }
  const to = bytesOf(into);
  for (const position of positions) to.set(takeBytes(place, size), position * size);
  if (place.at !== bytes.length) throw damaged(place, "has bytes left over");
}
