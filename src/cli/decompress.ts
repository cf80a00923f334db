import { openArchive } from "../compressor/archive.ts";
import { TempressError } from "../errors.ts";
import { saveTensor } from "../io/node-open.ts";
import { openBytes } from "../io/node-stream.ts";
import { DTYPES } from "../tensor/dtype.ts";
import { elementCount, formatShape, parseShape } from "../tensor/shape.ts";
import { bareCodec, decompressBareFile } from "./bare.ts";
import { sizesOf } from "./inspect.ts";
import { jsonLine, note, reporter } from "./output.ts";
import { progressBar } from "./progress.ts";
import { cleanUpOnSignals } from "./signals.ts";
import { decompressSlice } from "./slice.ts";
import { pairs } from "./table.ts";
import { formatBytes, formatSeconds, formatSpeed } from "./units.ts";
import { countOf, dtypeOf, frameRange, keyValue } from "./values.ts";
import type { Verb } from "./verb.ts";

export const decompress: Verb = {
  define(command) {
    command
      .argument("<file>", "a .tpz file, or a bare one: .zfp, .sz, .sz3, .tth; - is standard input")
      .requiredOption(
        "-o, --output <path>",
        "where the values go: .f32, .npy, .nc, .h5, .zarr, .tif, a folder/ of PNG frames, - (raw, standard output)",
      )
      .option("--frames <range>", "only frames FIRST:END along the time axis, END not included: 30:40")
      .option("--slice <ranges>", "only these indices, FIRST:END:STEP an axis, slowest first: 30:40,:,::4")
      .option("--threads <N>", "how many threads work on chunks", countOf("--threads"))
      .option(
        "--dtype <name>",
        "type of the values, where a bare file does not tell: .sz, .zfp without header",
        dtypeOf,
      )
      .option("--shape <extents>", "extents where a bare file does not tell (all, or the axes of length 1)", (text) =>
        parseShape(text),
      )
      .option(
        "-O, --option <KEY=VALUE>",
        "how a .zfp without header was written: -O rate=8, repeatable",
        keyValue("-O"),
      )
      .option("--salvage", "read what a damaged file still holds; lost values become NaN (or the fill value, or 0)")
      .option("--force", "replace an existing output")
      .option("--json", "print the result as one JSON object")
      .option("--quiet", "print nothing but errors");
  },

  async run([file], flags) {
    const bare = bareCodec(file!);
    if (bare !== undefined) return await decompressBareFile(bare, file!, flags);
    if (flags.dtype !== undefined || flags.shape !== undefined || flags.option !== undefined) {
      throw new TempressError("invalid-argument", "a .tpz file says its own dtype, shape and options", {
        where: file!,
        hint: "leave out --dtype, --shape and -O",
      });
    }
    if (flags.slice !== undefined) return await decompressSlice(file!, flags);
    const output = flags.output as string;
    const started = performance.now();
    const salvage = flags.salvage === true;
    const archive = await openArchive(await openBytes(file!), { threads: flags.threads as number, salvage });
    const { header, dtype } = archive;
    const count = archive.shape[header.timeAxis]!;
    const given = flags.frames as string | undefined;
    const range: [number, number] = given === undefined ? [0, count] : frameRange(given, count);
    const shape = archive.shape.map((extent, axis) => (axis === header.timeAxis ? range[1] - range[0] : extent));
    cleanUpOnSignals();
    const { axes, name, attributes, fill } = header;
    const described = { ...(axes && { axes }), ...(name && { name }), ...(attributes && { attributes }) };
    const like = { dtype, shape, ...described, ...(fill !== undefined && { fill }) };
    const sink = await saveTensor(output, like, { force: flags.force === true });
    const bar = progressBar("decompress", flags.json !== true && flags.quiet !== true);
    try {
      await archive.writeTo(sink, {
        frames: range,
        onProgress: ({ frames, totalFrames }) => bar.update(frames, totalFrames),
      });
      await sink.close();
    } catch (error) {
      await sink.abort?.();
      throw error;
    } finally {
      bar.end();
      await archive.close();
    }
    const values = elementCount(shape) * DTYPES[dtype].bytes;
    const milliseconds = performance.now() - started;
    const say = reporter(output);
    if (flags.json) {
      const damage = archive.damage.map(({ frames, error }) => ({ frames, error: error.describe() }));
      const more = salvage ? { damage } : {};
      say(
        jsonLine({
          ...sizesOf(archive),
          "size:decompressed_size": values,
          "time:decompress": milliseconds,
          dtype,
          shape,
          ...more,
        }),
      );
    } else if (!flags.quiet) {
      const seconds = milliseconds / 1000;
      const rows: [string, string][] = [
        ["values", `${formatShape(shape)} ${dtype} (${formatBytes(values)})`],
        ["time", `${formatSeconds(seconds)} (${formatSpeed(values, seconds)})`],
      ];
      say(`${file} -> ${output}\n${pairs(rows)}`);
    }
    for (const { frames, error } of archive.damage) {
      note(`tempress: lost ${frames ? `in frames ${frames[0]}:${frames[1]}` : "index"}: ${error.describe()}`);
    }
    // Lost values are outside their promise.
    return archive.damage.some(({ frames }) => frames !== undefined) ? 1 : 0;
  },
};
