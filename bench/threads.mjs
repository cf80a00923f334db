/**
 * What a second thread gains: calls of the library in a warm process on a 3-D float32 field of 66.6 MB at 1e-3 of its
 * range, one thread and two in turn. Writes bench/threads.md.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { flags, library, median, ROOT, shared, table } from "./options.mjs";

const FIELD = "navywind_uwnd_132x73x144.f32";
/** The field this many times in a row: 66.6 MB. */
const COPIES = 12;

const given = flags("What a second thread gains.", { repeats: 9, codecs: "zfp,sz3,tezip", write: "yes" });
const repeats = Number(given.repeats);
const { compress, decompress } = await library();
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

const one = readFileSync(join(shared("data"), FIELD));
/** The values where all threads see them, and where they do not: then they are copied chunk by chunk. */
const raw = new Uint8Array(new SharedArrayBuffer(one.length * COPIES));
for (let i = 0; i < COPIES; i++) raw.set(one, i * one.length);
const megabytes = raw.length / 1e6;
const tensor = (buffer) => ({ dtype: "float32", shape: [132 * COPIES, 73, 144], data: new Float32Array(buffer) });
const inputs = { shared: tensor(raw.buffer), plain: tensor(raw.slice().buffer) };
inputs.plain.data = new Float32Array(inputs.plain.data);

async function time(act) {
  // What an earlier call left behind is not this one's to clear away.
  collect();
  const started = performance.now();
  await act();
  return performance.now() - started;
}

const load = [];
const rows = [];
for (const codec of given.codecs.split(",")) {
  const options = { codec, rel: 1e-3, effort: "fast" };
  const bytes = await compress(inputs.plain, options);
  const two = await compress(inputs.shared, { ...options, threads: 2 });
  if (Buffer.compare(bytes, two) !== 0) throw new Error(`${codec}: one thread and two give different bytes`);
  const acts = {
    "encode, values in shared memory": (threads) => compress(inputs.shared, { ...options, threads }),
    "encode, values elsewhere": (threads) => compress(inputs.plain, { ...options, threads }),
    decode: (threads) => decompress(bytes, { threads }),
  };
  for (const [name, act] of Object.entries(acts)) {
    const times = { 1: [], 2: [] };
    for (let round = -2; round < repeats; round++) {
      for (const threads of [1, 2]) {
        const took = await time(() => act(threads));
        if (round >= 0) times[threads].push(took);
      }
      load.push(loadavg()[0]);
    }
    const speed = (list, of) => (megabytes / (of(list) / 1000)).toFixed(0);
    const least = (list) => Math.min(...list);
    rows.push([
      `${codec}, ${name}`,
      speed(times[1], median),
      speed(times[2], median),
      (median(times[1]) / median(times[2])).toFixed(2),
      (least(times[1]) / least(times[2])).toFixed(2),
    ]);
    console.log(rows.at(-1).join("  "));
  }
}
const text = `# What a second thread gains

Written by \`npm run build && node bench/threads.mjs\`: \`${FIELD}\` ${COPIES} times in a row (${inputs.plain.shape.join("x")} float32,
${megabytes.toFixed(1)} MB), ${"`{ rel: 1e-3 }`"}, effort fast, whole .tpz files in memory with the proof of the bound, calls of the library in
a warm process, one thread and two in turn, ${repeats} rounds. The bytes are the same. Two cores; the load of the machine
meanwhile was ${Math.min(...load).toFixed(1)} to ${Math.max(...load).toFixed(1)} (this program alone makes up to 2). Memory that is touched for the first time
costs much of a decoder's time; threads share that too.

${table(["", "1 thread MB/s", "2 threads MB/s", "gain, medians", "gain, minima"], rows)}
`;
console.log(text);
if (given.write === "yes") writeFileSync(join(ROOT, "bench/threads.md"), text);
