/**
 * What a lattice index leaves open about a value, so that both together are lossless: which of the values of the type
 * in the index's cell it is. Cells are narrow beside what cannot be predicted, so all values in one are about as
 * likely: a value's place in its cell takes log2(values in the cell) bits, as they are (low bits first).
 *
 * Floats are counted by their patterns: order(x) is the pattern of |x|, negated for x < 0. The cell of index q holds
 * the patterns lo..hi,
 *
 *     lo = order(base + (q - 0.5) * step) - slack    hi = order(base + (q + 0.5) * step) + slack
 *     slack = (hi - lo) >> 20, and for float64 one more (rounding of indices and edges)
 *
 * and the place of x is order(x) - lo of n = hi - lo + 1, as a truncated binary number (see `put`). Where lo < 0 < hi
 * the patterns are far from equally likely: one bit says x = 0; else one says x < 0, up to 31 zeros count the binades
 * below that of -lo or hi and a one ends them; after 31 zeros the exponent follows instead (8 or 11 bits). Then the
 * mantissa.
 *
 * 64-bit integers: x - base - q * step + bound of n = step places. Values in `mask` are left out.
 *
 * Twin: src/quantize/refine.reference.ts.
 */

/** Bits on their way out or in. */
// @ts-ignore: decorator
@unmanaged
class Bits {
  /** Bits held back and their number (encoder), or the next bit (decoder). */
  held: u64;
  count: u32;
  at: usize;
}

// @ts-ignore: decorator
@unmanaged
class Cells {
  base: f64;
  step: f64;
}

let failures: usize = 0;
let room: i32 = 0;
let failed: i32 = 0;

/** Where positions of values outside their cells are listed, and how many fit. */
export function strayInto(list: usize, capacity: i32): void {
  failures = list;
  room = capacity;
}

/** Up to 32 bits. */
// @ts-ignore: decorator
@inline
function putFew(bits: Bits, value: u64, count: u32): void {
  bits.held |= value << bits.count;
  bits.count += count;
  if (bits.count >= 32) {
    store<u32>(bits.at, <u32>bits.held);
    bits.at += 4;
    bits.held >>= 32;
    bits.count -= 32;
  }
}

// @ts-ignore: decorator
@inline
function putBits(bits: Bits, value: u64, count: u32): void {
  if (count > 32) {
    putFew(bits, value & 0xffffffff, 32);
    value >>= 32;
    count -= 32;
  }
  putFew(bits, value, count);
}

/** v of n places: with k = floor(log2 n) and u = 2^(k+1) - n, k bits of v < u; else of (v + u) / 2, then one more. */
// @ts-ignore: decorator
@inline
function put(bits: Bits, v: u64, n: u64): void {
  const k = 63 - <u32>clz<u64>(n);
  const u = ((<u64>2) << k) - n;
  if (v < u) {
    putBits(bits, v, k);
  } else {
    putBits(bits, (v + u) >> 1, k);
    putFew(bits, (v + u) & 1, 1);
  }
}

// @ts-ignore: decorator
@inline
function takeBits(bits: Bits, count: u32): u64 {
  if (count == 0) return 0;
  const from = bits.at + <usize>(bits.held >> 3);
  const shift = bits.held & 7;
  let value = load<u64>(from) >> shift;
  // The ninth byte, where the bits reach into it.
  if (shift + count > 64) value |= <u64>load<u8>(from, 8) << (64 - shift);
  bits.held += count;
  return value & (~(<u64>0) >> (64 - count));
}

// @ts-ignore: decorator
@inline
function take(bits: Bits, n: u64): u64 {
  const k = 63 - <u32>clz<u64>(n);
  const u = ((<u64>2) << k) - n;
  const v = takeBits(bits, k);
  return v < u ? v : ((v << 1) | takeBits(bits, 1)) - u;
}

// @ts-ignore: decorator
@inline
function orderOf<T>(x: T): i64 {
  if (sizeof<T>() == 4) {
    const pattern = reinterpret<i32>(<f32>x);
    return <i64>(pattern < 0 ? -(pattern & 0x7fffffff) : pattern);
  }
  const pattern = reinterpret<i64>(<f64>x);
  return pattern < 0 ? -(pattern & 0x7fffffffffffffff) : pattern;
}

// @ts-ignore: decorator
@inline
function storeOrdered<T>(at: usize, order: i64): void {
  if (sizeof<T>() == 4) store<u32>(at, order < 0 ? <u32>(-order) | 0x80000000 : <u32>order);
  else store<u64>(at, order < 0 ? <u64>(-order) | 0x8000000000000000 : <u64>order);
}

/** The cell's lowest and highest pattern, for the last index asked for. */
let lowest: i64 = 0;
let highest: i64 = 0;

// @ts-ignore: decorator
@inline
function findCell<T>(cells: Cells, q: i32): void {
  const low = orderOf<T>(<T>(cells.base + (<f64>q - 0.5) * cells.step));
  const high = orderOf<T>(<T>(cells.base + (<f64>q + 0.5) * cells.step));
  const slack = ((high - low) >> 20) + (sizeof<T>() == 8 ? 1 : 0);
  lowest = low - slack;
  highest = high + slack;
}

/** Bits of a mantissa. */
// @ts-ignore: decorator
@inline
function mantissa<T>(): u32 {
  return sizeof<T>() == 4 ? 23 : 52;
}

/** Binades that are counted one by one. */
const MOST_BELOW: u32 = 31;

/** A value of the cell around zero. */
function putAroundZero<T>(bits: Bits, order: i64): void {
  putFew(bits, <u64>(order == 0), 1);
  if (order == 0) return;
  const negative = order < 0;
  putFew(bits, <u64>negative, 1);
  const size = <u64>(negative ? -order : order);
  const binade = <i32>(size >> mantissa<T>());
  const top = <i32>(<u64>(negative ? -lowest : highest) >> mantissa<T>());
  const below = <u32>(top - binade);
  if (below < MOST_BELOW) {
    putFew(bits, (<u64>1) << below, below + 1);
  } else {
    putFew(bits, 0, MOST_BELOW);
    putFew(bits, <u64>binade, sizeof<T>() == 4 ? 8 : 11);
  }
  putBits(bits, size & (((<u64>1) << mantissa<T>()) - 1), mantissa<T>());
}

function takeAroundZero<T>(bits: Bits): i64 {
  if (takeBits(bits, 1)) return 0;
  const negative = takeBits(bits, 1) != 0;
  let binade = <i32>(<u64>(negative ? -lowest : highest) >> mantissa<T>());
  let below: u32 = 0;
  while (below < MOST_BELOW && !takeBits(bits, 1)) below++;
  // A damaged stream may count more binades than there are.
  if (below < MOST_BELOW) binade = max(0, binade - <i32>below);
  else binade = <i32>takeBits(bits, sizeof<T>() == 4 ? 8 : 11);
  const size = (<i64>binade << mantissa<T>()) | <i64>takeBits(bits, mantissa<T>());
  return negative ? -size : size;
}

// @ts-ignore: decorator
@inline
function refineRow<T>(values: usize, q: usize, mask: usize, width: i32, position: i32, cells: Cells, bits: Bits): void {
  for (let i: usize = 0; i < <usize>width; i++) {
    if (mask && load<u8>(mask + i)) continue;
    findCell<T>(cells, load<i32>(q + (i << 2)));
    const order = orderOf<T>(load<T>(values + i * sizeof<T>()));
    if (order < lowest || order > highest) {
      // An escape: the decoder takes the place of the lowest, and the value from the list.
      if (failed < room) store<i32>(failures + (<usize>failed << 2), position + <i32>i);
      failed++;
      if (lowest < 0 && highest > 0) putAroundZero<T>(bits, 0);
      else put(bits, 0, <u64>(highest - lowest + 1));
    } else if (lowest < 0 && highest > 0) {
      putAroundZero<T>(bits, order);
    } else {
      put(bits, <u64>(order - lowest), <u64>(highest - lowest + 1));
    }
  }
}

// @ts-ignore: decorator
@inline
function restoreRow<T>(decoded: usize, q: usize, mask: usize, width: i32, cells: Cells, bits: Bits): void {
  for (let i: usize = 0; i < <usize>width; i++) {
    findCell<T>(cells, load<i32>(q + (i << 2)));
    let order = lowest;
    if (!mask || !load<u8>(mask + i)) {
      if (lowest < 0 && highest > 0) order = takeAroundZero<T>(bits);
      else order = lowest + <i64>take(bits, <u64>(highest - lowest + 1));
    }
    storeOrdered<T>(decoded + i * sizeof<T>(), order);
  }
}

function refineRow64(values: usize, q: usize, mask: usize, width: i32, position: i32, at: usize, bits: Bits): void {
  const base = load<u64>(at);
  const step = load<u64>(at, 8);
  const bound = load<u64>(at, 16);
  for (let i: usize = 0; i < <usize>width; i++) {
    if (mask && load<u8>(mask + i)) continue;
    const rest = load<u64>(values + (i << 3)) - base - <u64>load<i32>(q + (i << 2)) * step + bound;
    if (rest < step) {
      put(bits, rest, step);
    } else {
      if (failed < room) store<i32>(failures + (<usize>failed << 2), position + <i32>i);
      failed++;
      put(bits, 0, step);
    }
  }
}

function restoreRow64(decoded: usize, q: usize, mask: usize, width: i32, at: usize, bits: Bits): void {
  const base = load<u64>(at);
  const step = load<u64>(at, 8);
  const bound = load<u64>(at, 16);
  for (let i: usize = 0; i < <usize>width; i++) {
    const rest = mask && load<u8>(mask + i) ? bound : take(bits, step);
    store<u64>(decoded + (i << 3), base + <u64>load<i32>(q + (i << 2)) * step + rest - bound);
  }
}

export function refineRowF32(values: usize, q: usize, mask: usize, width: i32, position: i32, at: usize, to: usize): void {
  refineRow<f32>(values, q, mask, width, position, changetype<Cells>(at), changetype<Bits>(to));
}

export function refineRowF64(values: usize, q: usize, mask: usize, width: i32, position: i32, at: usize, to: usize): void {
  refineRow<f64>(values, q, mask, width, position, changetype<Cells>(at), changetype<Bits>(to));
}

export function restoreRowF32(decoded: usize, q: usize, mask: usize, width: i32, at: usize, from: usize): void {
  restoreRow<f32>(decoded, q, mask, width, changetype<Cells>(at), changetype<Bits>(from));
}

export function restoreRowF64(decoded: usize, q: usize, mask: usize, width: i32, at: usize, from: usize): void {
  restoreRow<f64>(decoded, q, mask, width, changetype<Cells>(at), changetype<Bits>(from));
}

/** Type numbers of src/tensor/dtype.ts; all others here are 64-bit integers. */
const FLOAT32: i32 = 1;
const FLOAT64: i32 = 2;

/**
 * Places of a plane's values in their cells, to `bits`; returns how many are outside (they are in the list). `mask`:
 * one byte a value, or 0. Needs 8 bytes a value of 32 bits and 16 a value of 64.
 */
export function refinePlane(
  type: i32,
  values: usize,
  indices: usize,
  mask: usize,
  width: i32,
  height: i32,
  stride: i32,
  lattice: usize,
  bits: usize,
): i32 {
  failed = 0;
  for (let y = 0; y < height; y++) {
    const q = indices + (<usize>(y * stride) << 2);
    const position = y * width;
    const covered = mask ? mask + <usize>position : 0;
    if (type == FLOAT32) refineRowF32(values + (<usize>position << 2), q, covered, width, position, lattice, bits);
    else if (type == FLOAT64) refineRowF64(values + (<usize>position << 3), q, covered, width, position, lattice, bits);
    else refineRow64(values + (<usize>position << 3), q, covered, width, position, lattice, changetype<Bits>(bits));
  }
  return failed;
}

/**
 * Values of a plane from indices and places; false when the next bit is behind `bitsEnd` after a row, which reads at
 * most 16 bytes a value and 16 more.
 */
export function restorePlane(
  type: i32,
  indices: usize,
  decoded: usize,
  mask: usize,
  width: i32,
  height: i32,
  stride: i32,
  lattice: usize,
  bits: usize,
  bitsEnd: f64,
): bool {
  for (let y = 0; y < height; y++) {
    const q = indices + (<usize>(y * stride) << 2);
    const position = <usize>(y * width);
    const covered = mask ? mask + position : 0;
    if (type == FLOAT32) restoreRowF32(decoded + (position << 2), q, covered, width, lattice, bits);
    else if (type == FLOAT64) restoreRowF64(decoded + (position << 3), q, covered, width, lattice, bits);
    else restoreRow64(decoded + (position << 3), q, covered, width, lattice, changetype<Bits>(bits));
    if (<f64>changetype<Bits>(bits).held > bitsEnd) return false;
  }
  return true;
}
