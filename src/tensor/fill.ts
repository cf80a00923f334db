import { TempressError } from "../errors.ts";
import { DTYPES, type DType } from "./dtype.ts";

/** The bits of one value: `low` its lowest 32, `high` the 32 above (0 in types of up to 4 bytes). */
export interface Pattern {
  readonly low: number;
  readonly high: number;
}

/**
 * The bits that a named fill value has in `dtype`. Float32 fills are rounded to float32, as files store them.
 * A fill that the type cannot hold is an error: it would match nothing, or something else.
 */
export function fillPattern(dtype: DType, fill: number): Pattern {
  const { kind, bytes, Array: Values } = DTYPES[dtype];
  const wrong = (why: string) =>
    new TempressError("invalid-argument", `fill value ${fill} ${why}`, {
      where: "fill",
      hint: "name one value of the data's type",
    });
  if (typeof fill !== "number") throw wrong("is not a number");
  const words = new Uint32Array(2);
  if (kind === "float") {
    const value = new Values(words.buffer, 0, 1) as Float32Array | Float64Array;
    value[0] = fill;
    if (value[0] !== fill && bytes === 4) {
      if (Number.isFinite(fill) && !Number.isFinite(value[0]!)) throw wrong("is too large for float32");
      if (fill !== 0 && value[0] === 0) throw wrong("is too small for float32");
    }
    return { low: words[0]!, high: words[1]! };
  }
  if (!Number.isInteger(fill)) throw wrong(`is not a whole number, as ${dtype} holds`);
  const bits = BigInt(fill);
  const [least, most] = integerLimits(dtype);
  if (bits < least || bits > most) throw wrong(`is outside ${least} to ${most}, what ${dtype} holds`);
  const stored = BigInt.asUintN(8 * bytes, bits);
  return { low: Number(stored & 0xffffffffn), high: Number(stored >> 32n) };
}

/** Smallest and largest value of an integer type (bool: 0 and 1). */
export function integerLimits(dtype: DType): [bigint, bigint] {
  const { kind, bytes } = DTYPES[dtype];
  if (kind === "bool") return [0n, 1n];
  const bits = BigInt(8 * bytes);
  return kind === "int" ? [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n] : [0n, (1n << bits) - 1n];
}
