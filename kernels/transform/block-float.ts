/**
 * Floats of a block as integers under one exponent, and back. What overflows becomes the smallest integer, as the
 * conversion of x86-64 gives it: that is what native zfp writes, and streams must agree.
 * Twin: src/transform/block-float.reference.ts.
 */

// @ts-ignore: decorator
@inline
export function bias<V>(): i32 {
  return sizeof<V>() == 4 ? 127 : 1023;
}

/** 2^e in the block's own type: infinity above its range, subnormal or 0 below. */
// @ts-ignore: decorator
@inline
function power<V>(e: i32): V {
  if (sizeof<V>() == 4) {
    if (e > 127) return <V>f32.reinterpret_i32(0x7f800000);
    if (e >= -126) return <V>f32.reinterpret_i32((e + 127) << 23);
    return <V>f32.reinterpret_i32(e >= -149 ? 1 << (e + 149) : 0);
  }
  if (e > 1023) return <V>f64.reinterpret_i64(0x7ff0000000000000);
  if (e >= -1022) return <V>f64.reinterpret_i64(<i64>(e + 1023) << 52);
  return <V>f64.reinterpret_i64(e >= -1074 ? <i64>1 << <i64>(e + 1074) : 0);
}

/** e with 2^(e-1) <= largest |value| < 2^e, at least 1 - bias; -bias where all are zero; 0 where one is infinite. */
export function blockExponent<V>(block: usize, size: i32): i32 {
  const end = block + <usize>size * sizeof<V>();
  if (sizeof<V>() == 4) {
    let most = f32x4.splat(0);
    for (let at = block; at < end; at += 16) most = f32x4.pmax(most, f32x4.abs(v128.load(at)));
    const a = max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1));
    const bits = i32.reinterpret_f32(max(a, max(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3))));
    if (bits == 0) return -127;
    const e = bits >> 23;
    return e == 255 ? 0 : max(e - 126, -126);
  }
  let most = f64x2.splat(0);
  for (let at = block; at < end; at += 16) most = f64x2.pmax(most, f64x2.abs(v128.load(at)));
  const bits = i64.reinterpret_f64(max(f64x2.extract_lane(most, 0), f64x2.extract_lane(most, 1)));
  if (bits == 0) return -1023;
  const e = <i32>(bits >> 52);
  return e == 2047 ? 0 : max(e - 1022, -1022);
}

export function toIntegers<V>(block: usize, size: i32, exponent: i32, integers: usize): void {
  const scale = power<V>(<i32>sizeof<V>() * 8 - 2 - exponent);
  const length = <usize>size * sizeof<V>();
  if (sizeof<V>() == 4) {
    const limit = f32x4.splat(2147483648.0);
    for (let at: usize = 0; at < length; at += 16) {
      const x = f32x4.mul(f32x4.splat(<f32>scale), v128.load(block + at));
      const fits = f32x4.lt(f32x4.abs(x), limit);
      v128.store(integers + at, v128.bitselect(i32x4.trunc_sat_f32x4_s(x), i32x4.splat(i32.MIN_VALUE), fits));
    }
  } else {
    for (let at: usize = 0; at < length; at += 8) {
      const x = <f64>scale * load<f64>(block + at);
      store<i64>(integers + at, abs(x) < 9223372036854775808.0 ? <i64>x : i64.MIN_VALUE);
    }
  }
}

export function toFloats<V>(integers: usize, size: i32, exponent: i32, block: usize): void {
  const scale = power<V>(exponent + 2 - <i32>sizeof<V>() * 8);
  const length = <usize>size * sizeof<V>();
  if (sizeof<V>() == 4) {
    for (let at: usize = 0; at < length; at += 16) {
      const x = f32x4.convert_i32x4_s(v128.load(integers + at));
      v128.store(block + at, f32x4.mul(f32x4.splat(<f32>scale), x));
    }
  } else {
    for (let at: usize = 0; at < length; at += 8) store<f64>(block + at, <f64>scale * <f64>load<i64>(integers + at));
  }
}

/** Whether two blocks have the same bits. */
export function sameBits(a: usize, b: usize, length: usize): bool {
  for (let at: usize = 0; at < length; at += 16) {
    if (v128.any_true(v128.xor(v128.load(a + at), v128.load(b + at)))) return false;
  }
  return true;
}

/** IEEE patterns as integers in the order of the values, in place; its own inverse. */
export function turnNegatives<I>(at: usize, size: i32): void {
  const end = at + <usize>size * sizeof<I>();
  if (sizeof<I>() == 4) {
    for (; at < end; at += 16) {
      const x = v128.load(at);
      v128.store(at, v128.xor(x, i32x4.shr_u(i32x4.shr_s(x, 31), 1)));
    }
  } else {
    for (; at < end; at += 16) {
      const x = v128.load(at);
      v128.store(at, v128.xor(x, i64x2.shr_u(i64x2.shr_s(x, 63), 1)));
    }
  }
}
