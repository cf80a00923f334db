/**
 * One value of the `levels` method, both ways: quantised against its prediction, or without loss by the difference
 * of patterns; the code told in context; what cannot be coded escapes.
 */
import { decodeRaw, encodeRaw } from "../entropy/binary";
import { decodeCode, ESCAPE, encodeCode } from "../entropy/codes";
import { contexts, lengthGuess, signNode } from "./levels-contexts";
import { bound, coarsest, integer, pitch, rows, step, width } from "./levels-state";

// @ts-ignore: decorator
@inline
function clip(q: i32): i32 {
  return max(-32767, min(32767, q));
}

/** Low bits of a pattern's difference that are stored as they are; -1: values are quantised, not exact. */
let exactShift: i32 = -1;
export function exactly(shift: i32): void {
  exactShift = shift;
}

/** The float's bits as an integer in the order of the numbers; a prediction that is no number counts as 0. */
// @ts-ignore: decorator
@inline
function ordered<T>(x: T): i64 {
  if (x != x) return 0;
  if (sizeof<T>() == 4) {
    const bits = <i64>reinterpret<i32>(<f32>x);
    return bits < 0 ? -(bits & 0x7fffffff) : bits;
  }
  const bits = reinterpret<i64>(<f64>x);
  return bits < 0 ? -(bits & 0x7fffffffffffffff) : bits;
}

// @ts-ignore: decorator
@inline
function unordered<T>(n: i64): T {
  if (sizeof<T>() == 4) {
    const bits = n < 0 ? <i32>-n | i32.MIN_VALUE : <i32>n;
    return <T>reinterpret<f32>(bits);
  }
  return <T>reinterpret<f64>(n < 0 ? -n | i64.MIN_VALUE : n);
}

/** Lossless: the code is the difference of patterns without its low bits, which follow at even odds. */
function exactPoint<T>(encode: bool, from: usize, to: usize, code: usize, p: T): void {
  const start = ordered<T>(p);
  let q: i32 = ESCAPE;
  if (encode) {
    const value = load<T>(from);
    const difference = ordered<T>(value) - start;
    const steps = difference >> exactShift;
    if (steps > -134000000 && steps < 134000000) q = <i32>steps;
    encodeCode(q, lengthGuess, signNode);
    if (q == ESCAPE) {
      store<T>(escapes, value);
      escapes += sizeof<T>();
    } else {
      if (exactShift > 32) encodeRaw(<u32>((difference >> 32) & ((1 << (exactShift - 32)) - 1)), exactShift - 32);
      if (exactShift > 0) encodeRaw(<u32>difference, min(32, exactShift));
    }
    store<T>(to, value);
  } else {
    q = decodeCode(lengthGuess, signNode);
    if (q == ESCAPE) {
      if (escapes + sizeof<T>() <= escapesLimit) {
        store<T>(to, load<T>(escapes));
        escapes += sizeof<T>();
      } else {
        store<T>(to, p);
        damaged = true;
      }
    } else {
      let low: i64 = 0;
      if (exactShift > 32) low = <i64>decodeRaw(exactShift - 32) << 32;
      if (exactShift > 0) low |= <i64>decodeRaw(min(32, exactShift));
      store<T>(to, unordered<T>(start + ((<i64>q << exactShift) | low)));
    }
  }
  store<i16>(code, q == ESCAPE ? 0 : <i16>clip(q));
}

let escapes: usize = 0;
let escapesLimit: usize = 0;
/** Set by a decoder that ran out of escapes: the stream is damaged. */
let damaged: bool = false;
export function escapesStart(at: usize, byteLength: i32): void {
  escapes = at;
  escapesLimit = at + byteLength;
  damaged = false;
}
export function isDamaged(): bool {
  return damaged;
}
export function escapesEnd(): usize {
  return escapes;
}

// @ts-ignore: decorator
@inline
export function point<T>(encode: bool, original: usize, out: usize, mask: usize, codes: usize, refCodes: usize, y: i32, x: i32, s: i32, phase: i32, j: i32, guess: T): void {
  const i = <usize>(y * width + x);
  const at = out + i * sizeof<T>();
  let p = guess;
  if (integer) p = nearest<T>(p);
  if (mask != 0 && load<u8>(mask + i) != 0) {
    // Nothing is coded. The mean of the nearest neighbours stays inside their range, where filters fed with their
    // own guesses would drift.
    if (s < coarsest) {
      const from = rows + <usize>j * sizeof<T>();
      const line = <usize>pitch * sizeof<T>();
      p = load<T>(from) + <T>0.25 * (load<T>(from + line) + load<T>(from + 2 * line) + load<T>(from + 3 * line));
      if (integer) p = nearest<T>(p);
    }
    store<T>(at, p);
    store<i16>(codes + (i << 1), 0);
    return;
  }
  contexts(codes, refCodes, y, x, s, phase, j);
  if (exactShift >= 0) {
    exactPoint<T>(encode, original + i * sizeof<T>(), at, codes + (i << 1), p);
    return;
  }
  let q: i32 = 0;
  if (encode) {
    const value = load<T>(original + i * sizeof<T>());
    const r = <f64>(value - p) / step;
    let recon = p;
    q = ESCAPE;
    if (abs(r) < 134000000.0) {
      q = <i32>nearest(r);
      recon = p + <T>q * <T>step;
      if (!(abs(<f64>value - <f64>recon) <= bound)) q = ESCAPE;
    }
    encodeCode(q, lengthGuess, signNode);
    if (q == ESCAPE) {
      store<T>(escapes, value);
      escapes += sizeof<T>();
      recon = value;
    }
    store<T>(at, recon);
  } else {
    q = decodeCode(lengthGuess, signNode);
    if (q == ESCAPE) {
      if (escapes + sizeof<T>() <= escapesLimit) {
        store<T>(at, load<T>(escapes));
        escapes += sizeof<T>();
      } else {
        store<T>(at, p);
        damaged = true;
      }
    } else {
      store<T>(at, p + <T>q * <T>step);
    }
  }
  store<i16>(codes + (i << 1), q == ESCAPE ? 0 : <i16>clip(q));
}
