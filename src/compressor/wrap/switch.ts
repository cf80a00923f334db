import { TempressError } from "../../errors.ts";
import { DTYPE_NAMES } from "../../tensor/dtype.ts";
import { type ChildResult, decodeChild, encodeChild } from "../child.ts";
import type { Codec } from "../codec.ts";
import { children, int, strings } from "../schema.ts";
import { part } from "./sides.ts";

const options = {
  "switch:compressors": children(["tezip", "zstd"], "codecs to choose from"),
  "switch:active_id": int(0, "which of them, from 0; -1: whichever is smallest, chunk by chunk", { min: -1 }),
  "switch:names": strings([], "names of their places, for options such as /switch/NAME:tezip:window"),
};

/** One of several codecs. What was chosen is in the stream. */
export const switchCodec: Codec<typeof options> = {
  name: "switch",
  id: 54,
  version: 1,
  stability: "experimental",
  summary: "one of several codecs, by number or by size",
  keeps: ["abs", "pw_rel", "lossless"],
  dtypes: DTYPE_NAMES,
  options,
  prepare: async () => undefined,
  encode(task, values) {
    const all = task.children!["switch:compressors"]!;
    const active = values["switch:active_id"];
    const tried = active === -1 ? all : all.slice(active, active + 1);
    if (tried.length === 0) {
      throw new TempressError("invalid-argument", `switch:active_id ${active} is none of ${all.length} codecs`, {
        where: "switch:active_id",
        hint: `0 to ${all.length - 1}, or -1`,
      });
    }
    let best: ChildResult | undefined;
    for (const child of tried) {
      const result = encodeChild(task, child, task.frames, task.bound, { mask: task.mask });
      if (!best || result.bytes.length < best.bytes.length) best = result;
    }
    return { sections: [part("data", best!.bytes)], decoded: best!.decoded };
  },
  decode: (task) => decodeChild(task, task.section("data"), task),
};
