/**
 * What models predict on sequences that are given, in float, on frames that the codec decoded without them:
 *   node bench/neural/judge.mjs --data "a_100x256x256.f32 b.u8" --rel 1e-3 --models "models/flow.tpm models/general.tpm"
 * Entropy of the residuals' codes in bits a value (no contexts), and the mean error, beside those of the previous frame.
 * Training measures the same way; whole files are bench/neural's other half, and what counts.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { importTypeScript } from "./typescript.mjs";

const { values: given } = parseArgs({
  options: {
    data: { type: "string" },
    models: { type: "string", default: "" },
    rel: { type: "string" },
    abs: { type: "string" },
    crop: { type: "string", default: "128" },
  },
});
const { openRecordings } = await importTypeScript("src/cli/train-data.ts");
const { train } = await importTypeScript("src/neural/train.ts");
const { floatWeights, readModel } = await importTypeScript("src/neural/model-file.ts");

const bound = given.abs ? { abs: Number(given.abs) } : { rel: Number(given.rel ?? 1e-3) };
console.log("| data | model | bits a value | of the previous frame | mean error / previous frame's |");
console.log("| --- | --- | --- | --- | --- |");
for (const path of given.data.split(" ")) {
  const data = { bounds: [bound], effort: "balanced", together: undefined, flags: {} };
  const recordings = await openRecordings([path], data, () => {});
  const frames = Math.min(10, recordings[0].frames);
  for (const name of given.models.split(" ")) {
    const model = readModel(readFileSync(name), name);
    const { rounds } = await train(recordings, {
      architecture: model.architecture,
      from: floatWeights(model),
      ...{
        loss: "bits",
        frames,
        batch: 4,
        crop: Number(given.crop),
        steps: 0,
        seconds: 600,
        rate: 0,
        schedule: "constant",
      },
      ...{ seed: 5, validation: 0, augment: false, patience: 1, threads: 1 },
    });
    const { bits, bitsOfPrevious, error } = rounds[0];
    const shown = [bits, bitsOfPrevious, error].map((value) => value.toFixed(3));
    console.log(`| ${basename(path)} | ${basename(name)} | ${shown.join(" | ")} |`);
  }
}
