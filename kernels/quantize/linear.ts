/**
 * SZ3's linear quantiser in SZ3's arithmetic: one struct a quantiser, so that the values and the coefficients of a
 * regression share the code. Predictions have the element type T; steps are taken in float64 and cut to T once.
 * Index 0 is the escape: the value stands in the escape list, bit for bit.
 *
 * Twin: src/quantize/linear.reference.ts.
 */
@unmanaged
export class Quantizer {
  bound: f64;
  /** 1 / bound: SZ3 multiplies by it. */
  reciprocal: f64;
  /** Scaled differences from here on are escapes: 2 radius - 1. */
  limit: f64;
  /** Where the next index is written or read. */
  next: usize;
  escape: usize;
  escapesEnd: usize;
  radius: i32;
  encoding: i32;
  /** Set when the decoder runs out of escapes. */
  failed: i32;
}

/** A double as C++ on x86-64 cuts it to T: integers outside the range become the lowest one or wrap. */
// @ts-ignore: decorator
@inline
export function cut<T>(x: f64): T {
  if (isFloat<T>()) return <T>x;
  if (sizeof<T>() <= 2 || (sizeof<T>() == 4 && isSigned<T>())) {
    return <T>(x > -2147483649.0 && x < 2147483648.0 ? <i32>x : i32.MIN_VALUE);
  }
  if (isSigned<T>() || sizeof<T>() == 4) return <T>wide(x);
  return <T>(x < 9223372036854775808.0 ? wide(x) : wide(x - 9223372036854775808.0) ^ i64.MIN_VALUE);
}

// @ts-ignore: decorator
@inline
function wide(x: f64): i64 {
  return x >= -9223372036854775808.0 && x < 9223372036854775808.0 ? <i64>x : i64.MIN_VALUE;
}

/** Whether |y - x| <= bound, exactly: SZ3 itself takes the difference in T, which rounds or wraps. */
// @ts-ignore: decorator
@inline
function within<T>(x: T, y: T, bound: f64): bool {
  if (isFloat<T>() || sizeof<T>() <= 4) return abs(<f64>y - <f64>x) <= bound;
  const distance: u64 = y > x ? <u64>y - <u64>x : <u64>x - <u64>y;
  return bound >= 18446744073709551616.0 || distance <= <u64>bound;
}

// @ts-ignore: decorator
@inline
function copyBits<T>(to: usize, from: usize): void {
  if (sizeof<T>() == 1) store<u8>(to, load<u8>(from));
  else if (sizeof<T>() == 2) store<u16>(to, load<u16>(from));
  else if (sizeof<T>() == 4) store<u32>(to, load<u32>(from));
  else store<u64>(to, load<u64>(from));
}

/** Index of the value at `at`, which becomes what the decoder will have. */
// @ts-ignore: decorator
@inline
function quantize<T>(q: Quantizer, at: usize, prediction: T): i32 {
  const x = load<T>(at);
  const difference = <T>(x - prediction);
  const scaled = abs(<f64>difference) * q.reciprocal;
  // False for NaN too.
  if (scaled < q.limit) {
    const half = (<i32>scaled + 1) >> 1;
    const index = difference < <T>0 ? -half : half;
    const y = cut<T>(<f64>prediction + <f64>(2 * index) * q.bound);
    if (within<T>(x, y, q.bound)) {
      store<T>(at, y);
      return q.radius + index;
    }
  }
  copyBits<T>(q.escape, at);
  q.escape += sizeof<T>();
  return 0;
}

// @ts-ignore: decorator
@inline
function recover<T>(q: Quantizer, at: usize, prediction: T, index: i32): void {
  if (index != 0) store<T>(at, cut<T>(<f64>prediction + <f64>(2 * (index - q.radius)) * q.bound));
  else takeEscape<T>(q, at);
}

export function takeEscape<T>(q: Quantizer, at: usize): void {
  if (q.escape < q.escapesEnd) {
    copyBits<T>(at, q.escape);
    q.escape += sizeof<T>();
  } else q.failed = 1;
}

/** Codes or decodes the value at `at`. */
// @ts-ignore: decorator
@inline
export function codePoint<T>(q: Quantizer, at: usize, prediction: T): void {
  const next = q.next;
  if (q.encoding) store<i32>(next, quantize<T>(q, at, prediction));
  else recover<T>(q, at, prediction, load<i32>(next));
  q.next = next + 4;
}

/** Codes or decodes the value at `at` as an escape. */
export function codeVerbatim<T>(q: Quantizer, at: usize): void {
  if (q.encoding) {
    store<i32>(q.next, 0);
    copyBits<T>(q.escape, at);
    q.escape += sizeof<T>();
  } else takeEscape<T>(q, at);
  q.next += 4;
}
