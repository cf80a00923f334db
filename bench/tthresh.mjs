/**
 * tthresh's streams: speed and memory of calls of the library in a warm process, in turn with Debian's `zfp` as a whole
 * command on the same field, one thread; and .tpz files with one thread and with two. Writes bench/tthresh.md.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { flags, library, median, ROOT, table } from "./options.mjs";

const SHAPE = [100, 256, 256];
/** What native tthresh calls 60 dB: 66.02 dB of psnr. */
const TARGET = 60;
const given = flags("tthresh's streams beside native zfp.", { repeats: 3, write: "yes" });
const repeats = Number(given.repeats);

if (spawnSync("zfp", [], { stdio: "ignore" }).error) {
  console.error("zfp is not installed: apt-get install zfp");
  process.exit(2);
}
const { tthreshBare } = await library("codecs/tthresh-bare.js");
const { tthreshKernels } = await library("codecs/tthresh-kernels.js");
const { compress, decompress } = await library();
await tthreshKernels.ready();

/** Eddies of many sizes that drift, and noise of a thousandth of their range: the same on every machine. */
function field([frames, rows, columns]) {
  const values = new Float32Array(frames * rows * columns);
  let seed = 12345;
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  for (let k = 0; k < 60; k++) {
    const scale = 2 ** (1 + 5 * random());
    const [a, b, c] = [random() - 0.5, random() - 0.5, (random() - 0.5) / 4].map((x) => (x * scale) / 8);
    const [phase, height] = [6.283 * random(), 10 / scale];
    for (let t = 0; t < frames; t++) {
      for (let y = 0; y < rows; y++) {
        const start = phase + c * t + b * y + 0.5 * Math.sin(0.02 * (y + t));
        const at = (t * rows + y) * columns;
        for (let x = 0; x < columns; x++) values[at + x] += height * Math.sin(start + a * x + 0.4 * Math.sin(0.03 * x));
      }
    }
  }
  for (let i = 0; i < values.length; i++) values[i] += 0.05 * (random() - 0.5);
  return values;
}

const data = field(SHAPE);
const tensor = { dtype: "float32", shape: SHAPE, data };
let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
for (const value of data) [least, most] = [Math.min(least, value), Math.max(most, value)];
const megabytes = data.byteLength / 1e6;
const options = { "tthresh:target_str": "psnr", "tthresh:target_value": TARGET };
const scratch = mkdtempSync(join(tmpdir(), "tempress-tthresh-"));
const at = (name) => join(scratch, name);
writeFileSync(at("in.f32"), data);

async function interleaved(acts) {
  const times = acts.map(() => []);
  for (let round = -1; round < repeats; round++) {
    for (const [i, act] of acts.entries()) {
      const started = performance.now();
      await act();
      if (round >= 0) times[i].push(performance.now() - started);
    }
  }
  return times;
}

const speed = (times) =>
  `${(megabytes / (median(times) / 1000)).toFixed(1)} (${(megabytes / (Math.min(...times) / 1000)).toFixed(1)})`;
const ratio = (ours, theirs) =>
  `${(median(theirs) / median(ours)).toFixed(3)} (${(Math.min(...theirs) / Math.min(...ours)).toFixed(3)})`;

function rmseOf(other) {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += (data[i] - other[i]) ** 2;
  return Math.sqrt(sum / data.length);
}

try {
  const wanted = (most - least) / 2 / 10 ** (TARGET / 20);
  const tolerance = String(4 * wanted);
  const array = ["-q", "-f", "-3", ...SHAPE.toReversed().map(String), "-a", tolerance];
  const before = process.memoryUsage.rss();
  const stream = tthreshBare.write(tensor, undefined, options);
  const back = tthreshBare.read(stream, { where: "bench" });
  const peak = process.resourceUsage().maxRSS * 1024;
  const zfp = () => execFileSync("zfp", [...array, "-i", at("in.f32"), "-z", at("out.zfp")]);
  const [encode, native, decode] = await interleaved([
    () => tthreshBare.write(tensor, undefined, options),
    zfp,
    () => tthreshBare.read(stream, { where: "bench" }),
  ]);
  const packed = await compress(tensor, { codec: "tthresh", options });
  const [one, two, backOne, backTwo] = await interleaved([
    () => compress(tensor, { codec: "tthresh", options, threads: 1 }),
    () => compress(tensor, { codec: "tthresh", options, threads: 2 }),
    () => decompress(packed, { threads: 1 }),
    () => decompress(packed, { threads: 2 }),
  ]);
  const text = `# tthresh's streams: speed and memory

Written by \`npm run build && node bench/tthresh.mjs\`. One run on one machine: a made field of ${SHAPE.join("x")} float32
(${megabytes.toFixed(1)} MB), drifting eddies and noise, target psnr ${TARGET} as native tthresh has it; calls of the library in a warm
process, in turn with Debian's \`zfp -a ${tolerance}\` as a whole command. Medians of ${repeats} rounds, the fastest in brackets.
Speeds hold for that machine at that time; the ratio to zfp is what to compare.

${table(
  ["one .tth stream, one thread", "MB/s", "of zfp's encoding"],
  [
    ["encode, measured", speed(encode), ratio(encode, native)],
    ["decode", speed(decode), ratio(decode, native)],
    ["zfp -a, encode", speed(native), "1"],
  ],
)}

Stream: ${stream.length} bytes, ratio ${(data.byteLength / stream.length).toFixed(1)}; rmse ${(rmseOf(back.data) / wanted).toFixed(4)} of what is allowed. Largest resident memory ${(
    (peak - before) / data.byteLength
  ).toFixed(1)} times the input above what the process had with the input in it.

${table(
  [".tpz file", "1 thread MB/s", "2 threads MB/s", "gain"],
  [
    ["compress", speed(one), speed(two), ratio(two, one)],
    ["decompress", speed(backOne), speed(backTwo), ratio(backTwo, backOne)],
  ],
)}

A gain of threads shows only where two cores are free.

File: ${packed.length} bytes, ratio ${(data.byteLength / packed.length).toFixed(1)}.
`;
  console.log(text);
  if (given.write === "yes") writeFileSync(join(ROOT, "bench/tthresh.md"), text);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.exit(0);
