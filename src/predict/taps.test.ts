import { describe, expect, it } from "vitest";
import { coarseToFine, firstPoint, type Grid, type Point, place } from "./levels.reference.ts";
import { centreTap, MAX_TAPS, PHASES, type Tap, tapsOf } from "./taps.ts";

const INSIDE = Array.from({ length: PHASES }, (_, phase) => tapsOf(0, 0, phase));
const WITH_REFERENCES = Array.from({ length: PHASES }, (_, phase) =>
  tapsOf(4, 1, phase).filter(({ slot }) => slot >= 0),
);

/** Index of a tap's place in the plane, or undefined where it falls nowhere. */
function indexOf({ slot, dy, dx }: Tap, { y, x, stride }: Point, { height, width }: Grid): number | undefined {
  const row = place(y, dy, stride, height, slot >= 0);
  const column = place(x, dx, stride, width, slot >= 0);
  return row < 0 || column < 0 ? undefined : row * width + column;
}

/** Walks a plane and looks at each point's taps; fails at the first that is not known yet. */
function walk(grid: Grid): void {
  const size = grid.height * grid.width;
  const known = new Uint8Array(size);
  known[0] = 1;
  for (const point of coarseToFine(grid)) {
    const where = () => JSON.stringify({ grid, point });
    const own = point.y * grid.width + point.x;
    if (known[own]) throw new Error(`coded twice: ${where()}`);
    INSIDE[point.phase]!.forEach((tap, k) => {
      const at = indexOf(tap, point, grid);
      if (at === undefined ? k === 0 : !(at >= 0 && at < size && known[at])) {
        throw new Error(`tap ${k} is not known: ${where()}`);
      }
    });
    for (const tap of WITH_REFERENCES[point.phase]!) {
      const at = indexOf(tap, point, grid);
      if (!(at !== undefined && at >= 0 && at < size)) throw new Error(`a reference's tap is outside: ${where()}`);
    }
    known[own] = 1;
  }
  if (known.includes(0)) throw new Error(`not all coded: ${JSON.stringify(grid)}`);
}

describe("taps", () => {
  it("are known when they are used, on every grid up to 36 x 36", () => {
    for (let height = 1; height <= 36; height++) for (let width = 1; width <= 36; width++) walk({ height, width });
  });

  it("are known on rows, columns and larger grids", () => {
    for (const long of [37, 63, 64, 65, 127, 128, 129, 500]) {
      for (const short of [1, 2, 3, 4, 5, 9]) {
        walk({ height: short, width: long });
        walk({ height: long, width: short });
      }
    }
    walk({ height: 73, width: 144 });
    walk({ height: 129, width: 65 });
  });

  it("are what their offsets say away from borders", () => {
    const grid = { height: 200, width: 200 };
    for (let phase = 0; phase < PHASES; phase++) {
      const { y, x } = firstPoint(4, phase);
      const point = { y: y + 96, x: x + 96, stride: 4, phase };
      for (const tap of [...INSIDE[phase]!, ...WITH_REFERENCES[phase]!]) {
        expect(indexOf(tap, point, grid)).toBe((point.y + 4 * tap.dy) * 200 + point.x + 4 * tap.dx);
      }
    }
  });

  it("begin with the nearest: base and the three others that tell how rough the place is", () => {
    for (const taps of INSIDE) {
      const far = taps.map(({ dy, dx }) => dy * dy + dx * dx);
      expect(Math.max(...far.slice(0, 4))).toBeLessThanOrEqual(Math.min(...far.slice(4)));
    }
  });

  it("are distinct, fit the kernel's table and name the first reference's own place", () => {
    for (let phase = 0; phase < PHASES; phase++) {
      for (let references = 0; references <= 4; references++) {
        for (let boxes = 0; boxes <= Math.min(2, references); boxes++) {
          const taps = tapsOf(references, boxes, phase);
          expect(taps.length).toBeLessThanOrEqual(MAX_TAPS);
          expect(new Set(taps.map((tap) => JSON.stringify(tap))).size).toBe(taps.length);
          const centre = centreTap(references, phase);
          if (references === 0) expect(centre).toBe(0);
          else expect(taps[centre]).toEqual({ slot: 0, dy: 0, dx: 0 });
        }
      }
    }
  });
});

describe("place", () => {
  it("mirrors what falls outside, and comes nearer where the mirror is outside too", () => {
    expect(place(4, 1, 4, 9, false)).toBe(8);
    expect(place(8, 1, 4, 9, false)).toBe(4);
    expect(place(4, 3, 4, 9, false)).toBe(8);
    expect(place(4, -3, 4, 9, false)).toBe(0);
    expect(place(2, 2, 2, 4, false)).toBe(2);
    expect(place(0, 1, 4, 3, false)).toBe(-1);
    expect(place(0, 1, 4, 3, true)).toBe(0);
  });
});
