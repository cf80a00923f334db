import { DTYPES } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { fillNumber } from "./error-sums.ts";

/** Pairs that count: x of the original, y decompressed, d = x - y in the data's own type, and where in the whole. */
export interface Counted {
  readonly count: number;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly d: Float64Array;
  /** Place in C order, among all values. */
  readonly at: Float64Array;
}

const BLOCK = 1 << 13;

/**
 * Passes the pairs that count of each slab on in blocks. Those do not count whose original is NaN, infinite or the
 * fill: as in error_stat. The arrays are used again for the next block.
 */
export function countedPairs(
  fill: number | undefined,
): (x: Tensor, y: Tensor, visit: (block: Counted) => void) => void {
  const block = {
    count: 0,
    x: new Float64Array(BLOCK),
    y: new Float64Array(BLOCK),
    d: new Float64Array(BLOCK),
    at: new Float64Array(BLOCK),
  };
  let before = 0;
  return (original, decoded, visit) => {
    const named = fillNumber(original.dtype, fill);
    const { kind } = DTYPES[original.dtype];
    // 0 and -0 differ in floats only.
    const isFill = kind === "float" ? Object.is : (a: number, b: number) => a === b;
    const single = original.dtype === "float32";
    const { data: from } = original;
    const { data: to } = decoded;
    const wide = typeof from[0] === "bigint";
    for (let start = 0; start < from.length; start += BLOCK) {
      const end = Math.min(from.length, start + BLOCK);
      let count = 0;
      for (let i = start; i < end; i++) {
        const value = Number(from[i]);
        if (!(Math.abs(value) < Infinity) || (value === named && isFill(value, named))) continue;
        const other = Number(to[i]);
        const d = wide ? Number((from[i] as bigint) - (to[i] as bigint)) : value - other;
        block.x[count] = value;
        block.y[count] = other;
        block.d[count] = single ? Math.fround(d) : d;
        block.at[count] = before + i;
        count++;
      }
      block.count = count;
      if (count > 0) visit(block);
    }
    before += from.length;
  };
}

/** All that count, for metrics that see the whole at once. */
export function allCounted(original: Tensor, decoded: Tensor, fill: number | undefined): Counted {
  const length = original.data.length;
  const all = {
    count: 0,
    x: new Float64Array(length),
    y: new Float64Array(length),
    d: new Float64Array(length),
    at: new Float64Array(length),
  };
  countedPairs(fill)(original, decoded, ({ count, x, y, d, at }) => {
    all.x.set(x.subarray(0, count), all.count);
    all.y.set(y.subarray(0, count), all.count);
    all.d.set(d.subarray(0, count), all.count);
    all.at.set(at.subarray(0, count), all.count);
    all.count += count;
  });
  const { count, x, y, d, at } = all;
  return {
    count,
    x: x.subarray(0, count),
    y: y.subarray(0, count),
    d: d.subarray(0, count),
    at: at.subarray(0, count),
  };
}
