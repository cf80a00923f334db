/**
 * Integers in the type that they are coded in. SZ3 itself codes them in their own, where sums wrap: a bound can break
 * and unsigned values escape. Narrow ones are widened to int32, uint32 and uint64 are moved down by half their range.
 */
import { DTYPES, type DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import { emptyTensor, type Tensor } from "../tensor/tensor.ts";
import type { Sz3Type } from "./sz3-config.ts";

export function wideType(dtype: DType): Sz3Type {
  if (DTYPES[dtype].kind === "float") return dtype as "float32" | "float64";
  return DTYPES[dtype].bytes === 8 ? "int64" : "int32";
}

export function toWide(values: Tensor): Tensor {
  const { dtype, shape, data } = values;
  const type = wideType(dtype);
  if (type === dtype) return values;
  const out = emptyTensor(type, shape);
  if (dtype === "uint64") {
    (out.data as BigInt64Array).set(new BigInt64Array(data.buffer, data.byteOffset, data.length));
    flip(new Uint32Array(out.data.buffer), 1, 2);
  } else if (dtype === "uint32") {
    (out.data as Int32Array).set(new Int32Array(data.buffer, data.byteOffset, data.length));
    flip(new Uint32Array(out.data.buffer), 0, 1);
  } else (out.data as Int32Array).set(data as Int16Array);
  return out;
}

/** Back, with values outside the narrow type's range brought to its ends, which is nearer to the original. */
export function fromWide(values: Tensor, dtype: DType, shape: Shape): Tensor {
  if (values.dtype === dtype) return { ...values, shape };
  const out = emptyTensor(dtype, shape);
  const { data } = values;
  if (dtype === "uint64" || dtype === "uint32") {
    const words = new Uint32Array(out.data.buffer);
    words.set(new Uint32Array(data.buffer, data.byteOffset, words.length));
    if (dtype === "uint64") flip(words, 1, 2);
    else flip(words, 0, 1);
    return out;
  }
  const { kind, bytes } = DTYPES[dtype];
  const most = kind === "bool" ? 1 : kind === "uint" ? 2 ** (8 * bytes) - 1 : 2 ** (8 * bytes - 1) - 1;
  const least = kind === "int" ? -most - 1 : 0;
  const from = data as Int32Array;
  const to = out.data as Int16Array;
  for (let i = 0; i < to.length; i++) to[i] = Math.min(most, Math.max(least, from[i]!));
  return out;
}

/** Turns the highest bit of every `step`-th word: an offset of half the range. */
function flip(words: Uint32Array, first: number, step: number): void {
  for (let i = first; i < words.length; i += step) words[i] = (words[i]! ^ 0x80000000) >>> 0;
}
