import { afterEach, describe, expect, it } from "vitest";
import { compressor } from "./compressor/compressor.ts";
import { addPhase, awaitPhase, inPhase, phaseResults, profilePhases } from "./phases.ts";
import type { Tensor } from "./tensor/tensor.ts";

function burn(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

afterEach(() => void profilePhases().stop());

describe("phases", () => {
  it("stop the clock of the phase around them, and all add up", async () => {
    const started = performance.now();
    const profile = profilePhases();
    inPhase("code", () => {
      burn(3);
      inPhase("predict", () => burn(6));
    });
    await awaitPhase("load", () => new Promise((resolve) => setTimeout(resolve, 5)));
    addPhase("external", 1);
    burn(2);
    const spent = profile.stop();
    const whole = performance.now() - started;
    expect(Object.keys(spent).sort()).toEqual(["code", "external", "load", "other", "predict"]);
    const sum = Object.values(spent).reduce((total, ms) => total + ms, 0);
    expect(sum).toBeLessThanOrEqual(whole);
    expect(sum).toBeGreaterThan(13);
    expect(spent.predict).toBeGreaterThanOrEqual(6);
    expect(spent.external).toBe(1);
    expect(profile.results()).toEqual(spent);
    expect(phaseResults({ code: 2 })).toEqual({ "tempress:time_code": 2 });
  });

  it("cost nothing and change nothing while nobody measures, and pass errors on", async () => {
    expect(inPhase("code", () => 7)).toBe(7);
    expect(await awaitPhase("code", async () => 8)).toBe(8);
    const profile = profilePhases();
    expect(() =>
      inPhase("code", () => {
        throw new Error("no");
      }),
    ).toThrow("no");
    await expect(awaitPhase("load", () => Promise.reject(new Error("nor this")))).rejects.toThrow("nor this");
    burn(1);
    expect(profile.stop().other).toBeGreaterThan(0.9);
  });

  it("are a metric of compression and decompression", async () => {
    const data = Float32Array.from({ length: 8 * 40 * 50 }, (_, i) => Math.sin(i / 60));
    const input: Tensor = { dtype: "float32", shape: [8, 40, 50], data };
    for (const effort of ["fast", "balanced"]) {
      const tezip = await compressor("tezip");
      tezip.setOptions({ "pressio:abs": 0.001, "tempress:effort": effort, "pressio:metric": "phases,time" });
      const bytes = await tezip.compress(input);
      const packing = tezip.getMetricsResults() as Record<string, number>;
      const wanted = effort === "fast" ? ["predict", "quantize", "code"] : ["predict", "predict_quantize_code"];
      for (const phase of [...wanted, "scan", "verify", "copy_out", "other"]) {
        expect(packing, effort).toHaveProperty(`tempress:time_${phase}`);
      }
      const sum = Object.entries(packing).reduce((all, [key, ms]) => (key.startsWith("tempress:") ? all + ms : all), 0);
      expect(sum).toBeGreaterThanOrEqual(packing["time:compress"]!);
      await tezip.decompress(bytes);
      expect(tezip.getMetricsResults()).toHaveProperty("tempress:time_predict_quantize_code");
    }
  });
});
