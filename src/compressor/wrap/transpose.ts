import { TempressError } from "../../errors.ts";
import { DTYPE_NAMES } from "../../tensor/dtype.ts";
import { MAX_RANK } from "../../tensor/shape.ts";
import { childOf, decodeChild, encodeChild, originOf } from "../child.ts";
import type { Codec } from "../codec.ts";
import { child, numbers } from "../schema.ts";
import { inverse, permute } from "./layout.ts";
import { part, readSide, side } from "./sides.ts";

const options = {
  "transpose:compressor": child("tezip", "codec that gets the transposed values"),
  "transpose:axis": numbers([], "order of axes that it sees, slowest first: 0,2,1; empty: reversed", { stored: true }),
};

/** Hands over the axes in another order. Values are the same, and so is the bound. */
export const transpose: Codec<typeof options> = {
  name: "transpose",
  id: 40,
  version: 1,
  stability: "experimental",
  summary: "permutes axes for the codec inside",
  keeps: ["abs", "pw_rel", "lossless"],
  dtypes: DTYPE_NAMES,
  options,
  prepare: async () => undefined,
  encode(task, values) {
    const { frames, mask, bound } = task;
    const order = orderOf(values["transpose:axis"], frames.shape.length);
    const turned = mask && (permute({ ...frames, dtype: "uint8", data: mask }, order).data as Uint8Array);
    const origin = originOf(task);
    const result = encodeChild(task, childOf(task, "transpose:compressor"), permute(frames, order), bound, {
      mask: turned,
      origin: order.map((axis) => origin[axis]!),
    });
    return {
      sections: [side((out) => out.put(Uint8Array.from(order))), part("data", result.bytes)],
      decoded: permute(result.decoded, inverse(order)),
    };
  },
  decode(task) {
    const { dtype, shape, mask } = task;
    const order = readSide(task, (from) => {
      const read = shape.map(() => from.u8());
      if (!isOrder(read)) throw from.wrong(`${read.join(", ")} is no order of ${shape.length} axes`);
      return read;
    });
    const turned = mask && (permute({ dtype: "uint8", shape, data: mask }, order).data as Uint8Array);
    const inside = { dtype, shape: order.map((axis) => shape[axis]!), mask: turned };
    return permute(decodeChild(task, task.section("data"), inside), inverse(order));
  },
};

const isOrder = (order: readonly number[]) =>
  order.toSorted((a, b) => a - b).every((axis, k) => axis === k) && order.length <= MAX_RANK;

/** Leading axes of extent 1 are not among those of a chunk: an order that names more axes begins with them. */
function orderOf(given: readonly number[], rank: number): number[] {
  if (given.length === 0) return Array.from({ length: rank }, (_, k) => rank - 1 - k);
  const missing = given.length - rank;
  const order = given.filter((axis) => axis >= missing).map((axis) => axis - Math.max(0, missing));
  if (missing >= 0 && isOrder(given) && order.length === rank) return order;
  throw new TempressError("invalid-argument", `transpose:axis ${given.join(",")} is no order of ${rank} axes`, {
    where: "transpose:axis",
    hint: `such as ${Array.from({ length: rank }, (_, k) => rank - 1 - k).join(",")}`,
  });
}
