/**
 * The places a value is predicted from. Offsets are in units of the level's stride; `slot` -1 is the plane itself,
 * 0, 1, ... are planes decoded before it. Nearest neighbours come first: the first tap is the filter's base, the
 * first four tell how rough the place is (kernels/predict/levels.ts).
 */
export interface Tap {
  readonly slot: number;
  readonly dy: number;
  readonly dx: number;
}

/** (odd, odd), (even, odd), (odd, even): see kernels/predict/levels.ts. */
export const PHASES = 3;
export const MAX_TAPS = 64;

type Offsets = readonly (readonly [dy: number, dx: number])[];

/** Known neighbours inside the plane: diagonals on the coarser grid; then everything around it as well. */
const INSIDE: readonly [Offsets, Offsets, Offsets] = [
  [
    [-1, -1],
    [-1, 1],
    [1, -1],
    [1, 1],
    [-1, -3],
    [-1, 3],
    [1, -3],
    [1, 3],
    [-3, -1],
    [-3, 1],
    [3, -1],
    [3, 1],
  ],
  [
    [0, -1],
    [0, 1],
    [-1, 0],
    [1, 0],
    [0, -3],
    [0, 3],
    [-1, -2],
    [-1, 2],
    [1, -2],
    [1, 2],
    [-2, -1],
    [-2, 1],
    [2, -1],
    [2, 1],
    [-3, 0],
    [3, 0],
  ],
  [
    [-1, 0],
    [1, 0],
    [0, -1],
    [0, 1],
    [-3, 0],
    [3, 0],
    [-2, -1],
    [-2, 1],
    [2, -1],
    [2, 1],
    [-1, -1],
    [-1, 1],
    [1, -1],
    [1, 1],
    [-1, -2],
    [-1, 2],
    [1, -2],
    [1, 2],
    [0, -3],
    [0, 3],
  ],
];

const CROSS: Offsets = [
  [0, 0],
  [-1, -1],
  [-1, 1],
  [1, -1],
  [1, 1],
];
const PLUS: Offsets = [
  [0, 0],
  [-1, 0],
  [0, -1],
  [0, 1],
  [1, 0],
];
const BOX: Offsets = [
  [0, 0],
  [-1, -1],
  [-1, 0],
  [-1, 1],
  [0, -1],
  [0, 1],
  [1, -1],
  [1, 0],
  [1, 1],
];

/** Index of the first reference's own place among the taps, or 0 when there is no reference. */
export function centreTap(references: number, phase: number): number {
  return references === 0 ? 0 : INSIDE[phase]!.length;
}

/** Taps of one phase with `references` planes known; the first `boxes` of them give all nine places, the rest five. */
export function tapsOf(references: number, boxes: number, phase: number): Tap[] {
  const taps = INSIDE[phase]!.map(([dy, dx]) => ({ slot: -1, dy, dx }));
  for (let slot = 0; slot < references; slot++) {
    const places = slot < boxes ? BOX : phase === 0 ? CROSS : PLUS;
    for (const [dy, dx] of places) taps.push({ slot, dy, dx });
  }
  return taps;
}
