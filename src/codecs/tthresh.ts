/**
 * TTHRESH in a chunk: section "data" is one stream as native tthresh reads it, of the chunk's values in a shape that
 * suits a Tucker transform. Integers are rounded here, not by the format's rules. The stages are transform/tucker and
 * entropy/run-list.
 */
import type { Codec, DecodeTask } from "../compressor/codec.ts";
import { PartNotLoaded } from "../compressor/part.ts";
import { isZstdReady, prepareZstd, zstdCompress, zstdDecompress } from "../entropy/lossless.ts";
import { TempressError } from "../errors.ts";
import { shuffle, unshuffle } from "../quantize/shuffle.ts";
import { type Arrays, DTYPE_NAMES, DTYPES, type DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import { type Slice, takeSlices } from "../tensor/slice.ts";
import { bytesOf, type Tensor, tensorFromBytes } from "../tensor/tensor.ts";
import { tthreshBare } from "./tthresh-bare.ts";
import { decodeTthresh, readHead, type TthreshType } from "./tthresh-decode.ts";
import { encodeTthresh, withAnalysis } from "./tthresh-encode.ts";
import { type Folding, foldingOf, isFolded, pad, unpad } from "./tthresh-fold.ts";
import { tthreshKernels, volume } from "./tthresh-kernels.ts";
import { tthreshOptions, tthreshPromise } from "./tthresh-options.ts";
import { measure, type Original, smallestWithCorrections, withinSquares } from "./tthresh-search.ts";
import { type Terms, termsOf } from "./tthresh-selection.ts";
import { convertNearest, largestOf } from "./tthresh-values.ts";

export const tthresh: Codec<typeof tthreshOptions> = {
  name: "tthresh",
  id: 13,
  version: 1,
  stability: "stable",
  summary: "tthresh's streams: Tucker transform of the whole chunk, bit planes, arithmetic code",
  keeps: ["abs", "rmse", "lossless"],
  dtypes: DTYPE_NAMES.filter((name) => name !== "bool"),
  options: tthreshOptions,
  promise: tthreshPromise,
  bare: tthreshBare,

  async prepare() {
    await tthreshKernels.ready();
  },

  encode({ frames, bound, mask, effort }) {
    const { dtype } = frames;
    // Corrections of all values would be larger than a plain lossless code.
    if (bound.kind === "lossless") {
      return { sections: [{ name: "escapes", bytes: packed(frames) }], decoded: frames };
    }
    const folding = foldingOf(frames.shape);
    const unit = unitOf(largestOf(frames.data));
    const original = { ...folded(frames, mask, folding), unit, convert: converter(dtype, unit) };
    const type = streamType(dtype);
    const fill = (values: Float64Array) => {
      pad(frames.data, folding, values);
      if (unit !== 1) for (let i = 0; i < values.length; i++) values[i]! /= unit;
    };
    const found = withAnalysis(folding.extents, fill, (analysis) => {
      const limit = bound.value / unit;
      if (bound.kind === "abs") return smallestWithCorrections(analysis, type, original, limit, effort);
      const allowed = limit * limit * original.count;
      // What cannot be met is left to corrections.
      const exact = () => {
        const out = new DTYPES[dtype].Array(original.data.length);
        return measure(encodeTthresh(analysis, type, 0), original, limit, out);
      };
      return withinSquares(analysis, type, original, allowed, true) ?? exact();
    });
    const side = new Uint8Array(new Float64Array([unit]).buffer);
    const data = { name: "data", bytes: found.bytes } as const;
    return {
      sections: unit === 1 ? [data] : [{ name: "side", bytes: side }, data],
      decoded: unfolded(found.decoded, frames, folding),
    };
  },

  decode({ dtype, shape, section, has }) {
    if (has("escapes")) return tensorFromBytes(dtype, shape, unpacked(section("escapes"), dtype, shape));
    const folding = foldingOf(shape);
    const stream = section("data");
    const where = "section data";
    const head = readHead(stream, where, folding.extents);
    const unit = has("side") ? readUnit(section("side")) : 1;
    const convert = converter(dtype, unit);
    const out = new DTYPES[dtype].Array(volume(folding.padded)) as Arrays[DType];
    let at = 0;
    decodeTthresh(stream, head, where, (values) => {
      convert(values, out.subarray(at, at + values.length) as Arrays[DType]);
      at += values.length;
    });
    return unfolded(out, { dtype, shape }, folding);
  },

  decodePart: (task, _version, slices) => decodePart(task, slices),
};

const ZSTD_LEVEL = 6;

function packed(values: Tensor): Uint8Array {
  if (!isZstdReady()) throw new PartNotLoaded(prepareZstd);
  return zstdCompress(shuffle(bytesOf(values), DTYPES[values.dtype].bytes), ZSTD_LEVEL);
}

function unpacked(bytes: Uint8Array, dtype: DType, shape: Shape): Uint8Array {
  if (!isZstdReady()) throw new PartNotLoaded(prepareZstd);
  const width = DTYPES[dtype].bytes;
  return unshuffle(zstdDecompress(bytes, volume(shape) * width, "section escapes"), width);
}

/**
 * Slices of axes that the stream has as they are cost only their part; folded and joined axes are made whole and cut.
 */
function decodePart({ dtype, shape, section, has }: DecodeTask, slices: readonly Slice[]): Tensor {
  const folding = foldingOf(shape);
  const head = readHead(section("data"), "section data", folding.extents);
  const long = shape.flatMap((extent, axis) => (extent === 1 ? [] : [axis]));
  const joined = long.length !== folding.from.length;
  const selection: (readonly Terms[] | undefined)[] = folding.extents.map(() => undefined);
  const [from, padded] = [[...folding.from], [...folding.padded]];
  const rest = shape.map((extent): Slice => ({ first: 0, end: extent, step: 1 }));
  const made = [...shape];
  for (const [axis, slice] of slices.entries()) {
    const place = joined ? -1 : long.indexOf(axis);
    const same = place < 0 ? undefined : folding.same[place];
    const terms = same === undefined ? undefined : termsOf(slice, shape[axis]!);
    if (terms === undefined) {
      rest[axis] = slice;
      continue;
    }
    selection[same!] = terms;
    from[place] = terms.length;
    padded[place] = terms.length;
    made[axis] = terms.length;
    rest[axis] = { first: 0, end: terms.length, step: 1 };
  }
  const convert = converter(dtype, has("side") ? readUnit(section("side")) : 1);
  const out = new DTYPES[dtype].Array(volume(padded)) as Arrays[DType];
  let at = 0;
  const take = (values: Float64Array) => {
    convert(values, out.subarray(at, at + values.length) as Arrays[DType]);
    at += values.length;
  };
  decodeTthresh(section("data"), head, "section data", take, selection);
  return takeSlices(unfolded(out, { dtype, shape: made }, { ...folding, from, padded }), rest);
}

/** Doubles hold what floats cannot; native programs can look at either. */
function streamType(dtype: DType): TthreshType {
  return dtype === "float32" || DTYPES[dtype].bytes < 4 ? "float32" : "float64";
}

/** Powers of two between which squares and sums stay far from a float64's ends. */
const [LEAST, MOST] = [2 ** -400, 2 ** 400];

function unitOf(largest: number): number {
  if (largest === 0 || (largest >= LEAST && largest <= MOST)) return 1;
  return largest > MOST ? 2 ** 640 : 2 ** -640;
}

function readUnit(side: Uint8Array): number {
  const unit = side.length === 8 ? new DataView(side.buffer, side.byteOffset).getFloat64(0, true) : 0;
  if (unit === 2 ** 640 || unit === 2 ** -640) return unit;
  throw new TempressError("corrupt", "the unit of the values is none that is written", { where: "section side" });
}

function converter(dtype: DType, unit: number): Original["convert"] {
  if (unit === 1) return (values, out) => convertNearest(values, dtype, out);
  return (values, out) => {
    for (let i = 0; i < values.length; i++) values[i]! *= unit;
    convertNearest(values, dtype, out);
  };
}

/** What the stream's numbers are compared with; padding does not matter. */
function folded({ data, dtype }: Tensor, mask: Uint8Array | undefined, folding: Folding) {
  const masked = mask ? mask.reduce((sum, one) => sum + one, 0) : 0;
  const count = Math.max(1, data.length - masked);
  if (!isFolded(folding)) return { data, dtype, mask, count };
  const size = volume(folding.padded);
  const wide = new DTYPES[dtype].Array(size) as Arrays[DType];
  const hidden = new Uint8Array(size).fill(1);
  unpad(wide as Float64Array, folding, (row, at) => row.set(data.subarray(at, at + row.length) as Float64Array));
  unpad(hidden, folding, (row, at) => {
    if (mask) row.set(mask.subarray(at, at + row.length));
    else row.fill(0);
  });
  return { data: wide, dtype, mask: hidden, count };
}

function unfolded(values: Arrays[DType], { dtype, shape }: Omit<Tensor, "data">, folding: Folding): Tensor {
  if (!isFolded(folding)) return { dtype, shape, data: values } as Tensor;
  const data = new DTYPES[dtype].Array(volume(shape)) as Float64Array;
  unpad(values as Float64Array, folding, (row, at) => data.set(row, at));
  return { dtype, shape, data } as Tensor;
}
