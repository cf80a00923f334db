/**
 * SZ3 in a chunk: section "data" is one stream as SZ3 3.3.2 writes it, with its element type filled in. SZ3's modules
 * are rooms' stages: predictors (predict/sz3-*), quantiser (quantize/linear), encoder (entropy/huffman) and zstd.
 */
import type { Codec } from "../compressor/codec.ts";
import { prepareZstd } from "../entropy/lossless.ts";
import { TempressError } from "../errors.ts";
import { DTYPE_NAMES, type DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import { bytesOf, type Tensor, tensorFromBytes } from "../tensor/tensor.ts";
import { readOuter, type Sz3Type, squeezed, TYPES } from "./sz3-config.ts";
import { decodeSz3 } from "./sz3-decode.ts";
import { encodeSz3 } from "./sz3-encode.ts";
import { sz3Kernels } from "./sz3-kernels.ts";
import { type Sz3Settings, sz3Options, sz3Settings } from "./sz3-settings.ts";
import { fromWide, toWide, wideType } from "./sz3-wide.ts";

export const sz3: Codec<typeof sz3Options> = {
  name: "sz3",
  id: 12,
  version: 1,
  stability: "stable",
  summary: "SZ3's streams: interpolation or Lorenzo and regression, linear quantiser, Huffman, zstd.",
  keeps: ["abs", "lossless"],
  dtypes: DTYPE_NAMES,
  options: sz3Options,

  async prepare() {
    await Promise.all([sz3Kernels.ready(), prepareZstd()]);
  },

  encode({ frames, bound }, options) {
    const shape = joined(frames.shape);
    const exact = bound.kind === "lossless";
    const wide = toWide({ ...frames, shape });
    const settings = sz3Settings(wide, exact ? 0 : bound.value, options);
    const raw = tensorFromBytes(storedType(frames.dtype), shape, bytesOf(frames));
    if (settings.abs === 0 || settings.algorithm === "LOSSLESS") {
      return { sections: [{ name: "data", bytes: lossless(raw, settings) }], decoded: frames };
    }
    const { bytes, decoded } = encodeSz3(wide, { ...settings, dataType: TYPES.indexOf(wide.dtype as Sz3Type) });
    // SZ3 itself looks at ratios below 3; of widened values only the narrow ones may be looked at.
    const plain =
      wide.dtype !== raw.dtype && bytes.length * 3 > raw.data.byteLength ? lossless(raw, settings) : undefined;
    if (plain && plain.length < bytes.length) return { sections: [{ name: "data", bytes: plain }], decoded: frames };
    return { sections: [{ name: "data", bytes }], decoded: fromWide(decoded, frames.dtype, frames.shape) };
  },

  decode({ dtype, shape, section }) {
    const bytes = section("data");
    const where = "section data";
    const { config } = readOuter(bytes, where);
    const type = TYPES[config.dataType];
    const fits = squeezed(joined(shape)).join("x") === config.dims.join("x");
    if (type === undefined || !fits || (type !== wideType(dtype) && type !== storedType(dtype))) {
      throw new TempressError("corrupt", `the stream holds ${config.dims.join("x")} ${type ?? "unknown"} values`, {
        where,
      });
    }
    const values = decodeSz3(bytes, type, where);
    if (type === storedType(dtype)) return tensorFromBytes(dtype, shape, bytesOf(values));
    return fromWide(values, dtype, shape);
  },
};

function lossless(raw: Tensor, settings: Sz3Settings): Uint8Array {
  const dataType = TYPES.indexOf(raw.dtype as Sz3Type);
  return encodeSz3(raw, { ...settings, algorithm: "LOSSLESS", dataType }).bytes;
}

/** SZ3 has no bool. */
function storedType(dtype: DType): Sz3Type {
  return dtype === "bool" ? "uint8" : dtype;
}

/** SZ3 has four axes at most: slower ones are joined. */
function joined(shape: Shape): Shape {
  const long = shape.filter((extent) => extent !== 1);
  if (long.length <= 4) return shape;
  const split = long.length - 3;
  return [long.slice(0, split).reduce((product, extent) => product * extent, 1), ...long.slice(split)];
}
