/**
 * Tensors as what zfp takes: four element types and ranks 1 to 4. Types are changed only where every value stays the
 * same and comes back: unsigned ones by their top bit, narrow ones in a wider type.
 */
import type { Bound } from "../promise/spec.ts";
import { DTYPES, type DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import { bytesOf, emptyTensor, type Tensor, tensorFromBytes } from "../tensor/tensor.ts";
import type { ZfpValues } from "./zfp-array.ts";
import { fitsHeader } from "./zfp-header.ts";
import type { ZfpType } from "./zfp-parameters.ts";

/**
 * Axes of extent 1 go, for each would cost four times the block; slower axes are joined until the header can say
 * the shape.
 */
export function foldedShape(shape: Shape): Shape {
  const folded = shape.filter((extent) => extent !== 1);
  if (folded.length === 0) folded.push(1);
  while (folded.length > 1 && !fitsHeader(folded)) folded.splice(0, 2, folded[0]! * folded[1]!);
  return folded;
}

/** Whole numbers above this are not all float64. */
const EXACT = 2 ** 53;

/** The type that carries `frames`: integers as integers where every bit counts, else as floats, which keep a bound. */
export function carrierType(frames: Tensor, kind: Bound["kind"]): ZfpType {
  const { dtype } = frames;
  const { kind: of, bytes } = DTYPES[dtype];
  if (of === "float") return dtype as ZfpType;
  if (kind !== "lossless") {
    if (bytes < 4) return "float32";
    if (bytes === 4 || (frames.data as BigInt64Array).every((v) => Math.abs(Number(v)) < EXACT)) return "float64";
  }
  return bytes === 8 ? "int64" : "int32";
}

/** Whether a stream of `type` can hold values of `dtype`. */
export function canCarry(type: ZfpType, dtype: DType): boolean {
  const { kind, bytes } = DTYPES[dtype];
  if (kind === "float") return type === dtype;
  return type === (bytes < 4 ? "float32" : "float64") || type === (bytes === 8 ? "int64" : "int32");
}

export function toCarrier({ dtype, shape, data }: Tensor, type: ZfpType): ZfpValues {
  if (dtype === type) return data as ZfpValues;
  const { kind, bytes } = DTYPES[dtype];
  const wide = emptyTensor(type, shape).data as ZfpValues;
  if (bytes === DTYPES[type].bytes && !type.startsWith("float")) return topBitTurned(data, type);
  if (bytes === 8) (wide as Float64Array).set(Float64Array.from(data as BigInt64Array, Number));
  else if (kind !== "float") (wide as Float64Array).set(data as Int32Array);
  return wide;
}

/** The values back; floats that carry whole numbers are rounded to them. */
export function fromCarrier(values: ZfpValues, type: ZfpType, dtype: DType, shape: Shape): Tensor {
  if (dtype === type) return tensorFromBytes(dtype, shape, new Uint8Array(values.buffer));
  const { bytes } = DTYPES[dtype];
  if (bytes === DTYPES[type].bytes && !type.startsWith("float")) {
    return tensorFromBytes(dtype, shape, bytesOf({ dtype: type, shape, data: topBitTurned(values, type) }));
  }
  const out = emptyTensor(dtype, shape);
  const [least, most] = limits(dtype);
  for (let i = 0; i < values.length; i++) {
    // Not Math.round: halves and what is beyond the type must come out the same in every direction.
    const whole = Math.min(most, Math.max(least, Math.floor(Number(values[i]) + 0.5)));
    if (bytes === 8) (out.data as BigInt64Array)[i] = BigInt(whole);
    else (out.data as Int32Array)[i] = whole;
  }
  return out;
}

/** Unsigned as signed and back: the order of the values stays. */
function topBitTurned(data: ArrayBufferView, type: ZfpType): ZfpValues {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  const Words = DTYPES[type].Array;
  const words = new Words(bytes.buffer) as Int32Array | BigInt64Array;
  if (words instanceof Int32Array) for (let i = 0; i < words.length; i++) words[i]! ^= -0x80000000;
  else for (let i = 0; i < words.length; i++) words[i]! ^= -0x8000000000000000n;
  return words;
}

/** As float64; those of 64-bit types lie inside what floats carry. */
function limits(dtype: DType): [number, number] {
  const { kind, bytes } = DTYPES[dtype];
  if (kind === "bool") return [0, 1];
  if (bytes === 8) return [kind === "int" ? -EXACT : 0, EXACT];
  return kind === "int" ? [-(2 ** (8 * bytes - 1)), 2 ** (8 * bytes - 1) - 1] : [0, 2 ** (8 * bytes) - 1];
}
