/**
 * Writes generated sequences as raw float32 files: node bench/neural/sequences.mjs FOLDER [ns|gs|all]
 * They are made by test/support/sequences, bit for bit the same everywhere.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { importTypeScript } from "./typescript.mjs";

const [folder = "sequences", which = "all"] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const { navierStokes } = await importTypeScript("test/support/sequences/navier-stokes.ts");
const { grayScott } = await importTypeScript("test/support/sequences/gray-scott.ts");

/** Seed 1 is what the figures are about; others are for training and for judging models on unseen ones. */
const jobs = {
  ns_100x256x256: () => navierStokes({}),
  ns2_100x256x256: () => navierStokes({ seed: 2 }),
  ns3_100x256x256: () => navierStokes({ seed: 3, steps: 6 }),
  gs_100x256x256: () => grayScott({}),
  gs2_100x256x256: () => grayScott({ seed: 2 }),
  gs3_100x256x256: () => grayScott({ seed: 3, feed: 0.034, kill: 0.0618 }),
};
for (const [name, make] of Object.entries(jobs)) {
  if (which !== "all" && !name.startsWith(which)) continue;
  const started = performance.now();
  writeFileSync(join(folder, `${name}.f32`), new Uint8Array(make().buffer));
  console.log(`${name}.f32: ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
