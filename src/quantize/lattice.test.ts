import { describe, expect, it } from "vitest";
import { tensor } from "../tensor/tensor.ts";
import { chooseCells, chooseLattice, isRefinable } from "./lattice.ts";

const wave = (size: number, offset = 0) =>
  Float32Array.from({ length: 5000 }, (_, i) => offset + size * Math.sin(i / 7.3));

describe("lattices within a bound", () => {
  it("have steps of nearly twice the bound, less where floats are coarse", () => {
    const near = chooseLattice(tensor("float32", [5000], wave(10)), 0.01)!;
    expect(near.lattice.base).toBe(0);
    expect(Number(near.lattice.step) / 0.02).toBeGreaterThan(0.9999);
    expect(Number(near.lattice.step)).toBeLessThan(0.02);
    expect(near.range).toBeCloseTo(1000, -1);
    const coarse = chooseLattice(tensor("float32", [5000], wave(10, 50000)), 0.01)!;
    expect(Number(coarse.lattice.step)).toBeCloseTo(0.02 - 2 ** -8, 4);
  });

  it("are none where the bound is below what the type can tell", () => {
    expect(chooseLattice(tensor("float32", [5000], wave(10, 5e6)), 0.01)).toBeUndefined();
    expect(chooseLattice(tensor("float32", [5000], wave(10)), 0)).toBeUndefined();
    expect(chooseLattice(tensor("float32", [2], Float32Array.of(-3e38, 3e38)), 1e-3)).toBeUndefined();
  });

  it("are those that values are on already", () => {
    const tenths = wave(10).map((v) => Math.round(10 * v) / 10);
    for (const bound of [0, 0.01]) {
      expect(Number(chooseLattice(tensor("float32", [5000], tenths), bound)!.lattice.step)).toBeCloseTo(0.1, 9);
    }
  });

  it("do not mind a few values far away, nor masked ones", () => {
    const data = wave(10);
    data[0] = 1e30;
    const mask = new Uint8Array(5000);
    mask[0] = 1;
    const frames = tensor("float32", [5000], data);
    expect(chooseLattice(frames, 0.01)!.range).toBeLessThan(1100);
    expect(chooseLattice(frames, 0.01, mask)!.range).toBeLessThan(1100);
  });

  it("of whole numbers have odd steps", () => {
    const data = Int32Array.from({ length: 100 }, (_, i) => i * 1000);
    expect(chooseLattice(tensor("int32", [100], data), 2.9)!.lattice).toEqual({ base: 0, step: 5, bound: 2 });
    const high = BigInt64Array.from({ length: 100 }, (_, i) => 2n ** 62n + BigInt(i));
    expect(chooseLattice(tensor("int64", [100], high), 3)!.lattice).toEqual({ base: 2n ** 62n, step: 7n, bound: 3n });
    const wide = BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n);
    expect(chooseLattice(tensor("int64", [2], wide), 3)).toBeUndefined();
  });
});

describe("cells for lossless coding", () => {
  it("follow the residuals, but are no narrower than values lie", () => {
    const cells = chooseCells(tensor("float32", [5000], wave(10)))!;
    const wider = cells.next(cells.first.lattice, 80);
    expect(Number(wider.lattice.step)).toBeCloseTo(10 * Number(cells.first.lattice.step), 6);
    const narrow = cells.next(cells.first.lattice, 0);
    expect(narrow.range).toBeLessThan(2 ** 17);
    const offset = chooseCells(tensor("float32", [5000], wave(10, 1e6)))!;
    expect(Number(offset.next(offset.first.lattice, 0).lattice.step)).toBe(2 ** -4);
  });

  it("of 64-bit integers have odd steps", () => {
    const data = BigUint64Array.from({ length: 1000 }, (_, i) => 2n ** 60n * BigInt(i % 13));
    const cells = chooseCells(tensor("uint64", [1000], data))!;
    for (const mean of [0, 8, 300])
      expect(Number(cells.next(cells.first.lattice, mean).lattice.step) % 2).not.toBe(0.5);
    expect(BigInt(cells.first.lattice.step) % 2n).toBe(1n);
  });

  it("are for floats and 64-bit integers", () => {
    expect((["float32", "float64", "int64", "uint64"] as const).every(isRefinable)).toBe(true);
    expect((["int32", "uint8", "bool"] as const).some(isRefinable)).toBe(false);
    expect(chooseCells(tensor("int32", [2], Int32Array.of(1, 2)))).toBeUndefined();
  });
});
