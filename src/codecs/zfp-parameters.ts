/** The four numbers that rule a zfp stream, and the settings people know that lead to them. */
import { TempressError } from "../errors.ts";
import type { DType } from "../tensor/dtype.ts";

/** Types that a stream can hold, with their number in its header. */
export const ZFP_TYPES = { int32: 1, int64: 2, float32: 3, float64: 4 } as const;
export type ZfpType = keyof typeof ZFP_TYPES;

export function isZfpType(dtype: DType): dtype is ZfpType {
  return Object.hasOwn(ZFP_TYPES, dtype);
}

export interface ZfpParameters {
  /** Bits of a block, at least and at most. */
  readonly minbits: number;
  readonly maxbits: number;
  /** Bit planes of a block at most. */
  readonly maxprec: number;
  /** Exponent of the lowest bit plane; below -1074 the exact (reversible) algorithm is meant. */
  readonly minexp: number;
}

export const MINBITS = 1;
export const MAXBITS = 16658;
export const MAXPREC = 64;
export const MINEXP = -1074;
/** What the header can hold, and the most that one block may take here. */
export const MOST_BLOCK_BITS = 32768;

export type ZfpMode =
  /** Bits a value, the same for every block. */
  | { readonly rate: number }
  /** Bit planes a block, 1 to 64; 0 is all. */
  | { readonly precision: number }
  /** Absolute tolerance, rounded down to a power of two; 0 keeps all planes, which is not lossless. */
  | { readonly accuracy: number }
  /** Every bit of every value. */
  | { readonly reversible: true }
  | ZfpParameters;

/**
 * @throws TempressError "invalid-argument" for numbers that no stream can have, "unsupported" for those that native
 * zfp takes but writes broken streams with.
 */
export function zfpParameters(mode: ZfpMode, type: ZfpType, rank: number): ZfpParameters {
  const all = { minbits: MINBITS, maxbits: MAXBITS, maxprec: MAXPREC, minexp: MINEXP };
  if ("rate" in mode) {
    if (!(Number.isFinite(mode.rate) && mode.rate > 0)) throw wrong("rate", mode.rate, "bits a value, above 0");
    const bits = Math.max(headerBits(type), Math.floor(4 ** rank * mode.rate + 0.5));
    return checkedParameters({ ...all, minbits: bits, maxbits: bits }, type);
  }
  if ("precision" in mode) {
    const { precision } = mode;
    if (!(Number.isInteger(precision) && precision >= 0)) throw wrong("precision", precision, "bit planes, 0 to 64");
    return { ...all, maxprec: precision === 0 ? MAXPREC : Math.min(precision, MAXPREC) };
  }
  if ("accuracy" in mode) {
    const { accuracy } = mode;
    if (!(Number.isFinite(accuracy) && accuracy >= 0)) throw wrong("accuracy", accuracy, "a tolerance of 0 or more");
    return { ...all, minexp: accuracy === 0 ? MINEXP : floorLog2(accuracy) };
  }
  if ("reversible" in mode) return { ...all, minexp: MINEXP - 1 };
  return checkedParameters(mode, type);
}

export function isReversible({ minexp }: ZfpParameters): boolean {
  return minexp < MINEXP;
}

/** Every block has the same number of bits, so that each can be found. */
export function isFixedRate({ minbits, maxbits }: ZfpParameters): boolean {
  return minbits === maxbits;
}

export function checkedParameters(p: ZfpParameters, type: ZfpType, where = "zfp"): ZfpParameters {
  const { minbits, maxbits, maxprec, minexp } = p;
  const whole = [minbits, maxbits, maxprec, minexp].every(Number.isSafeInteger);
  const right =
    whole &&
    minbits >= 0 &&
    minbits <= maxbits &&
    maxbits >= 1 &&
    maxbits <= MOST_BLOCK_BITS &&
    maxprec >= 1 &&
    maxprec <= MAXPREC;
  if (!right || minexp < -16495 || minexp > 16272) {
    throw new TempressError("invalid-argument", `no stream has parameters ${minbits} ${maxbits} ${maxprec} ${minexp}`, {
      where,
      hint: `0 <= minbits <= maxbits, 1 <= maxbits <= ${MOST_BLOCK_BITS}, 1 <= maxprec <= ${MAXPREC}, minexp in -16495..16272`,
    });
  }
  const reversible = isReversible(p);
  const least = headerBits(type) + (reversible ? 8 : 0);
  if (maxbits < least) {
    throw new TempressError("unsupported", `${maxbits} bits cannot hold the start of a ${type} block (${least})`, {
      where,
      hint: "raise maxbits",
    });
  }
  if (reversible && minbits > 1 && type.startsWith("float")) {
    throw new TempressError("unsupported", "reversible blocks of floats are not filled up to minbits", {
      where,
      hint: "use minbits 1; native zfp writes streams here that it cannot read back",
    });
  }
  return { minbits, maxbits, maxprec, minexp };
}

/** Bits before a block's first plane, in lossy modes. */
function headerBits(type: ZfpType): number {
  return type === "float32" ? 9 : type === "float64" ? 12 : 0;
}

/** floor(log2 x) of a finite x > 0. */
function floorLog2(x: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const exponent = (view.getUint32(0) >>> 20) & 0x7ff;
  return exponent === 0 ? floorLog2(x * 2 ** 64) - 64 : exponent - 1023;
}

function wrong(name: string, value: number, hint: string): TempressError {
  return new TempressError("invalid-argument", `${name} cannot be ${value}`, { where: `zfp:${name}`, hint });
}
