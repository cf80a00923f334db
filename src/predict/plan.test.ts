import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ORDERS, type Order, type Planes, planesOf, planOf } from "./plan.ts";
import { MAX_TAPS, PHASES, tapsOf } from "./taps.ts";

const chunks: fc.Arbitrary<[Planes, Order]> = fc.tuple(
  fc.record({
    times: fc.integer({ min: 0, max: 70 }),
    levels: fc.integer({ min: 1, max: 6 }),
    height: fc.constant(5),
    width: fc.constant(7),
  }),
  fc.constantFrom(...ORDERS),
);

describe("planOf", () => {
  it("codes every plane once, after all its references", () => {
    fc.assert(
      fc.property(chunks, ([chunk, order]) => {
        const decoded = new Set<number>();
        for (const { plane, references } of planOf(chunk, order).planes) {
          expect(decoded.has(plane)).toBe(false);
          for (const from of references) expect(decoded.has(from)).toBe(true);
          expect(new Set(references).size).toBe(references.length);
          decoded.add(plane);
        }
        const all = Array.from({ length: chunk.times * chunk.levels }, (_, i) => i);
        expect([...decoded].sort((a, b) => a - b)).toEqual(all);
      }),
    );
  });

  it("gives planes of a class as many references as the class has, and taps that fit", () => {
    fc.assert(
      fc.property(chunks, ([chunk, order]) => {
        const { planes, classes } = planOf(chunk, order);
        for (const { klass, references } of planes) expect(classes[klass]!.references).toBe(references.length);
        for (const { references, boxes } of classes) {
          expect(boxes).toBeLessThanOrEqual(references);
          for (let phase = 0; phase < PHASES; phase++) {
            expect(tapsOf(references, boxes, phase).length).toBeLessThanOrEqual(MAX_TAPS);
          }
        }
        // Filters are stored for every class: none may be unused.
        expect(new Set(planes.map(({ klass }) => klass)).size).toBe(classes.length);
      }),
    );
  });

  it("looks back two frames when forward", () => {
    const { planes } = planOf({ times: 4, levels: 1, height: 1, width: 1 }, "forward");
    expect(planes.map(({ plane, references }) => [plane, references])).toEqual([
      [0, []],
      [1, [0]],
      [2, [1, 0]],
      [3, [2, 1]],
    ]);
  });

  it("knows both time neighbours of all but the last few frames when hierarchical", () => {
    const { planes } = planOf({ times: 17, levels: 1, height: 1, width: 1 }, "hierarchical");
    expect(planes.slice(0, 4).map(({ plane }) => plane)).toEqual([0, 8, 16, 4]);
    for (const { plane, references } of planes) {
      if (plane % 8 === 0) continue;
      const [before, after] = references;
      expect(plane - before!).toBe(after! - plane);
    }
  });

  it("predicts a level from the time before and the levels below", () => {
    const { planes } = planOf({ times: 2, levels: 4, height: 1, width: 1 }, "forward");
    expect(planes.at(-1)).toMatchObject({ plane: 7, references: [3, 6, 2, 5] });
  });
});

describe("planesOf", () => {
  it("takes the last two axes as a plane", () => {
    expect(planesOf([9])).toEqual({ times: 1, levels: 1, height: 1, width: 9 });
    expect(planesOf([4, 9])).toEqual({ times: 4, levels: 1, height: 1, width: 9 });
    expect(planesOf([4, 5, 9])).toEqual({ times: 4, levels: 1, height: 5, width: 9 });
    expect(planesOf([4, 2, 3, 5, 9])).toEqual({ times: 4, levels: 6, height: 5, width: 9 });
  });

  it("keeps the number of values", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 }), (shape) => {
        const { times, levels, height, width } = planesOf(shape);
        expect(times * levels * height * width).toBe(shape.reduce((product, extent) => product * extent, 1));
      }),
    );
  });
});
