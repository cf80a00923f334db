/**
 * One pass over two blocks of floats: the largest error, and whether anything is off that an error cannot tell
 * (a special value whose bits changed). Only settles that a promise holds; the host finds who broke it.
 *
 * `state`: vectors [largest error as f64 lanes, flags, bound as f64 lanes, fill pattern,
 * room for two constants].
 * Flags are nonzero where a special value differs or, under pw_rel, |x - y| > bound * |x|.
 * `mask` is 0 or the address of one byte a value, nonzero where the value does not matter.
 * Lengths are whole vectors; the host pads both blocks with equal bits.
 * Twin: the value-by-value way in src/promise/errors-at.ts.
 */
import { limit32, limit64, normal32, normal64, special32, special64 } from "../tensor/scan";

// @ts-ignore: decorator
@inline
function upper(x: v128): v128 {
  return f64x2.promote_low_f32x4(i8x16.shuffle(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
}

// @ts-ignore: decorator
@inline
function lower(x: v128): v128 {
  return f64x2.promote_low_f32x4(x);
}

// @ts-ignore: decorator
@inline
function equal32(x: v128, y: v128, mask: usize): v128 {
  const same = i32x4.eq(x, y);
  if (mask == 0) return same;
  const lanes = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(mask)));
  return v128.or(same, i32x4.ne(lanes, i32x4.splat(0)));
}

// @ts-ignore: decorator
@inline
function equal64(x: v128, y: v128, mask: usize): v128 {
  const same = i64x2.eq(x, y);
  if (mask == 0) return same;
  const lanes = i64x2.extend_low_i32x4_u(
    i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load16_lane(mask, i8x16.splat(0), 0))),
  );
  return v128.or(same, i64x2.ne(lanes, i64x2.splat(0)));
}

/** |x - y| / |x|, 0 where they are equal. */
// @ts-ignore: decorator
@inline
function ratio(d: v128, magnitude: v128): v128 {
  return v128.andnot(f64x2.div(d, magnitude), f64x2.eq(d, f64x2.splat(0)));
}

// @ts-ignore: decorator
@inline
function over(d: v128, magnitude: v128, bound: v128): v128 {
  return v128.not(f64x2.le(d, f64x2.mul(bound, magnitude)));
}

export function verifyAbs32(a: usize, b: usize, mask: usize, byteLength: i32, state: usize): void {
  let largest = v128.load(state);
  let flags = v128.load(state, 16);
  const fill = v128.load(state, 48);
  const normal = normal32(state);
  const limit = limit32(state);
  const end = a + <usize>byteLength;
  for (let p = a; p < end; p += 16) {
    const x = v128.load(p);
    const y = v128.load(b + (p - a));
    const same = equal32(x, y, mask == 0 ? 0 : mask + ((p - a) >> 2));
    flags = v128.or(flags, v128.andnot(special32(x, fill, normal, limit), same));
    // Equal values become 0 - 0, so that inf - inf and NaN - NaN do not count.
    const u = v128.andnot(x, same);
    const v = v128.andnot(y, same);
    const d0 = f64x2.abs(f64x2.sub(lower(u), lower(v)));
    const d1 = f64x2.abs(f64x2.sub(upper(u), upper(v)));
    largest = f64x2.max(largest, f64x2.max(d0, d1));
  }
  v128.store(state, largest);
  v128.store(state, flags, 16);
}

export function verifyAbs64(a: usize, b: usize, mask: usize, byteLength: i32, state: usize): void {
  let largest = v128.load(state);
  let flags = v128.load(state, 16);
  const fill = v128.load(state, 48);
  const normal = normal64(state);
  const limit = limit64(state);
  const end = a + <usize>byteLength;
  for (let p = a; p < end; p += 16) {
    const x = v128.load(p);
    const y = v128.load(b + (p - a));
    const same = equal64(x, y, mask == 0 ? 0 : mask + ((p - a) >> 3));
    flags = v128.or(flags, v128.andnot(special64(x, fill, normal, limit), same));
    largest = f64x2.max(largest, f64x2.abs(f64x2.sub(v128.andnot(x, same), v128.andnot(y, same))));
  }
  v128.store(state, largest);
  v128.store(state, flags, 16);
}

export function verifyPw32(a: usize, b: usize, mask: usize, byteLength: i32, state: usize): void {
  let largest = v128.load(state);
  let flags = v128.load(state, 16);
  const bound = v128.load(state, 32);
  const fill = v128.load(state, 48);
  const normal = normal32(state);
  const limit = limit32(state);
  const end = a + <usize>byteLength;
  for (let p = a; p < end; p += 16) {
    const x = v128.load(p);
    const y = v128.load(b + (p - a));
    const same = equal32(x, y, mask == 0 ? 0 : mask + ((p - a) >> 2));
    flags = v128.or(flags, v128.andnot(special32(x, fill, normal, limit), same));
    const u = v128.andnot(x, same);
    const v = v128.andnot(y, same);
    const own = f32x4.abs(f32x4.sub(u, v));
    const d0 = f64x2.max(lower(own), f64x2.abs(f64x2.sub(lower(u), lower(v))));
    const d1 = f64x2.max(upper(own), f64x2.abs(f64x2.sub(upper(u), upper(v))));
    const m0 = f64x2.abs(lower(u));
    const m1 = f64x2.abs(upper(u));
    flags = v128.or(flags, v128.or(over(d0, m0, bound), over(d1, m1, bound)));
    largest = f64x2.max(largest, f64x2.max(ratio(d0, m0), ratio(d1, m1)));
  }
  v128.store(state, largest);
  v128.store(state, flags, 16);
}

export function verifyPw64(a: usize, b: usize, mask: usize, byteLength: i32, state: usize): void {
  let largest = v128.load(state);
  let flags = v128.load(state, 16);
  const bound = v128.load(state, 32);
  const fill = v128.load(state, 48);
  const normal = normal64(state);
  const limit = limit64(state);
  const end = a + <usize>byteLength;
  for (let p = a; p < end; p += 16) {
    const x = v128.load(p);
    const y = v128.load(b + (p - a));
    const same = equal64(x, y, mask == 0 ? 0 : mask + ((p - a) >> 3));
    flags = v128.or(flags, v128.andnot(special64(x, fill, normal, limit), same));
    const u = v128.andnot(x, same);
    const d = f64x2.abs(f64x2.sub(u, v128.andnot(y, same)));
    const m = f64x2.abs(u);
    flags = v128.or(flags, over(d, m, bound));
    largest = f64x2.max(largest, ratio(d, m));
  }
  v128.store(state, largest);
  v128.store(state, flags, 16);
}

/** Whether two blocks (whole vectors) have different bits anywhere. */
export function differs(a: usize, b: usize, byteLength: i32): bool {
  let any = i8x16.splat(0);
  const end = a + <usize>byteLength;
  for (let p = a; p < end; p += 16) any = v128.or(any, v128.xor(v128.load(p), v128.load(b + (p - a))));
  return v128.any_true(any);
}
