import { DTYPE_NAMES } from "../../tensor/dtype.ts";
import { childOf } from "../child.ts";
import type { Codec } from "../codec.ts";
import { child } from "../schema.ts";
import { decodeLogarithms, encodeLogarithms } from "./logarithm.ts";

const options = {
  "pw_rel:abs_comp": child("tezip", "codec that gets the logarithms, under an absolute bound"),
  "pw_rel:sign_comp": child("zstd", "codec that gets the signs, without loss"),
};

/** A pointwise relative promise from any codec that keeps an absolute one. */
export const pwRel: Codec<typeof options> = {
  name: "pw_rel",
  id: 46,
  version: 1,
  stability: "experimental",
  summary: "a pointwise relative promise from a codec that keeps absolute ones",
  keeps: ["pw_rel", "lossless"],
  dtypes: DTYPE_NAMES,
  options,
  prepare: async () => undefined,
  encode: (task) => encodeLogarithms(task, childOf(task, "pw_rel:abs_comp"), childOf(task, "pw_rel:sign_comp")),
  decode: decodeLogarithms,
};
