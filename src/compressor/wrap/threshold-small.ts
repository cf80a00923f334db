import { TempressError } from "../../errors.ts";
import type { Arrays, DType } from "../../tensor/dtype.ts";
import { DTYPE_NAMES } from "../../tensor/dtype.ts";
import { childOf, decodeChild, encodeChild } from "../child.ts";
import type { Codec } from "../codec.ts";
import { child, float } from "../schema.ts";
import { isWide } from "./convert.ts";
import { part } from "./sides.ts";

const options = {
  "threshold_small:compressor": child("tezip", "codec that gets the rest"),
  "threshold_small:threshold": float(0, "magnitudes up to this become 0, at most the bound; 0: the bound", { min: 0 }),
};

/** Small values become exactly 0; all others keep the whole bound. */
export const thresholdSmall: Codec<typeof options> = {
  name: "threshold_small",
  id: 47,
  version: 1,
  stability: "experimental",
  summary: "small values become 0",
  keeps: ["abs", "lossless"],
  dtypes: DTYPE_NAMES,
  options,
  prepare: async () => undefined,
  encode(task, values) {
    const { frames, bound, mask } = task;
    const asked = values["threshold_small:threshold"];
    if (asked > bound.value) {
      throw new TempressError("invalid-argument", `a threshold of ${asked} breaks the bound ${bound.value}`, {
        where: "threshold_small:threshold",
        hint: "a value that becomes 0 is off by all of itself: choose a threshold no larger than the bound",
      });
    }
    const limit = asked || bound.value;
    const data = frames.data.slice() as Arrays[DType];
    const zero = (isWide(frames.dtype) ? 0n : 0) as number;
    for (let i = 0; i < data.length; i++) if (Math.abs(Number(data[i])) <= limit) data[i] = zero;
    // As the fill value of what is inside, 0 stays 0: a codec's own error would come on top.
    const child = childOf(task, "threshold_small:compressor");
    const result = encodeChild(task, child, { ...frames, data }, bound, { mask, fill: 0 });
    return { sections: [part("data", result.bytes)], decoded: result.decoded };
  },
  decode: (task) => decodeChild(task, task.section("data"), task),
};
