/**
 * Packed data (decimal steps, offset and scale, integers stored as floats) lie on a lattice x = offset + n * delta.
 * Coding n is lossless and often smaller than any bound. Encoder only; what is found is checked on every value.
 */
import type { Floats } from "./working.ts";

export interface Lattice {
  readonly offset: number;
  readonly delta: number;
  /** Largest |n|. */
  readonly most: number;
}

const SAMPLES = 1024;
/** Finer lattices say nothing: nearly every float would be on one. */
const MOST_STEPS = 2 ** 20;

/** Undefined where there is none, or where its step is so far below the bound that it cannot help. */
export function detectLattice(values: Floats, bound: number, mask?: Uint8Array): Lattice | undefined {
  const sample = distinct(values, mask);
  if (sample.length < 3) return undefined;
  const first = sample[0]!;
  const range = sample[sample.length - 1]! - first;
  const largest = Math.max(Math.abs(first), Math.abs(sample[sample.length - 1]!));
  const ulp = largest * (values instanceof Float32Array ? 2 ** -23 : 2 ** -52);
  const delta = commonStep(sample, Math.max(8 * ulp, range / MOST_STEPS), 4 * ulp);
  if (delta === undefined || delta < bound / 8) return undefined;
  for (const step of roundSteps(delta)) {
    for (const offset of new Set([0, Math.round(first / step) * step, first])) {
      const most = check(values, offset, step, mask);
      if (most !== undefined) return { offset, delta: step, most };
    }
  }
  return undefined;
}

/** Sorted distinct values of a spread sample. */
function distinct(values: Floats, mask?: Uint8Array): number[] {
  const picked: number[] = [];
  let seed = 1;
  const count = Math.min(values.length, SAMPLES);
  for (let i = 0; i < count; i++) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    const at = seed % values.length;
    if (!mask?.[at]) picked.push(values[at]!);
  }
  picked.sort((a, b) => a - b);
  return picked.filter((v, i) => i === 0 || v !== picked[i - 1]);
}

/** Greatest common divisor of the differences, tolerant of float rounding; refined by least squares. */
function commonStep(sample: readonly number[], least: number, tolerance: number): number | undefined {
  let step = 0;
  const first = sample[0]!;
  for (let i = 1; i < sample.length; i++) {
    let a = Math.max(step, sample[i]! - first);
    let b = Math.min(step === 0 ? a : step, sample[i]! - first);
    while (b > tolerance) {
      const rest = a - Math.floor(a / b + 1e-9) * b;
      a = b;
      b = Math.abs(rest) < tolerance ? 0 : rest;
    }
    step = a;
    if (step < least) return undefined;
  }
  let squares = 0;
  let products = 0;
  for (const v of sample) {
    const n = Math.round((v - first) / step);
    squares += n * n;
    products += n * (v - first);
  }
  return squares > 0 ? products / squares : undefined;
}

/** The step that was probably meant (a decimal or binary fraction), then the measured one. */
function roundSteps(delta: number): number[] {
  const steps: number[] = [];
  for (let power = 0; power <= 9; power++) {
    const scaled = delta * 10 ** power;
    const whole = Math.round(scaled);
    if (whole > 0 && Math.abs(scaled - whole) < 1e-4 * scaled) steps.push(whole / 10 ** power);
  }
  for (let power = 0; power <= 24; power++) {
    const scaled = delta * 2 ** power;
    const whole = Math.round(scaled);
    if (whole > 0 && whole < 4096 && Math.abs(scaled - whole) < 1e-4 * scaled) steps.push(whole / 2 ** power);
  }
  return [...new Set([...steps.slice(0, 3), ...steps.slice(-1), delta])];
}

/** The largest |n| when every value is exactly on the lattice. */
function check(values: Floats, offset: number, delta: number, mask?: Uint8Array): number | undefined {
  const round = values instanceof Float32Array ? Math.fround : (v: number) => v;
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    if (mask?.[i]) continue;
    const n = Math.round((values[i]! - offset) / delta);
    if (round(offset + n * delta) !== values[i]) return undefined;
    const size = n < 0 ? -n : n;
    if (size > most) most = size;
  }
  return most <= 2 ** 40 ? most : undefined;
}
