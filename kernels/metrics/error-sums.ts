/**
 * One pass over two blocks of floats for the sums and extremes of error_stat, in float64 lanes.
 *
 * Left out are values that are NaN or infinite in the original, and those with the named fill's bits. Differences
 * are taken in the data's own type, then widened, as LibPressio does.
 *
 * `state`, vectors of two f64 lanes:
 *     0 sum of x - pivot    1 of its squares    2 sum of d = x - y    3 of |d|    4 of d^2    5 count of values
 *     6 count of values left out whose bits changed
 *     7, 8 least and largest d    9, 10 |d|    11, 12 |d| / |x| where x is not 0    13, 14 x
 *     15 pivot    16 fill pattern (a NaN where none is named)    17, 18 room for constants
 *
 * Lengths are whole vectors; the host pads with NaN. Twin: plainSums in src/metrics/error-sums.ts.
 */
import { held } from "../tensor/scan";

// @ts-ignore: decorator
@inline
function upperFirst(x: v128): v128 {
  return i8x16.shuffle(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
}

// @ts-ignore: decorator
@inline
function sums(a: usize, b: usize, byteLength: i32, state: usize, single: bool): void {
  let sum = v128.load(state);
  let squares = v128.load(state, 16);
  let differences = v128.load(state, 32);
  let errors = v128.load(state, 48);
  let squaredErrors = v128.load(state, 64);
  let count = v128.load(state, 80);
  let changed = v128.load(state, 96);
  let leastD = v128.load(state, 112);
  let mostD = v128.load(state, 128);
  let leastE = v128.load(state, 144);
  let mostE = v128.load(state, 160);
  let leastP = v128.load(state, 176);
  let mostP = v128.load(state, 192);
  let leastX = v128.load(state, 208);
  let mostX = v128.load(state, 224);
  const pivot = v128.load(state, 240);
  const fill = v128.load(state, 256);
  const infinite = held(single ? i32x4.splat(0x7f800000) : i64x2.splat(0x7ff0000000000000), state, 272);
  const one = held(f64x2.splat(1), state, 288);
  const halves = single ? 2 : 1;
  const end = a + <usize>byteLength;
  for (let p = a; p < end; p += 16) {
    let x = v128.load(p);
    let y = v128.load(b + (p - a));
    let keep: v128;
    let lost: v128;
    let own: v128;
    if (single) {
      keep = v128.andnot(f32x4.lt(f32x4.abs(x), infinite), i32x4.eq(x, fill));
      lost = v128.andnot(i32x4.ne(x, y), keep);
      own = f32x4.sub(x, y);
    } else {
      keep = v128.andnot(f64x2.lt(f64x2.abs(x), infinite), i64x2.eq(x, fill));
      lost = v128.andnot(i64x2.ne(x, y), keep);
      own = f64x2.sub(x, y);
    }
    for (let half = 0; half < halves; half++) {
      const value = single ? f64x2.promote_low_f32x4(x) : x;
      const d = single ? f64x2.promote_low_f32x4(own) : own;
      const kept = single ? i64x2.extend_low_i32x4_s(keep) : keep;
      const gone = single ? i64x2.extend_low_i32x4_s(lost) : lost;
      const fromPivot = v128.and(f64x2.sub(value, pivot), kept);
      sum = f64x2.add(sum, fromPivot);
      squares = f64x2.add(squares, f64x2.mul(fromPivot, fromPivot));
      const e = f64x2.abs(d);
      const counted = v128.and(e, kept);
      differences = f64x2.add(differences, v128.and(d, kept));
      errors = f64x2.add(errors, counted);
      squaredErrors = f64x2.add(squaredErrors, f64x2.mul(counted, counted));
      count = f64x2.add(count, v128.and(one, kept));
      changed = f64x2.add(changed, v128.and(one, gone));
      // min and max hand NaN on: a value that became NaN must not go unseen.
      leastD = f64x2.min(leastD, v128.bitselect(d, leastD, kept));
      mostD = f64x2.max(mostD, v128.bitselect(d, mostD, kept));
      leastE = f64x2.min(leastE, v128.bitselect(e, leastE, kept));
      mostE = f64x2.max(mostE, v128.bitselect(e, mostE, kept));
      const nonzero = v128.and(kept, f64x2.ne(value, f64x2.splat(0)));
      const share = f64x2.div(e, f64x2.abs(value));
      leastP = f64x2.min(leastP, v128.bitselect(share, leastP, nonzero));
      mostP = f64x2.max(mostP, v128.bitselect(share, mostP, nonzero));
      leastX = f64x2.pmin(leastX, v128.bitselect(value, leastX, kept));
      mostX = f64x2.pmax(mostX, v128.bitselect(value, mostX, kept));
      if (single) {
        x = upperFirst(x);
        own = upperFirst(own);
        keep = upperFirst(keep);
        lost = upperFirst(lost);
      }
    }
  }
  v128.store(state, sum);
  v128.store(state, squares, 16);
  v128.store(state, differences, 32);
  v128.store(state, errors, 48);
  v128.store(state, squaredErrors, 64);
  v128.store(state, count, 80);
  v128.store(state, changed, 96);
  v128.store(state, leastD, 112);
  v128.store(state, mostD, 128);
  v128.store(state, leastE, 144);
  v128.store(state, mostE, 160);
  v128.store(state, leastP, 176);
  v128.store(state, mostP, 192);
  v128.store(state, leastX, 208);
  v128.store(state, mostX, 224);
}

export function errorSums32(a: usize, b: usize, byteLength: i32, state: usize): void {
  sums(a, b, byteLength, state, true);
}

export function errorSums64(a: usize, b: usize, byteLength: i32, state: usize): void {
  sums(a, b, byteLength, state, false);
}
