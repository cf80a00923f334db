/**
 * Sizes at equal absolute bounds, against native programs: every float field of ../shared/data that
 * ../shared/peers/results.csv names, at the bounds given there. Sizes are whole files and exact, so they are kept in
 * git: bench/ratio/results.<effort>.csv, and the tables in bench/ratio/README.md are written from those.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { flags, geometricMean, library, ROOT, shared, table } from "./options.mjs";

const EFFORTS = ["fast", "balanced", "max"];
const BOUNDS = ["0.01", "0.001", "0.0001", "1e-05"];
/** The bounds at which most people work; efforts are judged over these and over all. */
const JUDGED = ["0.01", "0.001", "0.0001"];
const SZ3 = ["sz3", "sz3-lorreg"];
const FOLDER = join(ROOT, "bench/ratio");
const COLUMNS = "file,rel_bound,abs_bound,bytes,max_error,sz3,sz3_bytes,peer,peer_bytes".split(",");

const given = flags("Sizes at equal bounds against native programs.", {
  effort: "all",
  codec: "tezip",
  files: "",
  write: "yes",
});
if (![...EFFORTS, "all"].includes(given.effort)) throw new Error(`--effort is one of ${EFFORTS.join(", ")}, all`);

/** Rows of a CSV file without quotes, as objects. */
function readCsv(path) {
  const [head, ...lines] = readFileSync(path, "utf8").trim().split(/\r?\n/);
  const names = head.split(",");
  return lines.map((line) => Object.fromEntries(line.split(",").map((text, i) => [names[i], text])));
}

const smallest = (rows) => rows.reduce((best, row) => (best && Number(best.bytes) <= Number(row.bytes) ? best : row));

/** Every field and bound with the best of SZ3 and the best of all there; a lossless file keeps any bound. */
function cellsOf(peers) {
  const held = peers.filter((row) => row.held === "True");
  const files = [...new Set(held.map((row) => row.file))].filter((file) => /\.f(32|64)$/.test(file)).sort();
  return files.flatMap((file) =>
    BOUNDS.map((rel) => {
      const rows = held.filter((row) => row.file === file && [rel, "lossless"].includes(row.rel_bound));
      const sz3 = smallest(rows.filter((row) => SZ3.includes(row.compressor)));
      return { file, rel, abs: Number(sz3.abs_bound), sz3, peer: smallest(rows) };
    }),
  );
}

async function measure(effort) {
  const { compress, decompress } = await library();
  const { openTensor } = await library("io/index.js");
  const rows = [];
  const cells = cellsOf(readCsv(shared("peers/results.csv"))).filter(({ file }) => file.includes(given.files));
  for (const { file, rel, abs, sz3, peer } of cells) {
    const source = await openTensor(join(shared("data"), file));
    const { data } = await source.read(0, source.shape[0]);
    const started = performance.now();
    const bytes = await compress(source, { codec: given.codec, effort, abs });
    const encoded = performance.now();
    const back = await decompress(bytes);
    const decoded = performance.now();
    await source.close?.();
    let worst = 0;
    for (let i = 0; i < data.length; i++) worst = Math.max(worst, Math.abs(data[i] - back.data[i]));
    // Math.max keeps NaN, and no comparison with it holds.
    if (!(worst <= abs)) throw new Error(`${file} at ${abs}: off by ${worst}`);
    const row = [file, rel, abs, bytes.length, worst, sz3.compressor, sz3.bytes, peer.compressor, peer.bytes];
    rows.push(Object.fromEntries(COLUMNS.map((name, i) => [name, String(row[i])])));
    const speed = (from, to) => `${(data.byteLength / 1000 / (to - from)).toFixed(1)} MB/s`;
    const against = `${(Number(sz3.bytes) / bytes.length).toFixed(3)} x ${sz3.compressor}, ${(Number(peer.bytes) / bytes.length).toFixed(3)} x ${peer.compressor}`;
    console.log(
      `${file} ${rel}: ${bytes.length} bytes, ${against}; ${speed(started, encoded)}, ${speed(encoded, decoded)}`,
    );
  }
  return rows;
}

const over = (row, peer) => Number(row[`${peer}_bytes`]) / Number(row.bytes);
const nameOf = ({ file, rel_bound }) => `${file.replace(/_\d.*$/, "")} ${rel_bound}`;

/** Geometric mean of our ratio over a peer's, and its worst cell. */
function summary(rows, peer) {
  const worst = rows.reduce((low, row) => (over(row, peer) < over(low, peer) ? row : low));
  return [
    geometricMean(rows.map((row) => over(row, peer))).toFixed(3),
    `${over(worst, peer).toFixed(3)} (${nameOf(worst)})`,
  ];
}

function summaries(results) {
  const head = ["effort, bound", "against SZ3", "worst cell", "against the best peer", "worst cell"];
  const lines = [...results].flatMap(([effort, rows]) =>
    [...BOUNDS.map((rel) => [rel]), JUDGED, BOUNDS].flatMap((bounds) => {
      const some = rows.filter((row) => bounds.includes(row.rel_bound));
      if (some.length === 0) return [];
      const name = bounds.length > 1 ? `**${effort}, ${bounds[0]} to ${bounds.at(-1)}**` : `${effort}, ${bounds[0]}`;
      return [[name, ...summary(some, "sz3"), ...summary(some, "peer")]];
    }),
  );
  return table(head, lines);
}

function cellTable(rows) {
  const head = ["field, bound", "bytes", "ratio", "best of SZ3", "x", "best peer", "x"];
  const volume = ({ file }) => {
    const [, extents, bits] = /_([\dx]+)\.f(32|64)$/.exec(file);
    return extents.split("x").reduce((product, extent) => product * Number(extent), Number(bits) / 8);
  };
  return table(
    head,
    rows.map((row) => [
      nameOf(row),
      row.bytes,
      (volume(row) / Number(row.bytes)).toFixed(2),
      `${row.sz3} ${row.sz3_bytes}`,
      over(row, "sz3").toFixed(3),
      `${row.peer} ${row.peer_bytes}`,
      over(row, "peer").toFixed(3),
    ]),
  );
}

function page(results) {
  const parts = [
    "# Ratio at equal bounds",
    "Written by `npm run bench:ratio` (`-- --effort fast` for one) from `results.<effort>.csv`; sizes are whole files,",
    "exact and the same on every machine. The bound is absolute, the same number for every program: the given part of",
    "the field's range. 1.2 means that the peer's file is 1.2 times as large as ours. Peers are native programs: SZ3",
    "3.3.2 (default and Lorenzo + regression), QoZ 2, HPEZ, SPERR 0.8.5, zfp 1.0.1, tthresh, a quantiser with time",
    "differences and zstd, and lossless coders; only files that held the bound count. The best peer is chosen anew for",
    "every field and bound. Geometric means:",
  ];
  const tables = [...results].map(([effort, rows]) => `## ${effort}\n\n${cellTable(rows)}`);
  return `${parts[0]}\n\n${parts.slice(1).join("\n")}\n\n${summaries(results)}\n\n${tables.join("\n\n")}\n`;
}

const csvOf = (effort) => join(FOLDER, `results.${effort}.csv`);
const print = (results) => console.log(`\n${summaries(results)}`);
const wanted = given.effort === "all" ? EFFORTS : [given.effort];
const measured = new Map();
for (const effort of wanted) measured.set(effort, await measure(effort));
if (given.codec !== "tezip" || given.files !== "" || given.write !== "yes") {
  print(measured); // a trial, not the record
} else {
  mkdirSync(FOLDER, { recursive: true });
  for (const [effort, rows] of measured) {
    const lines = rows.map((row) => Object.values(row).join(","));
    writeFileSync(csvOf(effort), `${[COLUMNS.join(","), ...lines].join("\n")}\n`);
  }
  const recorded = EFFORTS.filter((effort) => existsSync(csvOf(effort)));
  const results = new Map(recorded.map((effort) => [effort, readCsv(csvOf(effort))]));
  writeFileSync(join(FOLDER, "README.md"), page(results));
  print(results);
}
