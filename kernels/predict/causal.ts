/**
 * Prediction of a lattice index from indices decoded before it, by a filter whose weights sum to one:
 *
 *     p = n + ((sum_k w_k (x_k - n) + half) >> shift)        n = the index above, half = 2^shift / 2
 *
 * All sums wrap modulo 2^32, so coder and decoder agree whatever the data. Weights of +-2^shift make exact Lorenzo
 * prediction.
 *
 * A filter is 48 numbers of 32 bits:
 *     0 shift    1, 2 weights of the indices one and two to the left
 *     3..7   row above, columns -2..2 (5: minus the sum of all others)      8..10 two rows above, columns -1..1
 *     11..19 first past plane, rows and columns -1..1                       20..28 second past plane, the same
 *
 * Indices lie as kernels/quantize/lattice.ts says. Twin: src/predict/causal.reference.ts.
 */

export const FILTER_BYTES: usize = 192;

/**
 * half + all terms that do not need this row, and a copy of the row above: `width` numbers each (up to 3 more are
 * written).
 */
export function knownRow(known: usize, copy: usize, above: usize, stride: i32, width: i32, filter: usize): void {
  const above2 = above - (<usize>stride << 2);
  const half = i32x4.splat((1 << load<i32>(filter)) >> 1);
  const w3 = i32x4.splat(load<i32>(filter, 12));
  const w4 = i32x4.splat(load<i32>(filter, 16));
  const w5 = i32x4.splat(load<i32>(filter, 20));
  const w6 = i32x4.splat(load<i32>(filter, 24));
  const w7 = i32x4.splat(load<i32>(filter, 28));
  const w8 = i32x4.splat(load<i32>(filter, 32));
  const w9 = i32x4.splat(load<i32>(filter, 36));
  const w10 = i32x4.splat(load<i32>(filter, 40));
  for (let i: usize = 0, end = <usize>width << 2; i < end; i += 16) {
    const n = above + i;
    const nn = above2 + i;
    let sum = i32x4.add(half, i32x4.mul(w3, v128.load(n - 8)));
    sum = i32x4.add(sum, i32x4.mul(w4, v128.load(n - 4)));
    const middle = v128.load(n);
    v128.store(copy + i, middle);
    sum = i32x4.add(sum, i32x4.mul(w5, middle));
    sum = i32x4.add(sum, i32x4.mul(w6, v128.load(n, 4)));
    sum = i32x4.add(sum, i32x4.mul(w7, v128.load(n, 8)));
    sum = i32x4.add(sum, i32x4.mul(w8, v128.load(nn - 4)));
    sum = i32x4.add(sum, i32x4.mul(w9, v128.load(nn)));
    sum = i32x4.add(sum, i32x4.mul(w10, v128.load(nn, 4)));
    v128.store(known + i, sum);
  }
}

/** Adds nine terms of a past plane; `weights` is the address of the first, `row` of the same row in that plane. */
export function addPastRow(known: usize, row: usize, stride: i32, width: i32, weights: usize): void {
  const bytes = <usize>stride << 2;
  const w0 = i32x4.splat(load<i32>(weights));
  const w1 = i32x4.splat(load<i32>(weights, 4));
  const w2 = i32x4.splat(load<i32>(weights, 8));
  const w3 = i32x4.splat(load<i32>(weights, 12));
  const w4 = i32x4.splat(load<i32>(weights, 16));
  const w5 = i32x4.splat(load<i32>(weights, 20));
  const w6 = i32x4.splat(load<i32>(weights, 24));
  const w7 = i32x4.splat(load<i32>(weights, 28));
  const w8 = i32x4.splat(load<i32>(weights, 32));
  for (let i: usize = 0, end = <usize>width << 2; i < end; i += 16) {
    const n = row - bytes + i;
    const m = row + i;
    const s = row + bytes + i;
    let sum = i32x4.add(v128.load(known + i), i32x4.mul(w0, v128.load(n - 4)));
    sum = i32x4.add(sum, i32x4.mul(w1, v128.load(n)));
    sum = i32x4.add(sum, i32x4.mul(w2, v128.load(n, 4)));
    sum = i32x4.add(sum, i32x4.mul(w3, v128.load(m - 4)));
    sum = i32x4.add(sum, i32x4.mul(w4, v128.load(m)));
    sum = i32x4.add(sum, i32x4.mul(w5, v128.load(m, 4)));
    sum = i32x4.add(sum, i32x4.mul(w6, v128.load(s - 4)));
    sum = i32x4.add(sum, i32x4.mul(w7, v128.load(s)));
    sum = i32x4.add(sum, i32x4.mul(w8, v128.load(s, 4)));
    v128.store(known + i, sum);
  }
}

/**
 * What the sizes of residuals around a value promise about its own, without those in its own row: sums of 8-bit
 * magnitudes with weights 20 in all. `above`, `past`: the row above in this plane and the same row in the past one
 * (0: there is none, and the row above counts once and a half). Each sum s becomes origin + 4 s, the address of its
 * entry in a table; up to 7 more are written.
 */
export function activityRow(
  activity: usize,
  origin: usize,
  above: usize,
  past: usize,
  stride: i32,
  width: i32,
): void {
  const bytes = <usize>stride;
  const base = i32x4.splat(<i32>origin);
  for (let i: usize = 0; i < <usize>width; i += 8) {
    const n = above + i;
    const beside = i16x8.add(v128.load8x8_u(n - 1), v128.load8x8_u(n, 1));
    let sum = i16x8.add(v128.load8x8_u(n - 2), v128.load8x8_u(n, 2));
    sum = i16x8.add(sum, i16x8.shl(i16x8.add(beside, v128.load8x8_u(n - bytes)), 1));
    sum = i16x8.add(sum, i16x8.shl(v128.load8x8_u(n), 2));
    if (past) {
      const p = past + i;
      sum = i16x8.add(sum, i16x8.shl(v128.load8x8_u(p), 2));
      sum = i16x8.add(sum, i16x8.add(v128.load8x8_u(p - 1), v128.load8x8_u(p, 1)));
      sum = i16x8.add(sum, i16x8.add(v128.load8x8_u(p - bytes), v128.load8x8_u(p + bytes)));
    } else {
      sum = i16x8.add(sum, i16x8.shr_u(sum, 1));
    }
    sum = i16x8.shl(sum, 2);
    v128.store(activity + (i << 2), i32x4.add(base, i32x4.extend_low_i16x8_u(sum)));
    v128.store(activity + (i << 2), i32x4.add(base, i32x4.extend_high_i16x8_u(sum)), 16);
  }
}
