import { describe, expect, it } from "vitest";
import { TempressError } from "../errors.ts";
import { tensor } from "../tensor/tensor.ts";
import { openArchive } from "./archive.ts";
import { compressor } from "./compressor.ts";

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
