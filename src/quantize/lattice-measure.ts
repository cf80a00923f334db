/**
 * The step of a lattice that is no round number: integers times a scale plus an offset, rounded to the float type.
 * First it is measured on a sample, then narrowed until every single float is the rounding of its lattice point.
 */
import type { Floats } from "./working.ts";

export interface Steps {
  readonly offset: number;
  readonly delta: number;
}

/**
 * From the smallest gap on: each longer distance that fits makes the step exacter, which the next one needs.
 * `sample` is sorted and distinct; `ulp`: of the largest. Undefined where distances are not whole multiples of a
 * step of at least `least`.
 */
export function measureSteps(sample: Floats, least: number, ulp: number): Steps | undefined {
  if (sample.length < 16) return undefined;
  const first = sample[0]!;
  const distances = new Float64Array(2 * sample.length - 2);
  for (let i = 1; i < sample.length; i++) {
    distances[2 * i - 2] = sample[i]! - sample[i - 1]!;
    distances[2 * i - 1] = sample[i]! - first;
  }
  distances.sort();
  let delta = distances[0]!;
  let longest = 1;
  for (const distance of distances) {
    // Half an ulp at both ends, and at those that gave the step.
    const slack = ulp * (1 + distance / (delta * longest));
    const parts = partsOf(distance / delta, slack / delta);
    if (parts === undefined) return undefined;
    delta /= parts;
    longest *= parts;
    if (delta < least) return undefined;
    const n = Math.round(distance / delta);
    if (n > longest) {
      delta = distance / n;
      longest = n;
    }
  }
  return line(sample, delta);
}

/** In how many parts a step is to be cut so that `multiple` steps, known to `slack`, are whole. */
function partsOf(multiple: number, slack: number): number | undefined {
  for (let parts = 1; parts <= 8 && slack * parts < 0.25; parts++) {
    if (Math.abs(multiple * parts - Math.round(multiple * parts)) <= slack * parts) return parts;
  }
  return undefined;
}

/** Least squares of value over number; the offset lies in the middle of the sample. */
function line(sample: Floats, delta: number): Steps {
  const middle = sample[sample.length >> 1]!;
  let sum = 0;
  let numbers = 0;
  let squares = 0;
  let products = 0;
  for (const v of sample) {
    const n = Math.round((v - middle) / delta);
    const off = v - middle - n * delta;
    sum += off;
    numbers += n;
    squares += n * n;
    products += n * off;
  }
  const count = sample.length;
  const spread = squares - (numbers * numbers) / count;
  const slope = spread > 0 ? (products - (numbers * sum) / count) / spread : 0;
  return { offset: middle + (sum - slope * numbers) / count, delta: delta + slope };
}

/** What is added to offset and step. */
type Change = readonly [offset: number, delta: number];

/**
 * Offset and step for which every float is the rounding of its lattice point. Undefined where there are none.
 * Float64 values have no precision to spare for this: they are taken as measured.
 */
export function exactFit(values: Floats, measured: Steps, ulp: number, mask?: Uint8Array): Steps | undefined {
  if (values instanceof Float64Array) return measured;
  const { offset, delta } = measured;
  const reach = 2 * ulp;
  // Values around zero are so exact that a lattice through zero has to pass through it exactly.
  if (Math.abs(offset - Math.round(offset / delta) * delta) < reach) {
    const through: Change[] = [
      [0, -reach],
      [0, reach],
    ];
    const fit = narrow(values, { offset: 0, delta }, through, mask);
    if (fit) return fit;
  }
  const around: Change[] = [
    [-reach, -reach],
    [reach, -reach],
    [reach, reach],
    [-reach, reach],
  ];
  return narrow(values, measured, around, mask);
}

/**
 * Each float allows a strip of changes that leave its lattice point nearer to it than to the next float. The strips
 * are cut off the polygon; the middle of what is left suits all.
 */
function narrow(
  values: Floats,
  { offset, delta }: Steps,
  polygon: readonly Change[],
  mask?: Uint8Array,
): Steps | undefined {
  let corners = polygon;
  for (let i = 0; i < values.length; i++) {
    if (mask?.[i]) continue;
    const v = values[i]!;
    const n = Math.round((v - offset) / delta);
    const off = v - (offset + n * delta);
    const half = v === 0 ? 0 : 2 ** (Math.floor(Math.log2(Math.abs(v))) - 24);
    let most = -Infinity;
    let fewest = Infinity;
    for (const [a, s] of corners) {
      const change = a + n * s;
      if (change > most) most = change;
      if (change < fewest) fewest = change;
    }
    if (most > off + half) corners = cut(corners, n, off + half, 1);
    if (fewest < off - half) corners = cut(corners, n, off - half, -1);
    if (corners.length === 0) return undefined;
  }
  const mean = (k: 0 | 1) => corners.reduce((sum, corner) => sum + corner[k], 0) / corners.length;
  return { offset: offset + mean(0), delta: delta + mean(1) };
}

/** The part of the polygon where side * (a + n * s - limit) <= 0. */
function cut(corners: readonly Change[], n: number, limit: number, side: 1 | -1): Change[] {
  const beyond = ([a, s]: Change) => side * (a + n * s - limit);
  return corners.flatMap((corner, i) => {
    const next = corners[(i + 1) % corners.length]!;
    const [here, there] = [beyond(corner), beyond(next)];
    const kept = here <= 0 ? [corner] : [];
    if (here <= 0 === there <= 0) return kept;
    const share = here / (here - there);
    const crossing: Change = [corner[0] + share * (next[0] - corner[0]), corner[1] + share * (next[1] - corner[1])];
    return [...kept, crossing];
  });
}
