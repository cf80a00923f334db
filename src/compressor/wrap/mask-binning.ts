import { DTYPE_NAMES } from "../../tensor/dtype.ts";
import type { Codec } from "../codec.ts";
import { child, numbers, tensorOption } from "../schema.ts";
import { decodeBins, encodeBins } from "./bins.ts";
import { decodeMasked, eitherMask, encodeMasked, maskOf, restored } from "./masked.ts";
import { joined, parted } from "./sides.ts";

const options = {
  "mask_binning:compressor": child("tezip", "codec that gets the means, and what they leave"),
  "mask_binning:shape": numbers([], "extents of a bin along the last axes; default 2,2", { stored: true, min: 1 }),
  "mask_binning:mask": tensorOption("not 0 where a value is in no mean (a dead pixel); such values are kept exactly"),
};

/** Binning that leaves marked values out of the means. */
export const maskBinning: Codec<typeof options> = {
  name: "mask_binning",
  id: 51,
  version: 1,
  stability: "experimental",
  summary: "binning without marked values, which stay exact",
  keeps: ["abs", "lossless"],
  dtypes: DTYPE_NAMES,
  options,
  prepare: async () => undefined,
  encode(task, values) {
    const own = maskOf(task, values["mask_binning:mask"], "mask_binning:mask");
    const mask = eitherMask(own, task.mask);
    const bins = encodeBins(task, values["mask_binning:shape"], "mask_binning:compressor", mask);
    const decoded = restored(bins.decoded!, task.frames, own);
    return { sections: [...bins.sections, joined("escapes", encodeMasked(task, own))], decoded };
  },
  decode(task) {
    const [plane, exact] = parted(task, "escapes", 2) as [Uint8Array, Uint8Array];
    const masked = decodeMasked(task, plane, exact);
    return masked.restore(decodeBins(task, eitherMask(masked.mask, task.mask)));
  },
};
