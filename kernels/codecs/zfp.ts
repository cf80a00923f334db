/**
 * zfp's blocks: floats to integers under one exponent, lifting along each axis, coefficients in order of expected
 * size as negabinary, bit planes from the top. One algorithm, stamped per type; the rank is a loop bound.
 * Twin: src/codecs/zfp.reference.ts.
 */
import { fromPlanes, toPlanes } from "../transform/bit-matrix";
import { put, putZeros, readingAt, skipTo, take, writingAt } from "../transform/bits";
import { gather, scatter } from "../transform/block";
import { bias, blockExponent, sameBits, toFloats, toIntegers, turnNegatives } from "../transform/block-float";
import { forward, inverse } from "../transform/lifting";
import { decodePlanes, encodePlanes, lowestDecoded } from "../transform/planes";

export { pauseWriting, readingAt, startReading, startWriting, writingAt } from "../transform/bits";

/** Below this exponent the caller asks for the exact algorithm. */
const LEAST_EXPONENT: i32 = -1074;

let minbits: i32 = 0;
let maxbits: i32 = 0;
let maxprec: i32 = 0;
let minexp: i32 = 0;

// Rooms of 2048 bytes, a block of 256 values of 8 bytes each.
let block: usize = 0;
let integers: usize = 0;
let coefficients: usize = 0;
let planes: usize = 0;
let orders: usize = 0;

/** `room`: 8192 bytes of zeros, then the order tables of ranks 1 to 4 as 340 u16. */
export function setRoom(room: usize): void {
  block = room;
  integers = room + 2048;
  coefficients = room + 4096;
  planes = room + 6144;
  orders = room + 8192;
}

export function setParameters(minBits: i32, maxBits: i32, maxPrec: i32, minExp: i32): void {
  minbits = minBits;
  maxbits = maxBits;
  maxprec = maxPrec;
  minexp = minExp;
}

/** Where rank's table starts: behind the 4 + 16 + ... entries of the ranks below. */
// @ts-ignore: decorator
@inline
function orderOf(size: i32): usize {
  return orders + (<usize>((size - 4) / 3) << 1);
}

/** Integers to coefficients in coding order, negabinary. Gives the OR of all. */
function toCoefficients<U>(size: i32): U {
  const mask = <U>0xaaaaaaaaaaaaaaaa;
  const order = orderOf(size);
  let all: U = 0;
  for (let i: usize = 0; i < <usize>size; i++) {
    const at = <usize>load<u16>(order + (i << 1)) * sizeof<U>();
    const u = <U>(load<U>(integers + at) + mask) ^ mask;
    all |= u;
    store<U>(coefficients + i * sizeof<U>(), u);
  }
  // Bit planes are taken from sixteen values at once.
  if (size < 16) memory.fill(coefficients + <usize>size * sizeof<U>(), 0, <usize>(16 - size) * sizeof<U>());
  return all;
}

function fromCoefficients<U>(size: i32): void {
  const mask = <U>0xaaaaaaaaaaaaaaaa;
  const order = orderOf(size);
  for (let i: usize = 0; i < <usize>size; i++) {
    const at = <usize>load<u16>(order + (i << 1)) * sizeof<U>();
    store<U>(integers + at, <U>(load<U>(coefficients + i * sizeof<U>()) ^ mask) - mask);
  }
}

/** The three stages that all blocks share; gives the bits of the budget that are left. */
function encodeIntegers<I, U>(size: i32, precision: i32, budget: i32): i32 {
  const width = <i32>sizeof<U>() * 8;
  forward<I>(integers, size, false);
  toCoefficients<U>(size);
  toPlanes<U>(coefficients, size, width - precision, planes);
  return encodePlanes(planes, size, width, precision, budget);
}

function decodeIntegers<I, U>(size: i32, precision: i32, budget: i32): i32 {
  const left = decodePlanes(planes, size, <i32>sizeof<U>() * 8, precision, budget);
  fromPlanes<U>(planes, size, lowestDecoded, coefficients);
  fromCoefficients<U>(size);
  inverse<I>(integers, size, false);
  return left;
}

/** Bits of the field that says how many planes an exact block has. */
// @ts-ignore: decorator
@inline
function planeBits<U>(): i32 {
  return sizeof<U>() == 4 ? 5 : 6;
}

function encodeExactIntegers<I, U>(size: i32, budget: i32): i32 {
  const width = <i32>sizeof<U>() * 8;
  forward<I>(integers, size, true);
  const all = toCoefficients<U>(size);
  const used = all == 0 ? 0 : width - <i32>ctz<U>(all);
  const precision = max(1, min(used, maxprec));
  put(<u64>(precision - 1), <u64>planeBits<U>());
  toPlanes<U>(coefficients, size, width - precision, planes);
  return encodePlanes(planes, size, width, precision, budget - planeBits<U>());
}

function decodeExactIntegers<I, U>(size: i32, budget: i32): i32 {
  const precision = <i32>take(planeBits<U>()) + 1;
  const left = decodePlanes(planes, size, <i32>sizeof<U>() * 8, precision, budget - planeBits<U>());
  fromPlanes<U>(planes, size, lowestDecoded, coefficients);
  fromCoefficients<U>(size);
  inverse<I>(integers, size, true);
  return left;
}

// @ts-ignore: decorator
@inline
function exponentBits<V>(): i32 {
  return sizeof<V>() == 4 ? 8 : 11;
}

// @ts-ignore: decorator
@inline
function precisionOf(exponent: i32, rank: i32): i32 {
  return min(maxprec, max(0, exponent - minexp + 2 * rank + 2));
}

function encodeExactFloats<V, I, U>(size: i32): i32 {
  const length = <usize>size * sizeof<V>();
  const exponent = blockExponent<V>(block, size);
  toIntegers<V>(block, size, exponent, integers);
  // Coefficients are free until the transform: the block as the reader would see it.
  toFloats<V>(integers, size, exponent, coefficients);
  if (exponent == -bias<V>()) {
    // All zero or not a number; only true zeros without a sign come back from integers.
    memory.fill(integers, 0, length);
    memory.fill(coefficients, 0, length);
  }
  if (!sameBits(block, coefficients, length)) {
    put(3, 2);
    memory.copy(integers, block, length);
    turnNegatives<I>(integers, size);
    return encodeExactIntegers<I, U>(size, maxbits - 2);
  }
  if (exponent == -bias<V>()) {
    put(0, 1);
    return maxbits - 1;
  }
  put(1 | (<u64>(exponent + bias<V>()) << 2), 2 + exponentBits<V>());
  return encodeExactIntegers<I, U>(size, maxbits - 2 - exponentBits<V>());
}

function decodeExactFloats<V, I, U>(size: i32): i32 {
  if (take(1) == 0) {
    memory.fill(block, 0, <usize>size * sizeof<V>());
    return maxbits - 1;
  }
  if (take(1) != 0) {
    const left = decodeExactIntegers<I, U>(size, maxbits - 2);
    turnNegatives<I>(integers, size);
    memory.copy(block, integers, <usize>size * sizeof<V>());
    return left;
  }
  const exponent = <i32>take(exponentBits<V>()) - bias<V>();
  const left = decodeExactIntegers<I, U>(size, maxbits - 2 - exponentBits<V>());
  toFloats<V>(integers, size, exponent, block);
  return left;
}

/** Writes the block; gives the bits of `maxbits` that are left. */
function encodeBlock<V, I, U>(rank: i32, size: i32): i32 {
  const exact = minexp < LEAST_EXPONENT;
  if (isFloat<V>()) {
    if (exact) return encodeExactFloats<V, I, U>(size);
    const exponent = blockExponent<V>(block, size);
    const precision = precisionOf(exponent, rank);
    if (exponent == -bias<V>() || precision == 0) {
      put(0, 1);
      return maxbits - 1;
    }
    put(1 | (<u64>(exponent + bias<V>()) << 1), 1 + exponentBits<V>());
    toIntegers<V>(block, size, exponent, integers);
    return encodeIntegers<I, U>(size, precision, maxbits - 1 - exponentBits<V>());
  }
  memory.copy(integers, block, <usize>size * sizeof<V>());
  if (exact) return encodeExactIntegers<I, U>(size, maxbits);
  return encodeIntegers<I, U>(size, maxprec, maxbits);
}

function decodeBlock<V, I, U>(rank: i32, size: i32): i32 {
  const exact = minexp < LEAST_EXPONENT;
  if (isFloat<V>()) {
    if (exact) return decodeExactFloats<V, I, U>(size);
    if (take(1) == 0) {
      memory.fill(block, 0, <usize>size * sizeof<V>());
      return maxbits - 1;
    }
    const exponent = <i32>take(exponentBits<V>()) - bias<V>();
    const left = decodeIntegers<I, U>(size, precisionOf(exponent, rank), maxbits - 1 - exponentBits<V>());
    toFloats<V>(integers, size, exponent, block);
    return left;
  }
  const left = exact ? decodeExactIntegers<I, U>(size, maxbits) : decodeIntegers<I, U>(size, maxprec, maxbits);
  memory.copy(block, integers, <usize>size * sizeof<V>());
  return left;
}

/** Coordinates of a block, counted up x first. */
let bx: u32 = 0;
let by: u32 = 0;
let bz: u32 = 0;
let bw: u32 = 0;

// @ts-ignore: decorator
@inline
function blocksAlong(extent: u32): u32 {
  return (extent + 3) >> 2;
}

function placeAt(index: u32, nx: u32, ny: u32, nz: u32): void {
  bx = index % blocksAlong(nx);
  index /= blocksAlong(nx);
  by = index % blocksAlong(ny);
  index /= blocksAlong(ny);
  bz = index % blocksAlong(nz);
  bw = index / blocksAlong(nz);
}

// @ts-ignore: decorator
@inline
function step(nx: u32, ny: u32, nz: u32): void {
  if (++bx < blocksAlong(nx)) return;
  bx = 0;
  if (++by < blocksAlong(ny)) return;
  by = 0;
  if (++bz < blocksAlong(nz)) return;
  bz = 0;
  bw++;
}

/** Values of a block along an axis that lie in the array. */
// @ts-ignore: decorator
@inline
function inside(extent: u32, at: u32): i32 {
  return <i32>min(4, extent - (at << 2));
}

function encodeRange<V, I, U>(
  values: usize, rank: i32, nx: u32, ny: u32, nz: u32, nw: u32, from: u32, to: u32, end: usize,
): u32 {
  const size = 1 << (2 * rank);
  const sy = <usize>nx * sizeof<V>();
  const sz = sy * <usize>ny;
  const sw = sz * <usize>nz;
  placeAt(from, nx, ny, nz);
  for (; from < to && writingAt() < end; from++) {
    const at = values + (<usize>bx << 2) * sizeof<V>() + (<usize>by << 2) * sy + (<usize>bz << 2) * sz + (<usize>bw << 2) * sw;
    gather<V>(at, sy, sz, sw, inside(nx, bx), inside(ny, by), inside(nz, bz), inside(nw, bw), block, rank);
    const used = maxbits - encodeBlock<V, I, U>(rank, size);
    if (used < minbits) putZeros(minbits - used);
    step(nx, ny, nz);
  }
  return from;
}

function decodeRange<V, I, U>(
  values: usize, rank: i32, nx: u32, ny: u32, nz: u32, nw: u32, from: u32, to: u32, end: u32,
): u32 {
  const size = 1 << (2 * rank);
  const sy = <usize>nx * sizeof<V>();
  const sz = sy * <usize>ny;
  const sw = sz * <usize>nz;
  placeAt(from, nx, ny, nz);
  for (; from < to && readingAt() < end; from++) {
    const start = readingAt();
    decodeBlock<V, I, U>(rank, size);
    const used = readingAt() - start;
    if (used < <u32>minbits) skipTo(start + <u32>minbits);
    const at = values + (<usize>bx << 2) * sizeof<V>() + (<usize>by << 2) * sy + (<usize>bz << 2) * sz + (<usize>bw << 2) * sw;
    scatter<V>(block, inside(nx, bx), inside(ny, by), inside(nz, bz), inside(nw, bw), at, sy, sz, sw);
    step(nx, ny, nz);
  }
  return from;
}

/**
 * Encodes blocks `from` to `to` of an array with x fastest (absent axes have extent 1) as long as words start
 * before `end`, behind which there must be room for one more block. Gives the first block that is not encoded.
 * `type`: 1 int32, 2 int64, 3 float32, 4 float64, as in the stream's header.
 */
export function encodeBlocks(
  type: i32, values: usize, rank: i32, nx: u32, ny: u32, nz: u32, nw: u32, from: u32, to: u32, end: usize,
): u32 {
  if (type == 1) return encodeRange<i32, i32, u32>(values, rank, nx, ny, nz, nw, from, to, end);
  if (type == 2) return encodeRange<i64, i64, u64>(values, rank, nx, ny, nz, nw, from, to, end);
  if (type == 3) return encodeRange<f32, i32, u32>(values, rank, nx, ny, nz, nw, from, to, end);
  return encodeRange<f64, i64, u64>(values, rank, nx, ny, nz, nw, from, to, end);
}

/** The same back, as long as blocks start before bit `end`, behind which there must be a block's length of bytes. */
export function decodeBlocks(
  type: i32, values: usize, rank: i32, nx: u32, ny: u32, nz: u32, nw: u32, from: u32, to: u32, end: u32,
): u32 {
  if (type == 1) return decodeRange<i32, i32, u32>(values, rank, nx, ny, nz, nw, from, to, end);
  if (type == 2) return decodeRange<i64, i64, u64>(values, rank, nx, ny, nz, nw, from, to, end);
  if (type == 3) return decodeRange<f32, i32, u32>(values, rank, nx, ny, nz, nw, from, to, end);
  return decodeRange<f64, i64, u64>(values, rank, nx, ny, nz, nw, from, to, end);
}
