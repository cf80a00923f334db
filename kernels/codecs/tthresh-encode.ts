/**
 * Numbers to TTHRESH's coefficient arrays. Coefficients are taken times a power of two, 2^`up`, so that the largest
 * fills 64 bits; plane q is the bit of weight 2^q of that. `tops` holds for each coefficient its highest plane plus 1,
 * or 0 where it is below plane 0; it is padded with zeros to a multiple of 64.
 */
import { runRoom, writeRuns } from "../entropy/run-list";
import { write } from "../entropy/word-bits";

/** Exponent of the largest |value|, as floor(log2); -2000 where all are 0 or denormal. */
export function largestExponent(values: usize, count: u32): i32 {
  let most: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    most = max(most, load<u64>(values + (<usize>i << 3)) & 0x7fffffffffffffff);
  }
  const field = <i32>(most >> 52);
  return field == 0 ? -2000 : field - 1023;
}

/** Fills `tops`. */
export function findTops(values: usize, count: u32, up: i32, tops: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    const field = <i32>((load<u64>(values + (<usize>i << 3)) >> 52) & 0x7ff);
    const top = field - 1023 + up + 1;
    store<u8>(tops + i, field == 0 || top < 0 ? 0 : <u8>min(top, 64));
  }
  for (let i = count; i & 63; i++) store<u8>(tops + i, 0);
}

/** How many of the first `count` tops are `code`, or with `above` larger. */
export function countTops(tops: usize, count: u32, code: i32, above: i32): u32 {
  let found: u32 = 0;
  let i: u32 = 0;
  const codes = i8x16.splat(<i8>code);
  for (; i + 16 <= count; i += 16) {
    const these = v128.load(tops + i);
    found += popcnt(i8x16.bitmask(above ? i8x16.gt_s(these, codes) : i8x16.eq(these, codes)));
  }
  for (; i < count; i++) {
    const top = <i32>load<u8>(tops + i);
    found += u32(above ? top > code : top == code);
  }
  return found;
}

/** Bytes that the lists of a plane with `ones` new coefficients need at `room`. */
export function planeRoom(ones: u32): u32 {
  return (ones + 1) * 4 + runRoom(ones + 1);
}

/** Writes the scale 2^`up`: the first item of an array. */
export function writeScale(up: i32): void {
  write(<u64>(up + 1023) << 52, 64);
}

/** One bit for 64 coefficients: whose top is `code`, or above it. */
@inline
function word(tops: usize, code: v128, above: bool): u64 {
  const a = v128.load(tops);
  const b = v128.load(tops, 16);
  const c = v128.load(tops, 32);
  const d = v128.load(tops, 48);
  if (above) {
    return (
      <u64>(<u32>i8x16.bitmask(i8x16.gt_s(a, code))) |
      (<u64>(<u32>i8x16.bitmask(i8x16.gt_s(b, code))) << 16) |
      (<u64>(<u32>i8x16.bitmask(i8x16.gt_s(c, code))) << 32) |
      (<u64>(<u32>i8x16.bitmask(i8x16.gt_s(d, code))) << 48)
    );
  }
  return (
    <u64>(<u32>i8x16.bitmask(i8x16.eq(a, code))) |
    (<u64>(<u32>i8x16.bitmask(i8x16.eq(b, code))) << 16) |
    (<u64>(<u32>i8x16.bitmask(i8x16.eq(c, code))) << 32) |
    (<u64>(<u32>i8x16.bitmask(i8x16.eq(d, code))) << 48)
  );
}

/** Bit `plane` of the integer that the coefficient at `at` is. */
@inline
function bitOf(at: usize, plane: i32, up: i32): u64 {
  const bits = load<u64>(at);
  const below = 52 - (<i32>((bits >> 52) & 0x7ff) - 1023 + up - plane);
  // Bits below the 53 that a float64 has are 0.
  if (below < 0) return 0;
  if (below > 52) return 0;
  return (((bits & 0xfffffffffffff) | 0x10000000000000) >> <u64>below) & 1;
}

/** Writes one plane of the first `coverage` coefficients, but for its two flags. Gives the number of raw bits. */
export function writePlane(
  values: usize,
  tops: usize,
  plane: i32,
  up: i32,
  coverage: u32,
  allRaw: i32,
  room: usize,
): u32 {
  const code = plane + 1;
  if (allRaw) {
    write(coverage, 64);
    for (let i: u32 = 0; i < coverage; i++) {
      const top = <i32>load<u8>(tops + i);
      write(top == code ? 1 : top < code ? 0 : bitOf(values + (<usize>i << 3), plane, up), 1);
    }
    store<u32>(room, 0);
    writeRuns(room, 1, room + 4);
    return coverage;
  }
  const raw = countTops(tops, coverage, code, 1);
  write(raw, 64);
  const codes = i8x16.splat(<i8>code);
  let runs: u32 = 0;
  let zeros: u32 = 0;
  for (let first: u32 = 0; first < coverage; first += 64) {
    const size = coverage - first;
    const valid: u64 = size >= 64 ? ~(<u64>0) : ((<u64>1 << <u64>size) - 1);
    const known = word(tops + first, codes, true) & valid;
    for (let x = known; x != 0; x &= x - 1) write(bitOf(values + (<usize>(first + <u32>ctz(x)) << 3), plane, up), 1);
    let rest = ~known & valid;
    for (let x = word(tops + first, codes, false) & valid; x != 0; x &= x - 1) {
      const bit = x & (0 - x);
      store<u32>(room + (<usize>runs << 2), zeros + <u32>popcnt(rest & (bit - 1)));
      runs++;
      zeros = 0;
      rest &= ~(bit | (bit - 1));
    }
    zeros += <u32>popcnt(rest);
  }
  store<u32>(room + (<usize>runs << 2), zeros);
  runs++;
  writeRuns(room, runs, room + (<usize>runs << 2));
  return raw;
}

/** Writes the signs of all coefficients with a bit in `plane` or above (the first `coverage`), or above it (all). */
export function writeSigns(values: usize, tops: usize, count: u32, plane: i32, coverage: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    if (<i32>load<u8>(tops + i) < (i < coverage ? plane + 1 : plane + 2)) continue;
    write(load<f64>(values + (<usize>i << 3)) > 0 ? 1 : 0, 1);
  }
}

export function writeFlag(flag: i32): void {
  write(flag, 1);
}

/**
 * Sum of squared errors of `count` coefficients that are known down to the plane of weight `step` (in their own
 * unit): those with a bit come back in the middle of a step, the others as 0.
 */
export function errorAt(values: usize, count: u32, step: f64): f64 {
  const steps = f64x2.splat(1 / step);
  const half = f64x2.splat(0.5);
  const one = f64x2.splat(1);
  let sum = f64x2.splat(0);
  let i: u32 = 0;
  for (; i + 2 <= count; i += 2) {
    const size = f64x2.abs(f64x2.mul(v128.load(values + (<usize>i << 3)), steps));
    const inside = f64x2.sub(f64x2.sub(size, f64x2.floor(size)), half);
    const error = v128.bitselect(size, inside, f64x2.lt(size, one));
    sum = f64x2.add(sum, f64x2.mul(error, error));
  }
  let total = f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
  for (; i < count; i++) total += squareAt(load<f64>(values + (<usize>i << 3)), 1 / step);
  return total * step * step;
}

@inline
function squareAt(value: f64, steps: f64): f64 {
  const size = abs(value * steps);
  const error = size < 1 ? size : size - floor(size) - 0.5;
  return error * error;
}

/** The fewest first coefficients that must be known to `step`, the rest to twice that, to save `wanted` of error. */
export function coverageFor(values: usize, count: u32, step: f64, wanted: f64): u32 {
  const fine = 1 / step;
  const coarse = 0.5 / step;
  let saved: f64 = 0;
  const enough = wanted / (step * step);
  for (let i: u32 = 0; i < count; i++) {
    const value = load<f64>(values + (<usize>i << 3));
    saved += 4 * squareAt(value, coarse) - squareAt(value, fine);
    if (saved >= enough) return i + 1;
  }
  return count;
}

/**
 * Squares of the coded magnitudes, in units of `step`, summed for each index of each axis: `sums` holds
 * extents[0] + extents[1] + ... numbers, zero before; `index` has room for one u32 an axis.
 */
export function sliceSquares(
  values: usize,
  extents: usize,
  rank: i32,
  step: f64,
  coverage: u32,
  sums: usize,
  index: usize,
): void {
  const length = load<u32>(extents);
  let rows: u32 = 1;
  for (let d: i32 = 1; d < rank; d++) {
    rows *= load<u32>(extents + (<usize>d << 2));
    store<u32>(index + (<usize>d << 2), 0);
  }
  let at: u32 = 0;
  for (let r: u32 = 0; r < rows; r++) {
    let row: f64 = 0;
    for (let x: u32 = 0; x < length; x++, at++) {
      const fine = at < coverage;
      let size = floor(abs(load<f64>(values + (<usize>at << 3))) / (fine ? step : 2 * step));
      if (size == 0) continue;
      if (!fine) size *= 2;
      size *= size;
      row += size;
      const to = sums + (<usize>x << 3);
      store<f64>(to, load<f64>(to) + size);
    }
    let base = sums + (<usize>length << 3);
    for (let d: i32 = 1; d < rank; d++) {
      const to = base + (<usize>load<u32>(index + (<usize>d << 2)) << 3);
      store<f64>(to, load<f64>(to) + row);
      base += <usize>load<u32>(extents + (<usize>d << 2)) << 3;
    }
    for (let d: i32 = 1; d < rank; d++) {
      const next = load<u32>(index + (<usize>d << 2)) + 1;
      if (next < load<u32>(extents + (<usize>d << 2))) {
        store<u32>(index + (<usize>d << 2), next);
        break;
      }
      store<u32>(index + (<usize>d << 2), 0);
    }
  }
}
