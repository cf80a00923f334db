/**
 * Planes, their past planes and the filters that predict a lattice index from those decoded before it.
 * The arithmetic is in kernels/predict/causal.ts.
 */
import type { Shape } from "../tensor/shape.ts";

/** A chunk as planes of rows: the last two axes longer than 1, and all axes before them. */
export interface CausalPlanes {
  readonly width: number;
  readonly height: number;
  readonly count: number;
  /** Planes of one step in time; 1 unless there are four axes or more. */
  readonly levels: number;
}

export function causalPlanes(shape: Shape): CausalPlanes {
  const axes = shape.filter((extent) => extent !== 1);
  const width = axes.at(-1) ?? 1;
  const height = axes.at(-2) ?? 1;
  const product = (extents: Shape) => extents.reduce((all, extent) => all * extent, 1);
  return { width, height, count: product(axes.slice(0, -2)), levels: product(axes.slice(1, -2)) };
}

/**
 * The past planes of a plane, nearest first: the two before it in time; with levels, the level below at the same
 * time and the same level one step before. `kind` says which there are (planes of one kind share a filter).
 */
export interface Past {
  readonly kind: number;
  readonly planes: readonly number[];
}

export const KINDS = 4;

export function pastOf(plane: number, levels: number): Past {
  const first = levels === 1 ? plane >= 1 : plane % levels > 0;
  const second = levels === 1 ? plane >= 2 : plane >= levels;
  const planes: number[] = [];
  if (first) planes.push(plane - 1);
  if (second) planes.push(levels === 1 ? plane - 2 : plane - levels);
  return { kind: (first ? 1 : 0) | (second ? 2 : 0), planes };
}

/** How many planes back a past plane can be. */
export function reach(levels: number): number {
  return Math.max(2, levels);
}

/** Places of a filter besides the index above: 9 in the plane, 9 in each of two past planes. */
export const PLACES = 27;
/** 32-bit numbers that a filter takes in memory. */
export const FILTER_WORDS = 48;

/**
 * Whole weights (times 2^-shift where they were fitted) for the 27 places, in this order: one and two to the left; the row above, columns -2,
 * -1, 1, 2; two rows above, columns -1 to 1; 3 x 3 of the first past plane; 3 x 3 of the second.
 * The index above has what is missing to 1.
 */
export interface Filter {
  /** One of FIXED_FILTERS, with weights of -1, 0, 1. */
  readonly fixed: boolean;
  /** How many past planes have weights. */
  readonly pasts: number;
  readonly weights: ArrayLike<number>;
}

const LEFT = 0;
const ABOVE_LEFT = 3;
/** The index above stands before this place in memory. */
const ABOVE = 4;
const OWN = 9;
/** Places within a past plane's nine: its own place, left of it, above it, above left. */
const HERE = 4;
const HERE_LEFT = 3;
const HERE_ABOVE = 1;
const HERE_ABOVE_LEFT = 0;

function places(...pairs: [number, number][]): number[] {
  const weights = new Array<number>(PLACES).fill(0);
  for (const [place, weight] of pairs) weights[place] = weight;
  return weights;
}

function fixed(pasts: number, ...pairs: [number, number][]): Filter {
  return { fixed: true, pasts, weights: places(...pairs) };
}

/** The index to the left: all that a first row has. */
export const FROM_LEFT = fixed(0, [LEFT, 1]);

const LORENZO_2D: readonly [number, number][] = [
  [LEFT, 1],
  [ABOVE_LEFT, -1],
];

function lorenzo3d(past: number): Filter {
  const at = OWN * past;
  return fixed(
    past,
    ...LORENZO_2D,
    [at + HERE, 1],
    [at + HERE_LEFT, -1],
    [at + HERE_ABOVE, -1],
    [at + HERE_ABOVE_LEFT, 1],
  );
}

/** Predictors that need no fit, by how many past planes they look at; exact for indices of any size. */
export const FIXED_FILTERS: readonly Filter[] = [
  fixed(0, ...LORENZO_2D),
  FROM_LEFT,
  fixed(0),
  fixed(1, [OWN + HERE, 1]),
  lorenzo3d(1),
  fixed(2, [2 * OWN + HERE, 1]),
  lorenzo3d(2),
];

/** Shifts of filters: fine weights where indices are small enough for 32-bit sums, else coarse ones. */
export const FINE = 12;
export const COARSE = 6;

/** `range`: distance between the smallest and the largest index. */
export function shiftFor(range: number): number {
  return range < 2 ** 17 ? FINE : COARSE;
}

/** Rounds fitted weights to multiples of 2^-shift; undefined when they are too large. */
export function roundFilter(weights: Float64Array, pasts: number, shift: number): Filter | undefined {
  const rounded = Int32Array.from(weights, (w) => Math.round(w * 2 ** shift));
  return rounded.every((w) => Math.abs(w) < 2 ** 15) ? { fixed: false, pasts, weights: rounded } : undefined;
}

/** Where the pairs of weights for short indices are: kernels/predict/causal-short.ts. */
const SHORT_OWN = 32;
const SHORT_PAST = [36, 41] as const;
const SHORT_FITS = 46;

/** Lays a filter out as the kernels read it. */
export function storeFilter(filter: Filter, shift: number, words: Int32Array): void {
  const unit = filter.fixed ? 2 ** shift : 1;
  words.fill(0);
  words[0] = shift;
  for (let k = 0; k < PLACES; k++) {
    const weight = unit * filter.weights[k]!;
    words[k < ABOVE ? 1 + k : 2 + k] = weight;
    words[1 + ABOVE]! -= weight;
  }
  // The row above and two rows above are words 3 to 10, the past planes nine each from 11 on.
  const own = words.slice(3, 11);
  storePairs(own, words.subarray(SHORT_OWN));
  SHORT_PAST.forEach((at, past) => {
    storePairs(words.slice(11 + OWN * past, 11 + OWN * (past + 1)), words.subarray(at));
  });
  words[SHORT_FITS] = words.subarray(3, 11 + 2 * OWN).every((w) => w === (w << 16) >> 16) ? 1 : 0;
}

function storePairs(weights: Int32Array, into: Int32Array): void {
  for (let k = 0; k < weights.length; k += 2) into[k / 2] = (weights[k]! & 0xffff) | ((weights[k + 1] ?? 0) << 16);
}
