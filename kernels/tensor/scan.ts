/**
 * One pass over floats: smallest and largest ordinary value, and how many are special.
 *
 * Special are NaN, infinities, -0, denormals and a named fill pattern. On the bits: shifting the sign out and
 * subtracting the smallest normal number leaves exactly the normal finite values below one unsigned limit;
 * +0 is the one ordinary value besides.
 *
 * Lengths are whole vectors; the host pads with NaN and counts that off.
 * Twin: src/tensor/scan.reference.ts.
 */

/**
 * Constants that stay in registers: the compiler would else make them anew for every vector, which costs more
 * than the work itself, so they take the way over memory.
 */
// @ts-ignore: decorator
@inline
export function held(value: v128, state: usize, offset: usize): v128 {
  v128.store(state + offset, value);
  return v128.load(state + offset);
}

// @ts-ignore: decorator
@inline
export function normal32(state: usize): v128 {
  return held(i32x4.splat(0x01000000), state, 64);
}

// @ts-ignore: decorator
@inline
export function limit32(state: usize): v128 {
  return held(i32x4.splat(0xfe000000), state, 80);
}

/** All ones in lanes that hold a special float32. `fill`: the pattern in every lane, a NaN where none is named. */
// @ts-ignore: decorator
@inline
export function special32(x: v128, fill: v128, normal: v128, limit: v128): v128 {
  const unusual = i32x4.ge_u(i32x4.sub(i32x4.shl(x, 1), normal), limit);
  return v128.or(v128.andnot(unusual, i32x4.eq(x, i32x4.splat(0))), i32x4.eq(x, fill));
}

// @ts-ignore: decorator
@inline
export function normal64(state: usize): v128 {
  return held(i64x2.splat(0x0020000000000000 ^ i64.MIN_VALUE), state, 64);
}

// @ts-ignore: decorator
@inline
export function limit64(state: usize): v128 {
  return held(i64x2.splat((0xffc0000000000000 ^ i64.MIN_VALUE) - 1), state, 80);
}

/** As `special32` for float64. There is no unsigned 64-bit lane compare: both sides are moved by 2^63. */
// @ts-ignore: decorator
@inline
export function special64(x: v128, fill: v128, normal: v128, limit: v128): v128 {
  const unusual = i64x2.gt_s(i64x2.sub(i64x2.shl(x, 1), normal), limit);
  return v128.or(v128.andnot(unusual, i64x2.eq(x, i64x2.splat(0))), i64x2.eq(x, fill));
}

/** `state`: vectors min, max, count of special values (i32 lanes), fill pattern, room for two constants. */
export function scan32(at: usize, byteLength: i32, state: usize): void {
  let low = v128.load(state);
  let high = v128.load(state, 16);
  let count = v128.load(state, 32);
  const fill = v128.load(state, 48);
  const normal = normal32(state);
  const limit = limit32(state);
  const end = at + <usize>byteLength;
  for (let p = at; p < end; p += 16) {
    const x = v128.load(p);
    const special = special32(x, fill, normal, limit);
    low = f32x4.pmin(low, v128.bitselect(low, x, special));
    high = f32x4.pmax(high, v128.bitselect(high, x, special));
    count = i32x4.sub(count, special);
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
  const normal = normal64(state);
  const limit = limit64(state);
  const end = at + <usize>byteLength;
  for (let p = at; p < end; p += 16) {
    const x = v128.load(p);
    const special = special64(x, fill, normal, limit);
    low = f64x2.pmin(low, v128.bitselect(low, x, special));
    high = f64x2.pmax(high, v128.bitselect(high, x, special));
    count = i64x2.sub(count, special);
  }
  v128.store(state, low);
  v128.store(state, high, 16);
  v128.store(state, count, 32);
}
