import { DTYPE_NAMES } from "../../tensor/dtype.ts";
import { childOf } from "../child.ts";
import type { Codec } from "../codec.ts";
import { child } from "../schema.ts";
import { decodeLogarithms, encodeLogarithms } from "./logarithm.ts";

const options = {
  "log_transform:compressor": child("tezip", "codec that gets the logarithms"),
};

const signs = { name: "zstd", options: { "zstd:level": 0 }, children: {} };

/** Logarithms of magnitudes: an absolute bound on them is a relative one on the values. */
export const logTransform: Codec<typeof options> = {
  name: "log_transform",
  id: 45,
  version: 1,
  stability: "experimental",
  summary: "logarithms of magnitudes, signs and zeros beside them",
  keeps: ["abs", "pw_rel", "lossless"],
  dtypes: DTYPE_NAMES,
  options,
  prepare: async () => undefined,
  encode: (task) => encodeLogarithms(task, childOf(task, "log_transform:compressor"), signs),
  decode: decodeLogarithms,
};
