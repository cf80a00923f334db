/** `decompress --slice`: some indices of each axis of a .tpz file, at once in memory. */
import { openArchive } from "../compressor/archive.ts";
import { TempressError } from "../errors.ts";
import { saveTensor } from "../io/node-open.ts";
import { openBytes } from "../io/node-stream.ts";
import { formatShape } from "../tensor/shape.ts";
import { parseSlices } from "../tensor/slice.ts";
import { jsonLine, reporter } from "./output.ts";
import { cleanUpOnSignals } from "./signals.ts";
import { pairs } from "./table.ts";
import { formatBytes, formatSeconds } from "./units.ts";

export function bothGiven(): TempressError {
  return new TempressError("invalid-argument", "--frames and --slice at once", {
    where: "--slice",
    hint: "give the frames as the slice's range of the time axis",
  });
}

export async function decompressSlice(file: string, flags: Readonly<Record<string, unknown>>): Promise<number> {
  if (flags.frames !== undefined) throw bothGiven();
  const output = flags.output as string;
  const started = performance.now();
  const salvage = flags.salvage === true;
  const archive = await openArchive(await openBytes(file), { threads: flags.threads as number, salvage });
  try {
    const slices = parseSlices(flags.slice as string, archive.shape);
    const values = await archive.readSlice(slices);
    cleanUpOnSignals();
    const { fill } = archive.header;
    const sink = await saveTensor(
      output,
      { ...values, ...(fill !== undefined && { fill }) },
      { force: flags.force === true },
    );
    try {
      await sink.write(values);
      await sink.close();
    } catch (error) {
      await sink.abort?.();
      throw error;
    }
    const { dtype, shape } = values;
    const milliseconds = performance.now() - started;
    const size = values.data.byteLength;
    const say = reporter(output);
    if (flags.json) {
      say(jsonLine({ "size:decompressed_size": size, "time:decompress": milliseconds, dtype, shape }));
    } else if (!flags.quiet) {
      const rows: [string, string][] = [
        ["values", `${formatShape(shape)} ${dtype} (${formatBytes(size)})`],
        ["time", formatSeconds(milliseconds / 1000)],
      ];
      say(`${file} -> ${output}\n${pairs(rows)}`);
    }
    return archive.damage.some(({ frames }) => frames !== undefined) ? 1 : 0;
  } finally {
    await archive.close();
  }
}
