/**
 * Values to bit planes and back: bit i of plane k is bit k of value i. Sixteen values at a time, byte by byte.
 * Values lie in whole sixteens; what lies behind `size` of them is zero.
 */
import { planeStride } from "./planes";

/** Byte `shift / 8` of sixteen values. */
// @ts-ignore: decorator
@inline
function bytesAt<U>(at: usize, shift: i32): v128 {
  const low = i32x4.splat(255);
  const a = v128.and(words<U>(at, 0, shift), low);
  const b = v128.and(words<U>(at, 4, shift), low);
  const c = v128.and(words<U>(at, 8, shift), low);
  const d = v128.and(words<U>(at, 12, shift), low);
  return i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
}

/** Four values from index `first`, shifted right, as 32-bit lanes. */
// @ts-ignore: decorator
@inline
function words<U>(at: usize, first: usize, shift: i32): v128 {
  const from = at + first * sizeof<U>();
  if (sizeof<U>() == 4) return i32x4.shr_u(v128.load(from), shift);
  return v128.shuffle<i32>(i64x2.shr_u(v128.load(from), shift), i64x2.shr_u(v128.load(from, 16), shift), 0, 2, 4, 6);
}

/** Planes from the highest down to `lowest`, and some below it. */
export function toPlanes<U>(values: usize, size: i32, lowest: i32, planes: usize): void {
  const stride = planeStride(size);
  for (let shift = <i32>sizeof<U>() * 8 - 8; shift + 7 >= lowest && shift >= 0; shift -= 8) {
    for (let group: usize = 0; group << 4 < <usize>size; group++) {
      let bytes = bytesAt<U>(values + (group << 4) * sizeof<U>(), shift);
      const first = planes + <usize>shift * stride;
      for (let plane = first + 7 * stride + (group << 1); ; plane -= stride) {
        const bits = i8x16.bitmask(bytes);
        // The first store clears the rest of the word.
        if (group == 0) store<u64>(plane, <u64>bits);
        else store<u16>(plane, <u16>bits);
        if (plane == first + (group << 1)) break;
        bytes = i8x16.add(bytes, bytes);
      }
    }
  }
}

/** Values from the planes down to `lowest`; lower bits are 0. */
export function fromPlanes<U>(planes: usize, size: i32, lowest: i32, values: usize): void {
  const stride = planeStride(size);
  const groups = max(1, size >> 4);
  memory.fill(values, 0, (<usize>groups << 4) * sizeof<U>());
  const places = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128);
  for (let shift = <i32>sizeof<U>() * 8 - 8; shift + 7 >= lowest && shift >= 0; shift -= 8) {
    const last = max(shift, lowest);
    for (let group = 0; group < groups; group++) {
      let bytes = i8x16.splat(0);
      for (let k = shift + 7; k >= last; k--) {
        const both = i16x8.splat(load<i16>(planes + <usize>k * stride + (<usize>group << 1)));
        const spread = v128.shuffle<i8>(both, both, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
        bytes = i8x16.sub(i8x16.add(bytes, bytes), i8x16.eq(v128.and(spread, places), places));
      }
      bytes = i8x16.shl(bytes, last - shift);
      addBytes<U>(values + (<usize>group << 4) * sizeof<U>(), bytes, shift);
    }
  }
}

// @ts-ignore: decorator
@inline
function addBytes<U>(at: usize, bytes: v128, shift: i32): void {
  const low = i16x8.extend_low_i8x16_u(bytes);
  const high = i16x8.extend_high_i8x16_u(bytes);
  addWords<U>(at, 0, i32x4.extend_low_i16x8_u(low), shift);
  addWords<U>(at, 4, i32x4.extend_high_i16x8_u(low), shift);
  addWords<U>(at, 8, i32x4.extend_low_i16x8_u(high), shift);
  addWords<U>(at, 12, i32x4.extend_high_i16x8_u(high), shift);
}

// @ts-ignore: decorator
@inline
function addWords<U>(at: usize, first: usize, four: v128, shift: i32): void {
  const to = at + first * sizeof<U>();
  if (sizeof<U>() == 4) {
    v128.store(to, v128.or(v128.load(to), i32x4.shl(four, shift)));
  } else {
    v128.store(to, v128.or(v128.load(to), i64x2.shl(i64x2.extend_low_i32x4_u(four), shift)));
    v128.store(to, v128.or(v128.load(to, 16), i64x2.shl(i64x2.extend_high_i32x4_u(four), shift)), 16);
  }
}
