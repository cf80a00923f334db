/**
 * The lattice that values are rounded to before prediction: index q = nearest((x - base) / step), decoded value
 * y = base + step * q in float64, rounded to the type (64-bit integers: whole arithmetic modulo 2^64).
 */
import { type Arrays, DTYPES, type DType } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { usefulLattice } from "./working.ts";

export interface Lattice {
  /** Numbers, or for 64-bit integers their patterns. */
  readonly base: number | bigint;
  readonly step: number | bigint;
  /** Largest allowed |x - y|. */
  readonly bound: number | bigint;
}

/** Values looked at to choose a lattice. */
const LOOKS = 2048;
/** Indices a little below what kernels/quantize/lattice.ts allows. */
const MOST_INDEX = 2 ** 27;
/** Taken off the step so that float64 rounding does not break the bound. */
const MARGIN = 1 - 2 ** -20;

export interface LatticeChoice {
  readonly lattice: Lattice;
  /** Distance between the smallest and the largest index seen in a sample. */
  readonly range: number;
}

/** Undefined where a lattice cannot hold the values within the bound, or hardly coarser than they are. */
export function chooseLattice(frames: Tensor, bound: number, mask?: Uint8Array): LatticeChoice | undefined {
  const { kind, bytes } = DTYPES[frames.dtype];
  if (kind !== "float" && bytes === 8) return chooseWhole(frames.data as BigInt64Array | BigUint64Array, bound);
  const { least, most } = looked(frames.data as Float64Array, mask);
  // Values that are on a lattice already are rounded to its places.
  const onLattice = kind === "float" && maybeOnLattice(frames.data as Float64Array, bound, least, most, mask);
  const packed = onLattice ? usefulLattice(frames.data as Float64Array, bound, mask) : undefined;
  if (packed && packed.lattice.most <= MOST_INDEX) {
    const step = packed.lattice.delta * (2 * packed.steps + 1);
    return { lattice: { base: packed.lattice.offset, step, bound }, range: (most - least) / step };
  }
  const largest = Math.max(Math.abs(least), Math.abs(most));
  let inner = bound;
  let step: number;
  if (kind === "float") {
    // Decoded values are rounded to the type: half an ulp of the bound is kept for that.
    const ulp = powerBelow(largest + bound) * 2 ** (bytes === 8 ? -52 : -23);
    inner = bound - ulp / 2;
    step = 2 * inner * MARGIN;
    if (!(inner >= bound / 4 && Number.isFinite(step) && step > 0 && Number.isFinite(1 / step))) return undefined;
  } else {
    inner = Math.floor(bound);
    step = 2 * inner + 1;
    if (step > 2 ** 32) return undefined;
  }
  const range = (most - least) / step;
  let base = 0;
  if (largest / step > MOST_INDEX) {
    base = least / 2 + most / 2;
    if (kind !== "float") base = Math.floor(base);
    if (!(range / 2 <= MOST_INDEX)) return undefined;
  }
  return { lattice: { base, step, bound: kind === "float" ? bound : inner }, range };
}

/** The power of two at or below x > 0, by its bits: logarithms are not the same on every machine. 0 for tiny x. */
function powerBelow(x: number): number {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, x);
  bits.setUint32(0, bits.getUint32(0) & 0x7ff00000);
  bits.setUint32(4, 0);
  return bits.getFloat64(0);
}

/** One of so many values looked at, on either side, may be far away from all others. */
const STRAY = 64;
/** How many times as far from the middle as the others that is. */
const FAR = 16;

/** Smallest and largest of a sample, but for stray values; a few values may be outside. */
function looked(data: Exclude<Arrays[DType], BigInt64Array | BigUint64Array>, mask?: Uint8Array) {
  const stride = Math.max(1, Math.floor(data.length / LOOKS) | 1);
  const sample = new Float64Array(Math.ceil(data.length / stride));
  let count = 0;
  for (let i = 0; i < data.length; i += stride) if (!mask?.[i]) sample[count++] = data[i]!;
  if (count === 0) return { least: 0, most: 0 };
  const sorted = sample.subarray(0, count).sort();
  const few = Math.floor(count / STRAY);
  const low = sorted[few]!;
  const high = sorted[count - 1 - few]!;
  const near = (high / 2 - low / 2) * FAR;
  const middle = low / 2 + high / 2;
  // A step or two apart from a constant is not far.
  const stray = (v: number) => near > 0 && Math.abs(v - middle) > near;
  const least = sorted[0]!;
  const most = sorted[count - 1]!;
  return { least: stray(least) ? low : least, most: stray(most) ? high : most };
}

/** Values compared before a lattice is searched for. */
const COMPARED = 64;
/** Finer ones say nothing (as in lattice-detect.ts). */
const MOST_STEPS = 2 ** 20;

/** False when a few values already show that no lattice could be coarse enough to be useful. */
function maybeOnLattice(
  data: Float32Array | Float64Array,
  bound: number,
  least: number,
  most: number,
  mask?: Uint8Array,
): boolean {
  const ulp = powerBelow(Math.max(-least, most)) * 2 ** (data instanceof Float32Array ? -23 : -52);
  const finest = Math.max(bound / 8, 8 * ulp, (most - least) / MOST_STEPS);
  const stride = Math.max(1, Math.floor(data.length / COMPARED) | 1);
  let first: number | undefined;
  let step = 0;
  let stepError = 0;
  for (let i = 0; i < data.length; i += stride) {
    if (mask?.[i]) continue;
    first ??= data[i]!;
    // Greatest common divisor of the differences, with what rounding may have done to it.
    let a = Math.abs(data[i]! - first);
    let aError = ulp;
    while (a > finest / 2) {
      if (step === 0) [step, stepError] = [a, aError];
      const times = Math.round(a / step);
      const rest = Math.abs(a - times * step);
      const error = aError + times * stepError;
      if (rest <= 2 * error) break;
      if (error > finest / 4) return true;
      if (rest < finest / 2) return false;
      [a, aError, step, stepError] = [step, stepError, rest, error];
    }
  }
  return true;
}

function extent(data: BigInt64Array | BigUint64Array): { least: bigint; most: bigint } {
  let least = data[0]!;
  let most = least;
  for (const v of data) {
    if (v < least) least = v;
    if (v > most) most = v;
  }
  return { least, most };
}

function chooseWhole(data: BigInt64Array | BigUint64Array, bound: number): LatticeChoice | undefined {
  const E = Math.min(Math.floor(bound), 2 ** 62);
  const step = 2n * BigInt(E) + 1n;
  const { least, most } = extent(data);
  const range = Number((most - least) / step);
  return range <= MOST_INDEX ? { lattice: { base: least, step, bound: BigInt(E) }, range } : undefined;
}

/** Types whose values have a place in the cell of an index: kernels/quantize/refine.ts. */
export function isRefinable(dtype: DType): boolean {
  const { kind, bytes } = DTYPES[dtype];
  return kind === "float" || bytes === 8;
}

export interface CellChoice {
  readonly first: LatticeChoice;
  /** A better lattice after a fit on one with mean residual `mean` (in steps). */
  next(lattice: Lattice, mean: number): LatticeChoice;
}

/** Cells in the range of values: first, and at most (where sums of fine filters stay in 32 bits). */
const CELLS = 2 ** 14;
const MOST_CELLS = 2 ** 16.5;
/** Mean residual in steps at which a value's place in its cell tells nothing more. */
const NARROW = 8;

/** Lattices for lossless coding: indices leave open which of a cell's values it is. Undefined where there are none. */
export function chooseCells(frames: Tensor, mask?: Uint8Array): CellChoice | undefined {
  if (!isRefinable(frames.dtype)) return undefined;
  if (DTYPES[frames.dtype].kind !== "float") return wholeCells(frames.data as BigInt64Array | BigUint64Array);
  const { least, most } = looked(frames.data as Float64Array, mask);
  const largest = Math.max(-least, most);
  const ulp = powerBelow(largest) * 2 ** (frames.dtype === "float32" ? -23 : -52);
  const span = most - least;
  const finest = Math.max(ulp, span / MOST_CELLS, 2 ** -1000);
  if (!Number.isFinite(span)) return undefined;
  const lattice = (wanted: number): LatticeChoice => {
    const step = Math.max(wanted, finest);
    const base = largest / step > MOST_INDEX ? least / 2 + most / 2 : 0;
    return { lattice: { base, step, bound: step }, range: span / step };
  };
  return {
    first: lattice(span / CELLS),
    next: ({ step }, mean) => lattice((Number(step) * mean) / NARROW),
  };
}

function wholeCells(data: BigInt64Array | BigUint64Array): CellChoice {
  const { least, most } = extent(data);
  const span = Number(most - least);
  const lattice = (wanted: number): LatticeChoice => {
    const bound = BigInt(Math.floor(Math.max(wanted, span / MOST_CELLS) / 2));
    const step = 2n * bound + 1n;
    return { lattice: { base: least, step, bound }, range: span / Number(step) };
  };
  return {
    first: lattice(span / CELLS),
    next: ({ step }, mean) => lattice((Number(step) * mean) / NARROW),
  };
}

/** Bytes of a lattice in kernel memory. */
export const LATTICE_BYTES = 48;

/** Lays a lattice out as kernels/quantize/lattice.ts reads it. */
export function storeLattice({ base, step, bound }: Lattice, dtype: DType, into: DataView): void {
  const { kind, bytes } = DTYPES[dtype];
  if (typeof base === "bigint") {
    const top = kind === "int" ? 2n ** 63n - 1n : 2n ** 64n - 1n;
    into.setBigUint64(0, BigInt.asUintN(64, base), true);
    into.setBigUint64(8, BigInt(step), true);
    into.setBigUint64(16, BigInt(bound), true);
    into.setBigUint64(24, top - base, true);
    return;
  }
  into.setFloat64(0, base, true);
  into.setFloat64(8, Number(step), true);
  into.setFloat64(16, 1 / Number(step), true);
  into.setFloat64(24, Number(bound), true);
  const [least, most] = limits(kind, bytes);
  into.setFloat64(32, least, true);
  into.setFloat64(40, most, true);
}

function limits(kind: string, bytes: number): [number, number] {
  if (kind === "float") return [-Infinity, Infinity];
  if (kind === "bool") return [0, 1];
  const span = 2 ** (8 * bytes);
  return kind === "uint" ? [0, span - 1] : [-span / 2, span / 2 - 1];
}
