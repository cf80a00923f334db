/**
 * Values less a prediction, and back. Where every bit must stay, both are taken as whole numbers in the order of the
 * values, and differences wrap around; else floats subtract as floats, and whole numbers as wider ones.
 */
import { DTYPES, type DType } from "../../tensor/dtype.ts";
import { integerLimits } from "../../tensor/fill.ts";
import { emptyTensor, type Tensor } from "../../tensor/tensor.ts";
import { isWide } from "./convert.ts";

const SIGNED: Readonly<Record<number, DType>> = { 1: "int8", 2: "int16", 4: "int32", 8: "int64" };

/** The type of differences of `dtype`; `exact`: they wrap around. */
export function differenceType(dtype: DType, exact: boolean): DType {
  const { kind, bytes } = DTYPES[dtype];
  if (exact) return SIGNED[bytes]!;
  return kind === "float" ? dtype : SIGNED[Math.min(8, 2 * bytes)]!;
}

/** x - p, both of one type. */
export function difference(x: Tensor, p: Tensor, exact: boolean): Tensor {
  const { dtype, shape } = x;
  const out = emptyTensor(differenceType(dtype, exact), shape);
  if (isWide(out.dtype)) {
    const [a, b] = [wideWhole(x, exact), wideWhole(p, exact)];
    const into = out.data as BigInt64Array;
    for (let i = 0; i < into.length; i++) into[i] = a(i) - b(i);
    return out;
  }
  const [a, b] = exact ? [inOrder(x), inOrder(p)] : [x.data as Float64Array, p.data as Float64Array];
  const into = out.data as Float64Array;
  for (let i = 0; i < into.length; i++) into[i] = a[i]! - b[i]!;
  return out;
}

/** The reverse: p + r in the type of p; whole numbers are clamped to it unless they wrap around. */
export function sum(p: Tensor, r: Tensor, exact: boolean): Tensor {
  const { dtype, shape } = p;
  const out = emptyTensor(dtype, shape);
  if (exact) return exactSum(p, r, out);
  if (DTYPES[dtype].kind === "float") {
    const [a, b, into] = [p.data, r.data, out.data] as [Float64Array, Float64Array, Float64Array];
    for (let i = 0; i < into.length; i++) into[i] = a[i]! + b[i]!;
    return out;
  }
  const [least, most] = integerLimits(dtype);
  if (isWide(r.dtype)) {
    const [a, b] = [wideWhole(p, false), wideWhole(r, false)];
    for (let i = 0; i < out.data.length; i++) {
      const value = a(i) + b(i);
      const kept = value < least ? least : value > most ? most : value;
      if (isWide(dtype)) (out.data as BigInt64Array)[i] = kept;
      else (out.data as Int32Array)[i] = Number(kept);
    }
    return out;
  }
  const [low, high] = [Number(least), Number(most)];
  const [a, b, into] = [p.data, r.data, out.data] as [Int32Array, Int32Array, Int32Array];
  for (let i = 0; i < into.length; i++) into[i] = Math.min(high, Math.max(low, a[i]! + b[i]!));
  return out;
}

function exactSum(p: Tensor, r: Tensor, out: Tensor): Tensor {
  if (isWide(r.dtype)) {
    const [a, b] = [wideWhole(p, true), wideWhole(r, true)];
    const whole = new BigInt64Array(out.data.length);
    for (let i = 0; i < whole.length; i++) whole[i] = a(i) + b(i);
    return fromOrder(whole, out);
  }
  const [a, b] = [inOrder(p), r.data as Int32Array];
  const whole = DTYPES[r.dtype].Array;
  const sums = new whole(out.data.length) as Int32Array;
  for (let i = 0; i < sums.length; i++) sums[i] = a[i]! + b[i]!;
  return fromOrder(sums, out);
}

/** Floats of 4 bytes by their bits, so that greater values have greater numbers; whole numbers as they are. */
export function inOrder({ dtype, data }: Tensor): Int32Array {
  if (dtype !== "float32") return data as Int32Array;
  const bits = new Int32Array(data.buffer, data.byteOffset, data.length);
  return bits.map((word) => (word < 0 ? word ^ 0x7fffffff : word));
}

function wideWhole({ dtype, data }: Tensor, exact: boolean): (i: number) => bigint {
  if (exact && dtype === "float64") {
    const bits = new BigInt64Array(data.buffer, data.byteOffset, data.length);
    return (i) => (bits[i]! < 0n ? bits[i]! ^ 0x7fffffffffffffffn : bits[i]!);
  }
  if (isWide(dtype)) return (i) => data[i] as bigint;
  return (i) => BigInt(data[i] as number);
}

/** The reverse of `inOrder`, into `out`. */
export function fromOrder(whole: Int32Array | BigInt64Array, out: Tensor): Tensor {
  const { dtype, data } = out;
  if (dtype === "float32") {
    const bits = new Int32Array(data.buffer, data.byteOffset, data.length);
    for (let i = 0; i < bits.length; i++) {
      const word = whole[i] as number;
      bits[i] = word < 0 ? word ^ 0x7fffffff : word;
    }
  } else if (dtype === "float64") {
    const bits = new BigInt64Array(data.buffer, data.byteOffset, data.length);
    for (let i = 0; i < bits.length; i++) {
      const word = whole[i] as bigint;
      bits[i] = word < 0n ? word ^ 0x7fffffffffffffffn : word;
    }
  } else {
    const into = data as Float64Array;
    for (let i = 0; i < into.length; i++) into[i] = whole[i] as number;
  }
  return out;
}
