/**
 * The `levels` method of tezip: predicts, quantises and codes one plane coarse to fine (predict/levels,
 * quantize/linear, entropy/codes in one loop, since prediction needs decoded values).
 */
import { INPUTS, ESCAPE, codesContext, decodeCode, encodeCode, codesBytes, codesStart } from "../entropy/codes";
import { decodeRaw, decoderStart, encodeRaw, encoderFinish, encoderLength, encoderStart } from "../entropy/binary";
import { logisticBuild, logisticTableBytes } from "../entropy/logistic";
import { ADAPTIVE_BYTES, adapt, learn } from "../predict/adaptive";
import { accumulateRow, filterRow, gatherRow, levelsShape, targetRow } from "../predict/levels";

export { decoderStart, encoderFinish, encoderLength, encoderStart, logisticBuild, logisticTableBytes };

/** Contexts of each mixing input, and weight sets. */
const CONTEXTS: i32 = 31 * 22;
const SETS: i32 = 16;

let width: i32 = 0;
let height: i32 = 0;
let pitch: i32 = 0;
let rows: usize = 0; // T[taps][pitch]
let predictions: usize = 0; // T[pitch]
let spreads: usize = 0; // u8[pitch]
let drifts: usize = 0; // u8[pitch]
let tapTable: usize = 0; // per class and phase: i32 count, i32 reference-centre tap, then MAX_TAPS taps
export const MAX_TAPS: i32 = 64;
const TABLE_BYTES: usize = 8 + 64 * 12;
let sets: usize = 0; // T[MAX_TAPS] per (class, level group, phase)
const LEVEL_GROUPS: i32 = 5;

let step: f64 = 1;
let bound: f64 = 0;
let integer: bool = false;

let stats: usize = 0;
/** First byte the encoder may not reach at a row's start; encoding stops there and reports it. */
let outputLimit: i32 = 0;

export function scratchBytes(w: i32, elementBytes: i32): i32 {
  const p = ((w >> 1) + 8) & ~7;
  return (MAX_TAPS + 1) * p * elementBytes + 2 * p + logisticTableBytes() + codesBytes(CONTEXTS, SETS) + 64;
}

export function configure(h: i32, w: i32, elementBytes: i32, scratch: usize, taps: usize, coefficients: usize): void {
  width = w;
  height = h;
  pitch = ((w >> 1) + 8) & ~7;
  rows = scratch;
  predictions = rows + <usize>(MAX_TAPS * pitch * elementBytes);
  spreads = predictions + <usize>(pitch * elementBytes);
  drifts = spreads + <usize>pitch;
  const tables = (drifts + <usize>pitch + 15) & ~15;
  logisticBuild(tables);
  stats = (tables + <usize>logisticTableBytes() + 15) & ~15;
  codesStart(stats, CONTEXTS, SETS);
  tapTable = taps;
  sets = coefficients;
  levelsShape(h, w);
}

/** Forgets all statistics: a new stream. */
export function restart(): void {
  codesStart(stats, CONTEXTS, SETS);
}

/** Worst case of one value in the stream: 60 decisions of at most 16 bits. */
const VALUE_BYTES: i32 = 120;

/** Where rows may still start so that the stream stays inside `capacity` bytes. */
export function encoderCapacity(capacity: i32): void {
  outputLimit = capacity - (pitch + 1) * VALUE_BYTES;
}

/** `count` small integers (filter coefficients), each in the context of its place `k` and neighbour's size. */
export function encodeIntegers(values: usize, count: i32): void {
  let last = 0;
  for (let i = 0; i < count; i++) {
    const q = load<i32>(values + <usize>(i << 2));
    const size = min(20, 32 - clz(abs(last)));
    codesContext(size, min(i, 100), 0, 0);
    encodeCode(q, max(1, size), 0);
    last = q;
  }
}

export function decodeIntegers(values: usize, count: i32): void {
  let last = 0;
  for (let i = 0; i < count; i++) {
    const size = min(20, 32 - clz(abs(last)));
    codesContext(size, min(i, 100), 0, 0);
    last = decodeCode(max(1, size), 0);
    store<i32>(values + <usize>(i << 2), last);
  }
}

/** State of the learning filters (zeros), one of 512 bytes for each (class, level group, phase); 0: they do not learn. */
let adaptive: usize = 0;
export function learning(at: usize): void {
  adaptive = at;
}

export function quantizer(s: f64, e: f64, whole: i32): void {
  step = s;
  bound = e;
  integer = whole != 0;
}

// @ts-ignore: decorator
@inline
function clip(q: i32): i32 {
  return max(-32767, min(32767, q));
}

/** Half-octave bucket of v >= 0: 0, 1, 2, 3, 4, 4, 5, 5, ... */
// @ts-ignore: decorator
@inline
function bucket(v: i32): i32 {
  if (v < 2) return v;
  const top = 31 - clz(v);
  return 2 * top + ((v >> (top - 1)) & 1);
}

// @ts-ignore: decorator
@inline
function setAt<T>(klass: i32, s: i32, phase: i32): usize {
  const group = min(LEVEL_GROUPS - 1, ctz(s));
  return sets + <usize>(((klass * LEVEL_GROUPS + group) * 3 + phase) * MAX_TAPS) * sizeof<T>();
}

/** Half-octave bucket of x / step from the float's own bits, 0..30. */
// @ts-ignore: decorator
@inline
function spreadBucket(x: f32): i32 {
  const e = <i32>(reinterpret<u32>(x) >> 22) - 2 * 127 + 12; // x = 2^-6 -> 0
  return max(0, min(30, e));
}

function features<T>(n: i32, centre: i32): void {
  const inverse = <f32>(1.0 / step);
  for (let j = 0; j < n; j++) {
    const at = rows + <usize>j * sizeof<T>();
    const line = <usize>pitch * sizeof<T>();
    const p = load<T>(predictions + <usize>j * sizeof<T>()) - load<T>(at);
    const d = <f32>abs(p) + <f32>abs(load<T>(at + line) - p) + <f32>abs(load<T>(at + 2 * line) - p) + <f32>abs(load<T>(at + 3 * line) - p);
    store<u8>(spreads + <usize>j, <u8>spreadBucket(d * inverse));
    const r = centre > 0 ? <f32>abs(load<T>(at + <usize>centre * line) - p) : <f32>0;
    store<u8>(drifts + <usize>j, <u8>spreadBucket(r * inverse));
  }
}

// @ts-ignore: decorator
@inline
function codeAt(plane: usize, y: i32, x: i32): i32 {
  if (y < 0 || y >= height || x < 0 || x >= width) return 0;
  return <i32>load<i16>(plane + <usize>((y * width + x) << 1));
}

/** Stride of the coarsest grid, which has one point and no filter. */
let coarsest: i32 = 0;
let signNode: i32 = 0;
let lengthGuess: i32 = 1;

function contexts(codes: usize, refCodes: usize, y: i32, x: i32, s: i32, phase: i32, j: i32): void {
  let near0: i32, near1: i32, near2: i32, near3: i32, west: i32, north: i32, corners: i32;
  let ref = 0;
  if (x >= 2 * s && x + 2 * s < width && y >= 2 * s && y + s < height) {
    // Inside: the same neighbours without a check for each.
    const at = codes + <usize>((y * width + x) << 1);
    const across = <usize>(s << 1);
    const down = <usize>((s * width) << 1);
    if (phase == 0) {
      near0 = load<i16>(at - down - across);
      near1 = load<i16>(at - down + across);
      near2 = load<i16>(at + down - across);
      near3 = load<i16>(at + down + across);
    } else {
      near0 = load<i16>(at - down);
      near1 = load<i16>(at + down);
      near2 = load<i16>(at - across);
      near3 = load<i16>(at + across);
    }
    const above = at - 2 * down;
    west = load<i16>(at - 2 * across);
    north = load<i16>(above);
    corners = abs(<i32>load<i16>(above - 2 * across)) + abs(<i32>load<i16>(above + 2 * across));
    if (refCodes != 0) {
      const past = refCodes + (at - codes);
      ref = 2 * abs(<i32>load<i16>(past)) + abs(<i32>load<i16>(past - down)) + abs(<i32>load<i16>(past + down)) + abs(<i32>load<i16>(past - across)) + abs(<i32>load<i16>(past + across));
    }
  } else {
    near0 = phase == 0 ? codeAt(codes, y - s, x - s) : codeAt(codes, y - s, x);
    near1 = phase == 0 ? codeAt(codes, y - s, x + s) : codeAt(codes, y + s, x);
    near2 = phase == 0 ? codeAt(codes, y + s, x - s) : codeAt(codes, y, x - s);
    near3 = phase == 0 ? codeAt(codes, y + s, x + s) : codeAt(codes, y, x + s);
    west = codeAt(codes, y, x - 2 * s);
    north = codeAt(codes, y - 2 * s, x);
    corners = abs(codeAt(codes, y - 2 * s, x - 2 * s)) + abs(codeAt(codes, y - 2 * s, x + 2 * s));
    if (refCodes != 0) {
      ref = 2 * abs(codeAt(refCodes, y, x)) + abs(codeAt(refCodes, y - s, x)) + abs(codeAt(refCodes, y + s, x)) + abs(codeAt(refCodes, y, x - s)) + abs(codeAt(refCodes, y, x + s));
    }
  }
  const near = abs(near0) + abs(near1) + abs(near2) + abs(near3);
  const same = 2 * (abs(west) + abs(north)) + corners;
  const group = min(LEVEL_GROUPS - 1, ctz(s));
  const spread = <i32>load<u8>(spreads + <usize>j);
  const drift = <i32>load<u8>(drifts + <usize>j);
  const bs = bucket(same);
  const br = bucket(ref);
  // Weights sum to 12 * 2 + 12 (+ 12): the mean magnitude of a code around here, times 32.
  const sum = refCodes != 0 ? (2 * same + 3 * near + 2 * ref) * 8 / 9 : (2 * same + 3 * near) * 4 / 3;
  const all = bucket(sum);
  lengthGuess = max(1, min(27, 32 - clz(sum >> 5)));
  codesContext(
    min(40, all) * 9 + min(2, group) * 3 + phase,
    spread * 22 + min(21, bs),
    drift * 22 + min(21, br),
    group * 3 + phase,
  );
  const v = west + north;
  const u = near0 + near1 + near2 + near3;
  signNode = (v > 0 ? 2 : v < 0 ? 1 : 0) * 3 + (u > 0 ? 2 : u < 0 ? 1 : 0);
}

/** Low bits of a pattern's difference that are stored as they are; -1: values are quantised, not exact. */
let exactShift: i32 = -1;
export function exactly(shift: i32): void {
  exactShift = shift;
}

/** The float's bits as an integer in the order of the numbers; a prediction that is no number counts as 0. */
// @ts-ignore: decorator
@inline
function ordered<T>(x: T): i64 {
  if (x != x) return 0;
  if (sizeof<T>() == 4) {
    const bits = <i64>reinterpret<i32>(<f32>x);
    return bits < 0 ? -(bits & 0x7fffffff) : bits;
  }
  const bits = reinterpret<i64>(<f64>x);
  return bits < 0 ? -(bits & 0x7fffffffffffffff) : bits;
}

// @ts-ignore: decorator
@inline
function unordered<T>(n: i64): T {
  if (sizeof<T>() == 4) {
    const bits = n < 0 ? <i32>-n | i32.MIN_VALUE : <i32>n;
    return <T>reinterpret<f32>(bits);
  }
  return <T>reinterpret<f64>(n < 0 ? -n | i64.MIN_VALUE : n);
}

/** Lossless: the code is the difference of patterns without its low bits, which follow at even odds. */
function exactPoint<T>(encode: bool, from: usize, to: usize, code: usize, p: T): void {
  const start = ordered<T>(p);
  let q: i32 = ESCAPE;
  if (encode) {
    const value = load<T>(from);
    const difference = ordered<T>(value) - start;
    const steps = difference >> exactShift;
    if (steps > -134000000 && steps < 134000000) q = <i32>steps;
    encodeCode(q, lengthGuess, signNode);
    if (q == ESCAPE) {
      store<T>(escapes, value);
      escapes += sizeof<T>();
    } else {
      if (exactShift > 32) encodeRaw(<u32>((difference >> 32) & ((1 << (exactShift - 32)) - 1)), exactShift - 32);
      if (exactShift > 0) encodeRaw(<u32>difference, min(32, exactShift));
    }
    store<T>(to, value);
  } else {
    q = decodeCode(lengthGuess, signNode);
    if (q == ESCAPE) {
      if (escapes + sizeof<T>() <= escapesLimit) {
        store<T>(to, load<T>(escapes));
        escapes += sizeof<T>();
      } else {
        store<T>(to, p);
        damaged = true;
      }
    } else {
      let low: i64 = 0;
      if (exactShift > 32) low = <i64>decodeRaw(exactShift - 32) << 32;
      if (exactShift > 0) low |= <i64>decodeRaw(min(32, exactShift));
      store<T>(to, unordered<T>(start + ((<i64>q << exactShift) | low)));
    }
  }
  store<i16>(code, q == ESCAPE ? 0 : <i16>clip(q));
}

let escapes: usize = 0;
let escapesLimit: usize = 0;
/** Set by a decoder that ran out of escapes: the stream is damaged. */
let damaged: bool = false;
export function escapesStart(at: usize, byteLength: i32): void {
  escapes = at;
  escapesLimit = at + byteLength;
  damaged = false;
}
export function isDamaged(): bool {
  return damaged;
}
export function escapesEnd(): usize {
  return escapes;
}

// @ts-ignore: decorator
@inline
function point<T>(encode: bool, original: usize, out: usize, mask: usize, codes: usize, refCodes: usize, y: i32, x: i32, s: i32, phase: i32, j: i32, guess: T): void {
  const i = <usize>(y * width + x);
  const at = out + i * sizeof<T>();
  let p = guess;
  if (integer) p = nearest<T>(p);
  if (mask != 0 && load<u8>(mask + i) != 0) {
    // Nothing is coded. The mean of the nearest neighbours stays inside their range, where filters fed with their
    // own guesses would drift.
    if (s < coarsest) {
      const from = rows + <usize>j * sizeof<T>();
      const line = <usize>pitch * sizeof<T>();
      p = load<T>(from) + <T>0.25 * (load<T>(from + line) + load<T>(from + 2 * line) + load<T>(from + 3 * line));
      if (integer) p = nearest<T>(p);
    }
    store<T>(at, p);
    store<i16>(codes + (i << 1), 0);
    return;
  }
  contexts(codes, refCodes, y, x, s, phase, j);
  if (exactShift >= 0) {
    exactPoint<T>(encode, original + i * sizeof<T>(), at, codes + (i << 1), p);
    return;
  }
  let q: i32 = 0;
  if (encode) {
    const value = load<T>(original + i * sizeof<T>());
    const r = <f64>(value - p) / step;
    let recon = p;
    q = ESCAPE;
    if (abs(r) < 134000000.0) {
      q = <i32>nearest(r);
      recon = p + <T>q * <T>step;
      if (!(abs(<f64>value - <f64>recon) <= bound)) q = ESCAPE;
    }
    encodeCode(q, lengthGuess, signNode);
    if (q == ESCAPE) {
      store<T>(escapes, value);
      escapes += sizeof<T>();
      recon = value;
    }
    store<T>(at, recon);
  } else {
    q = decodeCode(lengthGuess, signNode);
    if (q == ESCAPE) {
      if (escapes + sizeof<T>() <= escapesLimit) {
        store<T>(at, load<T>(escapes));
        escapes += sizeof<T>();
      } else {
        store<T>(at, p);
        damaged = true;
      }
    } else {
      store<T>(at, p + <T>q * <T>step);
    }
  }
  store<i16>(codes + (i << 1), q == ESCAPE ? 0 : <i16>clip(q));
}

/**
 * planes: u32 table, [0] = this plane (decoded values), [1 + slot] = references (0: none). Returns 0 when the
 * stream would pass its capacity.
 */
// @ts-ignore: decorator
@inline
function codePlane<T>(encode: bool, planes: usize, original: usize, mask: usize, codes: usize, refCodes: usize, klass: i32): bool {
  const out = <usize>load<u32>(planes);
  let top = 1;
  while (top < width || top < height) top <<= 1;
  coarsest = top;
  // The one point of the coarsest grid: the first reference's, or 0.
  const ref = <usize>load<u32>(planes, 4);
  memory.fill(spreads, 0, 2 * pitch);
  point<T>(encode, original, out, mask, codes, refCodes, 0, 0, top, 0, 0, ref != 0 ? load<T>(ref) : <T>0);
  for (let s = top >> 1; s >= 1; s >>= 1) {
    for (let phase = 0; phase < 3; phase++) {
      const x0 = phase == 2 ? 0 : s;
      const y0 = phase == 1 ? 0 : s;
      if (x0 >= width || y0 >= height) continue;
      const n = (width - 1 - x0) / (2 * s) + 1;
      const table = tapTable + <usize>(klass * 3 + phase) * TABLE_BYTES;
      const count = load<i32>(table);
      const centre = load<i32>(table, 4);
      const coefficients = setAt<T>(klass, s, phase);
      const state = adaptive + <usize>(((klass * LEVEL_GROUPS + min(LEVEL_GROUPS - 1, ctz(s))) * 3 + phase) * ADAPTIVE_BYTES);
      for (let y = y0; y < height; y += 2 * s) {
        if (encode && encoderLength() > outputLimit) return false;
        gatherRow<T>(planes, table + 8, count, y, x0, s, n, rows, pitch);
        filterRow<T>(rows, pitch, count, coefficients, n, predictions);
        features<T>(n, centre);
        for (let j = 0; j < n; j++) {
          const x = x0 + 2 * s * j;
          const plain = load<T>(predictions + <usize>j * sizeof<T>());
          if (adaptive == 0) {
            point<T>(encode, original, out, mask, codes, refCodes, y, x, s, phase, j, plain);
            continue;
          }
          const i = <usize>(y * width + x);
          const guess = plain + <T>adapt<T>(state, rows, pitch, count, j);
          point<T>(encode, original, out, mask, codes, refCodes, y, x, s, phase, j, guess);
          if (mask != 0 && load<u8>(mask + i) != 0) continue;
          learn<T>(state, rows, pitch, count, j, <f64>load<T>(out + i * sizeof<T>()) - <f64>plain, step);
        }
      }
    }
  }
  return true;
}

export function encodePlaneF32(planes: usize, original: usize, mask: usize, codes: usize, refCodes: usize, klass: i32): bool {
  return codePlane<f32>(true, planes, original, mask, codes, refCodes, klass);
}
export function decodePlaneF32(planes: usize, mask: usize, codes: usize, refCodes: usize, klass: i32): void {
  codePlane<f32>(false, planes, 0, mask, codes, refCodes, klass);
}
export function encodePlaneF64(planes: usize, original: usize, mask: usize, codes: usize, refCodes: usize, klass: i32): bool {
  return codePlane<f64>(true, planes, original, mask, codes, refCodes, klass);
}
export function decodePlaneF64(planes: usize, mask: usize, codes: usize, refCodes: usize, klass: i32): void {
  codePlane<f64>(false, planes, 0, mask, codes, refCodes, klass);
}

/** Adds a sample of a plane's rows (every `every`-th) to the normal equations of one (stride, phase); returns points used. */
// @ts-ignore: decorator
@inline
function fitPlane<T>(planes: usize, mask: usize, klass: i32, s: i32, phase: i32, from: i32, every: i32, gram: usize): i32 {
  const x0 = phase == 2 ? 0 : s;
  const y0 = phase == 1 ? 0 : s;
  if (x0 >= width || y0 >= height) return 0;
  const n = (width - 1 - x0) / (2 * s) + 1;
  const table = tapTable + <usize>(klass * 3 + phase) * TABLE_BYTES;
  const count = load<i32>(table);
  let used = 0;
  for (let y = y0 + 2 * s * from; y < height; y += 2 * s * every) {
    gatherRow<T>(planes, table + 8, count, y, x0, s, n, rows, pitch);
    used += targetRow<T>(<usize>load<u32>(planes), mask, y, x0, s, n, rows, pitch, count);
    accumulateRow<T>(rows, pitch, count, n, gram);
  }
  return used;
}
export function fitPlaneF32(planes: usize, mask: usize, klass: i32, s: i32, phase: i32, from: i32, every: i32, gram: usize): i32 {
  return fitPlane<f32>(planes, mask, klass, s, phase, from, every, gram);
}
export function fitPlaneF64(planes: usize, mask: usize, klass: i32, s: i32, phase: i32, from: i32, every: i32, gram: usize): i32 {
  return fitPlane<f64>(planes, mask, klass, s, phase, from, every, gram);
}
