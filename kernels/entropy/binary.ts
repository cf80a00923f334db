/**
 * Binary arithmetic coder over 64-bit ranges (Schindler's carry-propagating range coder with two symbols).
 * Probabilities are 16-bit: P(bit = 1) = p / 65536 with p in 1..65535. One stream at a time, in module globals.
 *
 * Invariant between calls: range >= 2^32, so range >> 16 keeps at least 16 bits of precision.
 * Twin: src/entropy/binary.reference.ts.
 */
let low: u64 = 0;
let range: u64 = 0;
let code: u64 = 0;
let start: usize = 0;
let cursor: usize = 0;
let limit: usize = 0;

export function encoderStart(out: usize): void {
  low = 0;
  range = ~(<u64>0);
  start = out;
  cursor = out;
}

/** Adds one to the bytes already written; the total stays below 1, so this never passes `start`. */
function carry(): void {
  let at = cursor - 1;
  while (load<u8>(at) == 255) store<u8>(at--, 0);
  store<u8>(at, load<u8>(at) + 1);
}

// @ts-ignore: decorator
@inline
export function encodeBit(bit: bool, p: u32): void {
  const bound = (range >> 16) * <u64>p;
  if (bit) {
    range = bound;
  } else {
    low += bound;
    if (low < bound) carry();
    range -= bound;
  }
  if (range < 0x100000000) {
    store<u32>(cursor, bswap<u32>(<u32>(low >> 32)));
    cursor += 4;
    low <<= 32;
    range <<= 32;
  }
}

/** `count` (0..32) raw bits of `value`, most significant first. */
export function encodeRaw(value: u32, count: i32): void {
  for (let i = count - 1; i >= 0; i--) encodeBit(((value >> i) & 1) != 0, 32768);
}

/** Ends the stream and returns its length: the shortest byte string inside the final interval. */
export function encoderFinish(): i32 {
  const value = low + 0xffffffff;
  if (value < low) carry();
  store<u32>(cursor, bswap<u32>(<u32>(value >> 32)));
  cursor += 4;
  while (cursor > start && load<u8>(cursor - 1) == 0) cursor--;
  return <i32>(cursor - start);
}

/** Bytes written so far (a lower bound of the final length). */
export function encoderLength(): i32 {
  return <i32>(cursor - start);
}

// @ts-ignore: decorator
@inline
function next32(): u64 {
  if (cursor + 4 <= limit) {
    const word = bswap<u32>(load<u32>(cursor));
    cursor += 4;
    return word;
  }
  // Past the end the stream continues with zeros (trailing zeros were dropped).
  let word: u32 = 0;
  for (let i = 0; i < 4; i++) {
    word <<= 8;
    if (cursor < limit) word |= load<u8>(cursor++);
  }
  return word;
}

export function decoderStart(from: usize, byteLength: i32): void {
  cursor = from;
  limit = from + byteLength;
  range = ~(<u64>0);
  code = next32() << 32;
  code |= next32();
}

// @ts-ignore: decorator
@inline
export function decodeBit(p: u32): bool {
  const bound = (range >> 16) * <u64>p;
  let bit: bool;
  if (code < bound) {
    range = bound;
    bit = true;
  } else {
    code -= bound;
    range -= bound;
    bit = false;
  }
  if (range < 0x100000000) {
    code = (code << 32) | next32();
    range <<= 32;
  }
  return bit;
}

export function decodeRaw(count: i32): u32 {
  let value: u32 = 0;
  for (let i = 0; i < count; i++) value = (value << 1) | <u32>decodeBit(32768);
  return value;
}
