import type { Codec, Effort } from "../compressor/codec.ts";
import { int } from "../compressor/schema.ts";
import { gzipCompress, gzipDecompress, prepareGzip } from "../entropy/lossless.ts";
import { shuffle, unshuffle } from "../quantize/shuffle.ts";
import { DTYPE_NAMES, DTYPES } from "../tensor/dtype.ts";
import { elementCount } from "../tensor/shape.ts";
import { bytesOf, tensorFromBytes } from "../tensor/tensor.ts";

const LEVELS: Readonly<Record<Effort, number>> = { fast: 1, balanced: 6, max: 9 };

const options = {
  "gzip:level": int(0, "1 fast to 9 small; 0 takes it from the effort", { min: 0, max: 9 }),
};

/** Byte shuffle, then one gzip member. Lossless, so it keeps every promise. */
export const gzip: Codec<typeof options> = {
  name: "gzip",
  id: 3,
  version: 1,
  stability: "stable",
  summary: "byte shuffle and gzip, lossless",
  keeps: ["abs", "pw_rel", "lossless"],
  exactBits: true,
  dtypes: DTYPE_NAMES,
  options,
  prepare: prepareGzip,
  encode({ frames, effort }, values) {
    const planes = shuffle(bytesOf(frames), DTYPES[frames.dtype].bytes);
    return { sections: [{ name: "data", bytes: gzipCompress(planes, values["gzip:level"] || LEVELS[effort]) }] };
  },
  decode({ dtype, shape, section }) {
    const width = DTYPES[dtype].bytes;
    const planes = gzipDecompress(section("data"), elementCount(shape) * width, "section data");
    return tensorFromBytes(dtype, shape, unshuffle(planes, width));
  },
};
