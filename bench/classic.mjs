// tezip against tezip_classic on 8-bit frames at the same true maximum error: whole files, and times in the same run.
//   npm run build && node bench/classic.mjs [FOLDER]
// FOLDER holds SERIES_TxHxW.u8 files; without one the sample in data/ is used. Of each, 16 frames of at most 128x160 are
// taken. tezip_classic gets what suits it best: no network or a PredNet that is trained on the very frames, its weights
// not counted; key frames every 2, 4, 8 or 16. Its times are those of the published network, whatever its weights.
// Writes bench/classic.csv and prints a table for bench/classic.md.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { addModel, compress, decompress, tensor } from "../dist/src/index.js";
import { openTensor } from "../dist/src/io/index.js";
import { graphOf } from "../dist/src/neural/architecture.js";
import { floatTensors, writeModel } from "../dist/src/neural/model-file.js";
import { PUBLISHED_PREDNET } from "../dist/src/neural/prednet.js";
import { startWeights } from "../dist/src/neural/weights.js";

const ROOT = new URL("..", import.meta.url).pathname;
const [FRAMES, HEIGHT, WIDTH] = [16, 128, 160];
const BOUNDS = [0, 1, 2, 4];
const EVERY = [2, 4, 8, 16];

const folder = process.argv[2];
const files =
  folder === undefined
    ? [join(ROOT, "data/drosophila")]
    : readdirSync(folder)
        .filter((name) => /_\d+x\d+x\d+\.u8$/.test(name))
        .sort()
        .map((name) => join(folder, name));
const work = mkdtempSync(join(tmpdir(), "tempress-classic-"));

async function series(path) {
  const source = await openTensor(path);
  const frames = Math.min(FRAMES, source.shape[0]);
  const all = await source.read(0, frames);
  await source.close?.();
  const [, h, w] = all.shape;
  const [height, width] = [Math.min(HEIGHT, h), Math.min(WIDTH, w)];
  const [top, left] = [(h - height) >> 1, (w - width) >> 1];
  const data = new Uint8Array(frames * height * width);
  for (let t = 0; t < frames; t++) {
    for (let y = 0; y < height; y++) {
      const from = (t * h + top + y) * w + left;
      data.set(all.data.subarray(from, from + width), (t * height + y) * width);
    }
  }
  return tensor("uint8", [frames, height, width], data);
}

function trained(values, name) {
  const raw = join(work, `${name}_${values.shape.join("x")}.u8`);
  const model = join(work, `${name}.tpm`);
  writeFileSync(raw, values.data);
  const network = [
    "--network",
    "prednet",
    ...["stack=1,16,32", "recurrent=1,16,32", "shortcut=false"].flatMap((set) => ["--set", set]),
  ];
  const how = [
    "--loss",
    "L_0",
    "--abs",
    "1",
    "--frames",
    "2",
    "--batch",
    "4",
    "--crop",
    "64",
    "--steps",
    "500",
    "--rate",
    "1e-3",
  ];
  execFileSync(process.execPath, [
    join(ROOT, "dist/bin/tempress.js"),
    "train",
    raw,
    "-o",
    model,
    ...network,
    ...how,
    "--quiet",
  ]);
  return addModel(readFileSync(model));
}

function published() {
  const graph = graphOf(PUBLISHED_PREDNET);
  const tensors = floatTensors(graph, startWeights(graph, 1));
  return addModel(
    writeModel({ architecture: PUBLISHED_PREDNET, normalisation: "range", tensors, plan: {}, recipe: {} }),
  );
}

const maxError = (a, b) => a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i])), 0);

async function timed(work) {
  const started = performance.now();
  const result = await work();
  return { result, milliseconds: performance.now() - started };
}

const promise = (bound) => (bound === 0 ? { lossless: true } : { abs: bound });
const rows = [];
try {
  const full = published();
  for (const path of files) {
    const name = basename(path).replace(/_[\dx]+\.u8$/, "");
    const values = await series(path);
    const learned = trained(values, name);
    for (const bound of BOUNDS) {
      const ours = await timed(() => compress(values, { ...promise(bound), codec: "tezip" }));
      const back = await timed(() => decompress(ours.result));
      let best;
      for (const model of ["", learned]) {
        for (const every of EVERY) {
          const options = { "tezip_classic:model": model, "tezip_classic:key_every": every };
          const bytes = await compress(values, { ...promise(bound), codec: "tezip_classic", options });
          if (!best || bytes.length < best.bytes.length)
            best = { bytes, every, network: model === "" ? "none" : "trained" };
        }
      }
      const classic = await decompress(best.bytes);
      rows.push({
        series: name,
        shape: values.shape.join("x"),
        bound,
        tezip_bytes: ours.result.length,
        tezip_max_error: maxError(values, back.result),
        classic_bytes: best.bytes.length,
        classic_max_error: maxError(values, classic),
        classic_network: best.network,
        classic_key_every: best.every,
        times_smaller: (best.bytes.length / ours.result.length).toFixed(2),
      });
      console.error(Object.values(rows.at(-1)).join(","));
    }
    // Alternately, on the first four frames: the published network takes seconds.
    const few = tensor(
      "uint8",
      [4, ...values.shape.slice(1)],
      values.data.slice(0, 4 * values.shape[1] * values.shape[2]),
    );
    const options = { "tezip_classic:model": full, "tezip_classic:key_every": 4 };
    const least = { tezip: [Infinity, Infinity], classic: [Infinity, Infinity] };
    for (let turn = 0; turn < 2; turn++) {
      for (const [codec, more] of [
        ["tezip", {}],
        ["classic", { options }],
      ]) {
        const name = codec === "classic" ? "tezip_classic" : codec;
        const there = await timed(() => compress(few, { abs: 2, codec: name, ...more }));
        const home = await timed(() => decompress(there.result));
        least[codec] = [Math.min(least[codec][0], there.milliseconds), Math.min(least[codec][1], home.milliseconds)];
      }
    }
    const times = [0, 1].map((k) => (least.classic[k] / least.tezip[k]).toFixed(0));
    console.error(`${name}: compresses ${times[0]} x, decompresses ${times[1]} x faster (least of 2, 4 frames)`);
    for (const row of rows) if (row.series === name) Object.assign(row, { faster: times[0], faster_back: times[1] });
  }
} finally {
  rmSync(work, { recursive: true });
}
const names = Object.keys(rows[0]);
writeFileSync(
  join(ROOT, "bench/classic.csv"),
  `${[names, ...rows.map((row) => Object.values(row))].map((row) => row.join(",")).join("\n")}\n`,
);
const line = (cells) => `| ${cells.join(" | ")} |`;
console.log([names, names.map(() => "---"), ...rows.map((row) => Object.values(row))].map(line).join("\n"));
