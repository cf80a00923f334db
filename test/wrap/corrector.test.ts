/** Safeguards hold on what comes back, over chunks too; a codec of norms keeps a point-wise bound. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compress } from "../../src/compressor/compress.ts";
import { decompress } from "../../src/compressor/decompress.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { offence } from "../support/keeps-promise.ts";

const walks = fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 12 * 6, maxLength: 12 * 6 }).map((steps) => {
  const data = new Float32Array(steps.length);
  for (let i = 0; i < data.length; i++) data[i] = (data[i - 6] ?? 0) + steps[i]! / 16;
  return tensor("float32", [12, 6], data);
});

describe("corrector", () => {
  it("keeps signs, order in time across chunks, and tighter regions", async () => {
    const regions = tensor("float64", [1, 5], Float64Array.of(2, 1, 6, 3, 0.05));
    const options = { "corrector:sign": true, "corrector:monotone": true, "corrector:regions": regions };
    await fc.assert(
      fc.asyncProperty(walks, fc.constantFrom("sz3", "zfp", "tezip"), async (input, child) => {
        const file = await compress(input, {
          codec: "corrector",
          options: { ...options, "corrector:compressor": child },
          abs: 1,
          window: 5,
          effort: "fast",
        });
        const back = await decompress(file);
        expect(offence(input, back, { kind: "abs", abs: 1 })).toBeUndefined();
        const [x, y] = [input.data, back.data as Float32Array];
        for (let i = 0; i < x.length; i++) {
          expect(Math.sign(y[i]!)).toBe(Math.sign(x[i]!) + 0);
          const [t, k] = [Math.floor(i / 6), i % 6];
          if (t >= 2 && t < 8 && k >= 1 && k < 4) expect(Math.abs(x[i]! - y[i]!)).toBeLessThanOrEqual(0.05);
          if (i + 6 < x.length) {
            if (x[i]! <= x[i + 6]!) expect(y[i]!).toBeLessThanOrEqual(y[i + 6]!);
            if (x[i]! >= x[i + 6]!) expect(y[i]!).toBeGreaterThanOrEqual(y[i + 6]!);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it("gives tthresh a point-wise bound", async () => {
    const data = Float32Array.from(
      { length: 8 * 24 * 24 },
      (_, i) => Math.sin(i / 50) + Math.cos((i % 24) / 5) + (i === 999 ? 3 : 0),
    );
    const input = tensor("float32", [8, 24, 24], data);
    const file = await compress(input, { codec: "corrector", abs: 1e-3 });
    const raw = await compress(input, { codec: "zstd", lossless: true });
    expect(offence(input, await decompress(file), { kind: "abs", abs: 1e-3 })).toBeUndefined();
    expect(file.length).toBeLessThan(raw.length / 2);
  });
});
