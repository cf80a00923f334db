import { openArchive } from "../compressor/archive.ts";
import { EFFORTS } from "../compressor/codec.ts";
import { type CompressReport, compressTo, DEFAULT_CODEC } from "../compressor/compress.ts";
import type { CompressOptions } from "../compressor/options.ts";
import { codecs } from "../compressor/registry.ts";
import { verifyArchive } from "../compressor/verify.ts";
import { TempressError } from "../errors.ts";
import { openFile } from "../io/node-file.ts";
import { openTensor } from "../io/node-open.ts";
import { createBytes, openBytes } from "../io/node-stream.ts";
import type { MetricResults } from "../metrics/metric.ts";
import { metrics } from "../metrics/registry.ts";
import { parseShape } from "../tensor/shape.ts";
import type { TensorSource } from "../tensor/source.ts";
import { bareCodec, compressBareFile } from "./bare.ts";
import { optionsOf } from "./codec-options.ts";
import { codecHelp } from "./help.ts";
import { metricText } from "./metric-text.ts";
import { jsonLine, reporter } from "./output.ts";
import { progressBar } from "./progress.ts";
import { errorLabel, errorText } from "./promise-text.ts";
import { cleanUpOnSignals } from "./signals.ts";
import { pairs } from "./table.ts";
import { formatBytes, formatNumber, formatSeconds, formatSpeed } from "./units.ts";
import { countOf, dtypeOf, keyValue, namesOf, numberOf, oneOf } from "./values.ts";
import type { Verb } from "./verb.ts";

export const compress: Verb = {
  define(command) {
    command
      .argument(
        "<input>",
        "raw values, .npy, .nc, .h5, .zarr, .tif, a folder of PNG frames, ... (tempress list formats); - is raw values on standard input",
      )
      .requiredOption(
        "-o, --output <file>",
        "the .tpz file to write, or a bare one: .zfp, .sz, .sz3, .tth; - is standard output",
      )
      .option("--abs <E>", "promise: no value off by more than E, in the data's unit", numberOf("--abs"))
      .option("--rel <E>", "promise: by more than E times the range of the values", numberOf("--rel"))
      .option("--pw-rel <E>", "promise: by more than E times the value itself", numberOf("--pw-rel"))
      .option("--abs-and-rel <E R>", "promise: the tighter of --abs E and --rel R", pairOf)
      .option(
        "--psnr <P>",
        "promise for all values together: 20 log10(range / rmse) of P dB or more",
        numberOf("--psnr"),
      )
      .option("--rmse <R>", "promise for all values together: root of the mean squared error", numberOf("--rmse"))
      .option("--eps <E>", "promise for all values together: error's norm by the values' norm", numberOf("--eps"))
      .option("--lossless", "promise: every bit as it was")
      .option("--variable <name>", "which variable of a file that holds several; or FILE.nc:NAME")
      .option(
        "--target-ratio <R>",
        "instead of a promise: search the bound that gives this ratio, to 1 %",
        numberOf("--target-ratio"),
      )
      .option("--target-psnr <dB>", "the same for a peak signal-to-noise ratio", numberOf("--target-psnr"))
      .option("--target-ssim <S>", "the same for a mean structural similarity, 0 to 1", numberOf("--target-ssim"))
      .option("--shape <extents>", "extents of raw values, slowest first: 132x73x144", (text) => parseShape(text))
      .option("--dtype <name>", "type of raw values: float32, uint16, ...", dtypeOf)
      .option("--time-axis <K>", "which axis is time (default: 0, the slowest)", countOf("--time-axis", 0))
      .option("--fill <V>", "a value that marks missing data: kept exactly, out of the range", numberOf("--fill"))
      .option("--codec <name>", "how to compress; see: tempress list codecs", DEFAULT_CODEC)
      .option("--effort <level>", "fast, balanced or max (default: balanced)", oneOf("--effort", EFFORTS))
      .option("--window <N>", "frames a chunk", countOf("--window"))
      .option("--threads <N>", "how many threads work on chunks", countOf("--threads"))
      .option("--read-back", "decode each chunk before it is written (default: with --effort max)")
      .option("--config <file>", "codec, options and promise from LibPressio's JSON; flags go before it")
      .option("-O, --option <KEY=VALUE>", "an option of the codec, repeatable", keyValue("-O"))
      .option(
        "--metrics <names>",
        "read the file back and measure: error_stat,pearson,... (default with --json: error_stat)",
        namesOf,
      )
      .option("--force", "replace an existing output")
      .option("--json", "print the result as one JSON object")
      .option("--quiet", "print nothing but errors");
  },

  /** The parser knows flags with one value; this one has two. */
  prepare(words) {
    const at = words.indexOf("--abs-and-rel");
    if (at < 0) return [...words];
    return [...words.slice(0, at + 1), words.slice(at + 1, at + 3).join(" "), ...words.slice(at + 3)];
  },

  notes: () => codecHelp(DEFAULT_CODEC),

  async run([input], flags) {
    const output = flags.output as string;
    if (bareCodec(input!) !== undefined) {
      throw new TempressError("unsupported", "this file is compressed already; this place takes frames", {
        where: input!,
        hint: `decompress it first: tempress decompress ${input} -o OUTPUT`,
      });
    }
    const bare = bareCodec(output);
    if (bare !== undefined) return await compressBareFile(bare, input!, flags);
    const loaded = await configOf(flags.config as string | undefined);
    const named = flags.codec === DEFAULT_CODEC ? loaded.codec : undefined;
    const codec = await codecs.get(named ?? (flags.codec as string));
    const options = { ...loaded.options, ...(await optionsOf(codec.name, flags)) };
    const source = await openTensor(input!, flags);
    cleanUpOnSignals();
    const sink = createBytes(output, { force: flags.force === true });
    const bar = progressBar("compress", flags.json !== true && flags.quiet !== true);
    try {
      const report = await compressTo(source, sink, {
        ...loaded,
        ...pick(flags, [
          "abs",
          "rel",
          "pwRel",
          "absAndRel",
          "eps",
          "rmse",
          "psnr",
          "lossless",
          "fill",
          "effort",
          "threads",
          "timeAxis",
          "window",
          "readBack",
          "targetRatio",
          "targetPsnr",
          "targetSsim",
        ]),
        codec: codec.name,
        options,
        onProgress: ({ frames, totalFrames, bytesIn, bytesOut }) =>
          bar.update(frames, totalFrames, bytesOut > 0 ? `ratio ${formatNumber(bytesIn / bytesOut, 3)}` : ""),
      });
      await sink.close();
      bar.end();
      const names = (flags.metrics as string[] | undefined) ?? (flags.json ? ["error_stat"] : []);
      const measured =
        output === "-" || names.length === 0
          ? {}
          : await measure(source, output, names, flags.fill as number | undefined);
      const say = reporter(output);
      if (flags.json) say(jsonLine({ ...report, ...measured }));
      else if (!flags.quiet) say(summary(input!, output, report, measured));
    } catch (error) {
      bar.end();
      await sink.abort?.();
      throw error;
    } finally {
      await source.close?.();
    }
    return 0;
  },
};

/** Metrics of what stands in the file, not of what was meant to. */
async function measure(
  source: TensorSource,
  output: string,
  names: readonly string[],
  fill?: number,
): Promise<MetricResults> {
  const observer = await metrics.observe(names, { fill });
  observer.beforeCompare?.(source);
  const archive = await openArchive(openFile(output));
  try {
    const { broken } = await verifyArchive(source, archive, { watch: (x, y) => observer.compare?.(x, y) });
    if (broken === 0) return observer.results();
    throw new TempressError("bound-broken", `${broken} values are off by more than was promised`, {
      where: output,
      hint: "do not use this file; report it with the data",
    });
  } finally {
    await archive.close();
  }
}

/** What a saved configuration says; nothing without one. */
async function configOf(file: string | undefined): Promise<CompressOptions> {
  if (file === undefined) return {};
  const source = await openBytes(file);
  const text = new TextDecoder().decode(await source.read(0, source.byteLength));
  await source.close?.();
  const { loadOptions } = await import("../compressor/compressor.ts");
  const loaded = await loadOptions(text);
  return Object.fromEntries(Object.entries(loaded).filter(([, value]) => value !== undefined && value !== false));
}

function pick(flags: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.filter((name) => flags[name] !== undefined).map((name) => [name, flags[name]]));
}

function pairOf(text: string): [number, number] {
  const [abs, rel, more] = text.split(/[ ,]+/);
  if (abs === undefined || rel === undefined || more !== undefined) {
    throw new TempressError("invalid-argument", "--abs-and-rel takes two numbers", {
      where: "--abs-and-rel",
      hint: "write --abs-and-rel 0.01 1e-3",
    });
  }
  return [numberOf("--abs-and-rel")(abs), numberOf("--abs-and-rel")(rel)];
}

function summary(input: string, output: string, report: CompressReport, more: MetricResults): string {
  const [before, after] = [report["size:uncompressed_size"], report["size:compressed_size"]];
  const error =
    report["error_stat:max_error"] ?? report["error_stat:max_pw_rel_error"] ?? report["tempress:chunk_rmse"] ?? 0;
  const seconds = report["time:compress"] / 1000;
  return `${input} -> ${output}\n${pairs([
    ["ratio", `${formatNumber(report["size:compression_ratio"])} (${formatBytes(before)} -> ${formatBytes(after)})`],
    ["bits per value", formatNumber(report["size:bit_rate"])],
    [errorLabel(report.bound), errorText(error, report.bound, report.promise)],
    ...Object.entries(report.directed ?? {}).map(([name, value]) => [name, formatNumber(value)] as const),
    ...Object.entries(more).map(([name, value]) => [name, metricText(value)] as const),
    ["time", `${formatSeconds(seconds)} (${formatSpeed(before, seconds)})`],
  ])}`;
}
