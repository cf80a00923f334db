/** A bound for a wanted ratio or quality: looked for on samples first, then corrected on the whole. */

import { TempressError } from "../../errors.ts";
import { metrics } from "../../metrics/registry.ts";
import { scanRange } from "../../promise/range.ts";
import { DTYPES } from "../../tensor/dtype.ts";
import { elementCount, frameLength } from "../../tensor/shape.ts";
import { type TensorSource, tensorSource } from "../../tensor/source.ts";
import { emptyTensor, type Tensor } from "../../tensor/tensor.ts";
import { openArchive } from "../archive.ts";
import type { CompressOptions } from "../options.ts";
import { verifyArchive } from "../verify.ts";

export type Run = (input: TensorSource, options: CompressOptions) => Promise<Uint8Array>;

/** Values of a sample at most: so many frames from several places. */
const SAMPLE_BYTES = 8 << 20;
const PLACES = 4;

/** The whole where it is small, else frames from several places. */
export async function sampleOf(
  source: TensorSource,
): Promise<{ sample: TensorSource; whole: boolean; spread: number }> {
  const width = DTYPES[source.dtype].bytes;
  const frame = frameLength(source.shape) * width;
  const count = source.shape[0]!;
  const read = async (t0: number, t1: number) => await source.read(t0, t1);
  const all = elementCount(source.shape) * width <= 2 * SAMPLE_BYTES;
  const run = all ? count : Math.max(1, Math.floor(SAMPLE_BYTES / frame / PLACES));
  const whole = all || run * PLACES >= count;
  let sample: Tensor;
  if (whole) sample = await read(0, count);
  else {
    sample = emptyTensor(source.dtype, [run * PLACES, ...source.shape.slice(1)]);
    for (let k = 0; k < PLACES; k++) {
      const t0 = Math.floor(((count - run) * k) / (PLACES - 1));
      const part = await read(t0, t0 + run);
      (sample.data as Float64Array).set(part.data as Float64Array, (k * sample.data.length) / PLACES);
    }
  }
  const { min, max } = scanRange(sample, source.fill);
  const kept: Tensor = { dtype: sample.dtype, shape: sample.shape, data: sample.data };
  return {
    sample: { ...tensorSource(kept), ...(source.fill === undefined ? {} : { fill: source.fill }) },
    whole,
    spread: max > min ? max - min : 1,
  };
}

/** One result of a compression, by LibPressio's name. */
export async function resultOf(input: TensorSource, bytes: Uint8Array, key: string): Promise<number> {
  const raw = elementCount(input.shape) * DTYPES[input.dtype].bytes;
  if (key === "size:compression_ratio") return raw / bytes.length;
  if (key === "size:bit_rate") return (8 * bytes.length) / elementCount(input.shape);
  if (key === "size:compressed_size") return bytes.length;
  const observer = await metrics.observe([key.split(":")[0]!], { fill: input.fill });
  const archive = await openArchive(bytes);
  observer.beforeCompare?.(input);
  observer.afterCompress?.(input, bytes.length);
  await verifyArchive(input, archive, { watch: (x, y) => observer.compare?.(x, y) });
  await archive.close();
  const value = observer.results()[key];
  if (typeof value === "number") return value;
  throw new TempressError("invalid-argument", `metric ${key.split(":")[0]} gives no number called "${key}"`, {
    where: "opt:output",
    hint: "such as size:compression_ratio, error_stat:psnr or ssim:ssim",
  });
}
