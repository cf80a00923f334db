/**
 * Slow twin of kernels/predict/levels.ts: one plane from coarse to fine.
 *
 * A plane is first known at one point, (0, 0). Then the grid is refined: at stride s = ... 8, 4, 2, 1 the points
 * whose row and column are multiples of s become known, those of 2s being known already. They come in three phases,
 * so that each can lean on the phases before it (row and column counted in strides):
 *
 *     phase 0: odd row, odd column      the four corners around are known
 *     phase 1: even row, odd column     and now left, right, above, below
 *     phase 2: odd row, even column     the same
 *
 * A value is predicted by a filter over taps: places around it in this plane, and around the same place in planes
 * decoded before it.
 */
import { PHASES, type Tap } from "./taps.ts";

export interface Grid {
  readonly height: number;
  readonly width: number;
}

/** Rounds to the type of the working values: Math.fround for float32, nothing for float64. */
export type Round = (x: number) => number;

export interface Point {
  readonly y: number;
  readonly x: number;
  readonly stride: number;
  readonly phase: number;
}

/** Stride of the coarsest grid, which has the one point (0, 0). */
export function coarsestStride({ height, width }: Grid): number {
  let stride = 1;
  while (stride < height || stride < width) stride *= 2;
  return stride;
}

/** All points but (0, 0), in the order in which they become known. */
export function* coarseToFine(grid: Grid): Generator<Point> {
  for (let stride = coarsestStride(grid) / 2; stride >= 1; stride /= 2) {
    for (let phase = 0; phase < PHASES; phase++) {
      const { y: y0, x: x0 } = firstPoint(stride, phase);
      for (let y = y0; y < grid.height; y += 2 * stride) {
        for (let x = x0; x < grid.width; x += 2 * stride) yield { y, x, stride, phase };
      }
    }
  }
}

/** The first point of a phase; it may lie outside a small plane, whose phase is then empty. */
export function firstPoint(stride: number, phase: number): { y: number; x: number } {
  return { y: phase === 1 ? 0 : stride, x: phase === 2 ? 0 : stride };
}

/**
 * Where the tap at p + d * s falls on an axis of n points. Outside, it is mirrored about p: that keeps a tap among
 * the known points, since p + d and p - d are odd or even alike. Where the mirror is outside too, 3 strides become
 * 1 and 2 become 0. -1: nowhere. In a reference every point is known, so p itself will do.
 */
export function place(p: number, d: number, s: number, n: number, reference: boolean): number {
  const inside = (q: number) => q >= 0 && q < n;
  if (inside(p + d * s)) return p + d * s;
  if (inside(p - d * s)) return p - d * s;
  if (Math.abs(d) === 3) return place(p, Math.sign(d), s, n, reference);
  return Math.abs(d) === 2 || reference ? p : -1;
}

/** The value of a tap, or undefined where its place is nowhere. */
function tapValue(plane: ArrayLike<number>, grid: Grid, { slot, dy, dx }: Tap, at: Point): number | undefined {
  const y = place(at.y, dy, at.stride, grid.height, slot >= 0);
  const x = place(at.x, dx, at.stride, grid.width, slot >= 0);
  return y < 0 || x < 0 ? undefined : plane[y * grid.width + x]!;
}

/** What is known around a point. */
export interface Surroundings {
  /** The first tap's value. */
  readonly base: number;
  /** Tap k minus base, from k = 1 on (index 0 unused); 0 for taps that fall nowhere. */
  readonly differences: readonly number[];
}

/** `planes`: this plane as far as it is known, then its references by slot. */
export function surroundingsOf(
  planes: readonly ArrayLike<number>[],
  grid: Grid,
  taps: readonly Tap[],
  at: Point,
  round: Round,
): Surroundings {
  const values = taps.map((tap) => tapValue(planes[1 + tap.slot]!, grid, tap, at));
  const base = values[0] ?? 0;
  const differences = values.map((value, k) => (k === 0 || value === undefined ? 0 : round(value - base)));
  return { base, differences };
}

/**
 * prediction = base + sum of coefficient_k * (tap_k - base): whatever the coefficients, constants are predicted
 * exactly. Each step is rounded, in the order of the taps.
 */
export function predict({ base, differences }: Surroundings, coefficients: readonly number[], round: Round): number {
  let prediction = base;
  for (let k = 1; k < differences.length; k++) {
    const c = coefficients[k]!;
    if (c !== 0) prediction = round(prediction + round(c * differences[k]!));
  }
  return prediction;
}

export function rounding(wide: boolean): Round {
  return wide ? (x) => x : Math.fround;
}

/** To the nearest whole number, halves to the even one, as WebAssembly has it. */
export function nearestEven(x: number): number {
  const up = Math.round(x);
  return Math.abs(x % 1) === 0.5 && up % 2 !== 0 ? up - 1 : up;
}
