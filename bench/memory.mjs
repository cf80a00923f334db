/**
 * Peak resident memory of whole commands on a file larger than memory may hold: frames of 1024 x 1024 float32, half of
 * them a wave with noise, half zeros. Peaks are the kernel's own (VmHWM of /proc/PID/status), so Linux only.
 */
import { spawn } from "node:child_process";
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMMAND, flags, ROOT, table } from "./options.mjs";

const SIDE = 1024;
const FRAME_BYTES = SIDE * SIDE * 4;
/** Runs of frames that are all noise or all zero. */
const RUN = 16;
const LIMIT_MIB = 600;

const given = flags("Peak memory of compress and decompress on a large file.", {
  gib: 4,
  efforts: "fast,balanced",
  threads: "1",
  codec: "tezip",
  abs: 1e-3,
  folder: tmpdir(),
  write: "yes",
});
const frames = Math.round((Number(given.gib) * 2 ** 30) / FRAME_BYTES);

/** A wave that drifts, and noise of a hundredth of it: the low bits do not compress. */
function noisyFrame(t, into) {
  let state = (t * 2654435761 + 12345) >>> 0;
  for (let y = 0; y < SIDE; y++) {
    const row = Math.sin((y + t) / 40);
    for (let x = 0; x < SIDE; x++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      into[y * SIDE + x] = row + x / SIDE + (state / 2 ** 32 - 0.5) * 0.01;
    }
  }
  return new Uint8Array(into.buffer);
}

function writeInput(path) {
  const file = openSync(path, "w");
  ftruncateSync(file, frames * FRAME_BYTES);
  const values = new Float32Array(SIDE * SIDE);
  for (let t = 0; t < frames; t++) {
    if (Math.floor(t / RUN) % 2 === 0) writeSync(file, noisyFrame(t, values), 0, FRAME_BYTES, t * FRAME_BYTES);
  }
  closeSync(file);
}

/** Runs a command to its end; MiB of its peak and seconds. */
async function peak(args) {
  const started = performance.now();
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  let highest = 0;
  const look = () => {
    try {
      const found = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"));
      if (found) highest = Math.max(highest, Number(found[1]) / 1024);
    } catch {
      // It has ended.
    }
  };
  const timer = setInterval(look, 20);
  const status = await new Promise((resolve) => child.on("exit", resolve));
  clearInterval(timer);
  if (status !== 0) throw new Error(`tempress ${args.join(" ")}: status ${status}`);
  return { mib: highest, seconds: (performance.now() - started) / 1000 };
}

const scratch = mkdtempSync(join(given.folder, "tempress-memory-"));
try {
  const input = join(scratch, `large_${frames}x${SIDE}x${SIDE}.f32`);
  writeInput(input);
  const rows = [];
  for (const effort of given.efforts.split(",")) {
    for (const threads of given.threads.split(",")) {
      const file = join(scratch, `${effort}.tpz`);
      const how = ["--abs", given.abs, "--codec", given.codec, "--effort", effort];
      const made = await peak(["compress", input, "-o", file, ...how, "--threads", threads, "--force", "--quiet"]);
      const read = await peak(["decompress", file, "-o", "-", "--threads", threads, "--quiet"]);
      const most = Math.max(made.mib, read.mib);
      const row = [
        `${effort}, ${threads} thread${threads === "1" ? "" : "s"}`,
        made.mib.toFixed(0),
        made.seconds.toFixed(0),
        read.mib.toFixed(0),
        read.seconds.toFixed(0),
        statSync(file).size,
        `${LIMIT_MIB * Number(threads)}: ${most < LIMIT_MIB * Number(threads) ? "met" : "missed"}`,
      ];
      console.log(row.join(" | "));
      rows.push(row);
    }
  }
  const head = ["effort", "compress MiB", "s", "decompress MiB", "s", "bytes", "wanted under MiB"];
  const text = `# Peak memory of whole commands

Written by \`npm run bench:memory -- --gib ${given.gib} --threads ${given.threads}\`: a raw file of ${given.gib} GiB (${frames} frames of ${SIDE} x ${SIDE} float32,
every other run of ${RUN} frames a wave with noise, the others zero), \`--abs ${given.abs}\`; decompression to standard output.
The peak is the process's largest resident set (VmHWM), threads and all.

${table(head, rows)}
`;
  console.log(`\n${text}`);
  if (given.write === "yes" && given.codec === "tezip") writeFileSync(join(ROOT, "bench/memory.md"), text);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
