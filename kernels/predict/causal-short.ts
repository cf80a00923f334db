/**
 * The sums of kernels/predict/causal.ts, quicker, for indices of at most 16 bits (most chunks have no others). Planes
 * have a short copy of the same form; sums are the same numbers modulo 2^32, so it does not matter which are used.
 *
 * A filter's weights follow it in pairs for these kernels, 16 bits each (words 32..35: row above and two above;
 * 36..40 and 41..45: past planes, the last of nine paired with 0); word 46 says whether they fit.
 *
 * Twin: src/predict/causal.reference.ts.
 */

/** Addresses within a filter. */
export const SHORT_OWN: usize = 128;
export const SHORT_PAST1: usize = 144;
export const SHORT_PAST2: usize = 164;
export const SHORT_FITS: usize = 184;

/** Numbers left and right of a row that are copied with it. */
const MARGIN: i32 = 4;

/** A row with its margins to its short copy; false when a number has more than 16 bits. */
export function shortenRow(row: usize, short: usize, width: i32): bool {
  const from = row - <usize>(4 * MARGIN);
  const into = short - <usize>(2 * MARGIN);
  const last = width + 2 * MARGIN - 8;
  let lost = i32x4.splat(0);
  for (let i = 0; ; i += 8) {
    // The last eight may be copied twice.
    const at = <usize>min(i, last);
    const low = v128.load(from + (at << 2));
    const high = v128.load(from + (at << 2), 16);
    const both = i16x8.narrow_i32x4_s(low, high);
    v128.store(into + (at << 1), both);
    lost = v128.or(lost, v128.xor(low, i32x4.extend_low_i16x8_s(both)));
    lost = v128.or(lost, v128.xor(high, i32x4.extend_high_i16x8_s(both)));
    if (i >= last) break;
  }
  return !v128.any_true(lost);
}

// @ts-ignore: decorator
@inline
function lowPairs(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23);
}

// @ts-ignore: decorator
@inline
function highPairs(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31);
}

/** As `knownRow`; `above` is a short row, `bytes` from one to the next. Up to 7 numbers more are written. */
export function knownShortRow(known: usize, copy: usize, above: usize, bytes: usize, width: i32, filter: usize): void {
  const above2 = above - bytes;
  const half = i32x4.splat((1 << load<i32>(filter)) >> 1);
  const w0 = i32x4.splat(load<i32>(filter, SHORT_OWN));
  const w1 = i32x4.splat(load<i32>(filter, SHORT_OWN + 4));
  const w2 = i32x4.splat(load<i32>(filter, SHORT_OWN + 8));
  const w3 = i32x4.splat(load<i32>(filter, SHORT_OWN + 12));
  for (let i: usize = 0, end = <usize>width << 1; i < end; i += 16) {
    const n = above + i;
    const nn = above2 + i;
    const a0 = v128.load(n - 4);
    const b0 = v128.load(n - 2);
    const a1 = v128.load(n);
    const b1 = v128.load(n, 2);
    const a2 = v128.load(n, 4);
    const b2 = v128.load(nn - 2);
    const a3 = v128.load(nn);
    const b3 = v128.load(nn, 2);
    let low = i32x4.add(half, i32x4.dot_i16x8_s(lowPairs(a0, b0), w0));
    let high = i32x4.add(half, i32x4.dot_i16x8_s(highPairs(a0, b0), w0));
    low = i32x4.add(low, i32x4.dot_i16x8_s(lowPairs(a1, b1), w1));
    high = i32x4.add(high, i32x4.dot_i16x8_s(highPairs(a1, b1), w1));
    low = i32x4.add(low, i32x4.dot_i16x8_s(lowPairs(a2, b2), w2));
    high = i32x4.add(high, i32x4.dot_i16x8_s(highPairs(a2, b2), w2));
    low = i32x4.add(low, i32x4.dot_i16x8_s(lowPairs(a3, b3), w3));
    high = i32x4.add(high, i32x4.dot_i16x8_s(highPairs(a3, b3), w3));
    const at = i << 1;
    v128.store(known + at, low);
    v128.store(known + at, high, 16);
    v128.store(copy + at, i32x4.extend_low_i16x8_s(a1));
    v128.store(copy + at, i32x4.extend_high_i16x8_s(a1), 16);
  }
}

/** As `addPastRow`; `pairs` is the address of five pairs of weights. */
export function addPastShortRow(known: usize, row: usize, bytes: usize, width: i32, pairs: usize): void {
  const w0 = i32x4.splat(load<i32>(pairs));
  const w1 = i32x4.splat(load<i32>(pairs, 4));
  const w2 = i32x4.splat(load<i32>(pairs, 8));
  const w3 = i32x4.splat(load<i32>(pairs, 12));
  const w4 = i32x4.splat(load<i32>(pairs, 16));
  for (let i: usize = 0, end = <usize>width << 1; i < end; i += 16) {
    const n = row - bytes + i;
    const m = row + i;
    const s = row + bytes + i;
    const a0 = v128.load(n - 2);
    const b0 = v128.load(n);
    const a1 = v128.load(n, 2);
    const b1 = v128.load(m - 2);
    const a2 = v128.load(m);
    const b2 = v128.load(m, 2);
    const a3 = v128.load(s - 2);
    const b3 = v128.load(s);
    const a4 = v128.load(s, 2);
    const at = i << 1;
    let low = i32x4.add(v128.load(known + at), i32x4.dot_i16x8_s(lowPairs(a0, b0), w0));
    let high = i32x4.add(v128.load(known + at, 16), i32x4.dot_i16x8_s(highPairs(a0, b0), w0));
    low = i32x4.add(low, i32x4.dot_i16x8_s(lowPairs(a1, b1), w1));
    high = i32x4.add(high, i32x4.dot_i16x8_s(highPairs(a1, b1), w1));
    low = i32x4.add(low, i32x4.dot_i16x8_s(lowPairs(a2, b2), w2));
    high = i32x4.add(high, i32x4.dot_i16x8_s(highPairs(a2, b2), w2));
    low = i32x4.add(low, i32x4.dot_i16x8_s(lowPairs(a3, b3), w3));
    high = i32x4.add(high, i32x4.dot_i16x8_s(highPairs(a3, b3), w3));
    low = i32x4.add(low, i32x4.dot_i16x8_s(lowPairs(a4, a4), w4));
    high = i32x4.add(high, i32x4.dot_i16x8_s(highPairs(a4, a4), w4));
    v128.store(known + at, low);
    v128.store(known + at, high, 16);
  }
}
