import { scanValues } from "../tensor/scan.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { PromiseSpec } from "./spec.ts";

/**
 * Range of the ordinary values: finite, and neither -0, denormal nor the fill. `min` is Infinity and `max`
 * -Infinity where there are none. `specials` counts all others.
 */
export interface ValueRange {
  readonly min: number;
  readonly max: number;
  readonly finite: number;
  readonly specials: number;
  /** Root of the mean of ordinary values' squares, where it was asked for. */
  readonly rms?: number;
}

export const EMPTY_RANGE: ValueRange = Object.freeze({ min: Infinity, max: -Infinity, finite: 0, specials: 0 });

/** Range of one slab. Throws `invalid-argument` for a fill value that the type cannot hold. */
export function scanRange(values: Tensor, fill?: number, withRms = false): ValueRange {
  const { min, max, ordinary, special } = scanValues(values, fill);
  const range = { min, max, finite: ordinary, specials: special };
  return withRms ? { ...range, rms: rootOfSquares(values, range, fill) } : range;
}

/** What a pass over the values must find for a promise to mean a number. */
export function neededScan(promise: PromiseSpec): "range" | "rms" | undefined {
  if (promise.kind === "eps") return "rms";
  return promise.kind === "rel" || promise.kind === "abs_and_rel" || promise.kind === "psnr" ? "range" : undefined;
}

/** In units of the largest value, so that squares stay within float64. -0 and denormals add nothing that counts. */
function rootOfSquares({ data }: Tensor, range: ValueRange, fill: number | undefined): number {
  const unit = Math.max(Math.abs(range.min), Math.abs(range.max));
  if (range.finite === 0 || unit === 0) return 0;
  let sum = 0;
  for (let i = 0; i < data.length; i++) {
    const value = Number(data[i]);
    const part = value / unit;
    if (value - value === 0 && value !== fill) sum += part * part;
  }
  return unit * Math.sqrt(sum / range.finite);
}

/** Range of two slabs together. */
export function mergeRanges(a: ValueRange, b: ValueRange): ValueRange {
  return {
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    finite: a.finite + b.finite,
    specials: a.specials + b.specials,
    ...(a.rms === undefined && b.rms === undefined ? {} : { rms: jointRms(a, b) }),
  };
}

function jointRms(a: ValueRange, b: ValueRange): number {
  const all = Math.max(1, a.finite + b.finite);
  return Math.hypot((a.rms ?? 0) * Math.sqrt(a.finite / all), (b.rms ?? 0) * Math.sqrt(b.finite / all));
}
