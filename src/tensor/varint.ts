import { TempressError } from "../errors.ts";

/** Appends seven bits a byte, lowest first, high bit set on all but the last. `value` is 0 to 2^53 - 1. */
export function writeVarint(into: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    into.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  into.push(rest);
}

/** A place in bytes that only moves forward; every read is checked against the end. */
export interface Place {
  readonly bytes: Uint8Array;
  at: number;
  /** The section's name, for messages. */
  readonly part: string;
}

/** Reads what `writeVarint` wrote; numbers above `most` or padded with zero bits are `corrupt`. */
export function readVarint(place: Place, most: number): number {
  let value = 0;
  for (let scale = 1; scale < 2 ** 53; scale *= 128) {
    if (place.at >= place.bytes.length) throw damaged(place, "ends inside a number", "truncated");
    const byte = place.bytes[place.at++]!;
    value += (byte & 127) * scale;
    if (value > most) throw damaged(place, `holds a number above ${most}`);
    if (byte < 128) {
      if (byte === 0 && scale > 1) throw damaged(place, "holds a padded number");
      return value;
    }
  }
  throw damaged(place, "holds a number that never ends");
}

/** The next `count` bytes, a view. */
export function takeBytes(place: Place, count: number): Uint8Array {
  const { bytes, at, part } = place;
  if (count > bytes.length - at) {
    throw damaged({ bytes, at, part }, `wants ${count} bytes where ${bytes.length - at} are left`, "truncated");
  }
  place.at = at + count;
  return bytes.subarray(at, at + count);
}

export function damaged(place: Place, what: string, code: "corrupt" | "truncated" = "corrupt"): TempressError {
  return new TempressError(code, `section "${place.part}" ${what}`, {
    where: `${place.part}, byte ${place.at}`,
    hint: "the file is damaged; get it again from its source",
  });
}
