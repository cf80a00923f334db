/**
 * Every sample, effort and kind of promise, with each verb in a thread of its own that has just started. Kernels
 * have only the memory that they ask for then; one that counts on more, left by an earlier call, passes every test
 * in a warm process and fails here.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const program = join(ROOT, "dist/bin/run.js");
const folder = mkdtempSync(join(tmpdir(), "tempress-cold-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const STEP = `
const { parentPort, workerData: { program, words } } = require("node:worker_threads");
require(program).dispatch(words, "0").then(
  (status) => parentPort.postMessage("exit status " + status),
  (error) => parentPort.postMessage(error.describe?.() ?? String(error.stack)),
);`;

/** The verb's exit status or error, from a new thread: its WebAssembly memories are new too. */
function cold(...words: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(STEP, { eval: true, workerData: { program, words: [...words, "--quiet"] } });
    worker.once("message", (said: string) => void worker.terminate().then(() => resolve(said)));
    worker.once("error", reject);
  });
}

const SAMPLES = {
  "burgers_100x256.f64": ".f64",
  drosophila: ".u8",
  "rain_12x128x128.f32": ".f32",
  "sst_fill1e20_3x120x160.f32": ".f32",
  "wind_24x73x144.f32": ".f32",
};
const PROMISES = [["--lossless"], ["--rel", "1e-3"], ["--pw-rel", "1e-3"]];

describe("from cold", () => {
  if (!existsSync(program)) throw new Error("dist/bin/run.js is missing: npm run build");
  for (const [sample, ending] of Object.entries(SAMPLES)) {
    for (const effort of ["fast", "balanced", "max"]) {
      it(`${sample}, ${effort}`, async () => {
        const input = join(ROOT, "data", sample);
        await Promise.all(
          PROMISES.filter((_, i) => i < 2 || ending !== ".u8").map(async (promise, i) => {
            const [file, back] = [`${sample}.${effort}.${i}.tpz`, `${sample}.${effort}.${i}${ending}`].map((name) =>
              join(folder, name),
            ) as [string, string];
            const done = "exit status 0";
            expect(await cold("compress", input, "-o", file, "--effort", effort, ...promise)).toBe(done);
            expect(await cold("decompress", file, "-o", back)).toBe(done);
            expect(await cold("verify", input, file)).toBe(done);
            if (i === 0 && ending !== ".u8") expect(readFileSync(back).equals(readFileSync(input))).toBe(true);
          }),
        );
      });
    }
  }
});
