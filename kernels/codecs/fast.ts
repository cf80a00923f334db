/**
 * The rows of effort `fast`: predicted lattice indices to symbols, and back.
 *
 * A residual r is coded in a context made of its expected size (from residuals coded before) and of how far the
 * prediction was from the whole number it was rounded to. Its sign is turned so that the unrounded prediction lies on
 * the positive side. r = u * 2^k + low with k from the context; u + 32 is the symbol when it is in 1..63 (the k low
 * bits follow as they are), else the symbol is 0 and r an escape: zigzag, seven bits a byte.
 *
 * Twin: src/codecs/tezip-fast.reference.ts.
 */
import { activityRow, addPastRow, knownRow } from "../predict/causal";
import { endPlane, endRow, startPlane, startRow } from "../quantize/lattice";

/** Activity is below this: 255 times 20 (kernels/predict/causal.ts) plus 12 for the two values to the left. */
export const ACTIVITIES: usize = 8192;

/** The tables of a chunk in one block of memory: context number by activity, then k by activity. */
const SHIFTS: usize = 2 * ACTIVITIES;
/** Bits dropped from residual sizes before they enter activities, behind both. */
const SCALE: usize = 3 * ACTIVITIES;
export const MODEL_BYTES: usize = SCALE + 64;

/**
 * One plane's place in memory. Two planes are coded side by side in two independent streams (even and odd planes of
 * a chunk), so everything that a stream needs is here.
 */
// @ts-ignore: decorator
@unmanaged
class Stream {
  /** Coder's state and next byte. */
  state: u32;
  codes: usize;
  /** Low bits: next bit (decoder), or bits held back and their number (encoder). */
  bits: u64;
  held: u32;
  lowBits: usize;
  escapes: usize;
  /** Next symbol (encoder). */
  symbols: usize;
}

/** 0, 1 or 2 for small, middle and large distances from the rounded prediction; always 0 when fractions are not used. */
// @ts-ignore: decorator
@inline
function fractionBin(distance: i32, factor: i32): i32 {
  return (distance * factor) >>> 21;
}

/** One row to symbols (context * 64 + symbol, counted in `counts`), low bits, escapes and magnitudes. */
export function encodeRow(
  q: usize,
  above: usize,
  known: usize,
  activity: usize,
  magnitudes: usize,
  magnitudeAbove: usize,
  width: i32,
  filter: usize,
  model: usize,
  counts: usize,
  at: usize,
): void {
  const stream = changetype<Stream>(at);
  const shift = load<i32>(filter);
  const w1 = load<i32>(filter, 4);
  const w2 = load<i32>(filter, 8);
  const factor = load<i32>(filter, 116);
  const half = (1 << shift) >> 1;
  const mask = (1 << shift) - 1;
  const scale = load<u32>(model, SCALE);
  let bits = stream.bits;
  let held = stream.held;
  let out = stream.lowBits;
  let symbols = stream.symbols;
  let m1 = <u32>load<u8>(magnitudeAbove);
  let m2 = m1;
  let q1 = load<i32>(q - 4);
  let q2 = load<i32>(q - 8);
  for (let i: usize = 0; i < <usize>width; i++) {
    const v = load<i32>(known + (i << 2)) + w1 * q1 + w2 * q2;
    const x = load<i32>(q + (i << 2));
    q2 = q1;
    q1 = x;
    const fraction = (v & mask) - half;
    const turn = fraction >> 31;
    const bin = fractionBin((fraction ^ turn) - turn, factor);
    const r = ((x - load<i32>(above + (i << 2)) - (v >> shift)) ^ turn) - turn;
    const a = <usize>(<u32>load<u16>(activity + (i << 1)) + (m1 << 3) + (m2 << 2));
    const k = load<u8>(model + SHIFTS + a);
    let symbol = (<u32>load<u16>(model + (a << 1)) + bin) << 6;
    const u = (r >> k) + 32;
    if (<u32>(u - 1) < 63) {
      symbol += u;
      bits |= (<u64>(<u32>r & ((1 << k) - 1))) << held;
      held += k;
      if (held >= 32) {
        store<u32>(out, <u32>bits);
        out += 4;
        bits >>= 32;
        held -= 32;
      }
    } else {
      escape(at, r);
    }
    store<u16>(symbols, symbol);
    symbols += 2;
    store<u32>(counts + (<usize>symbol << 2), load<u32>(counts + (<usize>symbol << 2)) + 1);
    m2 = m1;
    m1 = min<u32>(<u32>abs(r) >> scale, 255);
    store<u8>(magnitudes + i, m1);
  }
  stream.bits = bits;
  stream.held = held;
  stream.lowBits = out;
  stream.symbols = symbols;
}

function escape(at: usize, r: i32): void {
  const stream = changetype<Stream>(at);
  let rest = <u32>((r << 1) ^ (r >> 31));
  let out = stream.escapes;
  while (rest >= 128) {
    store<u8>(out++, rest | 128);
    rest >>= 7;
  }
  store<u8>(out++, rest);
  stream.escapes = out;
}

function unescape(at: usize): i32 {
  const stream = changetype<Stream>(at);
  let value: u32 = 0;
  let from = stream.escapes;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = <u32>load<u8>(from++);
    value |= (byte & 127) << shift;
    if (byte < 128) break;
  }
  stream.escapes = from;
  return (value >> 1) ^ -(value & 1);
}

/** The encoder's last low bits; returns the address behind them. */
export function endLowBits(at: usize): usize {
  const stream = changetype<Stream>(at);
  store<u64>(stream.lowBits, stream.bits);
  return stream.lowBits + ((stream.held + 7) >> 3);
}

/**
 * One row back from a stream. `slots`: symbol by context and 12-bit slot; `frequencies`: by context and symbol,
 * frequency and start packed as kernels/entropy/rans.ts says. Reads at most 2 bytes of codes, 5 of escapes and 4 of
 * low bits a value.
 */
export function decodeRow(
  q: usize,
  above: usize,
  known: usize,
  activity: usize,
  magnitudes: usize,
  magnitudeAbove: usize,
  width: i32,
  filter: usize,
  model: usize,
  slots: usize,
  frequencies: usize,
  at: usize,
): void {
  const stream = changetype<Stream>(at);
  const shift = load<i32>(filter);
  const w1 = load<i32>(filter, 4);
  const w2 = load<i32>(filter, 8);
  const factor = load<i32>(filter, 116);
  const half = (1 << shift) >> 1;
  const mask = (1 << shift) - 1;
  const scale = load<u32>(model, SCALE);
  const lowBits = stream.lowBits;
  let bit = stream.bits;
  let state = stream.state;
  let codes = stream.codes;
  let m1 = <u32>load<u8>(magnitudeAbove);
  let m2 = m1;
  let q1 = load<i32>(q - 4);
  let q2 = load<i32>(q - 8);
  for (let i: usize = 0; i < <usize>width; i++) {
    const v = load<i32>(known + (i << 2)) + w2 * q2 + w1 * q1;
    q2 = q1;
    const fraction = (v & mask) - half;
    const turn = fraction >> 31;
    const bin = fractionBin((fraction ^ turn) - turn, factor);
    const a = <usize>(<u32>load<u16>(activity + (i << 1)) + (m1 << 3) + (m2 << 2));
    const k = <u64>load<u8>(model + SHIFTS + a);
    const context = <usize>(<u32>load<u16>(model + (a << 1)) + bin);
    const slot = state & 4095;
    const symbol = <usize>load<u8>(slots + (context << 12) + slot);
    const entry = load<u32>(frequencies + (((context << 6) + symbol) << 2));
    state = (entry & 0xffff) * (state >> 12) + slot - (entry >> 16);
    const word = <u32>load<u16>(codes);
    const few = state < 0x10000;
    state = few ? (state << 16) | word : state;
    codes += <usize>few << 1;
    let r: i32;
    if (symbol) {
      const low = <i32>((load<u64>(lowBits + <usize>(bit >> 3)) >> (bit & 7)) & (((<u64>1) << k) - 1));
      bit += k;
      r = ((<i32>symbol - 32) << <i32>k) | low;
    } else {
      r = unescape(at);
    }
    q1 = load<i32>(above + (i << 2)) + (v >> shift) + ((r ^ turn) - turn);
    store<i32>(q + (i << 2), q1);
    m2 = m1;
    m1 = min<u32>(<u32>abs(r) >> scale, 255);
    store<u8>(magnitudes + i, m1);
  }
  stream.bits = bit;
  stream.state = state;
  stream.codes = codes;
}

/** What all planes of a chunk share. Filled by src/codecs/tezip-fast.ts in this order. */
// @ts-ignore: decorator
@unmanaged
class Frame {
  width: i32;
  height: i32;
  /** Indices in a row of a plane with its margins; bytes in a row of magnitudes. */
  stride: i32;
  magnitudeStride: i32;
  model: usize;
  counts: usize;
  slots: usize;
  frequencies: usize;
  /** Working rows. */
  known: usize;
  activity: usize;
  /** Filter of the first row of a plane without past. */
  firstFilter: usize;
}

/** Addresses of row 0, column 0 of a plane and of its past planes; 0: none. */
// @ts-ignore: decorator
@unmanaged
class Plane {
  indices: usize;
  magnitudes: usize;
  past1: usize;
  past2: usize;
  pastMagnitudes: usize;
  filter: usize;
}

/** The margins of magnitudes: zeros above a first plane, else the past plane's first row. */
// @ts-ignore: decorator
@inline
function startMagnitudes(frame: Frame, plane: Plane): void {
  const bytes = <usize>frame.magnitudeStride;
  for (let row: usize = 1; row <= 2; row++) {
    if (plane.pastMagnitudes) memory.copy(plane.magnitudes - row * bytes - 16, plane.pastMagnitudes - 16, bytes);
    else memory.fill(plane.magnitudes - row * bytes - 16, 0, bytes);
  }
}

// @ts-ignore: decorator
@inline
function endMagnitudes(row: usize, width: i32): void {
  store<u16>(row - 2, <u16>load<u8>(row) * 0x101);
  v128.store(row + <usize>width, i8x16.splat(load<u8>(row + <usize>width - 1)));
}

/** What row y of a plane needs before its own values: filter terms and activities. */
function prepareRow(frame: Frame, plane: Plane, y: i32): usize {
  const { width, stride } = frame;
  const offset = <usize>(y * stride) << 2;
  const filter = y == 0 && plane.past1 == 0 ? frame.firstFilter : plane.filter;
  knownRow(frame.known, plane.indices + offset - (<usize>stride << 2), stride, width, filter);
  if (plane.past1) addPastRow(frame.known, plane.past1 + offset, stride, width, filter + 44);
  if (plane.past2) addPastRow(frame.known, plane.past2 + offset, stride, width, filter + 80);
  const line = <usize>(y * frame.magnitudeStride);
  const past = plane.pastMagnitudes ? plane.pastMagnitudes + line : 0;
  activityRow(frame.activity, plane.magnitudes + line - <usize>frame.magnitudeStride, past, frame.magnitudeStride, width);
  return filter;
}

export function encodePlane(frameAt: usize, planeAt: usize, stream: usize): void {
  const frame = changetype<Frame>(frameAt);
  const plane = changetype<Plane>(planeAt);
  startMagnitudes(frame, plane);
  for (let y = 0; y < frame.height; y++) {
    const filter = prepareRow(frame, plane, y);
    const q = plane.indices + (<usize>(y * frame.stride) << 2);
    const m = plane.magnitudes + <usize>(y * frame.magnitudeStride);
    encodeRow(
      q,
      q - (<usize>frame.stride << 2),
      frame.known,
      frame.activity,
      m,
      m - <usize>frame.magnitudeStride,
      frame.width,
      filter,
      frame.model,
      frame.counts,
      stream,
    );
    endMagnitudes(m, frame.width);
  }
  const bytes = <usize>frame.magnitudeStride;
  const below = plane.magnitudes - 16 + <usize>frame.height * bytes;
  memory.copy(below, below - bytes, bytes);
}

/** Back to indices; `above`: row 0 of the plane whose first row stands above this one, or 0. */
export function decodePlane(frameAt: usize, planeAt: usize, stream: usize, above: usize): void {
  const frame = changetype<Frame>(frameAt);
  const plane = changetype<Plane>(planeAt);
  startPlane(plane.indices, frame.stride, above);
  startMagnitudes(frame, plane);
  for (let y = 0; y < frame.height; y++) {
    const q = plane.indices + (<usize>(y * frame.stride) << 2);
    if (y > 0) startRow(q, frame.stride);
    const filter = prepareRow(frame, plane, y);
    const m = plane.magnitudes + <usize>(y * frame.magnitudeStride);
    decodeRow(
      q,
      q - (<usize>frame.stride << 2),
      frame.known,
      frame.activity,
      m,
      m - <usize>frame.magnitudeStride,
      frame.width,
      filter,
      frame.model,
      frame.slots,
      frame.frequencies,
      stream,
    );
    endRow(q, frame.width);
    endMagnitudes(m, frame.width);
  }
  endPlane(plane.indices, frame.stride, frame.height);
  const bytes = <usize>frame.magnitudeStride;
  const below = plane.magnitudes - 16 + <usize>frame.height * bytes;
  memory.copy(below, below - bytes, bytes);
}
