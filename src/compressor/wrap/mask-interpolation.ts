import { type Arrays, DTYPE_NAMES, type DType } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { childOf, decodeChild, encodeChild } from "../child.ts";
import type { Codec } from "../codec.ts";
import { child, choice, float, tensorOption } from "../schema.ts";
import { doubles, fromDoubles } from "./convert.ts";
import { eachRow } from "./layout.ts";
import { decodeMasked, eitherMask, encodeMasked, maskOf, restored } from "./masked.ts";
import { joined, parted } from "./sides.ts";

const options = {
  "mask_interpolation:compressor": child("tezip", "codec that gets the values with the marked ones smoothed over"),
  "mask_interpolation:mask": tensorOption("not 0 where a value is smoothed over; such values are kept exactly"),
  "mask_interpolation:mask_mode": choice(["interpolate", "fill"], "interpolate", "between neighbours, or one value"),
  "mask_interpolation:fill": float(0, "that value"),
};

/** Marked values are replaced by what lies between their neighbours of a row, so that they disturb nothing. */
export const maskInterpolation: Codec<typeof options> = {
  name: "mask_interpolation",
  id: 52,
  version: 1,
  stability: "experimental",
  summary: "smooths over marked values, which stay exact",
  keeps: ["abs", "pw_rel", "lossless"],
  dtypes: DTYPE_NAMES,
  options,
  prepare: async () => undefined,
  encode(task, values) {
    const { frames, bound } = task;
    const own = maskOf(task, values["mask_interpolation:mask"], "mask_interpolation:mask");
    const fill = values["mask_interpolation:mask_mode"] === "fill" ? values["mask_interpolation:fill"] : undefined;
    const smooth = smoothed(frames, own, fill);
    const child = childOf(task, "mask_interpolation:compressor");
    const result = encodeChild(task, child, smooth, bound, { mask: eitherMask(own, task.mask) });
    return {
      sections: [joined("data", [result.bytes, ...encodeMasked(task, own)])],
      decoded: restored(result.decoded, frames, own),
    };
  },
  decode(task) {
    const { dtype, shape } = task;
    const [inside, plane, exact] = parted(task, "data", 3) as [Uint8Array, Uint8Array, Uint8Array];
    const masked = decodeMasked(task, plane, exact);
    return masked.restore(decodeChild(task, inside, { dtype, shape, mask: eitherMask(masked.mask, task.mask) }));
  },
};

function smoothed(frames: Tensor, mask: Uint8Array, fill: number | undefined): Tensor {
  const marked: number[] = [];
  const x = doubles(frames);
  const inner = frames.shape.at(-1)!;
  eachRow(frames.shape, (start) => {
    let left = -1;
    for (let i = 0; i < inner; i++) {
      if (!mask[start + i]) {
        left = i;
        continue;
      }
      let right = i;
      while (right < inner && mask[start + right]) right++;
      for (; i < right; i++) {
        marked.push(start + i);
        const before = left < 0 ? x[start + right] : x[start + left];
        const after = right < inner ? x[start + right] : before;
        const share = left < 0 || right >= inner ? 0 : (i - left) / (right - left);
        x[start + i] = fill ?? (before === undefined || right - left > inner ? 0 : before + (after! - before) * share);
      }
      i = right - 1;
    }
  });
  const values = fromDoubles(
    Float64Array.from(marked, (at) => x[at]!),
    frames.dtype,
    [marked.length],
  );
  const data = frames.data.slice() as Arrays[DType];
  marked.forEach((at, k) => {
    (data as Float64Array)[at] = (values.data as Float64Array)[k]!;
  });
  return { ...frames, data };
}
