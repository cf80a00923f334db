// Speed of SZ3's streams in a warm process beside the native zfp program (fixed accuracy) in the same run.
// Usage: npm run build && node bench/sz3/speed.mjs   (needs zfp on the path; writes bench/sz3/speed.md)
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sz3 } from "../../dist/src/codecs/sz3.js";
import { decodeSz3 } from "../../dist/src/codecs/sz3-decode.js";
import { encodeSz3 } from "../../dist/src/codecs/sz3-encode.js";
import { sz3Options, sz3Settings } from "../../dist/src/codecs/sz3-settings.js";
import { checkOptions } from "../../dist/src/compressor/schema.js";
import { compress, decompress } from "../../dist/src/index.js";

const SIDE = 256;
const RUNS = Number(process.argv[2] ?? 5);
const megabytes = (SIDE ** 3 * 4) / 1e6;

/** Waves of several lengths and a little noise; range about 8. */
const data = new Float32Array(SIDE ** 3);
let state = 1;
for (let z = 0, i = 0; z < SIDE; z++) {
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++, i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const wave = Math.sin(x / 17 + z / 40) * Math.cos(y / 23) + 0.5 * Math.sin((x + y) / 7) * Math.cos(z / 9);
      data[i] = 2.6 * wave + (state / 2 ** 32 - 0.5) * 0.04;
    }
  }
}
const values = { dtype: "float32", shape: [SIDE, SIDE, SIDE], data };
let min = Infinity;
let max = -Infinity;
for (const value of data) {
  min = Math.min(min, value);
  max = Math.max(max, value);
}
const abs = 1e-3 * (max - min);

const folder = mkdtempSync(join(tmpdir(), "sz3-speed-"));
const raw = join(folder, "values.f32");
writeFileSync(raw, data);
const zfp = (args) => {
  const started = performance.now();
  const { status, error } = spawnSync("zfp", args);
  if (error ?? status !== 0) throw new Error(`zfp: ${error ?? status}`);
  return performance.now() - started;
};
const extents = ["-f", "-3", String(SIDE), String(SIDE), String(SIDE), "-a", String(abs)];
const packed = join(folder, "values.zfp");

await sz3.prepare();
const times = new Map();
const time = async (name, run) => {
  const started = performance.now();
  const result = await run();
  const took = typeof result === "number" ? result : performance.now() - started;
  times.set(name, Math.min(times.get(name) ?? Infinity, took));
  return result;
};
const sizes = {};
for (let run = 0; run < RUNS; run++) {
  // zfp's own time, without reading and writing, is what its library takes; here the whole command is measured.
  await time("zfp -a, encode", () => zfp([...extents, "-i", raw, "-z", packed]));
  await time("zfp -a, decode", () => zfp([...extents, "-z", packed, "-o", join(folder, "back.f32")]));
  for (const algorithm of ["ALGO_INTERP_LORENZO", "ALGO_LORENZO_REG"]) {
    const options = checkOptions(sz3Options, { "sz3:algorithm_str": algorithm });
    const { bytes } = await time(`${algorithm}, encode`, () => encodeSz3(values, sz3Settings(values, abs, options)));
    sizes[algorithm] = bytes.length;
    await time(`${algorithm}, decode`, () => decodeSz3(bytes, "float32"));
  }
  for (const threads of [1, 2]) {
    const name = `.tpz, ${threads} thread${threads > 1 ? "s" : ""}`;
    const file = await time(`${name}, compress`, () => compress(values, { codec: "sz3", abs, threads }));
    await time(`${name}, decompress`, () => decompress(file, { threads }));
    sizes[name] = file.length;
  }
}
const zfpBytes = readFileSync(packed).length;
rmSync(folder, { recursive: true });

const speed = (name) => megabytes / (times.get(name) / 1000);
const base = speed("zfp -a, encode");
const text = `# Speed beside native zfp

Written by \`node bench/sz3/speed.mjs\`: ${SIDE}^3 float32 (${megabytes.toFixed(0)} MB), waves with noise, bound 1e-3 of the range, best of
${RUNS} runs, one process. zfp is the whole command with its files in a temporary folder. Two threads need two idle
cores to show what they can; see [threads.md](../threads.md). Bytes: zfp ${zfpBytes},
${Object.entries(sizes)
  .map(([name, bytes]) => `${name} ${bytes}`)
  .join(", ")}.

| what | MB/s | of zfp's encode |
| --- | ---: | ---: |
${[...times.keys()].map((name) => `| ${name} | ${speed(name).toFixed(0)} | ${(speed(name) / base).toFixed(2)} |`).join("\n")}
`;
writeFileSync(new URL("speed.md", import.meta.url), text);
console.log(text);
process.exit(0);
