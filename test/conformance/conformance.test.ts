import { describe, expect, it } from "vitest";
import { openArchive } from "../../src/compressor/archive.ts";
import { compress } from "../../src/compressor/compress.ts";
import { decompress } from "../../src/compressor/decompress.ts";
import type { CompressOptions } from "../../src/compressor/options.ts";
import { codecs } from "../../src/compressor/registry.ts";
import type { PromiseSpec } from "../../src/promise/spec.ts";
import { fields, SHAPES } from "../support/fields.ts";
import { offence } from "../support/keeps-promise.ts";

const PROMISES: readonly (CompressOptions & { readonly spec: PromiseSpec })[] = [
  { abs: 0.75, spec: { kind: "abs", abs: 0.75 } },
  { abs: 3, spec: { kind: "abs", abs: 3 } },
  { rel: 1e-3, spec: { kind: "rel", rel: 1e-3 } },
  { pwRel: 0.01, spec: { kind: "pw_rel", pwRel: 0.01 } },
  { absAndRel: [1, 0.01], spec: { kind: "abs_and_rel", abs: 1, rel: 0.01 } },
  { rmse: 0.4, spec: { kind: "rmse", rmse: 0.4 } },
  { psnr: 50, spec: { kind: "psnr", psnr: 50 } },
  { eps: 1e-3, spec: { kind: "eps", eps: 1e-3 } },
  { lossless: true, spec: { kind: "lossless" } },
];
const NEEDS = {
  abs: "abs",
  rel: "abs",
  abs_and_rel: "abs",
  pw_rel: "pw_rel",
  eps: "rmse",
  rmse: "rmse",
  psnr: "rmse",
  lossless: "lossless",
} as const;
const EFFORTS = ["fast", "balanced", "max"] as const;

// Codecs that wrap others are combined with these in test/wrap.
for (const name of codecs.names()) {
  const codec = await codecs.get(name);
  describe(`codec ${name}`, () => {
    for (const dtype of codec.dtypes) {
      for (const { spec, ...promise } of PROMISES.filter(({ spec }) => codec.keeps.includes(NEEDS[spec.kind]))) {
        it(`keeps ${JSON.stringify(promise)} of ${dtype}, ranks 1 to 8, every field`, async () => {
          let turn = 0;
          for (const shape of SHAPES) {
            for (const { name: field, tensor, fill } of fields(dtype, shape)) {
              // Efforts and windows take turns: all of them with all fields, not all with all shapes.
              const effort = EFFORTS[turn % 3]!;
              const options: CompressOptions = { codec: name, ...promise, fill, effort };
              const windowed = { ...options, window: 1 + (turn % 4) };
              const bytes = await compress(tensor, turn % 2 === 0 ? options : windowed);
              const told = `${field} ${shape.join("x")} ${effort}`;
              const back = await decompress(bytes);
              expect(offence(tensor, back, spec, fill), told).toBeUndefined();
              const again = await compress(tensor, turn % 2 === 0 ? options : windowed);
              expect(Buffer.compare(bytes, again), told).toBe(0);
              turn += 1;
            }
          }
        });
      }
    }

    it("stores a constant field in a few bytes, and reports the error it made", async () => {
      const single = codec.dtypes.includes("float32");
      const all = fields(single ? "float32" : codec.dtypes[0]!, [30, 20, 25]);
      const [constant, smooth] = ["constant", "smooth"].map((wanted) =>
        all.find(({ name: field }) => field === wanted),
      );
      const bytes = await compress(constant!.tensor, { codec: name, abs: 1e-3 });
      expect(bytes.length).toBeLessThan(200);
      const archive = await openArchive(await compress(smooth!.tensor, { codec: name, abs: single ? 0.01 : 1 }));
      const back = await archive.readFrames(0, 30);
      let worst = 0;
      for (let i = 0; i < back.data.length; i++) {
        worst = Math.max(worst, Math.abs(Number(smooth!.tensor.data[i]) - Number(back.data[i])));
      }
      expect(archive.inspect().maxError).toBeGreaterThanOrEqual(worst);
      expect(archive.inspect().maxError).toBeLessThanOrEqual(single ? 0.01 : 1);
    });
  });
}
