import { describe, expect, it } from "vitest";
import { TempressError } from "../errors.ts";
import { metrics } from "../metrics/registry.ts";
import { tensor } from "../tensor/tensor.ts";
import { openArchive } from "./archive.ts";
import { compressor, loadCompressor } from "./compressor.ts";
import { introspect } from "./introspect.ts";
import { optionsFromJson } from "./pressio-json.ts";
import { codecs } from "./registry.ts";

const input = tensor(
  "float32",
  [4, 50],
  Float32Array.from({ length: 200 }, (_, i) => Math.sin(i / 9)),
);

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(TempressError);
    return (error as TempressError).describe();
  }
  throw new Error("nothing was refused");
}

describe("compressor", () => {
  it("is set up by LibPressio's names and measures what it did", async () => {
    const zstd = await compressor("zstd");
    zstd.setOptions({ "pressio:abs": 1e-3, "zstd:level": 3, "pressio:metric": "time,size,error_stat" });
    const bytes = await zstd.compress(input);
    expect((await openArchive(bytes)).header).toMatchObject({
      promise: { kind: "abs", abs: 1e-3 },
      options: { "zstd:level": 3 },
    });
    expect(zstd.getMetricsResults()).toMatchObject({
      "size:uncompressed_size": 800,
      "size:compressed_size": bytes.length,
      "size:compression_ratio": 800 / bytes.length,
    });
    expect((await zstd.decompress(bytes)).data).toEqual(input.data);
    const results = zstd.getMetricsResults();
    expect(results["error_stat:max_error"]).toBe(0);
    expect(results["time:compress"]).toBeGreaterThan(0);
    expect(results["time:decompress"]).toBeGreaterThan(0);
  });

  it("replaces a promise by a later one, and refuses two at once", async () => {
    const gzip = await compressor("gzip");
    gzip.setOptions({ "pressio:abs": 1 });
    gzip.setOptions({ "pressio:rel": 0.1, "tempress:effort": "fast" });
    expect(gzip.getOptions()).toMatchObject({ "pressio:abs": undefined, "pressio:rel": 0.1, "gzip:level": 0 });
    expect(refusal(() => gzip.setOptions({ "pressio:abs": 1, "pressio:rel": 1 }))).toContain("2 promises");
    expect(gzip.getOptions()["pressio:rel"]).toBe(0.1);
    gzip.setOptions({ "pressio:abs": 1, "pressio:rel": 0.01, "tempress:abs_and_rel": true });
    const { header } = await openArchive(await gzip.compress(input));
    expect(header.promise).toEqual({ kind: "abs_and_rel", abs: 1, rel: 0.01 });
    gzip.setOptions({ "pressio:reset_mode": true });
    await expect(gzip.compress(input)).rejects.toThrow(/promise/);
  });

  it("refuses unknown keys and wrong values, and checks without setting", async () => {
    const gzip = await compressor("gzip");
    expect(refusal(() => gzip.setOptions({ "presio:abs": 1 }))).toContain('did you mean "pressio:abs"?');
    expect(refusal(() => gzip.setOptions({ "pressio:abs": "1e-3abc" }))).toContain("pressio:abs");
    expect(refusal(() => gzip.checkOptions({ "pressio:nthreads": -1 }))).toContain("1 to 256");
    gzip.checkOptions({ "pressio:abs": 1 });
    expect(gzip.getOptions()["pressio:abs"]).toBeUndefined();
    await expect(compressor("gzib")).rejects.toThrow(/gzib/);
  });

  it("documents itself", async () => {
    const zstd = await compressor("zstd");
    expect(zstd.getConfiguration()).toMatchObject({
      "pressio:stability": "stable",
      "pressio:thread_safe": "multiple",
      "pressio:highlevel": ["pressio:abs", "pressio:rel", "pressio:pw_rel", "pressio:lossless"],
      "zstd:level:min": 0,
      "zstd:level:max": 22,
      "tempress:effort": ["fast", "balanced", "max"],
    });
    const documentation = zstd.getDocumentation();
    expect(documentation["pressio:description"]).toContain("zstd");
    for (const key of Object.keys(zstd.getOptions())) expect(documentation[key]).toBeTruthy();
  });

  it("compresses many", async () => {
    const noop = await compressor("noop");
    noop.setOptions({ "pressio:lossless": 9, "tempress:window": 2 });
    const files = await noop.compressMany([input, input]);
    expect(files).toHaveLength(2);
    expect((await openArchive(files[1]!)).header.effort).toBe("max");
    expect((await noop.decompressMany(files)).map(({ data }) => data)).toEqual([input.data, input.data]);
  });
});

describe("a compressor of codecs in codecs", () => {
  it("is configured early and late, and tells all that it holds", async () => {
    const turned = await compressor("transpose", { "transpose:compressor": "zstd", "zstd:level": 3 });
    expect(turned.getOptions()).toMatchObject({ "transpose:compressor": "zstd", "zstd:level": 3 });
    expect(turned.getConfiguration()["pressio:children"]).toEqual(["/transpose/zstd"]);
    expect(turned.getConfiguration()["transpose:compressor"]).toContain("sz3");
    expect(turned.getDocumentation()["zstd:level"]).toContain("fast");
    expect(refusal(() => turned.setOptions({ "transpose:compressor": "gzip" }))).toContain("configure");
    await turned
      .configure({ "transpose:compressor": "gzip", "zstd:level": undefined, "gzip:level": 2 })
      .catch(() => {});
    turned.setOptions({ "pressio:abs": 0.5, "pressio:metric": "size,error_stat,kth_error", "kth_error:k": 0.9 });
    const typed = turned.getTypedOptions();
    expect([typed.state("pressio:abs"), typed.state("pressio:rel"), typed.state("sz3:none")]).toEqual([
      "set",
      "exists",
      "absent",
    ]);
    expect([typed.type("pressio:nthreads"), typed.type("transpose:axis")]).toEqual(["uint32", "data"]);
    const bytes = await turned.compress(input);
    await turned.decompress(bytes);
    expect(turned.getMetricsResults()).toHaveProperty("kth_error:kth_error");
  });

  it("is saved as LibPressio's JSON, and is the same when it is loaded", async () => {
    const first = await compressor("switch", { "switch:compressors": ["zstd", "gzip"], "switch:active_id": 1 });
    first.setOptions({ "pressio:abs": 0.01, "/switch/gzip:gzip:level": 9 });
    const saved = optionsFromJson(first.save());
    expect(saved.get("pressio:compressor")).toBe("switch");
    const second = await loadCompressor(first.save());
    expect(second.getOptions()).toEqual(first.getOptions());
    expect(await second.compress(input)).toEqual(await first.compress(input));
    const zfp = await loadCompressor('{"pressio:abs":0.001,"pressio:compressor":"zfp"}');
    expect([zfp.name, zfp.getOptions()["pressio:abs"]]).toEqual(["zfp", 0.001]);
    await expect(loadCompressor('{"pressio:compresor":"zfp"}')).rejects.toThrow(/no option/);
  });

  it("does lists: several at once with equal bytes, or with results of the one before", async () => {
    const others = [1, 2, 3].map((k) => tensor("float32", [4, 50], input.data.map((x) => x * k) as Float32Array));
    const one = await compressor("many_independent", { "many_independent:compressor": "zfp", "pressio:abs": 0.01 });
    const many = await compressor("many_independent_threaded", {
      "many_independent_threaded:compressor": "zfp",
      "pressio:abs": 0.01,
    });
    expect(await many.compressMany(others)).toEqual(await one.compressMany(others));
    expect(many.getMetricsResults()).toHaveProperty("/2/size:compression_ratio");
    const dependent = await compressor("many_dependent", {
      "many_dependent:compressor": "zfp",
      "many_dependent:from_names": ["error_stat:value_range"],
      "many_dependent:to_names": ["pressio:abs"],
      "pressio:metric": "size,error_stat",
      "pressio:abs": 0.01,
    });
    const files = await dependent.compressMany(others);
    const bounds = await Promise.all(files.map(async (file) => (await openArchive(file)).header.bound.value));
    expect(bounds[0]).toBe(0.01);
    expect(bounds[2]).toBeCloseTo(4, 1);
    expect(dependent.getOptions()["pressio:abs"]).toBe(0.01);
    const repeated = await compressor("repeat", { "repeat:compressor": "zstd", "pressio:lossless": 1 });
    await repeated.compress(input);
    expect(repeated.getMetricsResults()).toHaveProperty("repeat:median");
  });

  it("every codec, wrapper and metric answers the three questions", async () => {
    for (const name of [...codecs.names(), ...codecs.wrappers()]) {
      const each = await compressor(name);
      const typed = each.getTypedOptions();
      expect(optionsFromJson(each.save()).size, name).toBe(1);
      each.checkOptions(
        Object.fromEntries([...typed].flatMap(([k, o]) => (o.value === undefined ? [] : [[k, o.value]]))),
      );
      const help = each.getDocumentation();
      expect(typed.keys().filter((key) => !help[key])).toEqual([]);
      expect(each.getConfiguration()["pressio:stability"]).toBeTruthy();
    }
    for (const { name } of metrics.list()) {
      const asked = introspect("metric", await metrics.get(name));
      expect(asked.getConfiguration()["pressio:prefix"]).toBe(name);
      expect(asked.getDocumentation()["pressio:description"]).toBeTruthy();
      expect(refusal(() => asked.checkOptions({ "no:such": 1 }))).toContain("no option");
      asked.getOptions();
    }
  });
});
