import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { setWorkerFile } from "../../src/compressor/node-threads.ts";

/** Builds the worker thread's code from the sources as they are, for tests with threads. Remove it at the end. */
export async function buildWorker(): Promise<{ readonly file: URL; remove(): void }> {
  const folder = mkdtempSync(join(import.meta.dirname, "../../node_modules/.worker-"));
  const outfile = join(folder, "node-worker.mjs");
  const entry = join(import.meta.dirname, "../../src/compressor/node-worker.ts");
  await build({ entryPoints: [entry], outfile, bundle: true, platform: "node", format: "esm", logLevel: "error" });
  const file = pathToFileURL(outfile);
  setWorkerFile(file);
  return { file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
