/**
 * Takes special values out of a block: numbers their bit patterns in order of first sight, and puts the last
 * ordinary value before them in their place.
 *
 * `state`, u64 each, carries over from block to block:
 *     0 exponent bits of the float type (0: an integer type)    1 named fill    2 whether a fill is named
 *     3 last ordinary value    4 last special pattern    5 its number    6 patterns known    7.. the patterns
 *
 * Twin: the properties in src/tensor/specials.test.ts, against src/tensor/scan.reference.ts.
 */

import { special32 } from "./scan";

/** Patterns that get a number of their own; all further ones get MOST_PATTERNS + 1. */
export const MOST_PATTERNS: u64 = 62;

function numberOf(bits: u64, state: usize): u64 {
  const known = load<u64>(state, 48);
  const patterns = state + 56;
  for (let k: u64 = 0; k < known; k++) if (load<u64>(patterns + (<usize>k << 3)) == bits) return k + 1;
  if (known == MOST_PATTERNS) return MOST_PATTERNS + 1;
  store<u64>(patterns + (<usize>known << 3), bits);
  store<u64>(state, known + 1, 48);
  return known + 1;
}

// @ts-ignore: decorator
@inline
function loadBits(at: usize, width: i32): u64 {
  if (width == 4) return load<u32>(at);
  if (width == 8) return load<u64>(at);
  return width == 2 ? <u64>load<u16>(at) : <u64>load<u8>(at);
}

// @ts-ignore: decorator
@inline
function storeBits(at: usize, width: i32, bits: u64): void {
  if (width == 4) store<u32>(at, <u32>bits);
  else if (width == 8) store<u64>(at, bits);
  else if (width == 2) store<u16>(at, <u16>bits);
  else store<u8>(at, <u8>bits);
}

/** `values`: `count` values of `width` bytes, changed in place; `map`: gets a byte for each. */
export function specialsTake(values: usize, count: i32, width: i32, map: usize, state: usize): void {
  const exponent = load<u64>(state);
  const fill = load<u64>(state, 8);
  const named = load<u64>(state, 16) != 0;
  let ordinary = load<u64>(state, 24);
  let last = load<u64>(state, 32);
  let number = load<u64>(state, 40);
  let at = values;
  const float32 = width == 4 && exponent != 0;
  // A NaN is special in any case.
  const fills = i32x4.splat(named ? <i32>fill : -1);
  for (let i = 0; i < count; i++) {
    // Most values come in fours that are all ordinary, or all of the last pattern.
    while (float32 && i + 4 <= count) {
      const four = v128.load(at);
      if (!v128.any_true(special32(four, fills, i32x4.splat(0x01000000), i32x4.splat(0xfe000000)))) {
        ordinary = <u64>(<u32>i32x4.extract_lane(four, 3));
        store<u32>(map + i, 0);
      } else if (number != 0 && i32x4.all_true(i32x4.eq(four, i32x4.splat(<i32>last)))) {
        store<u32>(map + i, <u32>number * 0x01010101);
        v128.store(at, i32x4.splat(<i32>ordinary));
      } else break;
      at += 16;
      i += 4;
    }
    if (i >= count) break;
    const bits = loadBits(at, width);
    const e = bits & exponent;
    // The exponent of NaN and infinities is all ones, that of denormals and zeros all zeros.
    const special = (exponent != 0 && (e == exponent || (e == 0 && bits != 0))) || (named && bits == fill);
    if (special) {
      if (bits != last || number == 0) {
        last = bits;
        number = numberOf(bits, state);
      }
      store<u8>(map + i, <u8>number);
      storeBits(at, width, ordinary);
    } else {
      ordinary = bits;
      store<u8>(map + i, 0);
    }
    at += width;
  }
  store<u64>(state, ordinary, 24);
  store<u64>(state, last, 32);
  store<u64>(state, number, 40);
}
