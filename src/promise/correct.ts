import { DTYPES } from "../tensor/dtype.ts";
import { bytesOf, type Tensor } from "../tensor/tensor.ts";
import { damaged, type Place, readVarint, takeBytes, writeVarint } from "../tensor/varint.ts";
import { eachChanged } from "./errors-at.ts";
import type { Bound } from "./spec.ts";
import { mustMatch } from "./verify.ts";

/**
 * Section "corrections": the exact values at the positions where a codec broke the bound, so that any codec keeps
 * its promise.
 *
 *     varint count (1 or more), count x varint gap to the position before (the first from -1, less 1 each),
 *     count x value, as many bytes as the type has, little-endian
 *
 * undefined when nothing is broken. Arguments as `verifyBound`.
 */
export function correct(
  original: Tensor,
  decoded: Tensor,
  bound: Bound,
  mask?: Uint8Array,
  fill?: number,
): Uint8Array | undefined {
  mustMatch(original, decoded);
  const positions: number[] = [];
  eachChanged(original, decoded, bound, mask, fill, (index, _error, broken) => {
    if (broken) positions.push(index);
  });
  if (positions.length === 0) return undefined;
  const { bytes: width } = DTYPES[original.dtype];
  const head: number[] = [];
  writeVarint(head, positions.length);
  let last = -1;
  for (const position of positions) {
    writeVarint(head, position - last - 1);
    last = position;
  }
  const section = new Uint8Array(head.length + width * positions.length);
  section.set(head);
  const from = bytesOf(original);
  let at = head.length;
  for (const position of positions) {
    section.set(from.subarray(position * width, (position + 1) * width), at);
    at += width;
  }
  return section;
}

/** Puts the exact values back. Throws `corrupt` or `truncated` on damage, before anything is changed. */
export function applyCorrections(section: Uint8Array, into: Tensor): void {
  const place: Place = { bytes: section, at: 0, part: "corrections" };
  const { bytes: width } = DTYPES[into.dtype];
  const values = into.data.length;
  const count = readVarint(place, values);
  if (count === 0) throw damaged(place, "corrects nothing");
  // A gap and a value are at least 1 + width bytes, so a false count is found before memory is taken for it.
  if (count * (1 + width) > section.length - place.at) throw damaged(place, "is too short for its count", "truncated");
  const positions = new Float64Array(count);
  let last = -1;
  for (let k = 0; k < count; k++) {
    last += 1 + readVarint(place, values);
    if (last >= values) throw damaged(place, `corrects value ${last} of ${values}`);
    positions[k] = last;
  }
  const exact = takeBytes(place, count * width);
  if (place.at !== section.length) throw damaged(place, "has bytes left over");
  const to = bytesOf(into);
  for (let k = 0; k < count; k++) to.set(exact.subarray(k * width, (k + 1) * width), positions[k]! * width);
}
