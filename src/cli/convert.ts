import * as fs from "node:fs";
import { join } from "node:path";
import { openArchive } from "../compressor/archive.ts";
import { EFFORTS } from "../compressor/codec.ts";
import { codecs } from "../compressor/registry.ts";
import { TempressError } from "../errors.ts";
import {
  checkFrames,
  type FrameScale,
  frameShape,
  fromLevels,
  type Levels,
  parseScale,
  SCALE_FILE,
  toLevels,
  widen,
} from "../io/eight-bit.ts";
import type { SaveOptions, TensorLike } from "../io/format.ts";
import { createFile, ioError } from "../io/node-file.ts";
import { openTensor, saveTensor } from "../io/node-open.ts";
import { openBytes } from "../io/node-stream.ts";
import { extensionOf } from "../io/raw-name.ts";
import { DTYPES, type DType } from "../tensor/dtype.ts";
import { elementCount, formatShape, frameLength, parseShape, type Shape } from "../tensor/shape.ts";
import type { TensorSink, TensorSource } from "../tensor/source.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { jsonLine, reporter } from "./output.ts";
import { progressBar } from "./progress.ts";
import { cleanUpOnSignals } from "./signals.ts";
import { pairs } from "./table.ts";
import { formatBytes, formatNumber, formatSeconds, formatSpeed } from "./units.ts";
import { dtypeOf, frameRange, numberOf, oneOf } from "./values.ts";
import type { Verb } from "./verb.ts";

/** Values in memory at a time, where frames are not larger. */
const SLAB_BYTES = 8 << 20;

type ChunkCodec = NonNullable<SaveOptions["codec"]>;
type Flags = Readonly<Record<string, unknown>>;

export const convert: Verb = {
  define(command) {
    command
      .argument("<input>", "any format that is read (tempress list formats), a .tpz file too; - is raw values")
      .argument("[output]", "any format that is written; its ending says which")
      .option("--variable <name>", "which variable of a file that holds several; or FILE.nc:NAME")
      .option("--as <name>", "what the variable is called in the output; or FILE.nc:NAME")
      .option("--frames <range>", "only frames FIRST:END along the first axis, END not included: 30:40")
      .option("--shape <extents>", "extents of raw values, slowest first: 132x73x144", (text) => parseShape(text))
      .option("--dtype <name>", "type of raw values, or of numbers in texts", dtypeOf)
      .option("--codec <name>", "pack the chunks of .zarr, .h5 and .nc4 with a codec of ours: tezip, zstd, ...")
      .option("--abs <E>", "promise for --codec: no value off by more than E", numberOf("--abs"))
      .option("--pw-rel <E>", "promise for --codec: by more than E times the value itself", numberOf("--pw-rel"))
      .option("--effort <level>", "for --codec: fast, balanced or max", oneOf("--effort", EFFORTS))
      .option("--to-frames <folder>", "write PNG frames on one scale, and the scale beside them")
      .option("--bits <N>", "bits of such a frame: 8 or 16 (default: 8)", bitsOf)
      .option("--rgb", "write such frames in three equal channels")
      .option("--from-frames <folder>", "the way back: frames that --to-frames wrote; the one argument is the output")
      .option("--force", "replace an existing output")
      .option("--json", "print the result as one JSON object")
      .option("--quiet", "print nothing but errors");
  },

  /** `--from-frames DIR OUT` has one argument, which commander would take for the input. */
  async run([first, second], flags) {
    if (flags.fromFrames !== undefined) {
      refuse(flags, ["toFrames", "bits", "rgb", "variable", "shape", "dtype", "frames"], "--from-frames");
      if (second !== undefined) throw tooMany("--from-frames FOLDER OUTPUT");
      return await fromFrames(flags.fromFrames as string, first!, flags);
    }
    if (flags.toFrames !== undefined) {
      if (second !== undefined) throw tooMany("INPUT --to-frames FOLDER");
      return await toFrames(first!, flags.toFrames as string, flags);
    }
    const lone = (["bits", "rgb"] as const).find((name) => flags[name] !== undefined);
    if (lone !== undefined) {
      throw new TempressError("invalid-argument", `--${lone} is for --to-frames`, {
        where: `--${lone}`,
        hint: "leave it out",
      });
    }
    if (second === undefined) {
      throw new TempressError("invalid-argument", "the output is missing", {
        where: "tempress convert",
        hint: "tempress convert INPUT OUTPUT, or INPUT --to-frames FOLDER",
      });
    }
    return await plain(first!, second, flags);
  },
};

function bitsOf(text: string): number {
  if (text === "8" || text === "16") return Number(text);
  throw new TempressError("invalid-argument", `"${text}" is not a value for --bits`, {
    where: "--bits",
    hint: "8 or 16",
  });
}

function tooMany(usage: string): TempressError {
  return new TempressError("invalid-argument", "too many arguments", { where: "tempress convert", hint: usage });
}

function refuse(flags: Flags, names: readonly string[], beside: string): void {
  const found = names.find((name) => flags[name] !== undefined);
  if (found === undefined) return;
  const flag = `--${found.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new TempressError("invalid-argument", `${flag} and ${beside} do not go together`, {
    where: flag,
    hint: "leave it out",
  });
}

/** Without a promise every bit is kept. */
async function codecOf({ codec, abs, pwRel, effort }: Flags): Promise<ChunkCodec | undefined> {
  if (codec === undefined) {
    if (abs === undefined && pwRel === undefined && effort === undefined) return undefined;
    throw new TempressError("invalid-argument", "a promise without a codec", {
      where: "tempress convert",
      hint: "add --codec tezip, or use tempress compress",
    });
  }
  await codecs.get(codec as string); // an unknown one is an error here, before anything is written
  const given = { abs, pw_rel: pwRel, effort };
  const configuration = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { name: `tempress.${codec}`, configuration };
}

/** Any input: a format's, or what a `.tpz` file decodes to. */
async function openInput(path: string, flags: Flags): Promise<TensorSource> {
  if (extensionOf(path) !== "tpz") return await openTensor(path, flags);
  const archive = await openArchive(await openBytes(path));
  const { fill } = archive.header;
  return { ...archive.source(), ...(fill === undefined ? {} : { fill }), close: () => archive.close() };
}

function likeOf(source: TensorSource, shape: Shape, dtype: DType = source.dtype): TensorLike {
  const { axes, name, attributes, fill } = source;
  return {
    dtype,
    shape,
    ...(axes && { axes }),
    ...(name && { name }),
    ...(attributes && { attributes }),
    ...(fill !== undefined && { fill }),
  };
}

/** Slabs of frames [t0, t1), or parts of a frame where one is larger than a slab and can be read so. */
async function* slabsOf(source: TensorSource, t0: number, t1: number): AsyncGenerator<Tensor> {
  const width = DTYPES[source.dtype].bytes;
  const length = frameLength(source.shape);
  const frames = Math.max(1, Math.floor(SLAB_BYTES / Math.max(1, length * width)));
  const part = Math.floor(SLAB_BYTES / width);
  for (let t = t0; t < t1; t += frames) {
    if (length <= 4 * part || !source.readPart) yield await source.read(t, Math.min(t1, t + frames));
    else for (let at = 0; at < length; at += part) yield await source.readPart(t, at, Math.min(length, at + part));
  }
}

/** Passes slabs on, with a bar; the sink is closed, or dropped when anything fails. */
async function pass(slabs: AsyncIterable<Tensor>, sink: TensorSink, total: number, flags: Flags): Promise<void> {
  const bar = progressBar("convert", flags.json !== true && flags.quiet !== true);
  let done = 0;
  try {
    for await (const slab of slabs) {
      await sink.write(slab);
      done += slab.data.length;
      bar.update(done, total);
    }
    await sink.close();
  } catch (error) {
    await sink.abort?.();
    throw error;
  } finally {
    bar.end();
  }
}

async function plain(input: string, output: string, flags: Flags): Promise<number> {
  const started = performance.now();
  const source = await openInput(input, flags);
  try {
    const count = source.shape[0]!;
    const given = flags.frames as string | undefined;
    const [t0, t1] = given === undefined ? [0, count] : frameRange(given, count);
    const shape = [t1 - t0, ...source.shape.slice(1)];
    cleanUpOnSignals();
    const options = { force: flags.force === true, variable: flags.as as string, codec: await codecOf(flags) };
    const sink = await saveTensor(output, likeOf(source, shape), options);
    await pass(slabsOf(source, t0, t1), sink, elementCount(shape), flags);
    report(output, `${input} -> ${output}`, source.dtype, shape, started, flags, {});
  } finally {
    await source.close?.();
  }
  return 0;
}

function report(
  output: string,
  title: string,
  dtype: DType,
  shape: Shape,
  started: number,
  flags: Flags,
  more: Readonly<Record<string, number>>,
): void {
  const bytes = elementCount(shape) * DTYPES[dtype].bytes;
  const milliseconds = performance.now() - started;
  const say = reporter(output);
  if (flags.json) say(jsonLine({ dtype, shape, bytes, ...more, "time:convert": milliseconds }));
  else if (!flags.quiet) {
    const seconds = milliseconds / 1000;
    const rows: [string, string][] = [
      ["values", `${formatShape(shape)} ${dtype} (${formatBytes(bytes)})`],
      ...Object.entries(more).map(([key, value]): [string, string] => [key, formatNumber(value)]),
      ["time", `${formatSeconds(seconds)} (${formatSpeed(bytes, seconds)})`],
    ];
    say(`${title}\n${pairs(rows)}`);
  }
}

async function toFrames(input: string, folder: string, flags: Flags): Promise<number> {
  const started = performance.now();
  const source = await openInput(input, flags);
  const target = folder.replace(/\/+$/, "") || folder;
  try {
    const count = source.shape[0]!;
    const given = flags.frames as string | undefined;
    const [t0, t1] = given === undefined ? [0, count] : frameRange(given, count);
    const shape = [t1 - t0, ...source.shape.slice(1)];
    let levels: Levels | undefined;
    for await (const slab of slabsOf(source, t0, t1)) levels = widen(levels, slab, source.fill);
    const { least, greatest, missing } = levels ?? { least: Number.NaN, greatest: Number.NaN, missing: 0 };
    if (!(least <= greatest)) throw new TempressError("unsupported", "the field holds no number", { where: input });
    const { fill, ...known } = likeOf(source, shape);
    const scale: FrameScale = {
      ...{
        format: "tempress-frames",
        version: 1,
        bits: (flags.bits as 8 | 16 | undefined) ?? 8,
        rgb: flags.rgb === true,
      },
      ...{ least, greatest, missing, ...known },
    };
    cleanUpOnSignals();
    removeScale(target, flags.force === true);
    const like: TensorLike = { dtype: scale.bits === 8 ? "uint8" : "uint16", shape: frameShape(shape, scale.rgb) };
    const sink = await saveTensor(`${target}/`, like, { force: flags.force === true });
    const frames = async function* () {
      for await (const slab of slabsOf(source, t0, t1)) yield toLevels(slab, scale, source.fill);
    };
    await pass(frames(), sink, elementCount(like.shape), flags);
    const out = createFile(join(target, SCALE_FILE), { force: true });
    await out.write(new TextEncoder().encode(`${JSON.stringify(scale, null, 2)}\n`));
    await out.close();
    report(target, `${input} -> ${target}/`, like.dtype, like.shape, started, flags, { least, greatest, missing });
  } finally {
    await source.close?.();
  }
  return 0;
}

/** Frames of an earlier run are replaced with `--force`; the scale beside them is ours too. */
function removeScale(folder: string, force: boolean): void {
  const path = join(folder, SCALE_FILE);
  if (!force || !fs.existsSync(path)) return;
  parseScale(fs.readFileSync(path, "utf8"), path);
  fs.rmSync(path);
}

async function fromFrames(folder: string, output: string, flags: Flags): Promise<number> {
  const started = performance.now();
  const path = join(folder, SCALE_FILE);
  let text: string;
  try {
    text = fs.readFileSync(path, "utf8");
  } catch (cause) {
    throw ioError(cause, path, "read");
  }
  const scale = parseScale(text, path);
  const source = await openTensor(`${folder.replace(/\/+$/, "")}/`);
  try {
    checkFrames(source, scale, folder);
    // Grey frames of a field that was written as RGB come from codecs that know better.
    const found = { ...scale, rgb: source.shape.length === 4 };
    const { dtype, shape, axes, name, attributes } = scale;
    const like: TensorLike = {
      dtype,
      shape,
      ...(axes && { axes }),
      ...(name && { name }),
      ...(attributes && { attributes }),
    };
    cleanUpOnSignals();
    const sink = await saveTensor(output, like, { force: flags.force === true, variable: flags.as as string });
    const values = async function* () {
      for await (const slab of slabsOf(source, 0, source.shape[0]!)) yield fromLevels(slab, found);
    };
    await pass(values(), sink, elementCount(shape), flags);
    report(output, `${folder} -> ${output}`, dtype, shape, started, flags, {});
  } finally {
    await source.close?.();
  }
  return 0;
}
