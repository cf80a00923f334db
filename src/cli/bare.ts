/** Verbs on bare files, such as SZ3's own .sz: the whole tensor at once. */
import { compressBare, decompressBare, sliceBare } from "../compressor/bare.ts";
import { DEFAULT_CODEC } from "../compressor/compress.ts";
import { codecs } from "../compressor/registry.ts";
import { TempressError } from "../errors.ts";
import { openTensor, saveTensor } from "../io/node-open.ts";
import { createBytes, openBytes } from "../io/node-stream.ts";
import { extensionOf } from "../io/raw-name.ts";
import type { PromiseOptions } from "../promise/from-options.ts";
import type { DType } from "../tensor/dtype.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import { parseSlices } from "../tensor/slice.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { optionsOf } from "./codec-options.ts";
import { jsonLine, reporter } from "./output.ts";
import { cleanUpOnSignals } from "./signals.ts";
import { bothGiven } from "./slice.ts";
import { pairs } from "./table.ts";
import { formatBytes, formatNumber, formatSeconds, formatSpeed } from "./units.ts";
import { frameRange } from "./values.ts";

type Flags = Readonly<Record<string, unknown>>;

/** The codec whose bare files end as this path does. */
export function bareCodec(path: string): string | undefined {
  return codecs.forBare(extensionOf(path));
}

function refuse(flags: Flags, unfit: Readonly<Record<string, string>>, path: string): void {
  const found = Object.keys(unfit).find((flag) => flags[flag] !== undefined);
  if (found === undefined) return;
  throw new TempressError("invalid-argument", `${unfit[found]} does not work on a bare .${extensionOf(path)} file`, {
    where: path,
    hint: "leave it out, or use a .tpz file",
  });
}

export async function decompressBareFile(codec: string, file: string, flags: Flags): Promise<number> {
  const output = flags.output as string;
  refuse(flags, { salvage: "--salvage" }, file);
  const started = performance.now();
  const source = await openBytes(file);
  const bytes = await source.read(0, source.byteLength);
  await source.close?.();
  const options = await optionsOf(codec, flags);
  const hint = {
    dtype: flags.dtype as DType | undefined,
    shape: flags.shape as Shape | undefined,
    options,
    where: file,
  };
  const slice = flags.slice as string | undefined;
  const given = flags.frames as string | undefined;
  if (slice !== undefined && given !== undefined) throw bothGiven();
  const choose = (shape: Shape) => {
    if (slice !== undefined) return parseSlices(slice, shape);
    const [first, end] = frameRange(given!, shape[0]!);
    return shape.map((extent, axis) => (axis === 0 ? { first, end, step: 1 } : { first: 0, end: extent, step: 1 }));
  };
  const values =
    slice === undefined && given === undefined
      ? await decompressBare(codec, bytes, hint)
      : await sliceBare(codec, bytes, hint, choose);
  cleanUpOnSignals();
  const { dtype, shape } = values;
  const sink = await saveTensor(output, { dtype, shape }, { force: flags.force === true });
  try {
    await sink.write(values);
    await sink.close();
  } catch (error) {
    await sink.abort?.();
    throw error;
  }
  const size = values.data.byteLength;
  const milliseconds = performance.now() - started;
  const say = reporter(output);
  if (flags.json) {
    say(jsonLine({ "size:decompressed_size": size, "time:decompress": milliseconds, dtype, shape }));
  } else if (!flags.quiet) {
    const seconds = milliseconds / 1000;
    const rows: [string, string][] = [
      ["values", `${formatShape(shape)} ${dtype} (${formatBytes(size)})`],
      ["time", `${formatSeconds(seconds)} (${formatSpeed(size, seconds)})`],
    ];
    say(`${file} -> ${output}\n${pairs(rows)}`);
  }
  return 0;
}

export async function compressBareFile(codec: string, input: string, flags: Flags): Promise<number> {
  const output = flags.output as string;
  const unfit = { fill: "--fill", window: "--window", timeAxis: "--time-axis", metrics: "--metrics" };
  refuse(flags, unfit, output);
  if (flags.codec !== DEFAULT_CODEC && flags.codec !== codec) {
    throw new TempressError("invalid-argument", `a .${extensionOf(output)} file is of codec ${codec}`, {
      where: "--codec",
      hint: `leave it out, or end the output in .tpz`,
    });
  }
  const own = await optionsOf(codec, flags);
  const started = performance.now();
  const source = await openTensor(input, flags);
  let values: Tensor;
  try {
    values = await source.read(0, source.shape[0]!);
  } finally {
    await source.close?.();
  }
  const bytes = await compressBare(codec, values, flags as PromiseOptions, own);
  cleanUpOnSignals();
  const sink = createBytes(output, { force: flags.force === true });
  await sink.write(bytes);
  await sink.close();
  const [before, milliseconds] = [values.data.byteLength, performance.now() - started];
  const ratio = before / bytes.length;
  const say = reporter(output);
  if (flags.json) {
    const sizes = { "size:uncompressed_size": before, "size:compressed_size": bytes.length };
    say(jsonLine({ ...sizes, "size:compression_ratio": ratio, "time:compress": milliseconds }));
  } else if (!flags.quiet) {
    const seconds = milliseconds / 1000;
    const rows: [string, string][] = [
      ["ratio", `${formatNumber(ratio)} (${formatBytes(before)} -> ${formatBytes(bytes.length)})`],
      ["time", `${formatSeconds(seconds)} (${formatSpeed(before, seconds)})`],
    ];
    say(`${input} -> ${output}\n${pairs(rows)}`);
  }
  return 0;
}
