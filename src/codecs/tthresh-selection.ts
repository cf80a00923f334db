/**
 * Which indices of each axis a partial reconstruction gives. A Tucker transform gives any of them, and weighted sums of
 * them, for the price of their own part: rows of a factor stand for indices.
 */

import { type Slice, sliceLength } from "../tensor/slice.ts";

/** One output index: what it takes of the input's. */
export type Terms = readonly { readonly index: number; readonly weight: number }[];

/** For each axis, from the fastest on, its output indices; undefined keeps the axis as it is. */
export type Selection = readonly (readonly Terms[] | undefined)[];

/** Indices of a slice as they are; undefined for the whole axis. */
export function termsOf(slice: Slice, extent: number): readonly Terms[] | undefined {
  const length = sliceLength(slice);
  if (length === extent) return undefined;
  return Array.from({ length }, (_, i) => [{ index: slice.first + i * slice.step, weight: 1 }]);
}
