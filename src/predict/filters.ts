/**
 * Which filter each (class, level group, phase) uses: the fitted one or a fixed candidate (spline, the plane before,
 * the line through two planes, the mean of both time neighbours), by estimated bits, the filter's own included.
 */
import { bitsOf, type Equations, meanSquare, solve } from "./normal-equations.ts";
import type { PlaneClass } from "./plan.ts";
import { centreTap, MAX_TAPS, tapsOf } from "./taps.ts";

/** Levels of stride 1, 2, 4, 8, and all coarser ones together, have filters of their own. */
export const LEVEL_GROUPS = 5;

/** Coefficients are whole multiples of 2^-shift; `whole[0]` (the base's) is unused. */
export interface Filter {
  readonly shift: number;
  readonly whole: Int32Array;
}

export const MAX_SHIFT = 16;

/** Fixed candidates, by the tap they weigh. Never empty. */
export function candidates({ references, boxes }: PlaneClass, phase: number): Filter[] {
  const count = tapsOf(references, boxes, phase).length;
  const filter = (shift: number, weights: readonly (readonly [tap: number, weight: number])[]): Filter => {
    const whole = new Int32Array(count);
    for (const [tap, weight] of weights) if (tap > 0) whole[tap]! += weight;
    return { shift, whole };
  };
  // Linear and cubic splines between the nearest neighbours, and means of all four.
  const list = [
    filter(2, [
      [1, 1],
      [2, 1],
      [3, 1],
    ]),
    filter(1, [[1, 1]]),
    phase === 0
      ? filter(5, [
          ...[1, 2, 3].map((tap) => [tap, 10] as const),
          ...[4, 5, 6, 7, 8, 9, 10, 11].map((tap) => [tap, -1] as const),
        ])
      : filter(4, [
          [1, 9],
          [4, -1],
          [5, -1],
        ]),
  ];
  if (references > 0) {
    const centre = centreTap(references, phase);
    const second = centre + (boxes > 0 ? 9 : 5);
    list.push(filter(0, [[centre, 1]]));
    if (references > 1) {
      list.push(
        filter(0, [
          [centre, 2],
          [second, -1],
        ]),
      );
      list.push(
        filter(1, [
          [centre, 1],
          [second, 1],
        ]),
      );
    }
  }
  return list;
}

export function toFloats({ shift, whole }: Filter): Float64Array {
  return Float64Array.from(whole, (c) => c / 2 ** shift);
}

/** Bits that storing a filter takes, about: its header and each coefficient's size. */
function ownBits({ whole }: Filter): number {
  let bits = 12;
  for (let k = 1; k < whole.length; k++) bits += 1.5 + Math.max(0, 2 * Math.log2(Math.abs(whole[k]!) + 0.5)) * 0.6;
  return bits;
}

/**
 * As coarse as pays: a finer step costs each coefficient a bit and saves a share of the residual's mean square,
 * 0.72 bits a value for all of it.
 */
function quantise(
  coefficients: Float64Array,
  equations: Equations,
  population: number,
  noise: number,
  step: number,
): Filter {
  const { gram, taps, points } = equations;
  let power = 0;
  for (let k = 1; k < taps; k++) power += gram[k * taps + k]! / points + 2 * noise;
  const share = Math.min(0.02, taps / (1.4 * population));
  const allowed = share * Math.max(meanSquare(equations, coefficients, noise), (step * step) / 12);
  let shift = 3;
  while (shift < MAX_SHIFT && power / (12 * 4 ** shift) > allowed) shift++;
  return {
    shift,
    whole: Int32Array.from(coefficients, (c) => Math.max(-(2 ** 24), Math.min(2 ** 24, Math.round(c * 2 ** shift)))),
  };
}

export interface Choice {
  readonly filter: Filter;
  /** Estimated bits of all points that this filter predicts, its own storage included. */
  readonly bits: number;
}

/** `population`: points that the filter will predict; `step`: the quantiser's. */
export function chooseFilter(
  klass: PlaneClass,
  phase: number,
  equations: Equations,
  population: number,
  step: number,
): Choice {
  const noise = (step * step) / 12;
  const options = candidates(klass, phase);
  if (equations.points === 0) return { filter: options.at(klass.references > 0 ? 3 : 0)!, bits: 0 };
  if (equations.points >= 2 * equations.taps) {
    const fitted = solve(equations, noise);
    if (fitted) options.push(quantise(fitted, equations, population, noise, step));
  }
  let best: Choice | undefined;
  for (const filter of options) {
    const bits = population * bitsOf(meanSquare(equations, toFloats(filter), noise), step) + ownBits(filter);
    if (!best || bits < best.bits) best = { filter, bits };
  }
  return best!;
}

export { MAX_TAPS };
