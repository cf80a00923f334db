import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { setWorkerFile } from "../../src/compressor/node-threads.ts";

interface WorkerFile {
  readonly file: URL;
  remove(): void;
}

/** Builds the worker thread's code from the sources as they are, for tests with threads. Remove it at the end. */
export async function buildWorker(): Promise<WorkerFile> {
  const built = await bundled("src/compressor/node-worker.ts");
  setWorkerFile(built.file);
  return built;
}

/** The code of a worker thread in one file. */
export async function bundled(source: string): Promise<WorkerFile> {
  const folder = mkdtempSync(join(import.meta.dirname, "../../node_modules/.worker-"));
  const outfile = join(folder, "worker.mjs");
  const entry = join(import.meta.dirname, "../..", source);
  await build({ entryPoints: [entry], outfile, bundle: true, platform: "node", format: "esm", logLevel: "error" });
  return { file: pathToFileURL(outfile), remove: () => rmSync(folder, { recursive: true, force: true }) };
}
