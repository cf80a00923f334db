import type { Codec, Effort } from "../compressor/codec.ts";
import { int } from "../compressor/schema.ts";
import { prepareZstd, zstdCompress, zstdDecompress } from "../entropy/lossless.ts";
import { shuffle, unshuffle } from "../quantize/shuffle.ts";
import { DTYPE_NAMES, DTYPES } from "../tensor/dtype.ts";
import { elementCount } from "../tensor/shape.ts";
import { bytesOf, tensorFromBytes } from "../tensor/tensor.ts";

const LEVELS: Readonly<Record<Effort, number>> = { fast: 1, balanced: 6, max: 19 };

const options = {
  "zstd:level": int(0, "1 fast to 22 small; 0 takes it from the effort", { min: 0, max: 22 }),
};

/** Byte shuffle, then one zstd frame. Lossless, so it keeps every promise. */
export const zstd: Codec<typeof options> = {
  name: "zstd",
  id: 2,
  version: 1,
  stability: "stable",
  summary: "byte shuffle and zstd, lossless",
  keeps: ["abs", "pw_rel", "lossless"],
  exactBits: true,
  dtypes: DTYPE_NAMES,
  options,
  prepare: prepareZstd,
  encode({ frames, effort }, values) {
    const planes = shuffle(bytesOf(frames), DTYPES[frames.dtype].bytes);
    return { sections: [{ name: "data", bytes: zstdCompress(planes, values["zstd:level"] || LEVELS[effort]) }] };
  },
  decode({ dtype, shape, section }) {
    const width = DTYPES[dtype].bytes;
    const planes = zstdDecompress(section("data"), elementCount(shape) * width, "section data");
    return tensorFromBytes(dtype, shape, unshuffle(planes, width));
  },
};
