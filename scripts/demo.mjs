// `npm run demo`: the main job on the wind sample. Every codec compresses, decompresses and is proven by the command
// line itself; exit status 1 when a promise was broken.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const command = join(root, "dist/bin/tempress.js");
const wind = join(root, "data/wind_24x73x144.f32");
const REL = "1e-3";
const runs = [
  ["tezip", "fast", ["--rel", REL]],
  ["tezip", "balanced", ["--rel", REL]],
  ["tezip", "max", ["--rel", REL]],
  ["zstd", "balanced", ["--lossless"]],
  ["gzip", "balanced", ["--lossless"]],
  ["noop", "balanced", ["--lossless"]],
];

const folder = mkdtempSync(join(tmpdir(), "tempress-demo-"));

/** One call of the command; gives its JSON answer. */
function tempress(...words) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...words, "--json"], { encoding: "utf8" });
  if (status !== 2 && stdout !== "") return JSON.parse(stdout);
  throw new Error(stderr.trim());
}

function run([codec, effort, promise], i) {
  const packed = join(folder, `${i}.tpz`);
  const written = tempress("compress", wind, "-o", packed, ...promise, "--codec", codec, "--effort", effort);
  const read = tempress("decompress", packed, "-o", join(folder, `${i}.f32`));
  const proof = tempress("verify", wind, packed);
  return {
    name: promise[0] === "--rel" ? `${codec}, ${effort}` : `${codec} (lossless)`,
    kept: proof.kept,
    cells: [
      written["size:compression_ratio"].toFixed(2),
      written["size:bit_rate"].toFixed(2),
      proof["error_stat:max_error"].toFixed(5),
      proof.bound.value.toFixed(5),
      (written["time:compress"] / 1000).toFixed(3),
      (read["time:decompress"] / 1000).toFixed(3),
      proof.kept ? "kept" : "BROKEN",
    ],
  };
}

try {
  const results = runs.map(run);
  const header = ["codec", "ratio", "bits/value", "max error", "bound", "compress s", "decompress s", "promise"];
  const rows = [header, ...results.map(({ name, cells }) => [name, ...cells])];
  const widths = header.map((_, c) => Math.max(...rows.map((row) => row[c].length)));
  console.log(`\ndata/wind_24x73x144.f32 (${statSync(wind).size} bytes, m/s), promise: rel ${REL} of the range\n`);
  for (const row of rows) {
    console.log(row.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]) : cell.padStart(widths[c]))).join("  "));
  }
  const broken = results.filter(({ kept }) => !kept);
  console.log(
    broken.length === 0
      ? "\nEvery value was compared with the original: all promises are kept."
      : "\nA PROMISE IS BROKEN.",
  );
  process.exitCode = broken.length === 0 ? 0 : 1;
} catch (error) {
  console.error(error.message);
  process.exitCode = 2;
} finally {
  rmSync(folder, { recursive: true });
}
