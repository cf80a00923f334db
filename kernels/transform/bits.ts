/**
 * A run of bits, least significant first: bit i of the run is bit (i mod 8) of byte floor(i / 8).
 * Twin: `BitWriter` and `BitReader` in src/transform/bits.reference.ts.
 */
let word: u64 = 0;
let filled: u64 = 0;
let next: usize = 0;
let source: usize = 0;
let position: u32 = 0;

/** Goes on writing behind the first `bits` (0..63) bits of the word at `at`. */
export function startWriting(at: usize, bits: u32): void {
  next = at;
  filled = bits;
  word = bits == 0 ? 0 : load<u64>(at) & (u64.MAX_VALUE >> (64 - <u64>bits));
}

/** Address of the word that is being filled. */
// @ts-ignore: decorator
@inline
export function writingAt(): usize {
  return next;
}

/** Stores the word that is being filled; gives its bits, 0..63. */
export function pauseWriting(): u32 {
  store<u64>(next, word);
  return <u32>filled;
}

/** Bits written since `at`, for small runs. */
export function bitsWritten(at: usize): i32 {
  return <i32>((next - at) << 3) + <i32>filled;
}

/** Appends `count` (0..64) bits; `value` has no others. */
// @ts-ignore: decorator
@inline
export function put(value: u64, count: u64): void {
  const at = filled;
  word |= value << at;
  filled = at + count;
  if (filled >= 64) {
    store<u64>(next, word);
    next += 8;
    filled -= 64;
    word = (value >> 1) >> (63 - at);
  }
}

export function putZeros(count: i32): void {
  for (; count > 64; count -= 64) put(0, 64);
  put(0, <u64>count);
}

export function startReading(at: usize, bit: u32): void {
  source = at;
  position = bit;
}

/** Bits from the start of the window to the next bit. */
export function readingAt(): u32 {
  return position;
}

export function skipTo(bit: u32): void {
  position = bit;
}

/** The bits from `bit` on, at least 57 of them. */
// @ts-ignore: decorator
@inline
export function peekAt(bit: u32): u64 {
  return load<u64>(source + (bit >> 3)) >> (bit & 7);
}

/** Reads 1..57 bits. */
// @ts-ignore: decorator
@inline
export function take(count: u32): u64 {
  const value = peekAt(position) & (u64.MAX_VALUE >> (64 - <u64>count));
  position += count;
  return value;
}
