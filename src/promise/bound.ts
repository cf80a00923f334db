import { TempressError } from "../errors.ts";
import { DTYPES, type DType } from "../tensor/dtype.ts";
import { integerLimits } from "../tensor/fill.ts";
import type { ValueRange } from "./range.ts";
import type { Bound, PromiseSpec } from "./spec.ts";

const LOSSLESS: Bound = Object.freeze({ kind: "lossless", value: 0 });

/**
 * The one number that every value must keep.
 *
 * `rel` is rel * (max - min) in float64 over the ordinary values of the whole tensor, so it needs `range`.
 * Integers take the floor, since their errors are whole; a bound of 0 is lossless. Bool is always lossless:
 * a bound below 1 allows no error, and one of 1 or more would promise nothing.
 */
export function resolveBound(spec: PromiseSpec, range: ValueRange | undefined, dtype: DType): Bound {
  if (spec.kind === "lossless" || DTYPES[dtype].kind === "bool") return LOSSLESS;
  if (spec.kind === "pw_rel") {
    return spec.pwRel === 0 ? LOSSLESS : { kind: "pw_rel", value: spec.pwRel };
  }
  if (spec.kind === "eps" || spec.kind === "rmse" || spec.kind === "psnr") {
    const value = rmseOf(spec, range);
    return value === 0 ? LOSSLESS : { kind: "rmse", value };
  }
  return absolute(absoluteOf(spec, range), dtype);
}

/** A little less than eps means, since a sum of squares depends on its order in the last digits. */
const SAFE = 1 - 2 ** -40;

function rmseOf(spec: PromiseSpec & { kind: "eps" | "rmse" | "psnr" }, range: ValueRange | undefined): number {
  if (spec.kind === "rmse") return spec.rmse;
  if (range === undefined) throw unscanned(spec.kind);
  if (range.finite === 0) return 0;
  if (spec.kind === "psnr") return ofRange(10 ** (spec.psnr / -20), range);
  if (range.rms === undefined) throw unscanned(spec.kind);
  return spec.eps * range.rms * SAFE;
}

function unscanned(kind: string): TempressError {
  return new TempressError("invalid-argument", "a relative bound needs the range of the values", {
    where: kind,
    hint: "scan the values first, or give an absolute bound",
  });
}

function absoluteOf(
  spec: PromiseSpec & { kind: "abs" | "rel" | "abs_and_rel" },
  range: ValueRange | undefined,
): number {
  if (spec.kind === "abs") return spec.abs;
  if (range === undefined) throw unscanned(spec.kind);
  const relative = ofRange(spec.rel, range);
  return spec.kind === "rel" ? relative : Math.min(spec.abs, relative);
}

function ofRange(rel: number, { min, max, finite }: ValueRange): number {
  if (finite === 0) return 0;
  const width = max - min;
  // The width of float64 data can overflow where the bound does not.
  return Number.isFinite(width) ? rel * width : Math.min(rel * max - rel * min, Number.MAX_VALUE);
}

function absolute(value: number, dtype: DType): Bound {
  if (DTYPES[dtype].kind === "float") return value === 0 ? LOSSLESS : { kind: "abs", value };
  const [least, most] = integerLimits(dtype);
  const whole = Math.min(Math.floor(value), Number(most - least));
  return whole === 0 ? LOSSLESS : { kind: "abs", value: whole };
}
