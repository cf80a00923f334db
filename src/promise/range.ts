import { scanValues } from "../tensor/scan.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * Range of the ordinary values: finite, and neither -0, denormal nor the fill. `min` is Infinity and `max`
 * -Infinity where there are none. `specials` counts all others.
 */
export interface ValueRange {
  readonly min: number;
  readonly max: number;
  readonly finite: number;
  readonly specials: number;
}

export const EMPTY_RANGE: ValueRange = Object.freeze({ min: Infinity, max: -Infinity, finite: 0, specials: 0 });

/** Range of one slab. Throws `invalid-argument` for a fill value that the type cannot hold. */
export function scanRange(values: Tensor, fill?: number): ValueRange {
  const { min, max, ordinary, special } = scanValues(values, fill);
  return { min, max, finite: ordinary, specials: special };
}

/** Range of two slabs together. */
export function mergeRanges(a: ValueRange, b: ValueRange): ValueRange {
  return {
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    finite: a.finite + b.finite,
    specials: a.specials + b.specials,
  };
}
