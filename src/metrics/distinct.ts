import type { Arrays, DType } from "../tensor/dtype.ts";

/** Distinct values in ascending order and how often each is there. NaN counts as one value, like -0 and 0. */
export function* distinct(data: Arrays[DType]): Generator<{ readonly value: number; readonly count: number }> {
  const sorted = data.slice().sort() as Float64Array;
  let start = 0;
  for (let i = 1; i <= sorted.length; i++) {
    const same = sorted[i] === sorted[start] || (Number.isNaN(sorted[i]) && Number.isNaN(sorted[start]));
    if (i < sorted.length && same) continue;
    yield { value: Number(sorted[start]), count: i - start };
    start = i;
  }
}
