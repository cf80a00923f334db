/**
 * One pass over floats: smallest and largest ordinary value, and how many are ordinary.
 *
 * Special are NaN, infinities, -0, denormals and a named fill pattern. On the bits: shifting the sign out and
 * subtracting the smallest normal number leaves exactly the normal finite values below one unsigned limit;
 * +0 is the one ordinary value besides.
 *
 * Lengths are whole vectors; the host pads with NaN, which counts as nothing.
 * Twin: src/tensor/scan.reference.ts.
 */

/** All ones in lanes that hold a special float32. `fill`: the pattern in every lane, a NaN where none is named. */
// @ts-ignore: decorator
@inline
export function special32(x: v128, fill: v128): v128 {
  const magnitude = v128.and(x, i32x4.splat(0x7fffffff));
  const normal = i32x4.lt_u(i32x4.sub(magnitude, i32x4.splat(0x00800000)), i32x4.splat(0x7f000000));
  const ordinary = v128.or(normal, i32x4.eq(x, i32x4.splat(0)));
  return v128.or(v128.not(ordinary), i32x4.eq(x, fill));
}

/** As `special32` for float64. There is no unsigned 64-bit lane compare: both sides are moved by 2^63. */
// @ts-ignore: decorator
@inline
export function special64(x: v128, fill: v128): v128 {
  const magnitude = v128.and(x, i64x2.splat(0x7fffffffffffffff));
  const moved = i64x2.sub(magnitude, i64x2.splat(0x0010000000000000 ^ i64.MIN_VALUE));
  const normal = i64x2.lt_s(moved, i64x2.splat(0x7fe0000000000000 ^ i64.MIN_VALUE));
  const ordinary = v128.or(normal, i64x2.eq(x, i64x2.splat(0)));
  return v128.or(v128.not(ordinary), i64x2.eq(x, fill));
}

/** `state`: vectors min, max, count of ordinary values (i32 lanes), fill pattern. */
export function scan32(at: usize, byteLength: i32, state: usize): void {
  let low = v128.load(state);
  let high = v128.load(state, 16);
  let count = v128.load(state, 32);
  const fill = v128.load(state, 48);
  const end = at + <usize>byteLength;
  for (let p = at; p < end; p += 16) {
    const x = v128.load(p);
    const special = special32(x, fill);
    low = f32x4.pmin(low, v128.bitselect(f32x4.splat(Infinity), x, special));
    high = f32x4.pmax(high, v128.bitselect(f32x4.splat(-Infinity), x, special));
    count = i32x4.add(count, i32x4.add(special, i32x4.splat(1)));
  }
  v128.store(state, low);
  v128.store(state, high, 16);
  v128.store(state, count, 32);
}

/** As `scan32`, with i64 lanes for the count. */
export function scan64(at: usize, byteLength: i32, state: usize): void {
  let low = v128.load(state);
  let high = v128.load(state, 16);
  let count = v128.load(state, 32);
  const fill = v128.load(state, 48);
  const end = at + <usize>byteLength;
  for (let p = at; p < end; p += 16) {
    const x = v128.load(p);
    const special = special64(x, fill);
    low = f64x2.pmin(low, v128.bitselect(f64x2.splat(Infinity), x, special));
    high = f64x2.pmax(high, v128.bitselect(f64x2.splat(-Infinity), x, special));
    count = i64x2.add(count, i64x2.add(special, i64x2.splat(1)));
  }
  v128.store(state, low);
  v128.store(state, high, 16);
  v128.store(state, count, 32);
}
