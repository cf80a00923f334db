/** Real numbers to the values of a type, as native tthresh makes them; and as our own files do. */
import { DTYPES, type DType } from "../tensor/dtype.ts";
import type { TthreshType } from "./tthresh-decode.ts";

type Numbers = Float64Array | Float32Array | Uint8Array | Uint16Array | Int32Array;

/** The format's rules: unsigned types are rounded, int32 is cut off, floats are rounded by their arithmetic. */
export function convertNative(values: Float64Array, type: TthreshType, out: Numbers): void {
  if (type === "float32" || type === "float64") {
    out.set(values);
    return;
  }
  if (type === "int32") {
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      out[i] = value >= 2147483647 ? 2147483647 : value <= -2147483648 ? -2147483648 : Math.trunc(value);
    }
    return;
  }
  const most = type === "uint8" ? 255 : 65535;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!(value < most)) out[i] = most;
    else if (value <= 0) out[i] = 0;
    else {
      const whole = Math.floor(value);
      out[i] = value - whole >= 0.5 ? whole + 1 : whole;
    }
  }
}

/** Whole numbers as float64: all of them up to this. */
const EXACT = 2 ** 53;

/** The nearest value of any dtype; halves go up. */
export function convertNearest(values: Float64Array, dtype: DType, out: ArrayLike<number | bigint>): void {
  const { kind, bytes } = DTYPES[dtype];
  if (kind === "float") {
    (out as Float64Array).set(values);
    return;
  }
  const most =
    kind === "bool" ? 1 : bytes === 8 ? EXACT : kind === "uint" ? 2 ** (8 * bytes) - 1 : 2 ** (8 * bytes - 1) - 1;
  const least = kind === "int" ? (bytes === 8 ? -EXACT : -most - 1) : 0;
  for (let i = 0; i < values.length; i++) {
    const whole = Math.min(most, Math.max(least, Math.floor(values[i]! + 0.5)));
    if (bytes === 8) (out as BigInt64Array)[i] = BigInt(Number.isNaN(whole) ? 0 : whole);
    else (out as Int32Array)[i] = whole;
  }
}

/** Largest magnitude; Infinity where a value is not finite. */
export function largestOf(data: ArrayLike<number | bigint>): number {
  let most = 0;
  for (let i = 0; i < data.length; i++) {
    const size = Math.abs(Number(data[i]));
    // NaN is not at most anything.
    if (!(size <= most)) most = size - size === 0 ? size : Number.POSITIVE_INFINITY;
  }
  return most;
}

/** Half a step away from 0, so that cutting off rounds. */
export function outwards(values: Float64Array): void {
  for (let i = 0; i < values.length; i++) values[i]! += 0.5 * Math.sign(values[i]!);
}
