import { TempressError } from "../../errors.ts";
import { type Box, copyRegion } from "../../tensor/box.ts";
import { DTYPE_NAMES, type DType } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import { emptyTensor, type Tensor } from "../../tensor/tensor.ts";
import { childOf, decodeChild, encodeChild, originOf } from "../child.ts";
import type { Codec } from "../codec.ts";
import { child, numbers } from "../schema.ts";
import { joined, parted, readSide, side } from "./sides.ts";

const options = {
  "chunking:compressor": child("tezip", "codec that gets each box"),
  "chunking:size": numbers([], "extents of a box, slowest first; the first is frames of a chunk of the file", {
    stored: true,
    min: 1,
  }),
};

/** Cuts into boxes, each coded alone. Along the first axis boxes are chunks of the file: threads share them out. */
export const chunking: Codec<typeof options> = {
  name: "chunking",
  id: 56,
  version: 1,
  stability: "experimental",
  summary: "boxes of one size, each coded alone",
  keeps: ["abs", "pw_rel", "lossless"],
  dtypes: DTYPE_NAMES,
  options,
  prepare: async () => undefined,
  window: (values) => values["chunking:size"][0],
  encode(task, values) {
    const { frames, bound, mask } = task;
    const size = sizeOf(values["chunking:size"], frames.shape);
    const origin = originOf(task);
    const whole = boxOf(frames.shape);
    const child = childOf(task, "chunking:compressor");
    const decoded = emptyTensor(frames.dtype, frames.shape);
    const records = [...boxes(frames.shape, size)].map((box) => {
      const result = encodeChild(task, child, cut(frames, box), bound, {
        mask: mask && (cut({ ...frames, dtype: "uint8", data: mask }, box).data as Uint8Array),
        origin: box.origin.map((first, axis) => first + origin[axis]!),
      });
      copyRegion(result.decoded, box, decoded, whole, box);
      return result.bytes;
    });
    return {
      sections: [
        side((out) => {
          for (const extent of size) out.varint(extent);
        }),
        joined("data", records),
      ],
      decoded,
    };
  },
  decode(task) {
    const { dtype, shape, mask } = task;
    const size = readSide(task, (from) =>
      shape.map((length) => {
        const extent = from.varint();
        if (extent < 1 || extent > length) throw from.wrong(`boxes of ${extent} along ${length}`);
        return extent;
      }),
    );
    const count = shape.reduce((product, length, axis) => product * Math.ceil(length / size[axis]!), 1);
    if (count > task.section("data").length) {
      throw new TempressError("corrupt", `${count} boxes in ${task.section("data").length} bytes`, {
        where: "section data",
      });
    }
    const records = parted(task, "data", count);
    const out = emptyTensor(dtype, shape);
    const whole = boxOf(shape);
    let next = 0;
    for (const box of boxes(shape, size)) {
      const hidden = mask && (cut({ dtype: "uint8", shape, data: mask }, box).data as Uint8Array);
      const values = decodeChild(task, records[next++]!, { dtype, shape: box.extent, mask: hidden });
      copyRegion(values, box, out, whole, box);
    }
    return out;
  },
};

const boxOf = (shape: Shape): Box => ({ origin: shape.map(() => 0), extent: [...shape] });

function cut<D extends DType>(t: Tensor<D>, box: Box): Tensor {
  const out = emptyTensor(t.dtype, box.extent);
  copyRegion(t, boxOf(t.shape), out, box, box);
  return out;
}

function sizeOf(given: readonly number[], shape: Shape): number[] {
  if (!given.every((extent) => Number.isSafeInteger(extent) && extent >= 1)) {
    throw new TempressError("invalid-argument", `chunking:size ${given.join(",")} is no size of a box`, {
      where: "chunking:size",
      hint: "whole numbers of 1 or more, slowest axis first",
    });
  }
  // A first axis of extent 1 is not among those of a chunk.
  const own = given.slice(Math.max(0, given.length - shape.length));
  return shape.map((length, axis) => Math.min(length, own[axis] ?? length));
}

/** In C order. */
function* boxes(shape: Shape, size: readonly number[]): Generator<Box> {
  const counts = shape.map((length, axis) => Math.ceil(length / size[axis]!));
  const total = counts.reduce((product, count) => product * count, 1);
  for (let n = 0; n < total; n++) {
    let left = n;
    const at = counts.map(() => 0);
    for (let axis = counts.length - 1; axis >= 0; axis--) {
      at[axis] = left % counts[axis]!;
      left = Math.floor(left / counts[axis]!);
    }
    const origin = at.map((k, axis) => k * size[axis]!);
    yield { origin, extent: origin.map((first, axis) => Math.min(size[axis]!, shape[axis]! - first)) };
  }
}
