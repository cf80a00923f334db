/** Values of one type as another, without wrap-around: whole numbers are rounded to the nearest and clamped. */
import { DTYPES, type DType } from "../../tensor/dtype.ts";
import { integerLimits } from "../../tensor/fill.ts";
import { emptyTensor, type Tensor } from "../../tensor/tensor.ts";

export const isWide = (dtype: DType): boolean => DTYPES[dtype].kind !== "float" && DTYPES[dtype].bytes === 8;

/** Each value as a double; whole numbers beyond 2^53 are rounded. */
export function doubles({ data }: Tensor): Float64Array {
  return Float64Array.from(data as ArrayLike<number | bigint>, Number);
}

/** Doubles as `dtype`. NaN becomes 0 where there is none. */
export function fromDoubles(values: ArrayLike<number>, dtype: DType, shape: readonly number[]): Tensor {
  const made = emptyTensor(dtype, shape);
  const { kind } = DTYPES[dtype];
  if (kind === "float") (made.data as Float64Array).set(values);
  else if (isWide(dtype)) {
    const [least, most] = integerLimits(dtype);
    const into = made.data as BigInt64Array;
    for (let i = 0; i < values.length; i++) into[i] = clampWide(values[i]!, least, most);
  } else {
    const [least, most] = integerLimits(dtype).map(Number) as [number, number];
    const into = made.data as Int32Array;
    for (let i = 0; i < values.length; i++) {
      const rounded = Math.round(values[i]!);
      into[i] = rounded < least ? least : rounded > most ? most : rounded;
    }
  }
  return made;
}

function clampWide(value: number, least: bigint, most: bigint): bigint {
  if (Number.isNaN(value)) return 0n;
  if (value <= Number(least)) return least;
  return value >= Number(most) ? most : BigInt(Math.round(value));
}

/** The same values in another type, as near as it holds them. */
export function castTensor(from: Tensor, dtype: DType): Tensor {
  if (from.dtype === dtype) return from;
  if (!isWide(from.dtype) || !isWide(dtype)) return fromDoubles(doubles(from), dtype, from.shape);
  const [least, most] = integerLimits(dtype);
  const made = emptyTensor(dtype, from.shape);
  (from.data as BigInt64Array).forEach((value, i) => {
    (made.data as BigInt64Array)[i] = value < least ? least : value > most ? most : value;
  });
  return made;
}

/** What is lost of a bound when values up to `largest` are rounded to the type once: half a unit in the last place. */
export function rounding(dtype: DType, largest: number): number {
  const { kind, bytes } = DTYPES[dtype];
  if (kind !== "float") return 0;
  return largest * (bytes === 4 ? 2 ** -24 : 2 ** -53);
}

/** The largest magnitude of the values that matter. */
export function largestOf({ data }: Tensor, mask?: Uint8Array): number {
  let largest = 0;
  for (let i = 0; i < data.length; i++) {
    const size = Math.abs(Number(data[i]));
    if (size > largest && !mask?.[i]) largest = size;
  }
  return largest;
}
