/**
 * zfp's streams: calls of the library in a warm process against Debian's `zfp` as a whole command, one thread, in
 * turn; and .tpz files with one thread and with two. Writes bench/zfp.md.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { flags, library, median, ROOT, shared, table } from "./options.mjs";

const FIELD = "navywind_uwnd_132x73x144.f32";
/** The field this many times in a row: 66.6 MB. */
const COPIES = 12;
const SHAPE = [132 * COPIES, 73, 144];

const given = flags("zfp's streams against native zfp.", { repeats: 7, write: "yes" });
const repeats = Number(given.repeats);

if (spawnSync("zfp", [], { stdio: "ignore" }).error) {
  console.error("zfp is not installed: apt-get install zfp");
  process.exit(2);
}
const { prepareZfp } = await library("codecs/zfp-kernel.js");
const { encodeZfp } = await library("codecs/zfp-encode.js");
const { decodeZfp } = await library("codecs/zfp-decode.js");
const { zfpParameters } = await library("codecs/zfp-parameters.js");
const { compress, decompress } = await library();
await prepareZfp();

const one = readFileSync(join(shared("data"), FIELD));
const raw = new Uint8Array(one.length * COPIES);
for (let i = 0; i < COPIES; i++) raw.set(one, i * one.length);
const values = new Float32Array(raw.buffer);
let [least, most] = [Infinity, -Infinity];
for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)];
const tolerance = (most - least) * 1e-3;
const megabytes = raw.length / 1e6;

const scratch = mkdtempSync(join(tmpdir(), "tempress-zfp-"));
const at = (name) => join(scratch, name);
writeFileSync(at("in.f32"), raw);

async function time(act) {
  const started = performance.now();
  const result = await act();
  return { took: performance.now() - started, result };
}

/** Times of each in turn, after one round that does not count. */
async function interleaved(acts) {
  const times = acts.map(() => []);
  for (let round = -1; round < repeats; round++) {
    for (const [i, act] of acts.entries()) {
      const { took } = await time(act);
      if (round >= 0) times[i].push(took);
    }
  }
  return times;
}

const speed = (times) => (megabytes / (median(times) / 1000)).toFixed(0);
const ratio = (ours, theirs) =>
  `${(median(theirs) / median(ours)).toFixed(2)} (${(Math.min(...theirs) / Math.min(...ours)).toFixed(2)})`;

async function modeRows(label, mode, flag, wanted) {
  const layout = { type: "float32", shape: SHAPE, parameters: zfpParameters(mode, "float32", 3) };
  const array = ["-q", "-h", "-f", "-3", ...SHAPE.toReversed().map(String)];
  const stream = encodeZfp(layout, values, true);
  const [ours, native, back, nativeBack] = await interleaved([
    () => encodeZfp(layout, values, true),
    () => execFileSync("zfp", [...array, ...flag, "-i", at("in.f32"), "-z", at("out.zfp")]),
    () => decodeZfp(layout, stream, 96),
    () => execFileSync("zfp", ["-q", "-h", "-z", at("out.zfp"), "-o", at("out.f32")]),
  ]);
  const theirs = readFileSync(at("out.zfp"));
  if (Buffer.compare(theirs, stream.subarray(0, theirs.length)) !== 0) throw new Error(`${label}: the streams differ`);
  const row = (verb, a, b) => {
    const met = median(b) / median(a) >= wanted ? "met" : "missed";
    return [`${label}, ${verb}`, speed(a), speed(b), ratio(a, b), `${wanted}: ${met}`, stream.length];
  };
  return [row("encode", ours, native), row("decode", back, nativeBack)];
}

async function threadRows() {
  const input = { dtype: "float32", shape: SHAPE, data: values };
  const bytes = await compress(input, { codec: "zfp", abs: tolerance });
  const [one, two, backOne, backTwo] = await interleaved([
    () => compress(input, { codec: "zfp", abs: tolerance, threads: 1 }),
    () => compress(input, { codec: "zfp", abs: tolerance, threads: 2 }),
    () => decompress(bytes, { threads: 1 }),
    () => decompress(bytes, { threads: 2 }),
  ]);
  return [
    [".tpz compress (with proof of the bound)", speed(one), speed(two), ratio(two, one)],
    [".tpz decompress", speed(backOne), speed(backTwo), ratio(backTwo, backOne)],
  ];
}

try {
  const rows = [
    ...(await modeRows("accuracy 1e-3 of the range", { accuracy: tolerance }, ["-a", String(tolerance)], 0.7)),
    ...(await modeRows("rate 8", { rate: 8 }, ["-r", "8"], 0.7)),
    ...(await modeRows("reversible", { reversible: true }, ["-R"], 0.6)),
  ];
  const text = `# zfp's streams against native zfp

Written by \`npm run build && node bench/zfp.mjs\`. One run on one machine: \`${FIELD}\` ${COPIES} times in a row
(${SHAPE.join("x")}, ${megabytes.toFixed(1)} MB), one thread, calls of the library in a warm process against Debian's \`zfp\`
as a whole command, which also reads and writes its files; in turn, medians (minima in brackets) of ${repeats} rounds.
The streams are the same bytes. Speeds hold for that machine; the ratios are what to compare.

${table(["mode", "MB/s", "zfp MB/s", "speed / zfp's", "wanted", "bytes"], rows)}

Whole .tpz files in a warm process, one thread and two (a gain shows only where two cores are free; see
[threads.md](threads.md)):

${table(["", "1 thread MB/s", "2 threads MB/s", "gain"], await threadRows())}
`;
  console.log(text);
  if (given.write === "yes") writeFileSync(join(ROOT, "bench/zfp.md"), text);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
