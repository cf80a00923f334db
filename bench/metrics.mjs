// Speed of error_stat and ssim on 64 MB of float32 against NumPy doing the same, alternately, on one core each.
// `npm run build && node bench/metrics.mjs [runs] [python]`; prints minima, medians and ratios.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { evaluateMetrics } from "../dist/src/metrics/index.js";

const runs = Number(process.argv[2] ?? 7);
const python = process.argv[3] ?? "/usr/bin/python3";
const shape = [256, 256, 256];
const length = shape.reduce((a, b) => a * b);

// Waves in all three directions, and errors of a bound of 0.01.
const x = new Float32Array(length);
const y = new Float32Array(length);
for (let i = 0, seed = 1; i < length; i++) {
  const [t, r, c] = [i >> 16, (i >> 8) & 255, i & 255];
  seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
  x[i] = 280 + 20 * Math.sin(r / 17 + t / 9) * Math.cos(c / 23) + Math.sin(c / 3 + t);
  y[i] = x[i] + 0.01 * (seed / 2 ** 31);
}
const folder = mkdtempSync(join(tmpdir(), "tempress-bench-"));
const files = [x, y].map((values, k) => {
  const path = join(folder, `${k}.f32`);
  writeFileSync(path, values);
  return path;
});

const threads = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" };
const script = new URL("metrics.py", import.meta.url).pathname;
const peer = spawn(python, [script, ...files, shape.join("x")], {
  env: { ...process.env, ...threads },
  stdio: ["pipe", "pipe", "inherit"],
});
const lines = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
const version = (await lines.next()).value;
const original = { dtype: "float32", shape, data: x };
const decoded = { dtype: "float32", shape, data: y };
const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];

console.log(`64 MB of float32, ${runs} runs each, NumPy ${version}, node ${process.version}\n`);
console.log(
  "| metric | Tempress s (min, median) | NumPy s (min, median) | times NumPy's speed (min, median) | result |",
);
console.log("| --- | --- | --- | --- | --- |");
for (const [name, key] of [
  ["error_stat", "error_stat:psnr"],
  ["ssim", "ssim:ssim"],
]) {
  const [ours, theirs] = [[], []];
  let [mine, other] = [0, 0];
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    mine = (await evaluateMetrics([name], original, 1, decoded))[key];
    ours.push((performance.now() - start) / 1000);
    peer.stdin.write(`${name}\n`);
    const [seconds, value] = (await lines.next()).value.split(" ").map(Number);
    theirs.push(seconds);
    other = value;
  }
  const off = Math.abs(mine - other) / Math.abs(other);
  if (!(off < 1e-6)) throw new Error(`${key}: ${mine}, NumPy ${other}`);
  const pair = (list) => `${Math.min(...list).toFixed(3)}, ${median(list).toFixed(3)}`;
  const ratios = [Math.min(...theirs) / Math.min(...ours), median(theirs) / median(ours)].map((r) => r.toFixed(1));
  console.log(
    `| ${name} | ${pair(ours)} | ${pair(theirs)} | ${ratios.join(", ")} | ${mine}, off by ${off.toExponential(1)} |`,
  );
}
peer.stdin.end();
rmSync(folder, { recursive: true });
