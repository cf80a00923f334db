import { describe, expect, it } from "vitest";
import { type Grid, indexGrid, sumOf } from "./causal.reference.ts";
import {
  COARSE,
  causalPlanes,
  FILTER_WORDS,
  FINE,
  FIXED_FILTERS,
  FROM_LEFT,
  PLACES,
  pastOf,
  reach,
  roundFilter,
  shiftFor,
  storeFilter,
} from "./causal.ts";

describe("planes", () => {
  it("are the last two axes that are longer than one", () => {
    expect(causalPlanes([7])).toEqual({ width: 7, height: 1, count: 1, levels: 1 });
    expect(causalPlanes([1, 1])).toEqual({ width: 1, height: 1, count: 1, levels: 1 });
    expect(causalPlanes([5, 7])).toEqual({ width: 7, height: 5, count: 1, levels: 1 });
    expect(causalPlanes([3, 5, 7])).toEqual({ width: 7, height: 5, count: 3, levels: 1 });
    expect(causalPlanes([3, 1, 5, 1, 7])).toEqual({ width: 7, height: 5, count: 3, levels: 1 });
    expect(causalPlanes([2, 3, 4, 5, 7])).toEqual({ width: 7, height: 5, count: 24, levels: 12 });
  });

  it("look back at planes decoded before, nearest first", () => {
    expect([0, 1, 2, 3].map((plane) => pastOf(plane, 1).planes)).toEqual([[], [0], [1, 0], [2, 1]]);
    expect([0, 2, 3, 4].map((plane) => pastOf(plane, 3).planes)).toEqual([[], [1], [0], [3, 1]]);
    for (const levels of [1, 2, 5]) {
      for (let plane = 0; plane < 20; plane++) {
        const { kind, planes } = pastOf(plane, levels);
        expect(planes.length).toBe((kind & 1) + (kind >> 1));
        for (const past of planes) expect(plane - past).toBeLessThanOrEqual(reach(levels));
      }
    }
  });
});

/** Three planes, each the same polynomial of column, row and plane. */
function planesOf(f: (t: number, y: number, x: number) => number): Grid[] {
  const grids: Grid[] = [];
  for (let t = 0; t < 3; t++) {
    const grid = indexGrid(8, 6, grids[t - 1]);
    for (let y = 0; y < 6; y++) grid.rows.push(Array.from({ length: 8 }, (_, x) => f(t, y, x)));
    grids.unshift(grid);
  }
  return grids;
}

describe("filters", () => {
  const exact: [number, (t: number, y: number, x: number) => number][] = [
    [0, (_, y, x) => 3 * x - 5 * y],
    [1, (_, y) => 7 * y],
    [2, (_, __, x) => 2 * x],
    [3, (_, y, x) => x * y],
    [4, (t, y, x) => t * x + t * y + x * y],
    [5, (_, y, x) => x * y * y],
    [6, (t, y, x) => t * x + t * y + x * y],
  ];

  it.each(exact)("fixed filter %i predicts exactly what it is for", (number, f) => {
    const planes = planesOf(f);
    for (const shift of [FINE, COARSE]) {
      const sum = sumOf(FIXED_FILTERS[number]!, shift, planes, 3, 4);
      expect(planes[0]!.at(2, 4) + (sum >> shift)).toBe(planes[0]!.at(3, 4));
    }
  });

  it("weights in memory add up to one, the index above included", () => {
    const words = new Int32Array(FILTER_WORDS);
    for (const filter of [...FIXED_FILTERS, FROM_LEFT]) {
      storeFilter(filter, FINE, words);
      expect(words[0]).toBe(FINE);
      expect(words.subarray(1, 29).reduce((sum, w) => sum + w, 0)).toBe(0);
    }
  });

  it("are rounded to their shift, or refused", () => {
    const weights = new Float64Array(PLACES).fill(0.25);
    expect(roundFilter(weights, 2, FINE)!.weights[26]).toBe(1024);
    expect(roundFilter(weights, 2, COARSE)!.weights[26]).toBe(16);
    weights[3] = 9;
    expect(roundFilter(weights, 2, FINE)).toBeUndefined();
    weights[3] = Number.NaN;
    expect(shiftFor(1000)).toBe(FINE);
    expect(shiftFor(2 ** 24)).toBe(COARSE);
  });
});
