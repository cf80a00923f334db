/** SZ3's ways to say how much error is allowed, as one absolute bound. */
import { DTYPES } from "../tensor/dtype.ts";
import { elementCount } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

export const BOUND_MODES = ["ABS", "REL", "PSNR", "NORM", "ABS_AND_REL", "ABS_OR_REL"] as const;
export type BoundMode = (typeof BOUND_MODES)[number];

/** PSNR in dB; NORM is the Euclidean length of all errors. Both are estimates, since errors are taken as uniform. */
export interface Sz3Bound {
  readonly mode: BoundMode;
  readonly abs: number;
  readonly rel: number;
  readonly psnr: number;
  readonly norm: number;
}

/** Uniform errors of 99 % of the bound, in dB. */
const UNIFORM = 10 * Math.log10(1 - (2 / 3) * 0.99);

/** The absolute bound; 0 means that nothing may be lost. */
export function absoluteBound(values: Tensor, { mode, abs, rel, psnr, norm }: Sz3Bound): number {
  switch (mode) {
    case "ABS":
      return abs;
    case "NORM":
      return Math.sqrt(3 / elementCount(values.shape)) * norm;
    case "REL":
      return rel * spread(values);
    case "PSNR":
      return spread(values) * 10 ** ((psnr + UNIFORM) / -20);
    case "ABS_AND_REL":
      return Math.min(abs, rel * spread(values));
    default:
      return Math.max(abs, rel * spread(values));
  }
}

/** max - min in the values' own type, as SZ3 takes it; NaN does not count. */
export function spread({ data, dtype }: Tensor): number {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    let least = data[0]!;
    let most = least;
    for (let i = 1; i < data.length; i++) {
      if (data[i]! < least) least = data[i]!;
      if (data[i]! > most) most = data[i]!;
    }
    return Number(most - least);
  }
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (least > most) return 0;
  return DTYPES[dtype].kind === "float" && dtype === "float32" ? Math.fround(most - least) : most - least;
}
