/** Means of boxes of values, and a prediction of each value by the mean of its box. */
import { TempressError } from "../../errors.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { childOf, decodeChild, encodeChild } from "../child.ts";
import type { DecodeTask, Encoded, EncodeTask } from "../codec.ts";
import { doubles, fromDoubles } from "./convert.ts";
import { eachRow, strides } from "./layout.ts";
import { decodeRest, encodeRest } from "./rest.ts";
import { joined, parted, readSide, side } from "./sides.ts";

/**
 * Bins of `given` extents along the last axes; means and what they leave, both by the codec that `option` names.
 * Values under `mask` are in no mean, and come from elsewhere.
 */
export function encodeBins(
  task: EncodeTask,
  given: readonly number[],
  option: string,
  mask: Uint8Array | undefined,
): Encoded {
  const { frames, bound } = task;
  const bin = binOf(given, frames.shape);
  const child = childOf(task, option);
  const means = encodeChild(task, child, meansOf(frames, bin, mask), bound, { origin: frames.shape.map(() => 0) });
  const p = spread(means.decoded, bin, frames.dtype, frames.shape);
  const rest = encodeRest(task, child, p, mask);
  return {
    sections: [
      side((out) => {
        for (const extent of bin) out.varint(extent);
      }),
      joined("data", [means.bytes, rest.bytes]),
    ],
    decoded: rest.decoded,
  };
}

export function decodeBins(task: DecodeTask, mask: Uint8Array | undefined): Tensor {
  const { dtype, shape } = task;
  const bin = readSide(task, (from) => {
    return shape.map((length) => {
      const extent = from.varint();
      if (extent < 1 || extent > length) throw from.wrong(`a bin of ${extent} along ${length}`);
      return extent;
    });
  });
  const [means, rest] = parted(task, "data", 2) as [Uint8Array, Uint8Array];
  const found = decodeChild(task, means, { dtype, shape: binned(shape, bin) });
  return decodeRest(task, rest, spread(found, bin, dtype, shape), mask);
}

function binOf(given: readonly number[], shape: Shape): number[] {
  const asked = given.length === 0 ? [2, 2] : given;
  if (!asked.every((extent) => Number.isSafeInteger(extent) && extent >= 1)) {
    throw new TempressError("invalid-argument", `bins of ${asked.join("x")} are none`, {
      where: "binning:shape",
      hint: "give whole numbers of 1 or more for the last axes, such as 2,2",
    });
  }
  // Extents are those of the last axes; the others are not binned.
  return shape.map((length, axis) => Math.min(length, asked[asked.length - shape.length + axis] ?? 1));
}

const binned = (shape: Shape, bin: readonly number[]) => shape.map((length, axis) => Math.ceil(length / bin[axis]!));

/** For each row of values, the place of its first bin. */
function eachBinnedRow(shape: Shape, bin: readonly number[], visit: (start: number, first: number) => void): void {
  const steps = strides(binned(shape, bin));
  eachRow(shape, (start, index) => {
    visit(
      start,
      index.reduce((at, k, axis) => at + Math.floor(k / bin[axis]!) * steps[axis]!, 0),
    );
  });
}

function meansOf(frames: Tensor, bin: readonly number[], mask: Uint8Array | undefined): Tensor {
  const { shape, dtype } = frames;
  const out = binned(shape, bin);
  const count = out.reduce((product, extent) => product * extent, 1);
  const sums = new Float64Array(count);
  const counts = new Float64Array(count);
  const x = doubles(frames);
  const [inner, width] = [shape.at(-1)!, bin.at(-1)!];
  eachBinnedRow(shape, bin, (start, first) => {
    for (let i = 0; i < inner; i++) {
      if (mask?.[start + i]) continue;
      const at = first + Math.floor(i / width);
      sums[at]! += x[start + i]!;
      counts[at]!++;
    }
  });
  let last = 0;
  for (let i = 0; i < count; i++) {
    const mean = sums[i]! / counts[i]!;
    if (Number.isFinite(mean)) last = mean;
    sums[i] = last;
  }
  return fromDoubles(sums, dtype, out);
}

function spread(means: Tensor, bin: readonly number[], dtype: DType, shape: Shape): Tensor {
  const values = doubles(means);
  const all = new Float64Array(shape.reduce((product, extent) => product * extent, 1));
  const [inner, width] = [shape.at(-1)!, bin.at(-1)!];
  eachBinnedRow(shape, bin, (start, first) => {
    for (let i = 0; i < inner; i++) all[start + i] = values[first + Math.floor(i / width)]!;
  });
  return fromDoubles(all, dtype, shape);
}
