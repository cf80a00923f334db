import { TempressError } from "../../errors.ts";
import { DTYPE_NAMES } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { childOf, decodeChild, encodeChild, originOf } from "../child.ts";
import type { Codec, EncodeTask } from "../codec.ts";
import { child, choice, numbers, tensorOption } from "../schema.ts";
import { eachRow } from "./layout.ts";
import { decodeMasked, eitherMask, encodeMasked, maskOf, restored } from "./masked.ts";
import { joined, parted } from "./sides.ts";

const options = {
  "roibin:roi": child("zstd", "codec that gets the regions, without loss"),
  "roibin:background": child("binning", "codec that gets the rest, within the bound"),
  "roibin:centers": tensorOption(
    "one region a row: its centre along each axis, in C order; or a mask: see roi_strategy",
  ),
  "roibin:roi_size": numbers([], "values from a region's centre to its edge along each axis; default 2", {
    stored: true,
    min: 0,
  }),
  "roibin:roi_strategy": choice(["coordinates", "mask"], "coordinates", "what centers holds"),
};

/**
 * Regions of interest exactly, the background binned: peaks of serial crystallography. The background keeps the
 * bound too: one of the background's own noise stores its means alone.
 */
export const roibin: Codec<typeof options> = {
  name: "roibin",
  id: 53,
  version: 1,
  stability: "experimental",
  summary: "regions of interest exact, the background binned",
  keeps: ["abs", "lossless"],
  dtypes: DTYPE_NAMES,
  options,
  prepare: async () => undefined,
  encode(task, values) {
    const { frames, bound } = task;
    const centers = values["roibin:centers"];
    const own =
      values["roibin:roi_strategy"] === "mask"
        ? maskOf(task, centers, "roibin:centers")
        : regions(task, centers, values["roibin:roi_size"]);
    const background = encodeChild(task, childOf(task, "roibin:background"), frames, bound, {
      mask: eitherMask(own, task.mask),
    });
    const roi = encodeMasked(task, own, childOf(task, "roibin:roi"));
    return {
      sections: [joined("data", [background.bytes, ...roi])],
      decoded: restored(background.decoded, frames, own),
    };
  },
  decode(task) {
    const { dtype, shape } = task;
    const [background, plane, exact] = parted(task, "data", 3) as [Uint8Array, Uint8Array, Uint8Array];
    const masked = decodeMasked(task, plane, exact);
    return masked.restore(decodeChild(task, background, { dtype, shape, mask: eitherMask(masked.mask, task.mask) }));
  },
};

/** 1 in the boxes around the centres; centres of fewer axes hold for every frame. */
function regions(task: EncodeTask, centers: Tensor | undefined, given: readonly number[]): Uint8Array {
  const { shape } = task.frames;
  const origin = originOf(task);
  const mask = new Uint8Array(task.frames.data.length);
  if (!centers) return mask;
  const axes = centers.shape.at(-1)!;
  if (centers.shape.length !== 2 || axes > shape.length + 1) {
    throw new TempressError("invalid-argument", `roibin:centers is ${centers.shape.join("x")}, not one row a region`, {
      where: "roibin:centers",
      hint: `give a tensor of N x ${shape.length}, or N x ${shape.length - 1} for regions of every frame`,
    });
  }
  const rows = Array.from({ length: centers.shape[0]! }, (_, n) =>
    Array.from({ length: axes }, (_, k) => Number(centers.data[n * axes + k])),
  );
  const inner = shape.length - 1;
  for (const row of rows) {
    // From the first to the last value of the region along each axis of the chunk; all where the row does not say.
    const spans = shape.map((extent, axis) => {
      const k = axes - shape.length + axis;
      if (k < 0) return [0, extent - 1] as const;
      const size = given[given.length - axes + k] ?? (given.length === 0 ? 2 : given[0]!);
      return [row[k]! - size - origin[axis]!, row[k]! + size - origin[axis]!] as const;
    });
    if (spans.some(([first, last], axis) => last < 0 || first >= shape[axis]!)) continue;
    eachRow(shape, (start, index) => {
      if (index.some((i, axis) => i < spans[axis]![0] || i > spans[axis]![1])) return;
      const last = Math.min(shape[inner]! - 1, Math.floor(spans[inner]![1]));
      for (let i = Math.max(0, Math.ceil(spans[inner]![0])); i <= last; i++) mask[start + i] = 1;
    });
  }
  return mask;
}
