/** Targets are met in few evaluations, and what is found is a promise that the file keeps. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openArchive } from "../../src/compressor/archive.ts";
import { compress, compressTo } from "../../src/compressor/compress.ts";
import { decompress } from "../../src/compressor/decompress.ts";
import type { CompressOptions } from "../../src/compressor/options.ts";
import { MemorySink } from "../../src/container/writer.ts";
import { metrics } from "../../src/metrics/registry.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { offence } from "../support/keeps-promise.ts";

const bytes = readFileSync(new URL("../../data/wind_24x73x144.f32", import.meta.url));
const wind = tensor("float32", [24, 73, 144], new Float32Array(new Uint8Array(bytes).buffer));

async function run(options: CompressOptions) {
  const sink = new MemorySink();
  const report = await compressTo(wind, sink, { effort: "fast", ...options });
  return { report, file: sink.bytes() };
}

async function measured(file: Uint8Array, name: string, key: string): Promise<number> {
  const back = await decompress(file);
  const observer = await metrics.observe([name]);
  observer.beforeCompare?.(wind);
  observer.compare?.(wind, back);
  return observer.results()[key] as number;
}

describe("targets", () => {
  for (const codec of ["tezip", "sz3", "zfp"]) {
    it(`a ratio from ${codec}`, async () => {
      const { report, file } = await run({ codec, targetRatio: 12 });
      const allowed = codec === "zfp" ? 1.2 : 0.12;
      expect(Math.abs(wind.data.byteLength / file.length - 12)).toBeLessThanOrEqual(allowed);
      expect(report.directed?.["opt:evaluations"]).toBeLessThanOrEqual(20);
      const { header } = await openArchive(file);
      expect(header.codec.name).toBe(codec);
      expect(offence(wind, await decompress(file), header.promise)).toBeUndefined();
    });
  }

  it("a PSNR and an SSIM, in at most 8 evaluations", async () => {
    const psnr = await run({ targetPsnr: 60 });
    expect(Math.abs((await measured(psnr.file, "error_stat", "error_stat:psnr")) - 60)).toBeLessThanOrEqual(0.13);
    expect(psnr.report.directed?.["opt:evaluations"]).toBeLessThanOrEqual(8);
    const ssim = await run({ targetSsim: 0.99 });
    expect(Math.abs((await measured(ssim.file, "ssim", "ssim:ssim")) - 0.99)).toBeLessThanOrEqual(0.001);
  });

  it("what cannot be reached, and two goals, are errors", async () => {
    await expect(run({ codec: "zstd", targetRatio: 500 })).rejects.toThrow(/was not reached/);
    await expect(run({ targetRatio: 5, abs: 1 })).rejects.toThrow(/2 goals/);
    await expect(run({ targetRatio: -5 })).rejects.toThrow(/cannot be kept/);
  });
});

describe("opt", () => {
  it("searches any option for the smallest file", async () => {
    const options = {
      "opt:compressor": "zfp",
      "opt:inputs": ["tezip:window"],
      "opt:output": ["size:compressed_size"],
      "opt:objective_mode_name": "min",
      "opt:lower_bound": [1],
      "opt:upper_bound": [24],
      "opt:is_integral": true,
    };
    const tezip = { ...options, "opt:compressor": "tezip" };
    const { report, file } = await run({ codec: "opt", options: tezip, abs: 0.1 });
    const smallest = await compress(wind, { abs: 0.1, effort: "fast", window: 24 });
    expect(file.length).toBeLessThanOrEqual(smallest.length);
    expect(report.directed?.["opt:input"]).toBeGreaterThan(1);
    await expect(run({ codec: "opt", options, abs: 0.1 })).rejects.toThrow(/tezip:window/);
  });

  it("stands outermost, around trees too", async () => {
    const tree = { "opt:compressor": "transpose", "transpose:compressor": "zfp", "opt:target": 6 };
    const { file } = await run({ codec: "opt", options: tree });
    expect((await openArchive(file)).header.options).toMatchObject({ "transpose:compressor": "zfp" });
    const inside = { "transpose:compressor": "opt" };
    await expect(run({ codec: "transpose", options: inside, abs: 1 })).rejects.toThrow(/cannot stand inside/);
  });

  it("repeats, for times", async () => {
    const { report } = await run({
      codec: "repeat",
      options: { "repeat:compressor": "zfp", "repeat:count": 3 },
      abs: 0.1,
    });
    expect(report.directed).toMatchObject({ "repeat:count": 3 });
    expect(report.directed!["repeat:min"]).toBeLessThanOrEqual(report.directed!["repeat:median"]!);
  });
});
