/** TEZIP's own command line: `tempress tezip -c MODEL IMAGES OUT -p 0 -w 8 -m abs -b 2`, and the way back. */
import { resolve } from "node:path";
import type { Arithmetic, ClassicBound, Mode } from "../compressor/tezip-program.ts";
import { tezipProgram } from "../compressor/tezip-program.ts";
import { TempressError } from "../errors.ts";
import { jsonLine, print } from "./output.ts";
import { misuse } from "./run.ts";
import { cleanUpOnSignals } from "./signals.ts";
import { pairs } from "./table.ts";
import { openNetwork, readArchiveFiles, readImages, writeArchiveFiles, writeImages } from "./tezip-files.ts";
import { formatBytes, formatNumber, formatSeconds } from "./units.ts";
import { countOf, numberOf, oneOf } from "./values.ts";
import type { Verb } from "./verb.ts";

const MODES: readonly Mode[] = ["abs", "rel", "absrel", "pwrel"];
type Flags = Readonly<Record<string, unknown>>;

export const tezip: Verb = {
  define(command) {
    command
      .option("-l, --learn <folders...>", "MODEL_DIR HKL_DIR: train the published network on X_train.hkl")
      .option("-c, --compress <folders...>", "MODEL_DIR IMAGE_DIR OUT_DIR: images to TEZIP's three files")
      .option("-u, --uncompress <folders...>", "MODEL_DIR COMP_DIR OUT_DIR: and back")
      .option("-p, --preprocess <N>", "warm-up frames, stored as key frames", countOf("-p", 0))
      .option("-w, --window <N>", "a key frame every so many (SWP)", countOf("-w"))
      .option("-t, --threshold <T>", "or where the mean square error gets above T (DWP)", numberOf("-t"))
      .option("-m, --mode <name>", "abs, rel, absrel or pwrel", oneOf("-m", MODES))
      .option("-b, --bound <values...>", "the bound, in levels or as a part; two for absrel; 0: lossless")
      .option("-n, --no_entropy", "leave out the table of ranks")
      .option("-f, --force", "no GPU: taken for TEZIP's sake, there is none in use")
      .option("-v, --verbose", "print more")
      .option("--published", "compute as TEZIP does, which breaks bounds that are no whole numbers")
      .option("--stack <channels>", "with -l: channels of another network than the published one: 3,16,32")
      .option("--steps <N>", "with -l: steps of the optimiser (default: 500, as TEZIP)", countOf("--steps"))
      .option("--replace", "replace an existing output")
      .option("--json", "print one JSON object");
  },

  async run(_, flags) {
    const given = (["learn", "compress", "uncompress"] as const).filter((mode) => flags[mode] !== undefined);
    if (given.length !== 1) {
      throw misuse(given.length === 0 ? "one of -l, -c and -u is missing" : "-l, -c and -u exclude each other", USAGE);
    }
    const [mode] = given;
    const folders = flags[mode!] as readonly string[];
    const wanted = mode === "learn" ? 2 : 3;
    if (folders.length !== wanted) throw misuse(`${folders.length} folders where ${wanted} are wanted`, USAGE);
    if (mode === "learn") return await (await import("./tezip-learn.ts")).learn(folders[0]!, folders[1]!, flags);
    const [model, input, output] = folders as [string, string, string];
    if (resolve(input) === resolve(output)) throw misuse("input and output are one folder", "choose a new folder");
    return mode === "compress"
      ? await compress(model, input, output, flags)
      : await uncompress(model, input, output, flags);
  },
};

const USAGE = "tempress tezip -c MODEL_DIR IMAGE_DIR OUT_DIR -p 0 -w 8 -m abs -b 2; tempress help tezip says more";

async function compress(modelPath: string, input: string, output: string, flags: Flags): Promise<number> {
  const bound = boundOf(flags);
  const [warmUp, window, threshold] = [flags.preprocess, flags.window, flags.threshold] as (number | undefined)[];
  if (warmUp === undefined) throw misuse("the warm-up -p is missing", "-p 0 is none");
  if ((window === undefined) === (threshold === undefined)) {
    throw misuse(window === undefined ? "-w or -t is missing" : "-w and -t exclude each other", USAGE);
  }
  const started = performance.now();
  const [program, model, images] = await Promise.all([tezipProgram(), openNetwork(modelPath), readImages(input)]);
  const { count } = images.frames;
  if (warmUp >= count) throw misuse(`-p ${warmUp} leaves none of ${count} frames`, "give a smaller number");
  const schedule = { warmUp, window, threshold, ranked: flags.no_entropy !== true };
  const { files, keyFrames, maxError, excess } = program.compressImages(images, model, bound, schedule);
  cleanUpOnSignals();
  writeArchiveFiles(output, files, flags.replace === true);
  const size = Object.values(files).reduce((sum, { length }) => sum + length, 0);
  const before = images.frames.data.length;
  const milliseconds = performance.now() - started;
  const kept = excess <= 0;
  if (flags.json) {
    print(
      jsonLine({
        "size:uncompressed_size": before,
        "size:compressed_size": size,
        "size:compression_ratio": before / size,
        "error_stat:max_error": maxError,
        "time:compress": milliseconds,
        key_frames: keyFrames,
        bound_kept: kept,
      }),
    );
  } else {
    const rows: [string, string][] = [
      ["ratio", `${formatNumber(before / size)} (${formatBytes(before)} -> ${formatBytes(size)}, without the network)`],
      ["key frames", `${keyFrames} of ${count}`],
      ["maximum error", `${maxError} levels`],
      [
        "bound",
        kept ? "kept" : `broken by ${formatNumber(excess)} levels: published arithmetic keeps whole bounds only`,
      ],
      ["time", formatSeconds(milliseconds / 1000)],
    ];
    if (flags.verbose) for (const [name, { length }] of Object.entries(files)) rows.push([name, formatBytes(length)]);
    print(`${input} -> ${output}\n${pairs(rows)}`);
  }
  return kept ? 0 : 1;
}

async function uncompress(modelPath: string, input: string, output: string, flags: Flags): Promise<number> {
  const started = performance.now();
  const [program, model] = await Promise.all([tezipProgram(), openNetwork(modelPath)]);
  const images = program.decompressImages(await readArchiveFiles(input, program.ARCHIVE_FILES), model);
  cleanUpOnSignals();
  await writeImages(output, images, flags.replace === true);
  const { count, height, width, channels } = images.frames;
  const milliseconds = performance.now() - started;
  if (flags.json) {
    print(
      jsonLine({
        shape: channels === 1 ? [count, height, width] : [count, height, width, 3],
        "time:decompress": milliseconds,
      }),
    );
  } else {
    const rows: [string, string][] = [
      ["images", `${count} of ${height}x${width}, ${channels === 1 ? "grey" : "RGB"}, as PNG`],
      ["time", formatSeconds(milliseconds / 1000)],
    ];
    print(`${input} -> ${output}\n${pairs(rows)}`);
  }
  return 0;
}

function boundOf(flags: Flags): ClassicBound {
  const mode = flags.mode as Mode | undefined;
  if (mode === undefined) throw misuse("the mode -m is missing", `one of ${MODES.join(", ")}`);
  const values = ((flags.bound ?? []) as string[]).map(numberOf("-b"));
  const wanted = mode === "absrel" ? 2 : 1;
  if (values.length !== wanted) {
    throw misuse(
      `-m ${mode} takes ${wanted} bound${wanted === 1 ? "" : "s"}, not ${values.length}`,
      "-b 2, or -b 2 0.01",
    );
  }
  const wrong = values.find((value) => !(value >= 0 && Number.isFinite(value)));
  if (wrong !== undefined) {
    throw new TempressError("invalid-argument", `a bound of ${wrong} cannot be kept`, {
      where: "-b",
      hint: "0 is lossless",
    });
  }
  const arithmetic: Arithmetic = flags.published === true ? "published" : "repaired";
  return { mode, values, arithmetic };
}
