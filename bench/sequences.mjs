/**
 * Lossless sizes of integer sequences against what people use for them: FFV1 and x265 (through ffmpeg) and xz, each of
 * them as a whole file. Sizes are exact and kept in git: bench/ratio/sequences.csv and sequences.md. A program that is not on
 * PATH leaves its recorded sizes alone.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMMAND, flags, geometricMean, ROOT, shared, table } from "./options.mjs";

const SEQUENCES = ["goes_irma_ir", "pedestrians_vtest", "colloid_water", "drosophila_seq1", "xray_tomo_savu"];
const PEERS = ["ffv1", "x265", "xz -9"];
const EFFORTS = ["fast", "balanced", "max"];
const CSV = join(ROOT, "bench/ratio/sequences.csv");

flags("Lossless sizes of integer sequences against FFV1, x265 and xz.", {});

const folder = mkdtempSync(join(tmpdir(), "tempress-sequences-"));
const isThere = (command) => spawnSync(command, ["--help"], { stdio: "ignore" }).error === undefined;

/** Bytes of the file that a command line makes; undefined where the program is missing or cannot take the data. */
function sizeOf(command, args, target) {
  if (!isThere(command)) return undefined;
  execFileSync(command, args, { stdio: ["ignore", "ignore", "inherit"] });
  return statSync(target).size;
}

function peerSizes(path, name) {
  const [, extents, type] = /_([\dx]+)\.(u8|u16)$/.exec(path);
  const [, height, width] = extents.split("x");
  const pixels = type === "u8" ? "gray" : "gray16le";
  const raw = `-v error -y -f rawvideo -pix_fmt ${pixels} -s ${width}x${height} -i`.split(" ");
  const ffv1 = join(folder, `${name}.mkv`);
  const x265 = join(folder, `${name}.hevc`);
  const xz = join(folder, `${name}.xz`);
  const lossless = ["-x265-params", "lossless=1:log-level=error"];
  const toXz = () => {
    if (!isThere("xz")) return undefined;
    writeFileSync(xz, execFileSync("xz", ["-9", "-c", path], { maxBuffer: 2 ** 30 }));
    return statSync(xz).size;
  };
  return {
    ffv1: sizeOf("ffmpeg", [...raw, path, ..."-c:v ffv1 -level 3 -coder 1 -context 1".split(" "), ffv1], ffv1),
    // Debian's x265 takes at most 12 bits.
    x265:
      type === "u8"
        ? sizeOf("ffmpeg", [...raw, path, "-c:v", "libx265", "-preset", "veryslow", ...lossless, x265], x265)
        : undefined,
    "xz -9": toXz(),
  };
}

function recorded() {
  if (!existsSync(CSV)) return new Map();
  const [head, ...lines] = readFileSync(CSV, "utf8").trim().split("\n");
  const names = head.split(",");
  return new Map(
    lines.map((line) => {
      const cells = line.split(",");
      return [
        cells[0],
        Object.fromEntries(names.map((name, i) => [name, cells[i] === "" ? undefined : Number(cells[i])])),
      ];
    }),
  );
}

const before = recorded();
const rows = [];
for (const name of SEQUENCES) {
  const path = join(
    shared("data"),
    readdirSync(shared("data")).find((file) => file.startsWith(`${name}_`)),
  );
  const row = { name, raw: statSync(path).size };
  for (const effort of EFFORTS) {
    const target = join(folder, `${name}.${effort}.tpz`);
    const back = join(folder, `${name}.back.npy`);
    execFileSync(process.execPath, [COMMAND, "compress", path, "-o", target, "--lossless", "--effort", effort]);
    execFileSync(process.execPath, [COMMAND, "verify", path, target], { stdio: "ignore" });
    rmSync(back, { force: true });
    row[effort] = statSync(target).size;
  }
  for (const [peer, size] of Object.entries(peerSizes(path, name))) row[peer] = size ?? before.get(name)?.[peer];
  rows.push(row);
  console.log(JSON.stringify(row));
}
rmSync(folder, { recursive: true });

const columns = ["name", "raw", ...EFFORTS, ...PEERS];
const lines = rows.map((row) => columns.map((column) => row[column] ?? "").join(","));
writeFileSync(CSV, `${[columns.join(","), ...lines].join("\n")}\n`);
const best = (row) => Math.min(...PEERS.map((peer) => row[peer] ?? Infinity));
const gain = (row) => best(row) / row.max;
const cells = rows.map((row) => [...columns.map((column) => row[column] ?? ""), gain(row).toFixed(3)]);
const gains = rows.map(gain);
const page = `# Lossless integer sequences

Written by \`node bench/sequences.mjs\`: bytes of whole files. FFV1 is \`ffmpeg -c:v ffv1 -level 3 -coder 1 -context 1\`, x265 is
\`ffmpeg -c:v libx265 -preset veryslow -x265-params lossless=1\` (8 bits only), both of Debian 12. The last column is the best of these
over effort \`max\`.

${table([...columns, "x"], cells)}

Geometric mean ${geometricMean(gains).toFixed(3)}, least ${Math.min(...gains).toFixed(3)}.
`;
writeFileSync(join(ROOT, "bench/ratio/sequences.md"), page);
console.log(page);
