import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fillsFor, tensorsOf } from "../../test/nasty-tensors.ts";
import { isTempressError } from "../errors.ts";
import { DTYPE_NAMES } from "../tensor/dtype.ts";
import { fillPattern } from "../tensor/fill.ts";
import { frames, type Tensor, tensor } from "../tensor/tensor.ts";
import { addErrors, type ErrorSums, emptySums, fillNumber, kernelSums, pivotOf, plainSums } from "./error-sums.ts";
import { evaluateMetrics, type MetricKind, metrics } from "./index.ts";

const pairs = fc
  .constantFrom(...DTYPE_NAMES)
  .chain((dtype) =>
    fc.integer({ min: 0, max: 40 }).chain((count) => {
      const values = tensorsOf(dtype, fc.constant([count])) as fc.Arbitrary<Tensor>;
      return fc.tuple(values, values);
    }),
  )
  .chain(([x, y]) => fc.tuple(fc.constant(x), fc.constant(y), fillsFor(x)));

/** Size of what is added up in `sum`. Not taken from the squares: those of tiny values are 0. */
function sizeOf(x: Tensor, pivot: number, fill: number | undefined): number {
  const named = fillNumber(x.dtype, fill);
  let size = 0;
  for (let i = 0; i < x.data.length; i++) {
    const value = Number(x.data[i]);
    if (Number.isFinite(value) && value !== named) size += Math.abs(value - pivot);
  }
  return size;
}

function expectClose(got: ErrorSums, wanted: ErrorSums, size: number): void {
  for (const key of Object.keys(wanted) as (keyof ErrorSums)[]) {
    const [a, b] = [got[key], wanted[key]];
    if (Object.is(a, b) || a === b) continue;
    // Sums are taken in another order. A signed one may cancel or overflow on the way, by order; others may not.
    const scale = key === "sum" ? size : key === "differences" ? wanted.errors : b;
    if ((key === "sum" || key === "differences") && !Number.isFinite(scale)) continue;
    if (!Number.isFinite(a) || !Number.isFinite(b))
      expect([key, Number.isFinite(a)]).toEqual([key, Number.isFinite(b)]);
    else expect(Math.abs(a - b), key).toBeLessThanOrEqual(1e-12 * Math.abs(scale));
  }
}

describe("error sums", () => {
  it("agree between the kernel and its twin", () => {
    fc.assert(
      fc.property(pairs, ([x, y, fill]) => {
        if (x.dtype !== "float32" && x.dtype !== "float64") return;
        const pattern = fill === undefined ? undefined : fillPattern(x.dtype, fill);
        const [a, b] = [emptySums(pivotOf(x, fill)), emptySums(pivotOf(x, fill))];
        kernelSums(a, x, y, pattern);
        plainSums(b, x, y, pattern);
        expectClose(a, b, sizeOf(x, b.pivot, fill));
      }),
      { numRuns: 1000 },
    );
  });

  it("agree between one slab and many, on every type", () => {
    fc.assert(
      fc.property(pairs, fc.nat({ max: 40 }), ([x, y, fill], cut) => {
        const at = Math.min(cut, x.data.length);
        const whole = emptySums(pivotOf(x, fill));
        addErrors(whole, x, y, fill);
        const parts = emptySums(pivotOf(x, fill));
        addErrors(parts, frames(x, 0, at), frames(y, 0, at), fill);
        addErrors(parts, frames(x, at, x.data.length), frames(y, at, x.data.length), fill);
        expectClose(parts, whole, sizeOf(x, whole.pivot, fill));
      }),
      { numRuns: 500 },
    );
  });
});

describe("error_stat", () => {
  it("leaves NaN and the fill out, and says when they changed", async () => {
    const x = tensor("float32", [5], Float32Array.of(1, Number.NaN, 1e20, 3, 1e20));
    const y = tensor("float32", [5], Float32Array.of(1.5, Number.NaN, 1e20, 3, 7));
    const got = await evaluateMetrics(["error_stat"], x, 10, y, { fill: 1e20 });
    expect(got).toMatchObject({
      "error_stat:n": 2,
      "error_stat:max_error": 0.5,
      "error_stat:value_range": 2,
      "error_stat:value_mean": 2,
      "tempress:excluded": 3,
      "tempress:excluded_changed": 1,
    });
  });

  it("shows a value that became NaN", async () => {
    const x = tensor("float32", [9], new Float32Array(9).fill(2));
    const y = tensor("float32", [9], new Float32Array(9).fill(2));
    y.data[4] = Number.NaN;
    const got = await evaluateMetrics(["error_stat"], x, 10, y);
    expect(got["error_stat:max_error"]).toBeNaN();
    expect(got["error_stat:psnr"]).toBeNaN();
  });

  it("has answers for constant, exact and empty fields", async () => {
    const x = tensor("float64", [4], new Float64Array(4).fill(7));
    const exact = await evaluateMetrics(["error_stat", "pearson"], x, 10, x);
    expect(exact["error_stat:psnr"]).toBe(Number.POSITIVE_INFINITY);
    expect(exact["error_stat:max_rel_error"]).toBe(0);
    expect(exact["error_stat:value_std"]).toBe(0);
    const empty = tensor("int16", [0], new Int16Array(0));
    expect(await evaluateMetrics(["error_stat", "pearson", "entropy"], empty, 10, empty)).toMatchObject({});
  });

  it("keeps digits where the mean is far from 0", async () => {
    const data = Float64Array.from({ length: 10_000 }, (_, i) => 1e9 + (i % 2));
    const x = tensor("float64", [10_000], data);
    const got = await evaluateMetrics(["error_stat", "pearson"], x, 1, x);
    expect(got["error_stat:value_std"]).toBeCloseTo(0.5, 9);
    expect(got["pearson:r"]).toBeCloseTo(1, 9);
  });

  it("does not wrap unsigned differences", async () => {
    const x = tensor("uint32", [2], Uint32Array.of(1, 5));
    const y = tensor("uint32", [2], Uint32Array.of(3, 5));
    expect(await evaluateMetrics(["error_stat"], x, 1, y)).toMatchObject({ "error_stat:max_error": 2 });
    const wide = tensor("uint64", [1], BigUint64Array.of(2n ** 63n));
    const off = tensor("uint64", [1], BigUint64Array.of(2n ** 63n + 3n));
    expect(await evaluateMetrics(["error_stat"], wide, 1, off)).toMatchObject({ "error_stat:max_error": 3 });
  });
});

describe("size, time, entropy and together", () => {
  it("watch the steps they are told of", async () => {
    const observer = await metrics.observe(["size", "time"]);
    const what = { dtype: "float32", shape: [10, 10] } as const;
    expect(observer.results()).toEqual({});
    observer.beforeCompress?.(what);
    observer.afterCompress?.(what, 50);
    expect(observer.results()).toMatchObject({
      "size:uncompressed_size": 400,
      "size:compressed_size": 50,
      "size:compression_ratio": 8,
      "size:bit_rate": 4,
    });
    observer.beforeDecompress?.(50);
    observer.afterDecompress?.(what);
    const all = observer.results();
    expect(all["size:decompressed_size"]).toBe(400);
    expect(all["time:decompress"]).toBeGreaterThanOrEqual(0);
    expect(Object.keys(all)).toContain("composite:compression_rate");
  });

  it("count distinct values", async () => {
    const x = tensor("int64", [4], BigInt64Array.of(1n, 2n, 1n, 2n));
    const y = tensor("int64", [4], BigInt64Array.of(1n, 1n, 1n, 1n));
    expect(await evaluateMetrics(["entropy"], x, 1, y)).toEqual({ "entropy:input": 1, "entropy:decompressed": 0 });
  });
});

describe("the registry", () => {
  it("lists what it loads", async () => {
    for (const { name, summary } of metrics.list()) {
      const kind = await metrics.get(name);
      expect([kind.name, kind.summary]).toEqual([name, summary]);
      for (const key of Object.keys(kind.results)) {
        // LibPressio's prefix of input_stats has no s.
        expect(["tempress", name, name.replace(/s$/, "")]).toContain(key.split(":")[0]);
      }
    }
  });

  it("takes metrics of one's own, once", async () => {
    const mine: MetricKind = {
      name: "mine",
      summary: "counts slabs",
      options: {},
      results: { "mine:slabs": "how many" },
      keeps: "sums",
      create() {
        let slabs = 0;
        return { compare: () => void slabs++, results: () => ({ "mine:slabs": slabs }) };
      },
    };
    metrics.register(mine);
    const x = tensor("uint8", [1], new Uint8Array(1));
    expect(await evaluateMetrics(["mine"], x, 1, x)).toEqual({ "mine:slabs": 1 });
    for (const wrong of [mine, { ...mine, name: "No" }, { ...mine, name: "other" }]) {
      expect(() => metrics.register(wrong)).toThrow(/metric|key/);
    }
  });

  it("names the nearest metric", async () => {
    const error = await metrics.get("eror_stat").catch((caught: unknown) => caught);
    expect(isTempressError(error, "invalid-argument") && error.hint).toContain("error_stat");
  });
});
