/** Errors as shares of a bound, against the even distribution that a good quantiser leaves. */
export interface ErrorHistogram {
  /** Counts of errors / bound in equal intervals from -1 to 1. */
  readonly counts: Float64Array;
  readonly values: number;
  /** Errors beyond the bound, and those that are NaN. */
  readonly outside: number;
  /** Half the sum of |share - 1 / intervals|: 0 for an even distribution, near 1 for all in one interval. */
  readonly distance: number;
}

/** @param errors x - y @param bound absolute, above 0 */
export function errorHistogram(errors: ArrayLike<number>, bound: number, intervals = 64): ErrorHistogram {
  const counts = new Float64Array(intervals);
  let outside = 0;
  for (let i = 0; i < errors.length; i++) {
    const share = errors[i]! / bound;
    if (!(Math.abs(share) <= 1)) {
      outside++;
      continue;
    }
    counts[Math.min(intervals - 1, Math.floor(((share + 1) / 2) * intervals))]!++;
  }
  const inside = errors.length - outside;
  let distance = 0;
  for (const count of counts) distance += Math.abs(count / Math.max(1, inside) - 1 / intervals) / 2;
  return { counts, values: errors.length, outside, distance };
}
