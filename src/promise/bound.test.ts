import { describe, expect, it } from "vitest";
import { tensor } from "../tensor/tensor.ts";
import { resolveBound } from "./bound.ts";
import { EMPTY_RANGE, mergeRanges, scanRange } from "./range.ts";

const range = (min: number, max: number) => ({ min, max, finite: 2, specials: 0 });
const lossless = { kind: "lossless", value: 0 };

describe("resolveBound", () => {
  it("turns every promise into one number", () => {
    expect(resolveBound({ kind: "abs", abs: 0.5 }, undefined, "float32")).toEqual({ kind: "abs", value: 0.5 });
    expect(resolveBound({ kind: "rel", rel: 0.01 }, range(-5, 5), "float64")).toEqual({ kind: "abs", value: 0.1 });
    expect(resolveBound({ kind: "pw_rel", pwRel: 0.1 }, undefined, "int16")).toEqual({ kind: "pw_rel", value: 0.1 });
    const both = { kind: "abs_and_rel", abs: 0.5, rel: 0.01 } as const;
    expect(resolveBound(both, range(0, 10), "float32").value).toBe(0.1);
    expect(resolveBound(both, range(0, 1000), "float32").value).toBe(0.5);
    expect(resolveBound({ kind: "lossless" }, undefined, "float32")).toEqual(lossless);
  });

  it("is lossless where the bound is 0: constant and empty data, zero bounds", () => {
    expect(resolveBound({ kind: "rel", rel: 0.1 }, range(3, 3), "float32")).toEqual(lossless);
    expect(resolveBound({ kind: "rel", rel: 0.1 }, EMPTY_RANGE, "float64")).toEqual(lossless);
    expect(resolveBound({ kind: "abs", abs: 0 }, undefined, "float32")).toEqual(lossless);
    expect(resolveBound({ kind: "pw_rel", pwRel: 0 }, undefined, "float32")).toEqual(lossless);
  });

  it("floors integers, keeps bool lossless, survives an overflowing range", () => {
    expect(resolveBound({ kind: "abs", abs: 2.9 }, undefined, "uint8")).toEqual({ kind: "abs", value: 2 });
    expect(resolveBound({ kind: "abs", abs: 0.9 }, undefined, "int64")).toEqual(lossless);
    expect(resolveBound({ kind: "abs", abs: 1e9 }, undefined, "uint8").value).toBe(255);
    expect(resolveBound({ kind: "abs", abs: 0.9 }, undefined, "bool")).toEqual(lossless);
    expect(resolveBound({ kind: "pw_rel", pwRel: 0.9 }, undefined, "bool")).toEqual(lossless);
    const wide = resolveBound({ kind: "rel", rel: 1e-3 }, range(-1.5e308, 1.5e308), "float64");
    expect(wide.value).toBeCloseTo(3e305, -300);
  });

  it("needs the range for a relative bound", () => {
    expect(() => resolveBound({ kind: "rel", rel: 1 }, undefined, "float32")).toThrow(/range/);
  });
});

describe("scanRange and mergeRanges", () => {
  it("leave special values and the fill out", () => {
    const data = Float32Array.of(1, Number.NaN, -0, 1e-40, 7, 1e20, Number.NEGATIVE_INFINITY);
    const t = tensor("float32", [7], data);
    expect(scanRange(t, 1e20)).toEqual({ min: 1, max: 7, finite: 2, specials: 5 });
  });

  it("give for slabs what they give for the whole", () => {
    const data = Int16Array.from({ length: 60 }, (_, i) => (i * 37) % 53);
    const whole = scanRange(tensor("int16", [60], data), 5);
    const parts = [0, 20, 40].map((at) => scanRange(tensor("int16", [20], data.subarray(at, at + 20)), 5));
    expect(parts.reduce(mergeRanges, EMPTY_RANGE)).toEqual(whole);
  });
});
