import { TempressError } from "../../errors.ts";
import { DTYPE_NAMES, DTYPES } from "../../tensor/dtype.ts";
import { elementCount } from "../../tensor/shape.ts";
import { decodeChild, encodeChild, LOSSLESS } from "../child.ts";
import type { Codec } from "../codec.ts";
import { children, strings } from "../schema.ts";
import { part, readSide, side } from "./sides.ts";

const options = {
  "pipeline:pipeline": children(
    ["noop", "zstd"],
    "the first gets the values, each next one the bytes of the one before",
  ),
  "pipeline:names": strings([], "names of their places, for options such as /pipeline/NAME:zstd:level"),
};

/** One codec after the other: the first is given the bound, the later ones keep every byte. */
export const pipeline: Codec<typeof options> = {
  name: "pipeline",
  id: 55,
  version: 1,
  stability: "experimental",
  summary: "one codec after the other: values, then bytes",
  keeps: ["abs", "pw_rel", "lossless"],
  dtypes: DTYPE_NAMES,
  options,
  prepare: async () => undefined,
  encode(task) {
    const [first, ...others] = task.children!["pipeline:pipeline"]!;
    if (!first) {
      throw new TempressError("invalid-argument", "a pipeline of no codecs", {
        where: "pipeline:pipeline",
        hint: "such as sz3,zstd",
      });
    }
    const result = encodeChild(task, first, task.frames, task.bound, { mask: task.mask });
    const lengths: number[] = [];
    let { bytes } = result;
    for (const child of others) {
      lengths.push(bytes.length);
      const values = { dtype: "uint8", shape: [bytes.length], data: bytes } as const;
      bytes = encodeChild(task, child, values, LOSSLESS, { origin: [0] }).bytes;
    }
    return {
      sections: [
        side((out) => {
          out.u8(lengths.length);
          for (const length of lengths) out.varint(length);
        }),
        part("data", bytes),
      ],
      decoded: result.decoded,
    };
  },
  decode(task) {
    const lengths = readSide(task, (from) => Array.from({ length: from.u8() }, () => from.varint()));
    let bytes = task.section("data");
    // No stage makes much more of the values than they are: a larger number is damage, or a trap.
    const most = 4 * elementCount(task.shape) * DTYPES[task.dtype].bytes + (1 << 16);
    for (const length of lengths.reverse()) {
      if (length > most) {
        throw new TempressError("corrupt", `a stage of a pipeline has ${length} bytes`, { where: "section side" });
      }
      bytes = decodeChild(task, bytes, { dtype: "uint8", shape: [length] }).data as Uint8Array;
    }
    return decodeChild(task, bytes, task);
  },
};
