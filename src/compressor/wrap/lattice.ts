/** Values as whole numbers of steps of twice the bound: what codecs of differences and whole numbers work on. */

import type { DType } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { emptyTensor } from "../../tensor/tensor.ts";
import { doubles, fromDoubles, isWide } from "./convert.ts";

/** Beyond this a double no longer holds each number of steps. */
const MOST = 2 ** 52;

/** `float64` numbers of steps; undefined where they are too many, so that the values must stay as they are. */
export function stepsOf(x: Tensor, step: number, mask: Uint8Array | undefined): Float64Array | undefined {
  if (isWide(x.dtype)) return undefined;
  const values = doubles(x);
  let last = 0;
  for (let i = 0; i < values.length; i++) {
    if (mask?.[i]) values[i] = last;
    else {
      last = Math.round(values[i]! / step);
      if (!(Math.abs(last) < MOST)) return undefined;
      // -0 would be a special value.
      values[i] = last + 0;
    }
  }
  return values;
}

export function fromSteps(steps: ArrayLike<number>, step: number, dtype: DType, shape: readonly number[]): Tensor {
  return fromDoubles(
    Float64Array.from(steps, (count) => count * step),
    dtype,
    shape,
  );
}

/** Whole numbers as int32 where they fit, else int64. */
export function wholeTensor(values: Float64Array, shape: readonly number[]): Tensor {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  const made = emptyTensor(largest < 2 ** 31 ? "int32" : "int64", shape);
  if (made.dtype === "int32") (made.data as Int32Array).set(values);
  else (made.data as BigInt64Array).set(BigInt64Array.from(values, BigInt));
  return made;
}
