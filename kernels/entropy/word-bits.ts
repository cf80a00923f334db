/** Bits in words of 64, the most significant first; words are little-endian. One reader and one writer a thread. */

let base: usize = 0;
let place: u64 = 0;
let end: u64 = 0;
let over: bool = false;

/** Reads from `bytes` bytes at `from`; 16 more must be readable. */
export function startReading(from: usize, bytes: u32): void {
  base = from;
  place = 0;
  // Bits start at the last byte of a word, so a part of one is nothing.
  end = <u64>(bytes >> 3) << 6;
  over = false;
}

/** Bytes of the words that were begun. */
export function bytesRead(): u32 {
  return <u32>(((place + 63) >> 6) << 3);
}

/** Whether more was asked for than there is. */
export function readOver(): bool {
  return over;
}

export function bitPlace(): u64 {
  return place;
}

/** Skips `count` bits; those can be had by `peek` afterwards. */
export function skip(count: u64): void {
  if (count > end - place) {
    over = true;
    return;
  }
  place += count;
}

/** 64 bits from bit `at` on, which may be any place that was reached. */
@inline
export function peek(at: u64): u64 {
  const from = base + (<usize>(at >> 6) << 3);
  const shift = at & 63;
  const high = load<u64>(from) << shift;
  return shift == 0 ? high : high | (load<u64>(from, 8) >> (64 - shift));
}

/** `count` bits, 1 to 64; 0 behind the end. */
@inline
export function read(count: u64): u64 {
  if (count > end - place) {
    over = true;
    return 0;
  }
  const value = peek(place) >> (64 - count);
  place += count;
  return value;
}

let target: usize = 0;
let held: u64 = 0;
let free: u64 = 64;

/** A new section, from `to` on. */
export function startWriting(to: usize): void {
  target = to;
  held = 0;
  free = 64;
}

/** Words go to `to` from now on; gives the address behind the last whole word before. */
export function moveWriting(to: usize): usize {
  const before = target;
  target = to;
  return before;
}

/** Fills the last word up with zeros; gives the address behind it. */
export function endWriting(): usize {
  if (free < 64) {
    store<u64>(target, held);
    target += 8;
  }
  held = 0;
  free = 64;
  return target;
}

@inline
export function write(value: u64, count: u64): void {
  if (count < free) {
    free -= count;
    held |= value << free;
    return;
  }
  const rest = count - free;
  store<u64>(target, held | (value >> rest));
  target += 8;
  free = 64 - rest;
  held = rest == 0 ? 0 : value << free;
}
