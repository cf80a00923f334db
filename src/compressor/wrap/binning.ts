import { DTYPE_NAMES } from "../../tensor/dtype.ts";
import type { Codec } from "../codec.ts";
import { child, numbers } from "../schema.ts";
import { decodeBins, encodeBins } from "./bins.ts";

const options = {
  "binning:compressor": child("tezip", "codec that gets the means, and what they leave"),
  "binning:shape": numbers([], "extents of a bin along the last axes; default 2,2", { stored: true, min: 1 }),
};

/** Means of bins, and what they leave where it is more than the bound: a coarse bound stores the means alone. */
export const binning: Codec<typeof options> = {
  name: "binning",
  id: 50,
  version: 1,
  stability: "experimental",
  summary: "means of bins, and the rest where the bound needs it",
  keeps: ["abs", "lossless"],
  dtypes: DTYPE_NAMES,
  options,
  prepare: async () => undefined,
  encode: (task, values) => encodeBins(task, values["binning:shape"], "binning:compressor", task.mask),
  decode: (task) => decodeBins(task, task.mask),
};
