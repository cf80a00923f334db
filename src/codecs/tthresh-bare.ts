/** Bare .tth files: whole tensors, as the native program reads and writes them. */
import type { BareFiles, BareHint } from "../compressor/codec.ts";
import { TempressError } from "../errors.ts";
import type { Bound } from "../promise/spec.ts";
import { DTYPES, type DType } from "../tensor/dtype.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import { type Slice, sliceShape } from "../tensor/slice.ts";
import { emptyTensor, type Tensor } from "../tensor/tensor.ts";
import { decodeTthresh, readHead, TTHRESH_TYPES, type TthreshType } from "./tthresh-decode.ts";
import { type Analysis, withAnalysis } from "./tthresh-encode.ts";
import { rmseOfTarget, type tthreshOptions } from "./tthresh-options.ts";
import { type Found, type Original, withinMaximum, withinSquares } from "./tthresh-search.ts";
import { termsOf } from "./tthresh-selection.ts";
import { convertNative, largestOf, outwards } from "./tthresh-values.ts";

/** A longer axis takes minutes: time grows with its cube. */
const LONGEST = 2048;
const MOST_AXES = 6;
/** Native sums fourth powers. */
const MOST = 2 ** 200;

export const tthreshBare: BareFiles<typeof tthreshOptions> = {
  read: (bytes, hint) => readWith(bytes, hint),
  readSlice: readWith,

  write(values, bound, options) {
    const type = storedType(values.dtype);
    refuseShape(values.shape);
    refuseValues(values);
    const rmse = rmseOfTarget(options, values.data);
    if (rmse === undefined && bound === undefined) {
      throw new TempressError("invalid-argument", "nothing says how exact the file must be", {
        where: "tthresh",
        hint: "give --abs, --rel, --psnr, --rmse or --eps, or -O target_str=psnr -O target_value=60",
      });
    }
    if (rmse !== undefined && bound !== undefined) {
      throw new TempressError("invalid-argument", "two promises: a bound and tthresh:target_value", {
        where: "options",
        hint: "give one of them",
      });
    }
    const asked: Bound = bound ?? { kind: "rmse", value: rmse! };
    const original: Original = {
      data: values.data,
      dtype: values.dtype,
      count: values.data.length,
      unit: 1,
      convert: (block, out) => convertNative(block, type, out as Float64Array),
    };
    const fill = (target: Float64Array) => {
      target.set(values.data as Float64Array);
      if (type === "int32" && asked.value < 4) outwards(target);
    };
    const found = withAnalysis(values.shape.toReversed(), fill, (a) => keep(asked, a, type, original));
    if (found) return found.bytes;
    throw new TempressError("bound-broken", `no tthresh stream found keeps ${asked.kind} ${asked.value}`, {
      where: "tthresh",
      hint: "write a .tpz file with --codec tthresh, which corrects single values, or choose a larger bound",
    });
  },
};

function keep(bound: Bound, analysis: Analysis, type: TthreshType, original: Original): Found | undefined {
  switch (bound.kind) {
    case "rmse":
      if (bound.value === 0) return withinMaximum(analysis, type, original, 0);
      return withinSquares(analysis, type, original, bound.value ** 2 * original.count);
    case "abs":
    case "lossless":
      return withinMaximum(analysis, type, original, bound.value);
    default:
      throw new TempressError("unsupported", "tthresh cannot keep a bound for each value", {
        where: "--pw-rel",
        hint: "use --abs, --rel, --psnr, --rmse or --eps",
      });
  }
}

function storedType(dtype: DType): TthreshType {
  const type = TTHRESH_TYPES.find((name) => name === dtype);
  if (type) return type;
  throw new TempressError("unsupported", `a bare tthresh stream cannot hold ${dtype}`, {
    where: "tthresh",
    hint: `it can hold ${TTHRESH_TYPES.join(", ")}; write a .tpz file with --codec tthresh for the others`,
  });
}

function refuseShape(shape: Shape): void {
  const longest = Math.max(...shape);
  const why = shape.includes(0)
    ? "without a value"
    : shape.length < 3
      ? "of fewer than 3 axes: the native program refuses those, or takes hours"
      : shape.length > MOST_AXES
        ? `of more than ${MOST_AXES} axes`
        : longest > LONGEST
          ? `with an axis of ${longest}: time grows with its cube`
          : undefined;
  if (why === undefined) return;
  throw new TempressError("unsupported", `no tthresh stream is made of ${formatShape(shape)}, ${why}`, {
    where: "tthresh",
    hint: `give --shape with 3 to ${MOST_AXES} axes of at most ${LONGEST}, or write a .tpz file, which folds them`,
  });
}

function refuseValues({ data, dtype }: Tensor): void {
  const largest = largestOf(data);
  if (largest <= MOST && (largest === 0 || largest >= 1 / MOST)) return;
  const finite = largest < Number.POSITIVE_INFINITY;
  const what = finite
    ? `values near ${largest}`
    : `${DTYPES[dtype].kind === "float" ? "NaN or infinite" : "such"} values`;
  throw new TempressError("unsupported", `a tthresh stream cannot hold ${what}`, {
    where: "tthresh",
    hint: "write a .tpz file with --codec tthresh, which keeps them",
  });
}

function readWith(
  bytes: Uint8Array,
  { dtype, shape, where }: BareHint,
  choose?: (shape: Shape) => readonly Slice[],
): Tensor {
  const head = readHead(bytes, where, shape?.toReversed());
  if (dtype !== undefined && dtype !== head.type) {
    throw new TempressError("invalid-argument", `the stream holds ${head.type} values, not ${dtype}`, {
      where,
      hint: "leave dtype out; the stream says it",
    });
  }
  const full = head.extents.toReversed();
  const slices = choose?.(full);
  const values = emptyTensor(head.type, slices ? sliceShape(slices) : full);
  let at = 0;
  const take = (block: Float64Array) => {
    convertNative(block, head.type, (values.data as Float64Array).subarray(at, at + block.length));
    at += block.length;
  };
  decodeTthresh(bytes, head, where, take, slices?.map((slice, axis) => termsOf(slice, full[axis]!)).toReversed());
  return values;
}
