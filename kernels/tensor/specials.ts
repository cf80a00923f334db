/**
 * Where special values are: a map of one byte a value, 0 for ordinary ones, else the number of its bit pattern,
 * coded with adaptive binary decisions in the context of what is already coded.
 *
 * The map is frames x slices x rows x cols. A slice's reference is the same slice of the frame before, else the
 * slice before in the frame. A slice like its reference costs one decision, and so does a slice without specials;
 * a row as expected (as its reference's row; without a reference as the row above) costs one decision too. So a
 * static land mask is paid for once. Encoder and decoder run the same code.
 *
 * Twin: src/tensor/specials.reference.ts.
 */
import { decodeBit, decoderStart, encodeBit, encoderFinish, encoderLength, encoderStart } from "../entropy/binary";

/** Counters, u32 each: probability of a 1 in the upper 22 bits, observations (up to LIMIT) in the lower 10. */
const FRESH: u32 = 2097152 << 10;
const LIMIT: u32 = 64;
/** 65536 / (observations + 1.6): how far a counter moves. */
const RATES: u32 = LIMIT + 1;

const SLICE_SAME: u32 = 0; // 2: the reference is the frame before, or the slice before
const SLICE_EMPTY: u32 = 2; // 2: with, without a reference
const ROW_EXPECTED: u32 = 4; // 4: row above was expected, reference
const SPECIAL: u32 = 8; // 2048 with a reference, 128 without
const SAME_PATTERN: u32 = SPECIAL + 2048 + 128; // 32
const PATTERN: u32 = SAME_PATTERN + 32; // 64 guesses x 64 nodes
const COUNTERS: u32 = PATTERN + 4096;

/** Values between two looks at the room left; each costs at most 8 decisions of 16 bits. */
const STRIDE: i32 = 1024;
/** Room for that many values, a few flags and the coder's own words. */
const RESERVE: i32 = 16 * STRIDE + 64;

const DONE: i32 = 0;
const NO_ROOM: i32 = 1;
const NO_PATTERN: i32 = 2;

let encoding: bool = false;
let rates: usize = 0;
let counters: usize = 0;
let zeros: usize = 0;
let columns: i32 = 0;
let patterns: u32 = 0;
let depth: i32 = 0;
let found: u32 = 0;
let room: i32 = 0;

/** Bytes of working memory for rows of `cols` values. */
export function specialsBytes(cols: i32): i32 {
  return <i32>((RATES + COUNTERS) << 2) + cols + 8;
}

function start(at: usize, cols: i32, symbols: u32): void {
  rates = at;
  for (let n: u32 = 0; n < RATES; n++) store<u32>(at + (n << 2), 655360 / (10 * n + 16));
  counters = at + (RATES << 2);
  for (let i: u32 = 0; i < COUNTERS; i++) store<u32>(counters + (i << 2), FRESH);
  zeros = counters + (COUNTERS << 2);
  memory.fill(zeros, 0, cols + 8);
  columns = cols;
  patterns = symbols;
  depth = 32 - <i32>clz<u32>(symbols);
  found = 0;
}

/** One decision: coded, learnt from. When decoding, `bit` does not matter. */
function decide(bit: bool, counter: u32): bool {
  const slot = counters + (counter << 2);
  const state = load<u32>(slot);
  const seen = state & 1023;
  const p = <i32>(state >> 10);
  const chance = max<u32>(1, <u32>p >> 6);
  if (encoding) encodeBit(bit, chance);
  else bit = decodeBit(chance);
  const moved = p + <i32>((<i64>((bit ? 4194303 : 0) - p) * <i64>load<u32>(rates + (seen << 2))) >> 16);
  store<u32>(slot, (<u32>moved << 10) | (seen < LIMIT ? seen + 1 : seen));
  return bit;
}

function isFull(): bool {
  return encoding && encoderLength() + RESERVE > room;
}

function sameBytes(a: usize, b: usize, length: usize): bool {
  let i: usize = 0;
  for (; i + 8 <= length; i += 8) if (load<u64>(a + i) != load<u64>(b + i)) return false;
  for (; i < length; i++) if (load<u8>(a + i) != load<u8>(b + i)) return false;
  return true;
}

function isEmpty(at: usize, length: usize): bool {
  let i: usize = 0;
  for (; i + 8 <= length; i += 8) if (load<u64>(at + i) != 0) return false;
  for (; i < length; i++) if (load<u8>(at + i) != 0) return false;
  return true;
}

/** The pattern's number at a special value, guessed from the reference, the value before and the one above. */
function codePattern(symbol: u32, reference: u32, west: u32, north: u32): u32 {
  const guess = reference != 0 ? reference : west != 0 ? west : north;
  if (guess != 0) {
    const context =
      (reference != 0 ? 1 : 0) |
      (west != 0 ? 2 : 0) |
      (north != 0 ? 4 : 0) |
      (west == guess ? 8 : 0) |
      (north == guess ? 16 : 0);
    if (decide(symbol == guess, SAME_PATTERN + context)) return guess;
  }
  let node: u32 = 1;
  const tree = PATTERN + (guess << 6);
  for (let shift = depth - 1; shift >= 0; shift--) {
    const bit = decide(((symbol >> shift) & 1) != 0, tree + node);
    node = (node << 1) | <u32>bit;
  }
  return node - (1 << depth);
}

// @ts-ignore: decorator
@inline
function flag(row: usize, x: i32): u32 {
  return x < columns ? <u32>(load<u8>(row + x) != 0) : 0;
}

/**
 * One row of values. `above`, `above2`: the rows above; `before`, `beforeAbove`, `beforeBelow`: the reference's
 * row and its neighbours; all zeros where there is none.
 */
function codeRow(row: usize, above: usize, above2: usize, reference: bool, before: usize, beforeAbove: usize, beforeBelow: usize): i32 {
  let west: u32 = 0;
  let line = reference ? flag(above, 0) : (flag(above, 0) << 1) | flag(above, 1);
  let past = flag(before, 0);
  let pastAbove = flag(beforeAbove, 0);
  let pastBelow = flag(beforeBelow, 0);
  for (let x = 0; x < columns; x++) {
    if ((x & (STRIDE - 1)) == 0 && isFull()) return NO_ROOM;
    let context: u32;
    if (reference) {
      line = ((line << 1) | flag(above, x + 1)) & 7;
      past = ((past << 1) | flag(before, x + 1)) & 7;
      pastAbove = ((pastAbove << 1) | flag(beforeAbove, x + 1)) & 3;
      pastBelow = ((pastBelow << 1) | flag(beforeBelow, x + 1)) & 3;
      context = SPECIAL + ((west & 1) | (line << 1) | (past << 4) | (pastAbove << 7) | (pastBelow << 9));
    } else {
      line = ((line << 1) | flag(above, x + 2)) & 15;
      context = SPECIAL + 2048 + ((west & 3) | (line << 2) | (flag(above2, x) << 6));
    }
    let symbol: u32 = encoding ? <u32>load<u8>(row + x) : 0;
    const special = decide(symbol != 0, context);
    if (special) {
      found++;
      if (patterns == 1) symbol = 1;
      else {
        const left: u32 = x > 0 ? <u32>load<u8>(row + x - 1) : 0;
        symbol = codePattern(symbol, <u32>load<u8>(before + x), left, <u32>load<u8>(above + x));
        if (symbol == 0 || symbol > patterns) return NO_PATTERN;
      }
    }
    if (!encoding) store<u8>(row + x, <u8>symbol);
    west = (west << 1) | <u32>special;
  }
  return DONE;
}

function codeMap(map: usize, frames: i32, slices: i32, rows: i32): i32 {
  const cols = columns;
  const slice = <usize>rows * <usize>cols;
  for (let f = 0; f < frames; f++) {
    for (let s = 0; s < slices; s++) {
      const at = map + (<usize>f * <usize>slices + <usize>s) * slice;
      const reference = f > 0 ? at - <usize>slices * slice : s > 0 ? at - slice : 0;
      if (isFull()) return NO_ROOM;
      if (reference != 0) {
        const same = decide(encoding && sameBytes(at, reference, slice), SLICE_SAME + (f > 0 ? 0 : 1));
        if (same) {
          if (!encoding) {
            memory.copy(at, reference, slice);
            for (let i: usize = 0; i < slice; i++) if (load<u8>(at + i) != 0) found++;
          }
          continue;
        }
      }
      if (decide(encoding && isEmpty(at, slice), SLICE_EMPTY + (reference != 0 ? 0 : 1))) {
        if (!encoding) memory.fill(at, 0, slice);
        continue;
      }
      let expected: u32 = 0;
      for (let r = 0; r < rows; r++) {
        const row = at + <usize>r * <usize>cols;
        const above = r > 0 ? row - cols : zeros;
        const before = reference != 0 ? reference + <usize>r * <usize>cols : zeros;
        const wanted = reference != 0 ? before : above;
        if (isFull()) return NO_ROOM;
        const context = ROW_EXPECTED + expected + (reference != 0 ? 2 : 0);
        expected = <u32>decide(encoding && sameBytes(row, wanted, cols), context);
        if (expected) {
          if (!encoding) {
            memory.copy(row, wanted, cols);
            for (let x = 0; x < cols; x++) if (load<u8>(row + x) != 0) found++;
          }
          continue;
        }
        const above2 = r > 1 ? row - 2 * cols : zeros;
        const beforeAbove = reference != 0 && r > 0 ? before - cols : zeros;
        const beforeBelow = reference != 0 && r + 1 < rows ? before + cols : zeros;
        const result = codeRow(row, above, above2, reference != 0, before, beforeAbove, beforeBelow);
        if (result != DONE) return result;
      }
    }
  }
  return DONE;
}

/**
 * Codes the map into `out` and returns the length, or -1 when `outBytes` are too few (at least
 * 20000 are needed for anything).
 * `symbols`: the largest number in the map, 1 to 63. `work`: `specialsBytes(cols)` bytes.
 */
export function specialsEncode(map: usize, frames: i32, slices: i32, rows: i32, cols: i32, symbols: u32, work: usize, out: usize, outBytes: i32): i32 {
  start(work, cols, symbols);
  encoding = true;
  room = outBytes;
  encoderStart(out);
  if (codeMap(map, frames, slices, rows) != DONE) return -1;
  return encoderFinish();
}

/** Fills the map and returns how many values are special, or -1 on damage. */
export function specialsDecode(map: usize, frames: i32, slices: i32, rows: i32, cols: i32, symbols: u32, work: usize, from: usize, byteLength: i32): i32 {
  start(work, cols, symbols);
  encoding = false;
  decoderStart(from, byteLength);
  return codeMap(map, frames, slices, rows) == DONE ? <i32>found : -1;
}
