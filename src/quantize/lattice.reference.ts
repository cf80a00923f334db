/** Slow twin of kernels/quantize/lattice.ts, one value at a time. */
import { DTYPES, type DType } from "../tensor/dtype.ts";
import type { Lattice } from "./lattice.ts";

const MOST = 2 ** 28 - 1;

/** Halves to even, as IEEE 754 rounds. */
function nearest(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
}

function limits(dtype: DType): [number, number] {
  const { kind, bytes } = DTYPES[dtype];
  if (kind === "float") return [-Infinity, Infinity];
  if (kind === "bool") return [0, 1];
  return kind === "uint" ? [0, 2 ** (8 * bytes) - 1] : [-(2 ** (8 * bytes - 1)), 2 ** (8 * bytes - 1) - 1];
}

/** The value that an index stands for. */
export function valueAt(index: number, { base, step }: Lattice, dtype: DType): number | bigint {
  if (typeof base === "bigint") {
    const top = dtype === "int64" ? 2n ** 63n - 1n : 2n ** 64n - 1n;
    const distance = BigInt.asUintN(64, BigInt(Math.max(0, index)) * BigInt(step));
    const room = BigInt.asUintN(64, top - base);
    const value = base + (distance < room ? distance : room);
    return dtype === "int64" ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
  }
  const [least, most] = limits(dtype);
  const value = Math.max(least, Math.min(most, base + index * Number(step)));
  return dtype === "float32" ? Math.fround(value) : value;
}

/** Index of a value and whether the value it stands for is near enough; `left`: the index before it. */
export function indexOf(
  value: number | bigint,
  lattice: Lattice,
  dtype: DType,
  left: number,
): { readonly index: number; readonly kept: boolean } {
  const { base, step, bound } = lattice;
  if (typeof base === "bigint") {
    const distance = BigInt.asUintN(64, BigInt(value) - base);
    const whole = distance / BigInt(step) + (distance % BigInt(step) > BigInt(bound) ? 1n : 0n);
    const top = dtype === "int64" ? 2n ** 63n - 1n : 2n ** 64n - 1n;
    const outside = distance > top - base || whole > BigInt(MOST);
    return outside ? { index: left, kept: false } : { index: Number(whole), kept: true };
  }
  const whole = nearest((Number(value) - base) * (1 / Number(step)));
  if (!(Math.abs(whole) <= MOST)) return { index: left, kept: false };
  const error = Math.abs(Number(value) - Number(valueAt(whole, lattice, dtype)));
  return { index: whole, kept: error <= Number(bound) };
}
