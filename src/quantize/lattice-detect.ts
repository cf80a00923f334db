/**
 * Packed data (decimal steps, offset and scale, integers stored as floats) lie on a lattice x = offset + n * delta.
 * Coding n is lossless and often smaller than any bound. Encoder only; what is found is checked on every value.
 */
import { exactFit, measureSteps } from "./lattice-measure.ts";
import type { Floats } from "./working.ts";

export interface Lattice {
  readonly offset: number;
  readonly delta: number;
  /** Largest |n|. */
  readonly most: number;
}

const SAMPLES = 4096;
/** Finer lattices say nothing: nearly every float would be on one. */
const MOST_STEPS = 2 ** 20;

/** Undefined where there is none, or where its step is so far below the bound that it cannot help. */
export function detectLattice(values: Floats, bound: number, mask?: Uint8Array): Lattice | undefined {
  const sample = distinct(values, mask);
  if (sample.length < 2) return undefined;
  const first = sample[0]!;
  const last = sample[sample.length - 1]!;
  const range = last - first;
  if (!Number.isFinite(range)) return undefined;
  const largest = Math.max(Math.abs(first), Math.abs(last));
  const ulp = 2 ** (Math.floor(Math.log2(largest)) - (values instanceof Float32Array ? 23 : 52));
  const least = Math.max(8 * ulp, range / MOST_STEPS);
  const found = onRoundSteps(values, sample, least, mask) ?? onMeasuredSteps(values, sample, least, ulp, mask);
  return found && found.delta >= bound / 8 ? found : undefined;
}

/** Sorted distinct values of a spread sample. */
function distinct(values: Floats, mask?: Uint8Array): Floats {
  const picked = values.slice(0, Math.min(values.length, SAMPLES));
  let seed = 1;
  let count = 0;
  for (let i = 0; i < picked.length; i++) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    const at = seed % values.length;
    if (!mask?.[at]) picked[count++] = values[at]!;
  }
  return picked
    .subarray(0, count)
    .sort()
    .filter((v, i, all) => i === 0 || v !== all[i - 1]);
}

/** Powers of ten and of two, as the fractions whole / per; coarsest first. */
const ROUND_STEPS = roundSteps();

function roundSteps(): { readonly whole: number; readonly per: number }[] {
  const steps = [{ whole: 1, per: 1 }];
  for (let power = 1; power <= 9; power++) steps.push({ whole: 10 ** power, per: 1 }, { whole: 1, per: 10 ** power });
  for (let power = 1; power <= 24; power++) steps.push({ whole: 2 ** power, per: 1 }, { whole: 1, per: 2 ** power });
  return steps.sort((a, b) => b.whole / b.per - a.whole / a.per);
}

/** The coarsest lattice through whole multiples of a decimal or binary step. */
function onRoundSteps(values: Floats, sample: Floats, least: number, mask?: Uint8Array): Lattice | undefined {
  for (const { whole, per } of ROUND_STEPS) {
    const step = whole / per;
    if (step < least) return undefined;
    if (check(sample, 0, step) === undefined) continue;
    const most = check(values, 0, step, mask);
    if (most === undefined) continue;
    const fine = { offset: 0, delta: step, most };
    const { first, times } = commonMultiple(values, step, mask);
    if (times <= 1) return fine;
    const delta = (times * whole) / per;
    const offset = ((first % times) * whole) / per;
    const fewer = check(values, offset, delta, mask);
    return fewer === undefined ? fine : { offset, delta, most: fewer };
  }
  return undefined;
}

/** Values are (first + k * times) steps, k whole: `times` is the greatest such number. */
function commonMultiple(values: Floats, step: number, mask?: Uint8Array): { first: number; times: number } {
  let first: number | undefined;
  let times = 0;
  for (let i = 0; i < values.length && times !== 1; i++) {
    if (mask?.[i]) continue;
    const n = Math.round(values[i]! / step);
    first ??= n;
    let a = Math.abs(n - first);
    while (a > 0) [times, a] = [a, times % a];
  }
  return { first: first ?? 0, times };
}

/** A step of any size, as of integers with a scale and an offset. */
function onMeasuredSteps(
  values: Floats,
  sample: Floats,
  least: number,
  ulp: number,
  mask?: Uint8Array,
): Lattice | undefined {
  const measured = measureSteps(sample, least, ulp);
  const fit = measured && exactFit(values, measured, ulp, mask);
  if (!fit) return undefined;
  const most = check(values, fit.offset, fit.delta, mask);
  return most === undefined ? undefined : { ...fit, most };
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
