import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bitsOf, type Equations, meanSquare, solve } from "./normal-equations.ts";

/** Each line: target, then differences of the taps. */
function equationsOf(lines: readonly (readonly number[])[]): Equations {
  const taps = lines[0]!.length;
  const gram = new Float64Array(taps * taps);
  for (const line of lines) {
    for (let a = 0; a < taps; a++) for (let b = a; b < taps; b++) gram[a * taps + b]! += line[a]! * line[b]!;
  }
  return { gram, taps, points: lines.length };
}

const value = fc.integer({ min: -100, max: 100 });
const lines = fc
  .integer({ min: 2, max: 6 })
  .chain((taps) => fc.array(fc.array(value, { minLength: taps, maxLength: taps }), { minLength: 30, maxLength: 30 }));

describe("solve", () => {
  it("finds coefficients that nothing near them beats", () => {
    fc.assert(
      fc.property(lines, fc.constantFrom(0, 1, 50), (list, noise) => {
        const equations = equationsOf(list);
        const found = solve(equations, noise);
        if (!found) return;
        const best = meanSquare(equations, found, noise);
        for (let k = 1; k < equations.taps; k++) {
          for (const change of [-0.05, 0.05]) {
            const other = found.slice();
            other[k]! += change;
            // A small ridge keeps the equations solvable and costs this much.
            expect(meanSquare(equations, other, noise)).toBeGreaterThanOrEqual(best * 0.999 - 1e-6);
          }
        }
      }),
    );
  });

  it("gives up, or gives finite numbers, where taps say the same", () => {
    const twice = equationsOf(Array.from({ length: 20 }, (_, i) => [i, i % 5, i % 5, i % 3]));
    expect(solve(twice, 0)?.every(Number.isFinite) ?? true).toBe(true);
    const nothing = equationsOf(Array.from({ length: 20 }, () => [1, 0, 0]));
    expect(solve(nothing, 0)?.every(Number.isFinite) ?? true).toBe(true);
    expect(solve({ ...nothing, gram: nothing.gram.map(() => Number.NaN) }, 0)).toBeUndefined();
  });
});

describe("meanSquare", () => {
  it("is that of the residuals where decoded values have no noise", () => {
    fc.assert(
      fc.property(
        lines,
        fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 6, maxLength: 6 }),
        (list, c) => {
          const equations = equationsOf(list);
          const squares = list.map(
            ([target, ...row]) => (target! - row.reduce((s, v, k) => s + v * c[k + 1]!, 0)) ** 2,
          );
          const mean = squares.reduce((a, b) => a + b, 0) / list.length;
          expect(meanSquare(equations, Float64Array.from(c), 0)).toBeCloseTo(mean, 5);
        },
      ),
    );
  });

  it("counts the noise that passes the filter", () => {
    const still = equationsOf([[0, 0, 0]]);
    expect(meanSquare(still, Float64Array.of(0, 0, 0), 2)).toBe(2);
    expect(meanSquare(still, Float64Array.of(0, 0.5, 0), 2)).toBe(2 * (0.25 + 0.25));
    expect(meanSquare(still, Float64Array.of(0, 1, 0), 2)).toBe(2);
  });
});

describe("bitsOf", () => {
  it("rises by a bit where the residual doubles, and falls to none", () => {
    expect(bitsOf(0, 1)).toBe(0);
    expect(bitsOf(4e8, 1) - bitsOf(1e8, 1)).toBeCloseTo(1, 6);
  });
});
