/**
 * Slow twin of `features` and `contexts` in kernels/codecs/levels.ts: what the surroundings of a value say about its
 * code. Sizes are put in half-octave buckets, of which each is 1.4 times as wide as the one before.
 */
import { bitLength, type CodeContext } from "../entropy/codes.reference.ts";
import { LEVEL_GROUPS } from "../predict/filters.ts";
import type { Grid, Point, Round, Surroundings } from "../predict/levels.reference.ts";

/** Buckets of code sizes, and of distances. */
const CODE_BUCKETS = 22;
const DISTANCE_BUCKETS = 31;

/** Levels of stride 1, 2, 4, 8, and all coarser ones together. */
export function groupOf(stride: number): number {
  return Math.min(LEVEL_GROUPS - 1, Math.log2(stride));
}

/** How well the prediction fits what is known around it; buckets of distances in steps. */
export interface Roughness {
  /** Sum of the distances of the prediction from the four nearest neighbours. */
  readonly spread: number;
  /** Its distance from the first reference's value at the same place; 0 without references. */
  readonly drift: number;
}

/** `centre`: the tap at the same place in the first reference, 0 where there is none. */
export function roughnessOf(
  { base, differences }: Surroundings,
  prediction: number,
  centre: number,
  step: number,
  round: Round,
): Roughness {
  const p = round(prediction - base);
  // Distances in the working type, from there on in float32.
  const distance = (k: number) => Math.fround(Math.abs(round(differences[k]! - p)));
  const inverse = Math.fround(1 / step);
  let sum = Math.fround(Math.abs(p));
  for (const k of [1, 2, 3]) sum = Math.fround(sum + distance(k));
  return {
    spread: distanceBucket(Math.fround(sum * inverse)),
    drift: centre > 0 ? distanceBucket(Math.fround(distance(centre) * inverse)) : 0,
  };
}

export const SMOOTH: Roughness = { spread: 0, drift: 0 };

/** Exponent and first bit of the fraction: 2^-6 is in bucket 0, 1 in bucket 12. */
function distanceBucket(x: number): number {
  const bits = new Uint32Array(new Float32Array([x]).buffer)[0]!;
  return Math.max(0, Math.min(DISTANCE_BUCKETS - 1, (bits >>> 22) - 2 * 127 + 12));
}

/** 0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 6, 6, ... */
function sizeBucket(v: number): number {
  if (v < 2) return v;
  const top = bitLength(v) - 1;
  return 2 * top + ((v >> (top - 1)) & 1);
}

/** `codes`: those of this plane, as far as they are known, and of its first reference if it has one. */
export function contextOf(
  { height, width }: Grid,
  { y, x, stride: s, phase }: Point,
  codes: readonly ArrayLike<number>[],
  { spread, drift }: Roughness,
): CodeContext {
  const [own, past] = codes;
  const codeAt = (plane: ArrayLike<number>, dy: number, dx: number) => {
    const [row, column] = [y + dy * s, x + dx * s];
    return row < 0 || row >= height || column < 0 || column >= width ? 0 : plane[row * width + column]!;
  };
  const size = (plane: ArrayLike<number>, dy: number, dx: number) => Math.abs(codeAt(plane, dy, dx));

  // The four nearest, of phases and levels before; and those of the same phase, coded just now.
  const nearest = (phase === 0 ? DIAGONALS : SIDES).map(([dy, dx]) => codeAt(own!, dy, dx));
  const near = nearest.reduce((sum, q) => sum + Math.abs(q), 0);
  const west = codeAt(own!, 0, -2);
  const north = codeAt(own!, -2, 0);
  const same = 2 * (Math.abs(west) + Math.abs(north)) + size(own!, -2, -2) + size(own!, -2, 2);
  const before = past ? SIDES.reduce((sum, [dy, dx]) => sum + size(past, dy, dx), 2 * size(past, 0, 0)) : 0;

  // Weights sum to 12 * 2 + 12 (+ 12): the mean size of a code around here, times 32.
  const around = past
    ? Math.floor(((2 * same + 3 * near + 2 * before) * 8) / 9)
    : Math.floor(((2 * same + 3 * near) * 4) / 3);
  const group = groupOf(s);
  const place = group * 3 + phase;
  return {
    views: [
      Math.min(40, sizeBucket(around)) * 9 + Math.min(2, group) * 3 + phase,
      spread * CODE_BUCKETS + Math.min(CODE_BUCKETS - 1, sizeBucket(same)),
      drift * CODE_BUCKETS + Math.min(CODE_BUCKETS - 1, sizeBucket(before)),
    ],
    set: place,
    guess: Math.max(1, Math.min(27, bitLength(around >> 5))),
    sign: signClass(west + north) * 3 + signClass(nearest.reduce((sum, q) => sum + q, 0)),
  };
}

const DIAGONALS = [
  [-1, -1],
  [-1, 1],
  [1, -1],
  [1, 1],
] as const;
const SIDES = [
  [-1, 0],
  [1, 0],
  [0, -1],
  [0, 1],
] as const;

function signClass(sum: number): number {
  return sum > 0 ? 2 : sum < 0 ? 1 : 0;
}
