/** Each metric on small data whose answer can be seen, and all of them on nasty data. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fillsFor, tensorsOf } from "../../test/nasty-tensors.ts";
import { isTempressError } from "../errors.ts";
import { DTYPE_NAMES } from "../tensor/dtype.ts";
import { frames, type Tensor, tensor } from "../tensor/tensor.ts";
import { evaluateMetrics, type MetricResults, type MetricValue, metrics, type ObserverSettings } from "./index.ts";

const f64 = (shape: number[], ...values: number[]) => tensor("float64", shape, Float64Array.from(values));
const X = f64([2, 3], 1, 2, 3, 4, 5, 6);
const Y = f64([2, 3], 1, 2.5, 3, 4, 4, 6);
const measure = (names: string, settings: ObserverSettings = {}, x: Tensor = X, y: Tensor = Y) =>
  evaluateMetrics(names.split(","), x, 10, y, settings);
const list = (value: MetricValue | undefined) => Array.from((value as Tensor).data as Float64Array, Number);
const refused = async (run: () => Promise<unknown>) => {
  const error = await run().catch((caught: unknown) => caught);
  if (!isTempressError(error)) throw new Error(`not refused: ${String(error)}`);
  return error;
};

describe("metrics of single values", () => {
  it("find the largest error, the k-th one, and those over a bound", async () => {
    expect(await measure("max_error")).toEqual({ "max_error:max_error": 1, "max_error:max_error_index": 4 });
    for (const [k, error] of [
      [0, 0],
      [0.7, 0.5],
      [1, 1],
    ]) {
      expect(await measure("kth_error", { options: { "kth_error:k": k } })).toEqual({ "kth_error:kth_error": error });
    }
    expect(await measure("clipping,out_of_bounds")).toEqual({});
    expect(await measure("clipping", { options: { "pressio:abs": 0.5 } })).toEqual({ "clipping:clips": 1 });
    const both = { "pressio:abs": 0.1, "clipping:abs": 2 };
    expect(await measure("clipping", { options: both })).toEqual({ "clipping:clips": 0 });
    const found = await measure("out_of_bounds", { options: { "pressio:pw_rel": 0.2 } });
    expect(list(found["out_of_bounds:oob"])).toEqual([2, 2.5, 0.5]);
    expect(list(found["out_of_bounds:index"])).toEqual([1]);
    const some = await measure("out_of_bounds", {
      options: { "pressio:rel": 0.05, "out_of_bounds:print_first_k": 1 },
    });
    expect([list(some["out_of_bounds:index"]), some["tempress:out_of_bounds"]]).toEqual([[1], 2]);
  });

  it("see values that became NaN", async () => {
    const bad = f64([2, 3], 1, 2, Number.NaN, 4, 5, 6);
    const found = await measure("max_error,clipping,spatial_error", { options: { "pressio:abs": 9 } }, X, bad);
    expect(found).toMatchObject({ "max_error:max_error": Number.NaN, "max_error:max_error_index": 2 });
    expect(found).toMatchObject({ "clipping:clips": 1, "tempress:spatial_error_percent": 100 / 6 });
  });

  it("take spatial errors with and without their sign", async () => {
    const found = await measure("spatial_error");
    expect(found["spatial_error:percent"]).toBeCloseTo(100 / 6);
    expect(found["tempress:spatial_error_percent"]).toBeCloseTo(200 / 6);
  });
});

describe("metrics of distributions", () => {
  it("take the statistic of Kolmogorov and Smirnov over all points", async () => {
    const found = await measure("ks_test");
    expect(found["tempress:ks_d"]).toBeCloseTo(1 / 6);
    expect(found["ks_test:d"]).toBe(0);
    const apart = await measure("ks_test", {}, f64([4], 1, 2, 3, 4), f64([4], 5, 6, 7, 8));
    expect(apart["tempress:ks_d"]).toBe(1);
    expect(apart["tempress:ks_pvalue"]).toBeLessThan(0.02);
  });

  it("agree with closed forms", async () => {
    expect(await measure("wasserstein")).toMatchObject({ "wasserstein:distance": 1.5 / 6 });
    expect((await measure("r2"))["r2:r2"]).toBeCloseTo(1 - 1.25 / 17.5);
    expect(await measure("kl_divergence")).toMatchObject({ "kl_divergence:p_q": Infinity });
    const [p, q] = [f64([4], 0, 0, 0, 1), f64([4], 0, 0, 1, 1)];
    const found = await measure("kl_divergence", {}, p, q);
    expect(found["kl_divergence:p_q"]).toBeCloseTo(0.75 * Math.log(1.5) + 0.25 * Math.log(0.5), 12);
    const pdf = await measure("diff_pdf", { options: { "diff_pdf:intervals": 3 } });
    expect(list(pdf["diff_pdf:histogram"])).toEqual([1, 4, 1]);
    expect(await measure("data_gap")).toEqual({
      "data_gap:max_gap": 1,
      "data_gap:min_gap": 1,
      "data_gap:mean_gap": 1,
    });
  });
});

describe("metrics of planes", () => {
  const plane = (value: (r: number, c: number) => number) =>
    f64([32, 32], ...Array.from({ length: 1024 }, (_, i) => value(i >> 5, i & 31)));
  const wave = plane((r, c) => Math.sin(r / 4) + Math.cos(c / 5));

  it("see what a blur takes away", async () => {
    const fine = plane((r, c) => Math.sin(r / 4) + Math.cos(c / 5) + (c % 2 ? 0.1 : -0.1));
    const found = await measure("spectrum,gradient_error,dssim,nyx_power", {}, fine, wave);
    expect(found["spectrum:max_deviation"]).toBeGreaterThan(0.01);
    expect(found["spectrum:resolved"]).toBeGreaterThan(5);
    expect(found["gradient_error:rmse"]).toBeGreaterThan(0);
    expect(found["dssim:dssim"]).toBeLessThan(0.99995);
    const same = await measure("spectrum,gradient_error,dssim", {}, wave, wave);
    expect(same).toMatchObject({ "spectrum:resolved": 16, "gradient_error:rmse": 0 });
    expect(same["dssim:dssim"]).toBeCloseTo(1, 9);
  });

  it("find the period of errors", async () => {
    const striped = tensor(
      "float64",
      [32, 32],
      wave.data.map((v, i) => v + (i % 4 === 0 ? 1e-9 : 0)),
    );
    const options = { "error_autocorrelation_map:lags": 4 };
    const found = await measure("error_autocorrelation_map", { options }, wave, striped);
    expect(found["error_autocorrelation_map:largest"]).toBeGreaterThan(0.99);
    expect(Math.abs(list(found["error_autocorrelation_map:at"])[1]!) % 4).toBe(0);
    const none = await measure("error_autocorrelation_map", { options }, wave, wave);
    expect(none["error_autocorrelation_map:largest"]).toBe(0);
  });

  it("hold a volume's power against 1 %", async () => {
    const x = Float64Array.from({ length: 4096 }, (_, i) => 2 + Math.sin((i & 15) / 2) * Math.cos((i >> 8) / 3));
    const of = (data: Float64Array<ArrayBuffer>) => tensor("float64", [16, 16, 16], data);
    expect(await measure("nyx_power", {}, of(x), of(x))).toMatchObject({ "nyx_power:passed": 1 });
    // Twice the density is the same overdensity; a tenth more contrast is not.
    expect(await measure("nyx_power", {}, of(x), of(x.map((v) => 2 * v)))).toMatchObject({ "nyx_power:passed": 1 });
    expect(await measure("nyx_power", {}, of(x), of(x.map((v) => 2 + 1.1 * (v - 2))))).toMatchObject({
      "nyx_power:passed": 0,
    });
  });
});

describe("metrics of parts and runs", () => {
  it("sum a region, slowest axis first", async () => {
    const options = { "region_of_interest:start": [0, 1], "region_of_interest:end": [2, 3] };
    expect(await measure("region_of_interest", { options })).toEqual({
      "region_of_interest:input_sum": 16,
      "region_of_interest:input_average": 4,
      "region_of_interest:decomp_sum": 15.5,
      "region_of_interest:decomp_average": 3.875,
    });
    const wrong = { "region_of_interest:end": [2, 4] };
    expect((await refused(() => measure("region_of_interest", { options: wrong }))).hint).toContain("each axis");
  });

  it("show other metrics what a mask leaves", async () => {
    const marks = tensor("uint8", [2, 3], Uint8Array.of(1, 1, 0, 0, 0, 1));
    const options = { "mask:mask": marks, "mask:metrics": ["max_error", "kth_error"] };
    expect(await measure("mask", { options })).toEqual({
      "mask:max_error:max_error": 0.5,
      "mask:max_error:max_error_index": 1,
      "mask:kth_error:kth_error": 0,
    });
    const short = { ...options, "mask:mask": tensor("uint8", [2], Uint8Array.of(1, 1)) };
    expect((await refused(() => measure("mask", { options: short }))).message).toContain("2 values");
    await refused(() => measure("mask", { options: { "mask:metrics": ["mask"] } }));
  });

  it("write down runs", async () => {
    const options = { "historian:metrics": ["size"], "historian:idx": 3 };
    const found = await measure("historian,printer,input_stats,composite", { options });
    expect(found).toMatchObject({
      "historian:3:size:compression_ratio": 4.8,
      "historian:4:size:decompressed_size": 48,
    });
    expect(found["printer:log"]).toContain("begin_compress 2x3 float64");
    expect(found["input_stat:compress_input_types"]).toEqual(["float64"]);
    expect(list(found["input_stat:decompress_output_dims"])).toEqual([2, 3]);
    expect((await refused(() => measure("historian", { options: { "historian:events": ["run"] } }))).hint).toContain(
      "compress",
    );
  });

  it("time calls and watch memory", async () => {
    const observer = await metrics.observe(["time", "memory"]);
    observer.before?.("set_options");
    observer.after?.("set_options");
    expect(observer.results()).toMatchObject({
      "time:set_options": expect.any(Number),
      "memory:set_options": expect.any(Number),
    });
  });
});

describe("options", () => {
  it("are checked against the metrics that are there", async () => {
    const near = await refused(() => measure("kth_error", { options: { "kth_error:q": 1 } }));
    expect(near.hint).toContain("kth_error:k");
    await refused(() => measure("kth_error", { options: { "kth_error:k": 2 } }));
    await refused(() => measure("max_error", { options: { "kth_error:k": 0.5 } }));
    await refused(() => measure("autocorr", { options: { "autocorr:autocorr_lags": 1.5 } }));
  });

  it("start with the name of their metric, or are LibPressio's for all", async () => {
    for (const name of metrics.names()) {
      const { options } = await metrics.get(name);
      for (const key of Object.keys(options)) expect([name, "pressio", "external"]).toContain(key.split(":")[0]);
    }
  });

  it("refuse what takes too much memory, before taking it", async () => {
    const observer = await metrics.observe(["kth_error", "max_error"]);
    expect(() => observer.beforeCompare?.({ dtype: "float64", shape: [2 ** 20, 2 ** 10] })).toThrow(
      /kth_error would keep/,
    );
  });
});

const all = metrics.names().filter((name) => !["time", "memory", "printer", "external"].includes(name));
const shapes = fc.constantFrom([1], [7], [40], [3, 1], [5, 9], [1, 12, 13], [3, 4, 5], [2, 2, 3, 8]);
const pairs = fc
  .constantFrom(...DTYPE_NAMES)
  .chain((dtype) =>
    shapes.chain((shape) => fc.tuple(tensorsOf(dtype, fc.constant(shape)), tensorsOf(dtype, fc.constant(shape)))),
  ) as fc.Arbitrary<[Tensor, Tensor]>;

describe("all metrics", () => {
  it("take nasty values of every type, declare what they give, and need no whole slabs", async () => {
    await fc.assert(
      fc.asyncProperty(
        pairs.chain(([x, y]) => fc.tuple(fc.constant(x), fc.constant(y), fillsFor(x))),
        fc.nat(),
        async ([x, y, fill], cut) => {
          const whole = await evaluateMetrics(all, x, 10, y, { fill });
          const kinds = await Promise.all(all.map((name) => metrics.get(name)));
          const known = kinds.flatMap((kind) => Object.keys(kind.results));
          const stray = Object.keys(whole).filter((key) => !known.includes(key) && !/^(mask|historian):/.test(key));
          expect(stray.filter((key) => !/^(size|time):/.test(key))).toEqual([]);
          const parts = await inParts(x, y, fill, cut % (x.data.length + 1));
          for (const [key, value] of Object.entries(whole)) if (key in parts) expectAlike(key, value, parts[key]!);
          expect(
            Object.keys(whole).filter(
              (key) => !(key in parts) && !/^(size|time|composite|historian|input_stat)/.test(key),
            ),
          ).toEqual([]);
        },
      ),
      { numRuns: 150 },
    );
  });
});

async function inParts(x: Tensor, y: Tensor, fill: number | undefined, at: number): Promise<MetricResults> {
  const observer = await metrics.observe(all, { fill });
  observer.beforeCompare?.(x);
  const flat = (t: Tensor): Tensor => ({ ...t, shape: [t.data.length] });
  for (const [from, to] of [
    [0, at],
    [at, x.data.length],
  ] as const) {
    observer.compare?.(frames(flat(x), from, to), frames(flat(y), from, to));
  }
  return observer.results();
}

/** Sums are taken in another order; those of values that cancel or overflow have no digits in common. */
function expectAlike(key: string, a: MetricValue, b: MetricValue): void {
  const exact = /(min|max|kth|clips|index|count|excluded|ks_|percent|entropy|oob|passed|histogram|gradlength)/;
  if (exact.test(key) && !/(mean|average)/.test(key)) expect([key, a]).toEqual([key, b]);
  else if (typeof a === "object" && "data" in a) expect([key, (b as Tensor).shape]).toEqual([key, a.shape]);
}
