/**
 * The persistent Python worker: what one call costs beyond the Python function itself, for a tensor of 1 MB, and the
 * same program started for every call.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { flags, median, ROOT, table } from "./options.mjs";

const given = flags("The persistent Python worker against a program started for every call.", {
  calls: 200,
  launches: 10,
  write: "yes",
});
const { SyncWorker } = await import(join(ROOT, "dist/src/bridge/worker-sync.js"));

/** What issue 5 asks for. */
const WANTED_MS = 5;
const EXAMPLE = join(ROOT, "bridge/python/examples/quantise.py");
const COPY = `
import sys
sys.path.append(${JSON.stringify(join(ROOT, "bridge/python"))})
from tempress_worker import Compressor, serve
class Copy(Compressor):
    name = "copy"
    def encode(self, array, bound, options):
        return array
    def decode(self, data, dtype, shape, bound, options):
        return data
serve(Copy())`;

const shape = [16, 128, 128];
const values = Float32Array.from({ length: 16 * 128 * 128 }, (_, i) => Math.sin(i / 50) * 20 + (i % 128) / 10);
const raw = new Uint8Array(values.buffer);
const ms = (all) => `${median(all).toFixed(2)} (${Math.min(...all).toFixed(2)})`;

function rowsOf(name, words, options = {}) {
  const worker = new SyncWorker(words);
  const began = performance.now();
  worker.hello(60_000);
  const start = performance.now() - began;
  const rows = [];
  let packed = raw;
  for (const op of ["encode", "decode"]) {
    const request = { op, dtype: "float32", shape, bound: { kind: "abs", value: 0.01 }, options };
    const payload = op === "encode" ? raw : packed;
    const [total, own, beyond] = [[], [], []];
    for (let call = -5; call < Number(given.calls); call++) {
      const started = performance.now();
      const result = worker.work(request, payload, 2 * raw.length, 60_000);
      const took = performance.now() - started;
      if (op === "encode") packed = result.payload;
      if (call < 0) continue;
      total.push(took);
      own.push(result.own);
      beyond.push(took - result.own);
    }
    const verdict = median(beyond) < WANTED_MS ? "met" : "missed";
    rows.push([`${name}, ${op}`, ms(total), ms(own), ms(beyond), `${WANTED_MS} ms: ${verdict}`]);
  }
  return { rows, start, close: () => worker.close() };
}

const workers = [
  rowsOf("copy", ["python3", "-c", COPY]),
  rowsOf("quantise.py (NumPy, zlib 1)", ["python3", EXAMPLE], { level: 1 }),
];
const launches = Array.from({ length: Number(given.launches) }, () => {
  const started = performance.now();
  const { status } = spawnSync("python3", ["-c", "import numpy"], { stdio: "ignore" });
  if (status !== 0) throw new Error("python3 with numpy is not installed");
  return performance.now() - started;
});
for (const { close } of workers) await close();

const text = `# The persistent Python worker

Written by \`node bench/worker.mjs\`. float32 values of shape ${shape.join("x")}, ${raw.length} bytes, in and out through shared memory;
medians (and minima) of ${given.calls} calls in milliseconds, on one machine. "Beyond" is all that a call takes but the Python
function's own time: copies in and out, the pipes, JSON, waking threads and processes.

${table(
  ["worker", "a call", "the Python function", "beyond it", "wanted under"],
  workers.flatMap(({ rows }) => rows),
)}

Starting one: ${workers.map(({ start }) => `${start.toFixed(0)} ms`).join(" and ")}, once. A Python program with NumPy that is started for every call takes
${ms(launches)} ms before its first line, each time.
`;
console.log(text);
if (given.write === "yes") writeFileSync(join(ROOT, "bench/worker.md"), text);
