import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { detectLattice, type Lattice } from "./lattice-detect.ts";
import type { Floats } from "./working.ts";

function randomOf(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
}

/** Whole numbers around zero, the middle ones most often. */
function numbers(count: number, range: number, seed: number): number[] {
  const random = randomOf(seed);
  return Array.from({ length: count }, () => Math.round((random() + random() - 1) * range));
}

/** Every value is the lattice point next to it, bit for bit. */
function mustHold(values: Floats, { offset, delta, most }: Lattice, mask?: Uint8Array): void {
  const round = values instanceof Float32Array ? Math.fround : (v: number) => v;
  for (let i = 0; i < values.length; i++) {
    if (mask?.[i]) continue;
    const n = Math.round((values[i]! - offset) / delta);
    if (round(offset + n * delta) !== values[i] || Math.abs(n) > most) {
      throw new Error(`${values[i]} is not step ${n} of ${delta} from ${offset}`);
    }
  }
}

describe("detectLattice finds", () => {
  it("decimals, whatever their range", () => {
    for (const [per, range] of [
      [10, 50],
      [100, 1000],
      [100, 30_000],
      [1000, 90_000],
      [10_000, 300_000],
    ] as const) {
      const values = Float32Array.from(numbers(20_000, range, range), (n) => n / per);
      const found = detectLattice(values, 0)!;
      expect(found).toMatchObject({ offset: 0, delta: 1 / per });
      mustHold(values, found);
    }
  });

  it("decimals of float64", () => {
    // 0.3 is not 3 * 0.1 there: only tables whose every value is a rounded product have a lattice.
    const values = Float64Array.from(numbers(5000, 900, 3), (n) => n * 0.001);
    const found = detectLattice(values, 0)!;
    expect(found.delta).toBe(0.001);
    mustHold(values, found);
  });

  it("binary fractions and whole numbers", () => {
    for (const step of [2 ** -20, 1 / 64, 0.125, 1, 8]) {
      const exact = numbers(3000, 5000, 7).map((n) => n * step);
      for (const values of [Float32Array.from(exact), Float64Array.from(exact)]) {
        expect(detectLattice(values, 0)).toMatchObject({ offset: 0, delta: step });
      }
    }
  });

  it("the coarsest step that all values share, and where it starts", () => {
    const values = Float32Array.from(numbers(3000, 300, 9), (n) => (7 * n + 2) / 10);
    const found = detectLattice(values, 0)!;
    expect(found.delta).toBeCloseTo(0.7, 12);
    expect(Math.abs(found.offset)).toBeLessThan(0.7);
    expect(found.most).toBeLessThan(310);
    mustHold(values, found);
  });

  it("two values only", () => {
    const values = Float32Array.from({ length: 100 }, (_, i) => (i % 3 === 0 ? 5 : 0));
    expect(detectLattice(values, 0)).toEqual({ offset: 0, delta: 5, most: 1 });
  });

  it("integers with a scale and an offset, as netCDF packs temperature, wind and geopotential", () => {
    for (const [low, high] of [
      [221.3, 309.7],
      [-28.91, 33.4],
      [-871.5, 57_903],
    ] as const) {
      for (let seed = 1; seed <= 10; seed++) {
        const scale = (high - low) / 65_534;
        const middle = (high + low) / 2 + seed;
        const values = Float32Array.from(numbers(30_000, 32_767, seed), (n) => n * scale + middle);
        const found = detectLattice(values, 0)!;
        expect(found.delta).toBeCloseTo(scale, 6);
        mustHold(values, found);
      }
    }
  });

  it("GRIB's: a float plus multiples of a power of two", () => {
    const values = Float32Array.from(numbers(20_000, 8000, 4), (n) => Math.fround(221.37) + (n + 8000) * 2 ** -7);
    const found = detectLattice(values, 0)!;
    expect(found.delta).toBeCloseTo(2 ** -7, 9);
    mustHold(values, found);
  });

  it("thirds", () => {
    const values = Float32Array.from(numbers(20_000, 20_000, 5), (n) => n / 3);
    const found = detectLattice(values, 0)!;
    expect(found.delta).toBeCloseTo(1 / 3, 7);
    mustHold(values, found);
  });

  it("what lies under a mask", () => {
    const values = Float32Array.from(numbers(5000, 900, 6), (n) => n / 100);
    const mask = new Uint8Array(5000);
    for (let i = 0; i < 5000; i += 7) {
      values[i] = Math.sin(i) * 1e6;
      mask[i] = 1;
    }
    const found = detectLattice(values, 0, mask)!;
    expect(found.delta).toBe(0.01);
    expect(found.most).toBeLessThanOrEqual(900);
    mustHold(values, found, mask);
    expect(detectLattice(values, 0)).toBeUndefined();
  });

  it("nothing but what holds on every value", () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.integer({ min: 1, max: 100_000 }),
        fc.nat(),
        fc.integer({ min: 1, max: 600 }),
        (wide, scale, offset, range, seed, count) => {
          const exact = numbers(count, range, seed).map((n) => n * scale + offset);
          const values = wide ? Float64Array.from(exact) : Float32Array.from(exact);
          const found = detectLattice(values, 0);
          if (found) mustHold(values, found);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("detectLattice finds nothing", () => {
  it("in noise, waves and sums of both", () => {
    for (let seed = 1; seed <= 10; seed++) {
      const random = randomOf(seed);
      const noise = Array.from({ length: 5000 }, () => random() * 3.7 + 1e-9 * random());
      const waves = noise.map((v, i) => 280 + 20 * Math.sin(i / 50) + 0.1 * v);
      for (const exact of [noise, waves]) {
        expect(detectLattice(Float64Array.from(exact), 0)).toBeUndefined();
        expect(detectLattice(Float32Array.from(exact), 0)).toBeUndefined();
      }
    }
  });

  it("where a single value is off", () => {
    const values = Float32Array.from(numbers(50_000, 900, 8), (n) => n / 100);
    values[31_234] = Math.fround(1.23456);
    expect(detectLattice(values, 0)).toBeUndefined();
  });

  it("that is far below the bound", () => {
    const values = Float32Array.from(numbers(5000, 900, 8), (n) => n / 100);
    expect(detectLattice(values, 0.05)?.delta).toBe(0.01);
    expect(detectLattice(values, 0.1)).toBeUndefined();
  });

  it("in nothing, one value, or only masked ones", () => {
    expect(detectLattice(new Float32Array(0), 0)).toBeUndefined();
    expect(detectLattice(Float32Array.of(5), 0)).toBeUndefined();
    expect(detectLattice(Float32Array.of(5, 5, 5, 5), 0)).toBeUndefined();
    expect(detectLattice(Float32Array.of(5, 6, 7), 0, Uint8Array.of(1, 1, 1))).toBeUndefined();
  });

  it("in ranges that overflow", () => {
    expect(detectLattice(Float64Array.of(-1.7e308, 1.7e308, 5, 3), 0)).toBeUndefined();
    expect(detectLattice(Float32Array.of(-3.4e38, 3.4e38, 5, 3.25), 0)).toBeUndefined();
  });
});
