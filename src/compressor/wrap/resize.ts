import { TempressError } from "../../errors.ts";
import { DTYPE_NAMES } from "../../tensor/dtype.ts";
import { formatShape, MAX_RANK } from "../../tensor/shape.ts";
import { childOf, decodeChild, encodeChild } from "../child.ts";
import type { Codec } from "../codec.ts";
import { child, numbers } from "../schema.ts";
import { part, readSide, side } from "./sides.ts";

const options = {
  "resize:compressor": child("tezip", "codec that gets the values in the other shape"),
  "resize:compressed_dims": numbers(
    [],
    "shape of a chunk that it sees, slowest first; one extent may be -1: the rest",
    {
      stored: true,
      min: -1,
    },
  ),
};

/** The same values in C order under another shape: axes joined or split. */
export const resize: Codec<typeof options> = {
  name: "resize",
  id: 41,
  version: 1,
  stability: "experimental",
  summary: "joins or splits axes for the codec inside",
  keeps: ["abs", "pw_rel", "lossless"],
  dtypes: DTYPE_NAMES,
  options,
  prepare: async () => undefined,
  encode(task, values) {
    const { frames, mask, bound } = task;
    const shape = shapeOf(values["resize:compressed_dims"], frames.data.length, frames.shape);
    const reshaped = { dtype: frames.dtype, shape, data: frames.data };
    const origin = shape.map(() => 0);
    const result = encodeChild(task, childOf(task, "resize:compressor"), reshaped, bound, { mask, origin });
    return {
      sections: [
        side((out) => {
          out.u8(shape.length);
          for (const extent of shape) out.varint(extent);
        }),
        part("data", result.bytes),
      ],
      decoded: { ...result.decoded, shape: frames.shape },
    };
  },
  decode(task) {
    const { dtype, mask } = task;
    const count = task.shape.reduce((product, extent) => product * extent, 1);
    const shape = readSide(task, (from) => {
      const rank = from.u8();
      if (rank < 1 || rank > MAX_RANK) throw from.wrong(`rank ${rank}`);
      const read = Array.from({ length: rank }, () => from.varint());
      if (read.reduce((product, extent) => product * extent, 1) !== count)
        throw from.wrong(`shape ${formatShape(read)}`);
      return read;
    });
    return { ...decodeChild(task, task.section("data"), { dtype, shape, mask }), shape: task.shape };
  },
};

function shapeOf(given: readonly number[], count: number, own: readonly number[]): number[] {
  // Without a wish all axes but the first are joined.
  const asked = given.length === 0 ? [own[0]!, -1] : given;
  const known = asked.filter((extent) => extent !== -1).reduce((product, extent) => product * extent, 1);
  const rest = count / known;
  const shape = asked.map((extent) => (extent === -1 ? rest : extent));
  const fits = shape.length <= MAX_RANK && shape.every((extent) => Number.isInteger(extent) && extent > 0);
  if (fits && shape.reduce((product, extent) => product * extent, 1) === count) return shape;
  throw new TempressError(
    "invalid-argument",
    `resize:compressed_dims ${asked.join(",")} does not hold ${count} values`,
    {
      where: "resize:compressed_dims",
      hint: `a chunk is ${formatShape(own)}; write -1 for the axis that varies from chunk to chunk`,
    },
  );
}
