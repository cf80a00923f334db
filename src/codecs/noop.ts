import type { Codec } from "../compressor/codec.ts";
import { TempressError } from "../errors.ts";
import { DTYPE_NAMES, DTYPES } from "../tensor/dtype.ts";
import { elementCount } from "../tensor/shape.ts";
import { bytesOf, tensorFromBytes } from "../tensor/tensor.ts";

/** The values as they are: for measuring everything around a codec. */
export const noop: Codec = {
  name: "noop",
  id: 1,
  version: 1,
  stability: "stable",
  summary: "stores the values as they are",
  keeps: ["abs", "pw_rel", "lossless"],
  exactBits: true,
  dtypes: DTYPE_NAMES,
  options: {},
  prepare: async () => undefined,
  encode: ({ frames }) => ({ sections: [{ name: "data", bytes: bytesOf(frames) }] }),
  decode({ dtype, shape, section }) {
    const data = section("data");
    const expected = elementCount(shape) * DTYPES[dtype].bytes;
    if (data.length !== expected) {
      throw new TempressError("corrupt", `${data.length} bytes are stored, ${expected} are expected`, {
        where: "section data",
      });
    }
    // A copy: what was read may be a view of the whole file.
    return tensorFromBytes(dtype, shape, data.slice());
  },
};
