/**
 * The `sequential` method of tezip: lattice indices in raster order, each predicted by a blend of experts from indices
 * decoded before it, and told by mixed decisions. Nothing about it is in the stream but the decisions: the experts learn
 * from what was decoded.
 *
 * Twin: src/codecs/tezip-sequential.reference.ts.
 */
import { clearExperts, decisionsBytes, decisionsStart, EXPERTS } from "../entropy/decisions";
import { logOddsBuild, logOddsBytes } from "../entropy/log-odds";
import { logisticBuild, logisticTableBytes } from "../entropy/logistic";
import { codeNumber, NUMBER_BYTES, numberStart, setPrediction } from "../entropy/number";
import { MOST_TAPS, SQUARES_BYTES, squaresLearn, squaresPredict } from "../predict/recursive-squares";
import {
  area,
  endLine,
  endPlane,
  errorsAt,
  height,
  indexAt,
  pitch,
  placeAt,
  planesShape,
  setIndex,
  setOffset,
  startLine,
  startPlane,
  width,
} from "./sequential-planes";
import { describe } from "./sequential-surroundings";

/** Places in the own plane, in the first past plane and in the second: the first so many of the lists. */
const OWN: i32 = 12;
const FIRST: i32 = 13;
const SECOND: i32 = 9;

/** One quick and one slow least-squares expert. */
const KEEP_QUICK: f64 = 0.996;
const KEEP_SLOW: f64 = 0.9999;
const EVERY_QUICK: i32 = 8;
const EVERY_SLOW: i32 = 64;
const SLOW_FLOOR: f64 = 0.3;

const BLENDED: i32 = EXPERTS - 1;
/** Kinds of planes: by how many past planes they have. */
const KINDS: i32 = 3;
const OFFSET_LIMIT: i32 = 1 << 20;

/** i32[OWN] and i32[FIRST]: tap places relative to a place. */
let ownTaps: usize = 0;
let pastTaps: usize = 0;
let squares: usize = 0;
let solveScratch: usize = 0;
/** f64[MOST_TAPS + 2] differences, f64[EXPERTS] predictions, f32[8] scales, f32[8] blending weights. */
let differences: usize = 0;
let guesses: usize = 0;
let scales: usize = 0;
let shares: usize = 0;
let least: i32 = 0;
let most: i32 = 0;
let damaged: bool = false;

const WORK_BYTES: i32 =
  4 * 32 + 2 * KINDS * SQUARES_BYTES + 8 * 36 * MOST_TAPS + 8 * (MOST_TAPS + 2) + 8 * 8 + 4 * 16 + NUMBER_BYTES + 256;

export function sequentialBytes(): i32 {
  return WORK_BYTES + logisticTableBytes() + logOddsBytes() + decisionsBytes() + 256;
}

/** Bytes of a plane. */
export function planeBytes(w: i32, h: i32): i32 {
  planesShape(w, h);
  return area * 40;
}

function tap(list: usize, number: i32, dy: i32, dx: i32): void {
  store<i32>(list + <usize>(number << 2), dy * pitch + dx);
}

/** Forgets everything: a new chunk. `indices` lie in [low, high]. `at`: sequentialBytes(), a multiple of 16. */
export function sequentialStart(at: usize, w: i32, h: i32, low: i32, high: i32): void {
  planesShape(w, h);
  least = low;
  most = high;
  damaged = false;
  let free = at;
  decisionsTables(free + <usize>WORK_BYTES);
  ownTaps = free;
  pastTaps = free + 64;
  free += 128;
  squares = free;
  memory.fill(squares, 0, <usize>(2 * KINDS * SQUARES_BYTES));
  free += <usize>(2 * KINDS * SQUARES_BYTES);
  solveScratch = free;
  memory.fill(solveScratch, 0, 8 * 36 * <usize>MOST_TAPS);
  free += 8 * 36 * <usize>MOST_TAPS;
  differences = free;
  memory.fill(differences, 0, 8 * <usize>(MOST_TAPS + 2));
  free += 8 * <usize>(MOST_TAPS + 2);
  guesses = free;
  free += 64;
  scales = free;
  shares = free + 32;
  free += 64;
  numberStart(free);
  tap(ownTaps, 0, 0, -1);
  tap(ownTaps, 1, -1, 0);
  tap(ownTaps, 2, -1, -1);
  tap(ownTaps, 3, -1, 1);
  tap(ownTaps, 4, 0, -2);
  tap(ownTaps, 5, -2, 0);
  tap(ownTaps, 6, -1, 2);
  tap(ownTaps, 7, -1, -2);
  tap(ownTaps, 8, -2, -1);
  tap(ownTaps, 9, -2, 1);
  tap(ownTaps, 10, 0, -3);
  tap(ownTaps, 11, -2, 2);
  tap(pastTaps, 0, 0, 0);
  tap(pastTaps, 1, 0, 1);
  tap(pastTaps, 2, 0, -1);
  tap(pastTaps, 3, 1, 0);
  tap(pastTaps, 4, -1, 0);
  tap(pastTaps, 5, 1, 1);
  tap(pastTaps, 6, 1, -1);
  tap(pastTaps, 7, -1, 1);
  tap(pastTaps, 8, -1, -1);
  tap(pastTaps, 9, 0, 2);
  tap(pastTaps, 10, 2, 0);
  tap(pastTaps, 11, 0, -2);
  tap(pastTaps, 12, -2, 0);
}

function decisionsTables(at: usize): void {
  let free = (at + 15) & ~15;
  logisticBuild(free);
  free = (free + <usize>logisticTableBytes() + 15) & ~15;
  logOddsBuild(free);
  free = (free + <usize>logOddsBytes() + 15) & ~15;
  decisionsStart(free);
  clearExperts();
}

export function isDamaged(): bool {
  return damaged;
}

// @ts-ignore: decorator
@inline
function limited(x: f64): f64 {
  if (!(x >= <f64>least)) return <f64>least;
  return min(x, <f64>most);
}

// @ts-ignore: decorator
@inline
function setGuess(expert: i32, x: f64): void {
  store<f64>(guesses + <usize>(expert << 3), limited(x));
}

// @ts-ignore: decorator
@inline
function guess(expert: i32): f64 {
  return load<f64>(guesses + <usize>(expert << 3));
}

// @ts-ignore: decorator
@inline
function gather(plane: usize, at: i32, taps: usize, count: i32, base: f64, to: usize): void {
  for (let i = 0; i < count; i++) {
    const value = indexAt(plane, at + load<i32>(taps + <usize>(i << 2)));
    store<f64>(to + <usize>(i << 3), <f64>value - base);
  }
}

/** How far the experts were off around a place: a mean over neighbours here and, doubly close, in the past plane. */
// @ts-ignore: decorator
@inline
function scalesOf(plane: usize, past: usize, at: i32): void {
  for (let lane: usize = 0; lane < 32; lane += 16) {
    const here = errorsAt(plane, at) + lane;
    const line = <usize>pitch << 5;
    const two = f32x4.splat(2);
    let sum = f32x4.mul(two, f32x4.add(v128.load(here - 32), v128.load(here - line)));
    sum = f32x4.add(sum, f32x4.add(v128.load(here - line - 32), v128.load(here - line + 32)));
    sum = f32x4.add(sum, f32x4.add(v128.load(here - 64), v128.load(here - 2 * line)));
    let part: f32 = 0.125;
    if (past != 0) {
      const there = errorsAt(past, at) + lane;
      sum = f32x4.add(sum, f32x4.mul(two, v128.load(there)));
      sum = f32x4.add(sum, f32x4.add(v128.load(there + 32), v128.load(there + line)));
      part = 0.0833333358168602;
    }
    const scale = f32x4.mul(sum, f32x4.splat(part));
    v128.store(scales + lane, scale);
    const near = f32x4.add(scale, f32x4.splat(0.1));
    const share = f32x4.div(f32x4.splat(1), f32x4.mul(near, near));
    v128.store(shares + lane, f32x4.mul(share, share));
  }
}

/** Place `at`; its index is in the plane when encoding. */
// @ts-ignore: decorator
@inline
function point(encode: bool, plane: usize, first: usize, second: usize, kind: i32, masked: bool, at: i32): void {
  const w = indexAt(plane, at - 1);
  const n = indexAt(plane, at - pitch);
  const nw = indexAt(plane, at - pitch - 1);
  const past = first != 0 ? indexAt(first, at) : 0;
  const base = first != 0 ? (<f64>w + <f64>n + 2 * <f64>past) * 0.25 : (<f64>w + <f64>n) * 0.5;
  gather(plane, at, ownTaps, OWN, base, differences);
  let taps = OWN;
  if (first != 0) {
    gather(first, at, pastTaps, FIRST, base, differences + 8 * OWN);
    taps += FIRST;
  }
  if (second != 0) {
    gather(second, at, pastTaps, SECOND, base, differences + 8 * (OWN + FIRST));
    taps += SECOND;
  }
  if (taps & 1) store<f64>(differences + <usize>(taps << 3), 0);
  const quick = squares + <usize>(2 * kind * SQUARES_BYTES);
  const slow = quick + <usize>SQUARES_BYTES;
  setGuess(0, base + squaresPredict(quick, differences, taps));
  setGuess(1, base + squaresPredict(slow, differences, taps));
  // The median of west, north and the plane through them.
  const plain = <f64>w + <f64>n - <f64>nw;
  setGuess(2, max(min(<f64>w, <f64>n), min(max(<f64>w, <f64>n), plain)));
  if (first != 0) {
    setGuess(3, <f64>past);
    const change = <f64>past - <f64>indexAt(first, at - 1) - <f64>indexAt(first, at - pitch) + <f64>indexAt(first, at - pitch - 1);
    setGuess(4, plain + change);
  } else {
    setGuess(3, <f64>w);
    setGuess(4, <f64>n);
  }
  scalesOf(plane, first, at);
  let total: f64 = 0;
  let sum: f64 = 0;
  for (let i = 0; i < BLENDED; i++) {
    const share = <f64>load<f32>(shares + <usize>(i << 2));
    total += share;
    sum += share * guess(i);
  }
  const blend = limited(sum / total);
  let squared: f64 = 0;
  for (let i = 0; i < BLENDED; i++) {
    const away = guess(i) - blend;
    squared += <f64>load<f32>(shares + <usize>(i << 2)) * (away * away);
  }
  store<f64>(guesses + <usize>(BLENDED << 3), blend);
  const whole = floor(blend + 0.5);
  const centre = <i32>whole;
  if (masked) {
    // Nobody asks for this value: it is what was expected.
    setIndex(plane, at, centre);
    setOffset(plane, at, 0);
    memory.copy(errorsAt(plane, at), scales, 32);
    return;
  }
  const scale = load<f32>(scales + <usize>(BLENDED << 2));
  for (let i = 0; i < EXPERTS; i++) {
    const width = <f64>load<f32>(scales + <usize>(i << 2)) * 0.5 + 0.06;
    setPrediction(i, guess(i), 1 / width);
  }
  describe(plane, first, kind, at, centre, blend - whole, scale, <f32>sqrt(squared / total));
  // Strides of a half to a whole scale.
  const g = max(0, min(26, <i32>(reinterpret<u32>(scale) >>> 23) - 128));
  const wanted = encode ? indexAt(plane, at) - centre : 0;
  const offset = codeNumber(encode, wanted, whole, g);
  let index = centre + offset;
  if (!encode) {
    if (index < least || index > most) {
      damaged = true;
      index = max(least, min(most, index));
    }
    setIndex(plane, at, index);
  }
  setOffset(plane, at, max(-OFFSET_LIMIT, min(OFFSET_LIMIT, offset)));
  const errors = errorsAt(plane, at);
  for (let i = 0; i < EXPERTS; i++) store<f32>(errors + <usize>(i << 2), <f32>abs(<f64>index - guess(i)));
  const error = <f64>index - base;
  squaresLearn(quick, differences, taps, error, KEEP_QUICK, 1 - KEEP_QUICK, EVERY_QUICK, solveScratch);
  squaresLearn(slow, differences, taps, error, KEEP_SLOW, (1 - KEEP_SLOW) / (<f64>scale + SLOW_FLOOR), EVERY_SLOW, solveScratch);
}

/**
 * Places x0 to x1 (excluded) of row y. `mask`: of the plane, or 0. Rows are coded in parts so that the encoder's output
 * can be watched, and that the engine can exchange the kernel for its optimised form early.
 */
// @ts-ignore: decorator
@inline
function codeRun(encode: bool, plane: usize, first: usize, second: usize, mask: usize, y: i32, x0: i32, x1: i32): void {
  const kind = first == 0 ? 0 : second == 0 ? 1 : 2;
  if (x0 == 0) startLine(plane, y);
  for (let x = x0; x < x1; x++) {
    const masked = mask != 0 && load<u8>(mask + <usize>(y * width + x)) != 0;
    point(encode, plane, first, second, kind, masked, placeAt(y, x));
  }
  if (x1 == width) endLine(plane, y);
}

export function encodeRun(plane: usize, first: usize, second: usize, mask: usize, y: i32, x0: i32, x1: i32): void {
  codeRun(true, plane, first, second, mask, y, x0, x1);
}

export function decodeRun(plane: usize, first: usize, second: usize, mask: usize, y: i32, x0: i32, x1: i32): void {
  codeRun(false, plane, first, second, mask, y, x0, x1);
}

/** Indices, `stride` numbers a row, into the plane; or out of it. */
export function importPlane(plane: usize, indices: usize, stride: i32): void {
  for (let y = 0; y < height; y++) {
    memory.copy(plane + (<usize>placeAt(y, 0) << 2), indices + (<usize>(y * stride) << 2), <usize>width << 2);
  }
}

export function exportPlane(plane: usize, indices: usize, stride: i32): void {
  for (let y = 0; y < height; y++) {
    memory.copy(indices + (<usize>(y * stride) << 2), plane + (<usize>placeAt(y, 0) << 2), <usize>width << 2);
  }
}

export { endPlane, startPlane };
