/**
 * TTHRESH's coefficient arrays to numbers: magnitudes bit plane by bit plane, from the highest. A coefficient whose
 * magnitude is not 0 yet has its bit in the runs, the others have theirs raw.
 */
import { nextRun, readRunCount, runsLeft, runTables, startRuns } from "../entropy/run-list";
import { bitPlace, peek, read, readOver, skip } from "../entropy/word-bits";

/** What ended a call. */
const GOOD: i32 = 0;
const ENDED: i32 = 1;
const BAD_SCALE: i32 = 2;
const BAD_RUNS: i32 = 3;
const BAD_RAW: i32 = 4;
const BAD_COVERAGE: i32 = 5;
const NO_ROOM: i32 = 6;

let scale: f64 = 0;
let plane: i32 = 0;
let coverage: u32 = 0;
let significant: u64 = 0;

/**
 * Decodes `count` coefficients into `values` (f64; zeros before). `bitmap` has a zero bit for each, in whole words of
 * 64; `room` bytes at `tables` are for dictionaries.
 */
export function decodeCoefficients(values: usize, bitmap: usize, count: u32, tables: usize, room: u32): i32 {
  scale = reinterpret<f64>(read(64));
  if (readOver()) return ENDED;
  if (!(scale > 0) || scale == Infinity) return BAD_SCALE;
  significant = 0;
  coverage = count;
  let allRaw: bool = false;
  for (plane = 63; ; plane--) {
    const raw = read(64);
    const rawAt = bitPlace();
    if (readOver()) return ENDED;
    if (raw > (allRaw ? <u64>count : significant)) return BAD_RAW;
    skip(raw);
    const entries = readRunCount();
    if (readOver()) return ENDED;
    if (entries == 0 || entries > <u64>count + 1) return BAD_RUNS;
    // `room` is enough for any valid list: n different runs cover at least n (n - 1) / 2 coefficients.
    if (entries > 0x10000000 || runTables(<u32>entries) > room) return NO_ROOM;
    if (startRuns(<u32>entries, tables, count)) return BAD_RUNS;
    if (readOver()) return ENDED;
    const bad = allRaw ? rawPlane(values, bitmap, rawAt, <u32>raw) : mixedPlane(values, bitmap, count, rawAt, raw);
    if (bad) return bad;
    while (runsLeft() > 0) {
      nextRun();
      if (readOver()) return ENDED;
    }
    allRaw = read(1) != 0;
    const done = read(1) != 0;
    if (readOver()) return ENDED;
    if (done || plane == 0) break;
    if (coverage != count) return BAD_COVERAGE;
  }
  return dequantise(values, count);
}

/** A plane of raw bits only. */
function rawPlane(values: usize, bitmap: usize, rawAt: u64, raw: u32): i32 {
  for (let i: u32 = 0; i < raw; i++) {
    const bit = peek(rawAt + i) >> 63;
    const at = values + (<usize>i << 3);
    const before = load<u64>(at);
    if (bit && before == 0) significant++;
    store<u64>(at, before | (bit << <u64>plane));
  }
  // The bitmap is not asked again while planes are all raw, but a later one may be mixed.
  for (let i: u32 = 0; i < raw; i += 64) {
    let word: u64 = 0;
    const most = min<u32>(64, raw - i);
    for (let k: u32 = 0; k < most; k++) {
      if (load<u64>(values + (<usize>(i + k) << 3)) != 0) word |= <u64>1 << <u64>k;
    }
    const at = bitmap + (<usize>(i >> 6) << 3);
    store<u64>(at, load<u64>(at) | word);
  }
  return GOOD;
}

/** A plane of runs and raw bits; sets `coverage`. 64 coefficients at a time. */
function mixedPlane(values: usize, bitmap: usize, count: u32, rawAt: u64, raw: u64): i32 {
  let run = nextRun();
  let rawLeft = raw;
  const unit = <u64>1 << <u64>plane;
  for (let first: u32 = 0; first < count; first += 64) {
    const size = count - first;
    const valid: u64 = size >= 64 ? ~(<u64>0) : ((<u64>1 << <u64>size) - 1);
    const mapAt = bitmap + (<usize>(first >> 6) << 3);
    const at = values + (<usize>first << 3);
    const known = load<u64>(mapAt);
    let stop: u64 = 64;
    // Runs, over coefficients without a bit so far.
    let rest = ~known & valid;
    let fresh: u64 = 0;
    for (;;) {
      const zeros = <u32>popcnt(rest);
      if (run >= zeros) {
        run -= zeros;
        break;
      }
      for (; run > 0; run--) rest &= rest - 1;
      if (runsLeft() == 0) {
        stop = ctz(rest);
        break;
      }
      fresh |= rest & (0 - rest);
      rest &= rest - 1;
      run = nextRun();
      if (readOver()) return ENDED;
    }
    // Raw bits, of the others.
    let olds = known;
    const wanted = popcnt(known);
    if (rawLeft < wanted) {
      let x = known;
      for (let k = rawLeft; k > 0; k--) x &= x - 1;
      stop = min(stop, ctz(x));
    }
    if (stop < 64) {
      const below = (<u64>1 << stop) - 1;
      if (fresh & ~below) return BAD_COVERAGE;
      olds &= below;
    }
    if (olds) {
      let bits = peek(rawAt);
      const taken = popcnt(olds);
      for (let x = olds; x != 0; x &= x - 1) {
        const to = at + (<usize>ctz(x) << 3);
        store<u64>(to, load<u64>(to) | ((bits >> 63) << <u64>plane));
        bits <<= 1;
      }
      rawAt += taken;
      rawLeft -= taken;
    }
    if (fresh) {
      for (let x = fresh; x != 0; x &= x - 1) store<u64>(at + (<usize>ctz(x) << 3), unit);
      store<u64>(mapAt, known | fresh);
      significant += popcnt(fresh);
    }
    if (stop < 64) {
      coverage = first + <u32>stop;
      return rawLeft == 0 && run == 0 && runsLeft() == 0 ? GOOD : BAD_COVERAGE;
    }
  }
  coverage = count;
  return rawLeft == 0 && run == 0 && runsLeft() == 0 ? GOOD : BAD_COVERAGE;
}

/** Signs; and magnitudes become numbers in the middle of what they may mean. */
function dequantise(values: usize, count: u32): i32 {
  const inside: u64 = plane >= 1 ? <u64>1 << <u64>(plane - 1) : 0;
  const outside = <u64>1 << <u64>plane;
  for (let i: u32 = 0; i < count; i++) {
    const at = values + (<usize>i << 3);
    const magnitude = load<u64>(at);
    if (magnitude == 0) continue;
    const positive = read(1) != 0;
    if (readOver()) return ENDED;
    const value = <f64>(magnitude + (i < coverage ? inside : outside)) / scale;
    store<f64>(at, positive ? value : -value);
  }
  return GOOD;
}
