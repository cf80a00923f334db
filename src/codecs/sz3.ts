/**
 * SZ3 in a chunk: section "data" is one stream as SZ3 3.3.2 writes it, with its element type filled in. SZ3's modules
 * are rooms' stages: predictors (predict/sz3-*), quantiser (quantize/linear), encoder (entropy/huffman) and zstd.
 */
import type { BareHint, Codec } from "../compressor/codec.ts";
import { prepareZstd } from "../entropy/lossless.ts";
import { TempressError } from "../errors.ts";
import type { Bound } from "../promise/spec.ts";
import { DTYPE_NAMES, type DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import { bytesOf, type Tensor, tensorFromBytes } from "../tensor/tensor.ts";
import { readOuter, type Sz3Type, squeezed, TYPES } from "./sz3-config.ts";
import { decodeSz3 } from "./sz3-decode.ts";
import { encodeSz3 } from "./sz3-encode.ts";
import { sz3Kernels } from "./sz3-kernels.ts";
import { type Sz3Options, type Sz3Settings, sz3Options, sz3Promise, sz3Settings } from "./sz3-settings.ts";
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

  promise: sz3Promise,
  bare: { read: readBare, write: writeBare },

  async prepare() {
    await Promise.all([sz3Kernels.ready(), prepareZstd()]);
  },

  encode({ frames, bound }, options) {
    const shape = joined(frames.shape);
    const exact = bound.kind === "lossless";
    const wide = toWide({ ...frames, shape });
    // What makes the promise is in the bound already; as a part of this chunk's range it would be another.
    const rest = sz3Promise(options)
      ? { ...options, "sz3:error_bound_mode_str": "ABS", "sz3:abs_error_bound": 0 }
      : options;
    const settings = sz3Settings(wide, exact ? 0 : bound.value, rest as Sz3Options);
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

  decode({ dtype, shape, section, into }) {
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
    if (into && type === dtype) return { dtype, shape, data: decodeSz3(bytes, type, where, config.dims, into).data };
    const values = decodeSz3(bytes, type, where, config.dims);
    if (type === storedType(dtype)) return tensorFromBytes(dtype, shape, bytesOf(values));
    return fromWide(values, dtype, shape);
  },
};

/** Bare streams hold neither the element type nor axes of length 1. */
function readBare(bytes: Uint8Array, { dtype, shape, where }: BareHint): Tensor {
  const { config } = readOuter(bytes, where);
  if (dtype === undefined) {
    throw new TempressError("invalid-argument", "an SZ3 stream does not tell the type of its values", {
      where,
      hint: `add --dtype (one of ${TYPES.join(", ")})`,
    });
  }
  const type = TYPES.find((name) => name === dtype);
  if (type === undefined) {
    throw new TempressError("unsupported", `SZ3 has no type ${dtype}`, { where, hint: `types: ${TYPES.join(", ")}` });
  }
  // What does not fill the type says 0, which would be float32.
  if (config.dataType !== 0 && TYPES[config.dataType] !== type) {
    throw new TempressError(
      "invalid-argument",
      `the stream says ${TYPES[config.dataType] ?? "another type"}, not ${type}`,
      {
        where,
        hint: "give that --dtype",
      },
    );
  }
  const values = decodeSz3(bytes, type, where, shape);
  return { ...values, shape: shape ?? values.shape };
}

function writeBare(values: Tensor, bound: Bound | undefined, options: Sz3Options): Uint8Array {
  if (bound?.kind === "pw_rel") {
    throw new TempressError("unsupported", "SZ3's streams have no bound relative to each value", {
      where: "--pw-rel",
      hint: "use --abs, --rel or --lossless",
    });
  }
  const given = bound?.kind === "lossless" ? 0 : bound?.value;
  return encodeSz3(values, sz3Settings(values, given, options)).bytes;
}

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
