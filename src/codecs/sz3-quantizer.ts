/** SZ3's quantiser as a stream has it, and SZ3's counts. */
import type { ByteReader, ByteWriter } from "../container/cursor.ts";

/** The only form of quantiser that SZ3's streams hold. */
const LINEAR = 2;

export interface QuantizerForm {
  /** Largest error. */
  readonly bound: number;
  /** Indices are 1 ... 2 radius - 1; 0 is the escape. */
  readonly radius: number;
  /** Values that are stored as they are, in the order in which they are met. */
  readonly escapes: Uint8Array;
}

export function writeQuantizer(to: ByteWriter, { bound, radius, escapes }: QuantizerForm, width: number): void {
  to.u8(LINEAR);
  to.f64(bound);
  to.u32(radius);
  writeU64(to, escapes.length / width);
  to.put(escapes);
}

/** @throws TempressError "corrupt" unless bound and radius are such as an encoder has. */
export function readQuantizer(from: ByteReader, width: number, most: number): QuantizerForm {
  if (from.u8() !== LINEAR) throw from.wrong("the quantiser is not SZ3's linear one");
  const bound = from.f64();
  if (!(bound > 0 && Number.isFinite(bound))) throw from.wrong(`a bound cannot be ${bound}`);
  const radius = from.u32() | 0;
  if (radius < 0) throw from.wrong(`a radius cannot be ${radius}`);
  const count = readU64(from);
  if (count > most) throw from.wrong(`${count} values are stored apart, but there are ${most}`);
  return { bound, radius, escapes: from.take(count * width) };
}

export function writeU64(to: ByteWriter, value: number): void {
  to.u32(value % 2 ** 32);
  to.u32(Math.floor(value / 2 ** 32));
}

/** A count below 2^53. */
export function readU64(from: ByteReader): number {
  const low = from.u32();
  const value = low + from.u32() * 2 ** 32;
  if (!Number.isSafeInteger(value)) throw from.wrong("a count is above 2^53");
  return value;
}
