/**
 * Working values: what the predictors of tezip see. Any dtype becomes float32 or float64 numbers with one absolute
 * bound, and comes back by exact arithmetic:
 *
 *     same      float32, float64 as they are
 *     whole     integers as floats that hold them exactly
 *     lattice   n with x = offset + n * delta, where every value is such a one
 *     bits      float32, float64 as they are, coded without loss by their patterns
 *     ordered   the float's bits read as a sign-magnitude integer: a step there is relative (pw_rel)
 */
import type { Bound } from "../promise/spec.ts";
import { DTYPES, type DType } from "../tensor/dtype.ts";
import { emptyTensor, type Tensor } from "../tensor/tensor.ts";
import { detectLattice, type Lattice } from "./lattice-detect.ts";

export type Floats = Float32Array | Float64Array;

export const MAPPINGS = ["same", "whole", "lattice", "ordered", "bits"] as const;

export interface Mapping {
  readonly kind: (typeof MAPPINGS)[number];
  /** float64 working values instead of float32. */
  readonly wide: boolean;
  /** Lattice only. */
  readonly lattice?: Lattice;
  /** Values are whole numbers: predictions are rounded, and the step is 2 * bound + 1. */
  readonly whole: boolean;
}

export interface Working {
  readonly mapping: Mapping;
  readonly values: Floats;
  /** Largest allowed |working - decoded working|. */
  readonly bound: number;
  readonly step: number;
}

/** Integers up to 2^24 are exact in float32; a margin of bits for predictions around them. */
const EXACT_F32 = 2 ** 23;
const EXACT_F64 = 2 ** 52;
/** Bits of a float64 pattern that are dropped so that the rest is exact as a float64 number. */
const DROPPED = 11;

/** Undefined where no exact working form exists (64-bit integers out of range, pw_rel below an ulp). */
export function toWorking(frames: Tensor, bound: Bound, mask?: Uint8Array): Working | undefined {
  const { kind } = DTYPES[frames.dtype];
  if (bound.kind === "pw_rel") return ordered(frames, bound.value, mask);
  const wide = frames.dtype === "float64";
  // Finite even when doubled.
  const E = bound.kind === "lossless" ? 0 : Math.min(bound.value, wide ? 2 ** 1021 : 2 ** 125);
  if (kind !== "float") return wholeNumbers(frames, Math.floor(E));
  const values = frames.data as Floats;
  const useful = usefulLattice(values, E, mask);
  if (useful) return onLattice(values, useful.lattice, useful.steps);
  if (E === 0) return patterns(values);
  const largest = magnitude(values);
  const ulp = 2 ** (Math.floor(Math.log2(largest + E + 1e-300)) - (wide ? 52 : 23));
  // Decoded values are rounded to the type: half an ulp of the bound is kept for that.
  const inner = E - ulp / 2;
  if (inner < E / 4 || !Number.isFinite(largest)) return patterns(values);
  const mapping: Mapping = { kind: "same", wide, whole: false };
  const step = 2 * (ulp > E * 2 ** -12 ? inner : E);
  return { mapping, values, bound: E, step: wide ? step : Math.fround(step) };
}

/** The lattice that the values are on, when coding its indices within `steps` of them beats a step of 2E off it. */
export function usefulLattice(
  values: Floats,
  E: number,
  mask?: Uint8Array,
): { readonly lattice: Lattice; readonly steps: number } | undefined {
  const lattice = detectLattice(values, E, mask);
  if (!lattice) return undefined;
  const steps = safeSteps(values, lattice, E, mask);
  return E === 0 || 2 * steps + 1 >= 0.9 * ((2 * E) / lattice.delta) ? { lattice, steps } : undefined;
}

/** Lossless: nothing is quantised; the step only scales what the coder measures, an ulp of the usual magnitude. */
function patterns(values: Floats): Working {
  const wide = values instanceof Float64Array;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.abs(values[i]!) / values.length;
  const usual = Number.isFinite(sum) && sum > 0 ? sum : 1;
  const step = Math.max(wide ? 2 ** -1074 : 1e-37, 2 ** (Math.floor(Math.log2(usual)) - (wide ? 52 : 23)));
  return { mapping: { kind: "bits", wide, whole: false }, values, bound: 0, step };
}

function magnitude(values: Floats): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const v = Math.abs(values[i]!);
    if (v > largest) largest = v;
  }
  return largest;
}

function wholeNumbers(frames: Tensor, E: number): Working | undefined {
  const data = frames.data;
  let largest = 0;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    for (const v of data) largest = Math.max(largest, Math.abs(Number(v)));
  } else {
    for (let i = 0; i < data.length; i++) largest = Math.max(largest, Math.abs(data[i] as number));
  }
  if (largest + E > EXACT_F64) return undefined;
  const wide = largest + E > EXACT_F32;
  const values = wide ? new Float64Array(data.length) : new Float32Array(data.length);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    for (let i = 0; i < data.length; i++) values[i] = Number(data[i]);
  } else {
    values.set(data as Float32Array);
  }
  return { mapping: { kind: "whole", wide, whole: true }, values, bound: E, step: 2 * E + 1 };
}

/**
 * Steps of the lattice that keep the bound in spite of rounding: where E is a whole number of them, as in 0.01 for
 * data of two decimals, |x - y| may pass it by an ulp. One step less is below it by more than any rounding.
 */
function safeSteps(values: Floats, { offset, delta }: Lattice, E: number, mask?: Uint8Array): number {
  const most = Math.floor((E / delta) * (1 + 1e-12));
  if (most === 0) return 0;
  const round = values instanceof Float32Array ? Math.fround : (v: number) => v;
  for (let i = 0; i < values.length; i++) {
    if (mask?.[i]) continue;
    const x = values[i]!;
    const n = Math.round((x - offset) / delta);
    const below = x - round(offset + (n - most) * delta);
    const above = round(offset + (n + most) * delta) - x;
    if (below > E || above > E) return most - 1;
  }
  return most;
}

function onLattice(values: Floats, lattice: Lattice, E: number): Working {
  const wide = lattice.most + E > EXACT_F32;
  const indices = wide ? new Float64Array(values.length) : new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) indices[i] = Math.round((values[i]! - lattice.offset) / lattice.delta);
  return { mapping: { kind: "lattice", wide, lattice, whole: true }, values: indices, bound: E, step: 2 * E + 1 };
}

/**
 * |x - y| <= r |x| holds when the patterns differ by at most r * 2^23 (float32; 2^52 for float64): one unit is
 * 2^-23 of the power of two below |x|, and where a binade is crossed upwards |x| is close to twice that power.
 */
function ordered(frames: Tensor, r: number, mask?: Uint8Array): Working | undefined {
  if (r >= 1) return undefined;
  const count = frames.data.length;
  const values = new Float64Array(count);
  if (frames.dtype === "float32") {
    const E = Math.floor(r * 2 ** 23);
    if (E < 1) return undefined;
    const bits = new Int32Array(frames.data.buffer, frames.data.byteOffset, count);
    for (let i = 0; i < count; i++) values[i] = bits[i]! < 0 ? -(bits[i]! & 0x7fffffff) : bits[i]!;
    hideZeros(values, mask);
    return { mapping: { kind: "ordered", wide: true, whole: true }, values, bound: E, step: 2 * E + 1 };
  }
  if (frames.dtype === "float64") {
    const E = Math.floor(r * 2 ** (52 - DROPPED)) - 1;
    if (E < 1) return undefined;
    const words = new Int32Array(frames.data.buffer, frames.data.byteOffset, 2 * count);
    for (let i = 0; i < count; i++) {
      const high = words[2 * i + 1]!;
      const size = (high & 0x7fffffff) * 2 ** (32 - DROPPED) + (words[2 * i]! >>> DROPPED);
      values[i] = high < 0 ? -size : size;
    }
    hideZeros(values, mask);
    return { mapping: { kind: "ordered", wide: true, whole: true }, values, bound: E, step: 2 * E + 1 };
  }
  return undefined;
}

/** Masked places hold whatever came before: their patterns stay near their neighbours'. */
function hideZeros(values: Float64Array, mask?: Uint8Array): void {
  if (!mask) return;
  let last = 0;
  for (let i = 0; i < values.length; i++) {
    if (mask[i]) values[i] = last;
    else last = values[i]!;
  }
}

/** The way back: exact, and inside the dtype's range. */
export function fromWorking(values: Floats, mapping: Mapping, dtype: DType, shape: readonly number[]): Tensor {
  const out = emptyTensor(dtype, shape);
  const data = out.data;
  const count = data.length;
  if (mapping.kind === "lattice") {
    const { offset, delta } = mapping.lattice!;
    const floats = data as Floats;
    for (let i = 0; i < count; i++) floats[i] = offset + values[i]! * delta;
  } else if (mapping.kind === "ordered") {
    backFromPatterns(values, out);
  } else if (mapping.kind === "whole") {
    const [least, most] = rangeOf(dtype);
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
      for (let i = 0; i < count; i++) data[i] = BigInt(Math.trunc(Math.max(least, Math.min(most, values[i]!)) || 0));
    } else {
      for (let i = 0; i < count; i++) data[i] = Math.max(least, Math.min(most, values[i]!));
    }
  } else {
    (data as Floats).set(values);
  }
  return out;
}

function rangeOf(dtype: DType): [number, number] {
  const { kind, bytes } = DTYPES[dtype];
  if (kind === "bool") return [0, 1];
  // Working values of 64-bit integers reach 2^52: one bit for that, one for the sign.
  const bits = bytes === 8 ? 54 : 8 * bytes;
  return kind === "uint" ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}

function backFromPatterns(values: Floats, out: Tensor): void {
  const count = values.length;
  if (out.dtype === "float32") {
    const bits = new Uint32Array(out.data.buffer, out.data.byteOffset, count);
    for (let i = 0; i < count; i++) {
      const v = values[i]!;
      // The largest finite number, where a step led beyond it.
      const size = Math.min(Math.abs(v), 0x7f7fffff);
      bits[i] = (v < 0 ? 0x80000000 : 0) + size;
    }
    return;
  }
  const words = new Uint32Array(out.data.buffer, out.data.byteOffset, 2 * count);
  const unit = 2 ** (32 - DROPPED);
  for (let i = 0; i < count; i++) {
    const v = values[i]!;
    const size = Math.min(Math.abs(v), 0x7ff * 2 ** (52 - DROPPED) - 1);
    const high = Math.floor(size / unit);
    words[2 * i] = (size - high * unit) * 2 ** DROPPED;
    words[2 * i + 1] = (v < 0 ? 0x80000000 : 0) + high;
  }
}
