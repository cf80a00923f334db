/**
 * Logistic function and its inverse on real numbers, from tables made by + - * / alone, so that every machine has the
 * same ones. The function is interpolated (error below 4e-5 of the value), the logarithm has an error below 3e-8.
 *
 * Twin: src/entropy/log-odds.reference.ts.
 */
/** Cells of the table in a unit, and where it ends: beyond +-32 a probability is as good as certain. */
const CELLS: f64 = 64;
const MOST: f64 = 32;
const HALF: i32 = 2048;
const MANTISSAS: i32 = 128;

/** f64[4098]: 1 / (1 + e^-x) at x = -32, -32 + 1/64, ..., 32, and the last one again. */
let logistics: usize = 0;
/** f64[2 * 128]: 1 / c and ln c for c = 1 + (i + 1/2) / 128. */
let logarithms: usize = 0;

export function logOddsBytes(): i32 {
  return 8 * (2 * HALF + 2) + 16 * MANTISSAS;
}

export function logOddsBuild(at: usize): void {
  logistics = at;
  logarithms = at + 8 * (2 * HALF + 2);
  // e^(1/64), rounded to f64; powers by repeated multiplication.
  const base: f64 = 1.0157477085866857;
  let power: f64 = 1;
  for (let i = 0; i <= HALF; i++) {
    store<f64>(logistics + <usize>((HALF + i) << 3), power / (1 + power));
    store<f64>(logistics + <usize>((HALF - i) << 3), 1 / (1 + power));
    power *= base;
  }
  store<f64>(logistics + <usize>((2 * HALF + 1) << 3), load<f64>(logistics + <usize>((2 * HALF) << 3)));
  for (let i = 0; i < MANTISSAS; i++) {
    const c = 1 + (<f64>i + 0.5) / <f64>MANTISSAS;
    // ln c = 2 (z + z^3 / 3 + z^5 / 5 + ...), z = (c - 1) / (c + 1) < 1/3
    const z = (c - 1) / (c + 1);
    let sum: f64 = 0;
    let term = z;
    for (let k = 1; k <= 21; k += 2) {
      sum += term / <f64>k;
      term *= z * z;
    }
    store<f64>(logarithms + <usize>(i << 4), 1 / c);
    store<f64>(logarithms + <usize>(i << 4), 2 * sum, 8);
  }
}

/** 1 / (1 + e^-x). */
// @ts-ignore: decorator
@inline
export function logistic(x: f64): f64 {
  const t = (max(-MOST, min(MOST, x)) + MOST) * CELLS;
  const i = <i32>t;
  const at = logistics + <usize>(i << 3);
  const low = load<f64>(at);
  return low + (load<f64>(at, 8) - low) * (t - <f64>i);
}

const LN2: f64 = 0.6931471805599453;

/** ln x of a positive normal number. */
// @ts-ignore: decorator
@inline
export function logarithm(x: f64): f64 {
  const bits = reinterpret<u64>(x);
  const exponent = <i32>(bits >> 52) - 1023;
  const at = logarithms + <usize>(((bits >> 45) & 127) << 4);
  const mantissa = reinterpret<f64>((bits & 0xfffffffffffff) | 0x3ff0000000000000);
  const r = mantissa * load<f64>(at) - 1;
  return <f64>exponent * LN2 + load<f64>(at, 8) + (r - 0.5 * r * r);
}
