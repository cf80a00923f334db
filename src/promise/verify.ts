import { TempressError } from "../errors.ts";
import { DTYPES } from "../tensor/dtype.ts";
import { passWindow, throughWindow } from "../tensor/passes.ts";
import { fillWords } from "../tensor/scan.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { eachChanged } from "./errors-at.ts";
import { type MeanError, verifyMean } from "./mean-error.ts";
import type { Bound } from "./spec.ts";

/** A value that broke its promise. Errors are in the data's unit (under `pw_rel` a share of the value). */
export interface Offender {
  /** Position in C order within the tensors compared. */
  readonly index: number;
  readonly original: number | bigint;
  readonly decoded: number | bigint;
  readonly error: number;
}

export interface Verdict {
  /**
   * Largest error of all values: absolute, or relative to the value under `pw_rel`; Infinity for a lost special.
   * Under `rmse` that mean error.
   */
  readonly maxError: number;
  /** How many values break the bound; 0 means that the promise holds. */
  readonly broken: number;
  /** The worst of them, largest error first. */
  readonly worst: readonly Offender[];
  /** Under `rmse`, where slabs are judged together: see `joinMeans`. */
  readonly mean?: MeanError;
}

const LISTED = 10;

/**
 * Whether `decoded` keeps `bound` on every value of `original`, without slack: see `eachChanged` for what counts.
 * Values under `mask` do not matter; special values outside it, and `fill` where it is named, must keep their bits.
 * Throws `invalid-argument` when the two tensors do not match.
 */
export function verifyBound(
  original: Tensor,
  decoded: Tensor,
  bound: Bound,
  mask?: Uint8Array,
  fill?: number,
): Verdict {
  mustMatch(original, decoded);
  if (bound.kind === "rmse") return verifyMean(original, decoded, bound, mask, fill);
  const clean = quickly(original, decoded, bound, mask, fill);
  return clean === undefined
    ? valueByValue(original, decoded, bound, mask, fill)
    : { maxError: clean, broken: 0, worst: [] };
}

export function mustMatch(original: Tensor, decoded: Tensor): void {
  if (original.dtype === decoded.dtype && formatShape(original.shape) === formatShape(decoded.shape)) return;
  throw new TempressError(
    "invalid-argument",
    `${original.dtype} ${formatShape(original.shape)} is compared with ${decoded.dtype} ${formatShape(decoded.shape)}`,
    { where: "verify", hint: "compare a tensor with its own decompressed values" },
  );
}

/** The largest error when the promise plainly holds; undefined when it must be looked at value by value. */
function quickly(
  original: Tensor,
  decoded: Tensor,
  bound: Bound,
  mask: Uint8Array | undefined,
  fill: number | undefined,
): number | undefined {
  const { kind, bytes } = DTYPES[original.dtype];
  if (bound.kind === "lossless") return identical(original, decoded, bytes) ? 0 : undefined;
  if (kind === "float") return quickFloats(original, decoded, bound, mask, fill);
  if (bytes < 8 && bound.kind === "abs" && !mask && fill === undefined) return quickIntegers(original, decoded, bound);
  return undefined;
}

function identical(original: Tensor, decoded: Tensor, bytes: number): boolean {
  const { exports, a, b } = passWindow();
  let same = true;
  throughWindow(original.data, decoded.data, undefined, bytes, (length) => {
    if (same && exports.differs(a, b, length)) same = false;
  });
  return same;
}

function quickFloats(
  original: Tensor,
  decoded: Tensor,
  bound: Bound,
  mask: Uint8Array | undefined,
  fill: number | undefined,
): number | undefined {
  const { exports, a, b, mask: maskAt, state, f64, i32 } = passWindow();
  const { bytes } = DTYPES[original.dtype];
  const single = bytes === 4;
  const pointwise = bound.kind === "pw_rel";
  const kernel = pointwise
    ? single
      ? exports.verifyPw32
      : exports.verifyPw64
    : single
      ? exports.verifyAbs32
      : exports.verifyAbs64;
  f64.fill(0, 0, 4);
  f64.fill(bound.value, 4, 6);
  i32.set(fillWords(original.dtype, fill), 12);
  throughWindow(original.data, decoded.data, mask, bytes, (length) => {
    kernel(a, b, mask ? maskAt : 0, length, state);
  });
  if (i32[4] || i32[5] || i32[6] || i32[7]) return undefined;
  const wide = Math.max(f64[0]!, f64[1]!);
  // Rounding is monotonic, so the largest difference in float32 is the largest of all, rounded.
  const error = single && !pointwise ? Math.max(wide, Math.fround(wide)) : wide;
  return error <= bound.value ? error : undefined;
}

function quickIntegers(original: Tensor, decoded: Tensor, bound: Bound): number | undefined {
  const x = original.data as Int32Array;
  const y = decoded.data as Int32Array;
  let largest = 0;
  for (let i = 0; i < x.length; i++) {
    const error = Math.abs(x[i]! - y[i]!);
    if (error > largest) largest = error;
  }
  return largest <= bound.value ? largest : undefined;
}

function valueByValue(
  original: Tensor,
  decoded: Tensor,
  bound: Bound,
  mask: Uint8Array | undefined,
  fill: number | undefined,
): Verdict {
  let maxError = 0;
  let broken = 0;
  const worst: { index: number; error: number }[] = [];
  eachChanged(original, decoded, bound, mask, fill, (index, error, breaks) => {
    if (error > maxError) maxError = error;
    if (!breaks) return;
    broken++;
    if (worst.length === LISTED && error <= worst[LISTED - 1]!.error) return;
    let place = worst.length;
    while (place > 0 && worst[place - 1]!.error < error) place--;
    worst.splice(place, 0, { index, error });
    if (worst.length > LISTED) worst.pop();
  });
  return {
    maxError,
    broken,
    worst: worst.map(({ index, error }) => ({
      index,
      original: original.data[index]!,
      decoded: decoded.data[index]!,
      error,
    })),
  };
}
