import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { candidates, chooseFilter, type Filter, MAX_SHIFT, toFloats } from "./filters.ts";
import { predict, rounding, surroundingsOf } from "./levels.reference.ts";
import { bitsOf, type Equations, meanSquare } from "./normal-equations.ts";
import type { PlaneClass } from "./plan.ts";
import { centreTap, PHASES, tapsOf } from "./taps.ts";

const CLASSES: readonly PlaneClass[] = [
  { references: 0, boxes: 0 },
  { references: 1, boxes: 1 },
  { references: 2, boxes: 1 },
  { references: 2, boxes: 2 },
  { references: 4, boxes: 1 },
];

const classes = fc.constantFrom(...CLASSES);
const phases = fc.integer({ min: 0, max: PHASES - 1 });

function tapCount({ references, boxes }: PlaneClass, phase: number): number {
  return tapsOf(references, boxes, phase).length;
}

/** Sums over points whose differences are `rows` and whose targets (minus base) are given. */
function equationsOf(rows: readonly Float64Array[], targets: readonly number[], taps: number): Equations {
  const gram = new Float64Array(taps * taps);
  rows.forEach((row, i) => {
    const line = [targets[i]!, ...row.subarray(1)];
    for (let a = 0; a < taps; a++) for (let b = a; b < taps; b++) gram[a * taps + b]! += line[a]! * line[b]!;
  });
  return { gram, taps, points: rows.length };
}

function randomRows(count: number, taps: number, seed: number): Float64Array[] {
  let state = seed | 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24 - 0.5;
  };
  return Array.from({ length: count }, () => Float64Array.from({ length: taps }, (_, k) => (k === 0 ? 0 : random())));
}

describe("candidates", () => {
  it("have a coefficient for each tap and none for the base", () => {
    for (const klass of CLASSES) {
      for (let phase = 0; phase < PHASES; phase++) {
        const list = candidates(klass, phase);
        expect(list.length).toBe(klass.references === 0 ? 3 : klass.references === 1 ? 4 : 6);
        for (const { whole } of list) {
          expect(whole.length).toBe(tapCount(klass, phase));
          expect(whole[0]).toBe(0);
        }
      }
    }
  });

  it("follow a slope inside the plane exactly", () => {
    const grid = { height: 33, width: 33 };
    const plane = Array.from({ length: 33 * 33 }, (_, i) => 3 * Math.floor(i / 33) - 2 * (i % 33));
    for (let phase = 0; phase < PHASES; phase++) {
      const at = { y: phase === 1 ? 16 : 15, x: phase === 2 ? 16 : 15, stride: 1, phase };
      const around = surroundingsOf([plane], grid, tapsOf(0, 0, phase), at, rounding(true));
      for (const filter of candidates({ references: 0, boxes: 0 }, phase)) {
        // The mean of two lies between them in phases 1 and 2 only.
        if (phase === 0 && filter.shift === 1) continue;
        expect(predict(around, [...toFloats(filter)], rounding(true))).toBe(plane[at.y * 33 + at.x]);
      }
    }
  });

  it("hold the plane before, the line through two planes and the mean of both", () => {
    const grid = { height: 5, width: 5 };
    const flat = (value: number) => new Array<number>(25).fill(value);
    for (const { references, boxes } of CLASSES.filter(({ references }) => references >= 2)) {
      const planes = [flat(100), flat(7), flat(5), flat(1), flat(2)];
      for (let phase = 0; phase < PHASES; phase++) {
        const at = { y: 1, x: 1, stride: 1, phase };
        const around = surroundingsOf(planes, grid, tapsOf(references, boxes, phase), at, rounding(true));
        const temporal = candidates({ references, boxes }, phase).slice(3);
        const predictions = temporal.map((filter) => predict(around, [...toFloats(filter)], rounding(true)));
        expect(predictions).toEqual([7, 2 * 7 - 5, (7 + 5) / 2]);
      }
    }
  });
});

describe("every filter", () => {
  it("predicts constants exactly, in both precisions, at borders too", () => {
    const grid = { height: 4, width: 3 };
    const points = [
      { y: 1, x: 1, stride: 1, phase: 0 },
      { y: 0, x: 1, stride: 1, phase: 1 },
      { y: 3, x: 2, stride: 1, phase: 2 },
    ];
    fc.assert(
      fc.property(
        classes,
        phases,
        fc.boolean(),
        fc.float({ noNaN: true, noDefaultInfinity: true }),
        fc.array(fc.double({ min: -1000, max: 1000, noNaN: true }), { minLength: 64, maxLength: 64 }),
        ({ references, boxes }, phase, wide, value, coefficients) => {
          const round = rounding(wide);
          const planes = Array.from({ length: 1 + references }, () => new Array<number>(12).fill(value));
          const around = surroundingsOf(planes, grid, tapsOf(references, boxes, phase), points[phase]!, round);
          expect(predict(around, coefficients.map(round), round) === value).toBe(true);
        },
      ),
    );
  });
});

describe("chooseFilter", () => {
  it("is never worse than a candidate, by estimate", () => {
    fc.assert(
      fc.property(
        classes,
        phases,
        fc.nat(),
        fc.constantFrom(1, 30, 300),
        fc.constantFrom(1e-6, 1e-2, 1, 100),
        fc.constantFrom(0, 0.1, 1),
        (klass, phase, seed, points, step, blur) => {
          const taps = tapCount(klass, phase);
          const rows = randomRows(points, taps, seed);
          // Between the plane before (or a neighbour) and noise.
          const follow = centreTap(klass.references, phase) || 1;
          const noise = randomRows(points, 2, seed + 1);
          const equations = equationsOf(
            rows,
            rows.map((row, i) => (1 - blur) * row[follow]! + blur * noise[i]![1]!),
            taps,
          );
          // So many points that the filter's own bits do not matter.
          const population = 1e9;
          const { filter, bits } = chooseFilter(klass, phase, equations, population, step);
          const noiseOf = (step * step) / 12;
          const estimate = (f: Filter) => bitsOf(meanSquare(equations, toFloats(f), noiseOf), step);
          for (const candidate of candidates(klass, phase)) {
            expect(bits / population).toBeLessThanOrEqual(estimate(candidate) + 1e-5);
          }
          expect(bits / population).toBeCloseTo(estimate(filter), 5);
          expect(filter.shift).toBeGreaterThanOrEqual(0);
          expect(filter.shift).toBeLessThanOrEqual(MAX_SHIFT);
          expect(filter.whole.length).toBe(taps);
        },
      ),
      { numRuns: 100 },
    );
  });

  it("finds planted coefficients", () => {
    const klass = { references: 1, boxes: 1 };
    const taps = tapCount(klass, 0);
    const planted = Float64Array.from({ length: taps }, (_, k) => (k === 0 ? 0 : 0.3 * Math.sin(k)));
    const rows = randomRows(2000, taps, 5);
    const equations = equationsOf(
      rows,
      rows.map((row) => row.reduce((sum, v, k) => sum + v * planted[k]!, 0)),
      taps,
    );
    const { filter, bits } = chooseFilter(klass, 0, equations, 2000, 1e-3);
    toFloats(filter).forEach((c, k) => {
      expect(c).toBeCloseTo(planted[k]!, 2);
    });
    expect(bits).toBeLessThan(2000 * 2);
  });

  it("stores coefficients no finer than pays", () => {
    const klass = CLASSES[0]!;
    const taps = tapCount(klass, 1);
    const rows = randomRows(500, taps, 9);
    const equations = equationsOf(
      rows,
      rows.map((row) => 0.37 * row[1]! + 0.21 * row[2]! + 0.4 * row[3]!),
      taps,
    );
    const shift = (population: number, step: number) =>
      chooseFilter(klass, 1, equations, population, step).filter.shift;
    expect(shift(1e6, 0.01)).toBeGreaterThan(shift(2000, 0.01));
    expect(shift(1e6, 0.001)).toBeGreaterThan(shift(1e6, 0.05));
  });

  it("takes a fixed filter where there is nothing to sum, or too little", () => {
    for (const klass of CLASSES) {
      for (let phase = 0; phase < PHASES; phase++) {
        const taps = tapCount(klass, phase);
        const fixed = candidates(klass, phase);
        const empty = { gram: new Float64Array(taps * taps), taps, points: 0 };
        const { filter, bits } = chooseFilter(klass, phase, empty, 10, 1);
        expect(fixed).toContainEqual(filter);
        expect(bits).toBe(0);
        const rows = randomRows(taps, taps, 3);
        const few = equationsOf(
          rows,
          rows.map((row) => row[1]!),
          taps,
        );
        expect(fixed).toContainEqual(chooseFilter(klass, phase, few, 1000, 1).filter);
      }
    }
  });

  it("survives sums that are not finite", () => {
    const klass = CLASSES[2]!;
    const taps = tapCount(klass, 0);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, 1e308]) {
      const gram = new Float64Array(taps * taps).fill(bad);
      const { filter } = chooseFilter(klass, 0, { gram, taps, points: 1000 }, 1000, 1e-3);
      expect(filter.whole.length).toBe(taps);
    }
  });
});
