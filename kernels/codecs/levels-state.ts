/**
 * Where the `levels` method keeps what its parts share: the plane's shape, one row's taps and predictions, the
 * tables of taps and filters, the quantiser. Set once for a chunk by `configure` (./levels.ts).
 */
import { levelsShape } from "../predict/levels";

export const MAX_TAPS: i32 = 64;
export const LEVEL_GROUPS: i32 = 5;
const TABLE_BYTES: usize = 8 + 64 * 12;

export let width: i32 = 0;
export let height: i32 = 0;
/** Elements from one tap's row to the next. */
export let pitch: i32 = 0;
export let rows: usize = 0; // T[MAX_TAPS][pitch]
export let predictions: usize = 0; // T[pitch]
export let spreads: usize = 0; // u8[pitch]
export let drifts: usize = 0; // u8[pitch]
/** Stride of the coarsest grid, which has one point and no filter. */
export let coarsest: i32 = 0;
let tapTable: usize = 0; // per class and phase: i32 count, i32 reference-centre tap, then MAX_TAPS taps
let sets: usize = 0; // T[MAX_TAPS] per (class, level group, phase)

export let step: f64 = 1;
export let bound: f64 = 0;
export let integer: bool = false;

/** Points of a row that are predicted at a time: longer rows are taken in parts, so that they need no more memory. */
export const SEGMENT: i32 = 4096;

function pitchOf(w: i32): i32 {
  return (min(w >> 1, SEGMENT) + 8) & ~7;
}

export function rowBytes(w: i32, elementBytes: i32): i32 {
  const p = pitchOf(w);
  return (MAX_TAPS + 1) * p * elementBytes + 2 * p;
}

/** Lays out the rows at `at`; returns the first byte behind them. */
export function placeRows(h: i32, w: i32, elementBytes: i32, at: usize): usize {
  width = w;
  height = h;
  pitch = pitchOf(w);
  rows = at;
  predictions = rows + <usize>(MAX_TAPS * pitch * elementBytes);
  spreads = predictions + <usize>(pitch * elementBytes);
  drifts = spreads + <usize>pitch;
  coarsest = 1;
  while (coarsest < width || coarsest < height) coarsest <<= 1;
  levelsShape(h, w);
  return drifts + <usize>pitch;
}

export function placeTables(taps: usize, coefficients: usize): void {
  tapTable = taps;
  sets = coefficients;
}

export function quantizer(s: f64, e: f64, whole: i32): void {
  step = s;
  bound = e;
  integer = whole != 0;
}

// @ts-ignore: decorator
@inline
export function tapsAt(klass: i32, phase: i32): usize {
  return tapTable + <usize>(klass * 3 + phase) * TABLE_BYTES;
}

/** Number of a (class, level group, phase): filters, and what they learn, are stored in this order. */
// @ts-ignore: decorator
@inline
export function setOf(klass: i32, s: i32, phase: i32): i32 {
  return (klass * LEVEL_GROUPS + min(LEVEL_GROUPS - 1, ctz(s))) * 3 + phase;
}

// @ts-ignore: decorator
@inline
export function filterAt<T>(set: i32): usize {
  return sets + <usize>(set * MAX_TAPS) * sizeof<T>();
}
