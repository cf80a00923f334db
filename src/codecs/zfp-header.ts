/**
 * The header of a .zfp file: magic and version (32 bits), type and sizes (52), mode (12, or 64 in its long form).
 * The first block follows at the next bit, without alignment.
 */
import { TempressError } from "../errors.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import {
  checkedParameters,
  isReversible,
  MAXBITS,
  MAXPREC,
  MINBITS,
  MINEXP,
  ZFP_TYPES,
  type ZfpParameters,
  type ZfpType,
} from "./zfp-parameters.ts";

const VERSION = 5;
const TYPES = Object.keys(ZFP_TYPES) as ZfpType[];
/** Bits of an extent, by rank - 1. */
const EXTENT_BITS = [48, 24, 16, 12] as const;
/** No header is longer. */
export const LONGEST_HEADER = 19;

export interface ZfpHeader {
  readonly type: ZfpType;
  /** C order, slowest axis first; rank 1 to 4. */
  readonly shape: Shape;
  readonly parameters: ZfpParameters;
  /** Where the blocks start: 96 or 148. */
  readonly bits: number;
}

/** Whether a header can say this shape. The native reader takes 32 bits of a 1-D extent. */
export function fitsHeader(shape: Shape): boolean {
  if (shape.length < 1 || shape.length > 4) return false;
  const limit = 2 ** Math.min(32, EXTENT_BITS[shape.length - 1]!);
  return shape.every((extent) => extent >= 1 && extent <= limit);
}

/**
 * Bytes of the header; the last byte may be shared with the first block.
 * @throws TempressError "unsupported" for extents that do not fit.
 */
export function writeZfpHeader(
  type: ZfpType,
  shape: Shape,
  parameters: ZfpParameters,
): { bytes: Uint8Array; bits: number } {
  if (!fitsHeader(shape)) {
    throw new TempressError("unsupported", `a zfp header cannot hold the shape ${formatShape(shape)}`, {
      where: "zfp header",
      hint: "fold axes: 2-D takes up to 16777216 an axis, 3-D 65536, 4-D 4096; or write without a header",
    });
  }
  const fields: [bits: number, value: number][] = [
    [8, 0x7a],
    [8, 0x66],
    [8, 0x70],
    [8, VERSION],
    [2, ZFP_TYPES[type] - 1],
    [2, shape.length - 1],
    ...shape.toReversed().map((extent): [number, number] => [EXTENT_BITS[shape.length - 1]!, extent - 1]),
    ...modeFields(parameters),
  ];
  let value = 0n;
  let bits = 0;
  for (const [width, field] of fields) {
    value |= BigInt(field) << BigInt(bits);
    bits += width;
  }
  const bytes = new Uint8Array(Math.ceil(bits / 8));
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number((value >> BigInt(8 * i)) & 255n);
  return { bytes, bits };
}

function modeFields(parameters: ZfpParameters): [bits: number, value: number][] {
  const { minbits, maxbits, maxprec, minexp } = parameters;
  const open = minbits <= MINBITS && maxbits >= MAXBITS;
  const short = ((): number | undefined => {
    if (minbits === MINBITS && maxbits === MAXBITS && maxprec >= MAXPREC && minexp === MINEXP) return undefined;
    if (minbits === maxbits && minbits >= 1 && maxbits <= MAXBITS && maxprec >= MAXPREC && minexp === MINEXP) {
      return maxbits <= 2048 ? maxbits - 1 : undefined;
    }
    if (open && minexp === MINEXP) return 2047 + maxprec;
    if (!open || maxprec < MAXPREC) return undefined;
    if (isReversible(parameters)) return 2176;
    return minexp <= 843 ? minexp - MINEXP + 2177 : undefined;
  })();
  if (short !== undefined) return [[12, short]];
  const field = (value: number, bits: number): [number, number] => [bits, Math.min(Math.max(value, 0), 2 ** bits - 1)];
  return [[12, 4095], field(minbits - 1, 15), field(maxbits - 1, 15), field(maxprec - 1, 7), field(minexp + 16495, 15)];
}

/** Whether bytes start like a .zfp file with header. */
export function looksLikeZfp(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7a && bytes[1] === 0x66 && bytes[2] === 0x70;
}

/**
 * @param bytes the file's start, at least `LONGEST_HEADER` bytes where it has as many.
 * @throws TempressError "corrupt", "truncated", or "unsupported" for another codec version.
 */
export function readZfpHeader(bytes: Uint8Array, where = "zfp header"): ZfpHeader {
  if (bytes.length < 12) throw truncated(where);
  if (!looksLikeZfp(bytes)) {
    throw new TempressError("corrupt", "this is no zfp stream with a header", {
      where,
      hint: "streams without one need --shape, --dtype and the mode they were written with",
    });
  }
  if (bytes[3] !== VERSION) {
    throw new TempressError("unsupported", `the stream has codec version ${bytes[3]}`, {
      where,
      hint: `version ${VERSION} is read (zfp 0.5.0 to 1.0.1)`,
    });
  }
  let at = 32;
  const take = (bits: number): number => {
    if (at + bits > bytes.length * 8) throw truncated(where);
    let value = 0;
    for (let i = 0; i < bits; i++, at++) value += ((bytes[at >> 3]! >> (at & 7)) & 1) * 2 ** i;
    return value;
  };
  const type = TYPES[take(2)]!;
  const rank = take(2) + 1;
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) shape.unshift(take(EXTENT_BITS[rank - 1]!) + 1);
  if (rank === 1 && shape[0]! > 2 ** 32) {
    throw new TempressError("corrupt", `the header claims ${shape[0]} values`, { where, hint: "the file is damaged" });
  }
  at = 84;
  const mode = take(12);
  const all = { minbits: MINBITS, maxbits: MAXBITS, maxprec: MAXPREC, minexp: MINEXP };
  let parameters: ZfpParameters;
  if (mode < 2048) parameters = { ...all, minbits: mode + 1, maxbits: mode + 1 };
  else if (mode < 2176) parameters = { ...all, maxprec: mode - 2047 };
  else if (mode === 2176) parameters = { ...all, minexp: MINEXP - 1 };
  else if (mode < 4095) parameters = { ...all, minexp: mode - 2177 + MINEXP };
  else parameters = { minbits: take(15) + 1, maxbits: take(15) + 1, maxprec: take(7) + 1, minexp: take(15) - 16495 };
  try {
    return { type, shape, parameters: checkedParameters(parameters, type), bits: at };
  } catch (cause) {
    throw new TempressError("corrupt", `the header's mode makes no sense: ${(cause as Error).message}`, {
      where,
      cause,
    });
  }
}

function truncated(where: string): TempressError {
  return new TempressError("truncated", "the stream ends inside its header", {
    where,
    hint: "copy or download it again",
  });
}
