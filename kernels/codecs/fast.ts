/**
 * The rows of effort `fast`: predicted lattice indices to symbols, and back.
 *
 * A residual r is coded in a context made of its expected size (from residuals coded before) and of how far the
 * prediction was from the whole number it was rounded to. Its sign is turned so that the unrounded prediction lies on
 * the positive side. r = u * 2^k + low with k from the context; u + 32 is the symbol when it is in 1..63 (the k low
 * bits follow as they are), else the symbol is 0 and r an escape: zigzag, seven bits a byte.
 *
 * Even and odd planes of a chunk are two independent streams. The decoder takes both at once, the odd plane two rows
 * behind the even one: a value needs the one before it, so a single stream would leave the processor waiting.
 *
 * Twin: src/codecs/tezip-fast.reference.ts.
 */
import { activityRow, addPastRow, knownRow } from "../predict/causal";
import { BITS, TOTAL } from "../entropy/rans";
import { endPlane, endRow, startPlane, startRow } from "../quantize/lattice";

/**
 * Rows are coded in runs of at most RUN values. What a run needs lies in one block of memory at fixed distances, so
 * that the inner loops need few registers: for each of two streams a row of
 *     terms known before     the row above     addresses of activity entries     indices     magnitudes
 * (32 bits each; 16 bytes before a row are its margin), then the tables of the chunk:
 *     by activity, 32 bits: address of its first context | k
 *     bits dropped from residual sizes before they enter activities
 *     encoder: 256 bytes a context, counts of its symbols
 *     decoder: 4352 bytes a context, symbols by slot and then frequency | start << 16 by symbol
 * (offsets are also in src/entropy/contexts.ts).
 */
const RUN: i32 = 1024;
const ROW: usize = 4224;
const KNOWN: usize = 64;
const ABOVE: usize = KNOWN + ROW;
const ACTIVITY: usize = KNOWN + 2 * ROW;
const INDEX: usize = KNOWN + 3 * ROW;
const MAGNITUDE: usize = KNOWN + 4 * ROW;
const ROWS: usize = 5 * ROW;
const LEVELS: usize = 2 * ROWS;
const SCALE: usize = LEVELS + 32768;
const CONTEXTS: usize = SCALE + 256;
const ENTRIES: usize = TOTAL;

/** What a stream needs, kept between runs. */
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
  /** Where codes, low bits (counted in bits) and escapes end (decoder). */
  codesEnd: usize;
  escapesEnd: usize;
  bitsEnd: u64;
}

/** What all planes of a chunk share. */
// @ts-ignore: decorator
@unmanaged
class Frame {
  width: i32;
  height: i32;
  /** Indices in a row of a plane with its margins; bytes in a row of magnitudes. */
  stride: i32;
  magnitudeStride: i32;
  block: usize;
  /** Of all filters: FINE or COARSE. */
  shift: i32;
}

/** One plane: addresses of row 0, column 0 in it and in its past planes (0: none), and of its filters. */
// @ts-ignore: decorator
@unmanaged
class Plane {
  indices: usize;
  magnitudes: usize;
  past1: usize;
  past2: usize;
  pastMagnitudes: usize;
  filter: usize;
  /** Filter of row 0. */
  firstFilter: usize;
  /** Row 0 of the plane whose first row stands above this one, or 0. */
  above: usize;
  stream: usize;
  /** 0 or ROWS: which rows of the block it uses. */
  rows: usize;
}

// Words of a filter: kernels/predict/causal.ts.
const LEFT: usize = 4;
const LEFT2: usize = 8;
const FACTOR: usize = 116;
const PAST1: usize = 44;
const PAST2: usize = 80;
/** Shifts of filters: fine weights for indices of a range up to 2^18 or so, and coarse ones for all others. */
const FINE: i32 = 12;
const COARSE: i32 = 6;

/** Of a sum v = prediction * 2^shift + half: where in -2^31..2^31 the distance from the rounded prediction is. */
// @ts-ignore: decorator
@inline
function fractionOf(v: i32, shift: i32): i32 {
  return (v << (32 - shift)) ^ 0x80000000;
}

/** 0, 1 or 2 for small, middle and large distances (factor 3); always 0 where they are not told apart (factor 1). */
// @ts-ignore: decorator
@inline
function binOf(fraction: i32, turn: i32, factor: u32): u32 {
  return ((<u32>(fraction ^ turn) >> 16) * factor) >> 15;
}

// @ts-ignore: decorator
@inline
function magnitudeOf(r: i32, scale: u32): u32 {
  return min<u32>(<u32>abs(r) >> scale, 255);
}

function escape(stream: Stream, r: i32): void {
  let rest = <u32>((r << 1) ^ (r >> 31));
  let out = stream.escapes;
  while (rest >= 128) {
    store<u8>(out++, rest | 128);
    rest >>= 7;
  }
  store<u8>(out++, rest);
  stream.escapes = out;
}

function unescape(stream: Stream): i32 {
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

/**
 * What can be said of a run all at once: residuals (over the terms known before), addresses of the activity entries
 * and distances' bins * 256 (in their places), magnitudes. `shift` is FINE or COARSE.
 */
// @ts-ignore: decorator
@inline
function residuals(shift: i32, block: usize, filter: usize, count: i32): void {
  const factor = i32x4.splat(load<i32>(filter, FACTOR));
  const left = i32x4.splat(load<i32>(filter, LEFT));
  const leftTwo = i32x4.splat(load<i32>(filter, LEFT2));
  const scale = load<i32>(block, SCALE);
  const top = i32x4.splat(0x80000000);
  const largest = i32x4.splat(255);
  let before = v128.load(block, MAGNITUDE - 16);
  for (let p = block, end = block + (<usize>count << 2); p < end; p += 16) {
    let v = i32x4.add(v128.load(p, KNOWN), i32x4.mul(leftTwo, v128.load(p, INDEX - 8)));
    v = i32x4.add(v, i32x4.mul(left, v128.load(p, INDEX - 4)));
    const fraction = v128.xor(i32x4.shl(v, 32 - shift), top);
    const turn = i32x4.shr_s(fraction, 31);
    const error = i32x4.sub(i32x4.sub(v128.load(p, INDEX), v128.load(p, ABOVE)), i32x4.shr_s(v, shift));
    const r = i32x4.sub(v128.xor(error, turn), turn);
    const magnitude = i32x4.min_u(i32x4.shr_u(i32x4.abs(r), scale), largest);
    const one = i8x16.shuffle(before, magnitude, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27);
    const two = i8x16.shuffle(before, magnitude, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23);
    const sides = i32x4.add(i32x4.shl(one, 5), i32x4.shl(two, 4));
    const bin = i32x4.shr_u(i32x4.mul(i32x4.shr_u(v128.xor(fraction, turn), 16), factor), 15);
    v128.store(p, r, KNOWN);
    v128.store(p, i32x4.add(v128.load(p, ACTIVITY), sides), ACTIVITY);
    v128.store(p, i32x4.shl(bin, 8), ABOVE);
    v128.store(p, magnitude, MAGNITUDE);
    before = magnitude;
  }
}

/** A run's residuals to symbols (context * 64 + symbol, counted), low bits and escapes. */
export function symbolsRun(block: usize, streamAt: usize, count: i32): void {
  const stream = changetype<Stream>(streamAt);
  let bits = stream.bits;
  let held = stream.held;
  let out = stream.lowBits;
  let symbols = stream.symbols;
  const contexts = block + CONTEXTS;
  for (let p = block, end = block + (<usize>count << 2); p < end; p += 4) {
    const r = load<i32>(p, KNOWN);
    const level = load<u32>(load<u32>(p, ACTIVITY));
    const k = level & 31;
    let count = <usize>((level & 0xffffff00) + load<u32>(p, ABOVE));
    const u = (r >> k) + 32;
    if (<u32>(u - 1) < 63) {
      count += <usize>u << 2;
      if (k) {
        bits |= (<u64>(<u32>r & ((1 << k) - 1))) << held;
        held += k;
        if (held >= 32) {
          store<u32>(out, <u32>bits);
          out += 4;
          bits >>= 32;
          held -= 32;
        }
      }
    } else {
      escape(stream, r);
    }
    store<u32>(count, load<u32>(count) + 1);
    store<u16>(symbols, <u32>(count - contexts) >> 2);
    symbols += 2;
  }
  stream.bits = bits;
  stream.held = held;
  stream.lowBits = out;
  stream.symbols = symbols;
}

export function residualsRun(block: usize, filter: usize, count: i32): void {
  residuals(FINE, block, filter, count);
}

export function residualsRunCoarse(block: usize, filter: usize, count: i32): void {
  residuals(COARSE, block, filter, count);
}

/** The encoder's last low bits; returns the address behind them. */
export function endLowBits(at: usize): usize {
  const stream = changetype<Stream>(at);
  store<u64>(stream.lowBits, stream.bits);
  return stream.lowBits + ((stream.held + 7) >> 3);
}

/**
 * A run back from its stream, with the rows at `block + rows`. Reads at most 2 bytes of codes, 4 of low bits and 5 of
 * escapes a value.
 */
// @ts-ignore: decorator
@inline
function decodeOne(shift: i32, block: usize, rows: usize, streamAAt: usize, filterA: usize, count: i32): void {
  const scale = load<u32>(block, SCALE);
  const factor = load<u32>(filterA, FACTOR);
  const streamA = changetype<Stream>(streamAAt);
  const leftA = load<i32>(filterA, LEFT);
  const leftTwoA = load<i32>(filterA, LEFT2);
  let stateA = streamA.state;
  let codesA = streamA.codes;
  let bitA = streamA.bits;
  let mA = load<u32>(block + rows, MAGNITUDE - 4);
  let qA = load<i32>(block + rows, INDEX - 4);
  for (let p = block + rows, end = p + (<usize>count << 2); p < end; p += 4) {
    const vA = load<i32>(p, KNOWN) + leftTwoA * load<i32>(p, INDEX - 8) + leftA * qA;
    const fractionA = fractionOf(vA, shift);
    const turnA = fractionA >> 31;
    const levelA = load<u32>(load<u32>(p, ACTIVITY) + (load<u32>(p, MAGNITUDE - 8) << 4) + (mA << 5));
    const binA = binOf(fractionA, turnA, factor);
    const contextA = <usize>((levelA & 0xffffff00) + (binA << BITS) + (binA << 8));
    const slotA = stateA & (TOTAL - 1);
    const symbolA = <u32>load<u8>(contextA + <usize>slotA);
    const entryA = load<u32>(contextA + (<usize>symbolA << 2), ENTRIES);
    const nextA = (entryA & 0xffff) * (stateA >> BITS) + slotA - (entryA >> 16);
    const wordA = <u32>load<u16>(codesA);
    const fewA = nextA < 0x10000;
    stateA = fewA ? (nextA << 16) | wordA : nextA;
    codesA += <usize>fewA << 1;
    const kA = levelA & 31;
    let rA = (<i32>symbolA - 32) << kA;
    if (kA) {
      const low = <u32>(load<u64>(streamA.lowBits + <usize>(bitA >> 3)) >> (bitA & 7));
      rA |= low & ((1 << kA) - 1);
      bitA += kA;
    }
    if (symbolA == 0) {
      bitA -= kA;
      rA = unescape(streamA);
    }
    qA = load<i32>(p, ABOVE) + (vA >> shift) + ((rA ^ turnA) - turnA);
    store<i32>(p, qA, INDEX);
    mA = magnitudeOf(rA, scale);
    store<u32>(p, mA, MAGNITUDE);
  }
  streamA.state = stateA;
  streamA.codes = codesA;
  streamA.bits = bitA;
}

/** Runs of both streams at once: `decodeOne` twice, statement by statement. */
// @ts-ignore: decorator
@inline
function decodeTwo(
  shift: i32,
  block: usize,
  streamAAt: usize,
  filterA: usize,
  streamBAt: usize,
  filterB: usize,
  count: i32,
): void {
  const scale = load<u32>(block, SCALE);
  const factor = load<u32>(filterA, FACTOR);
  const streamA = changetype<Stream>(streamAAt);
  const leftA = load<i32>(filterA, LEFT);
  const leftTwoA = load<i32>(filterA, LEFT2);
  let stateA = streamA.state;
  let codesA = streamA.codes;
  let bitA = streamA.bits;
  let mA = load<u32>(block, MAGNITUDE - 4);
  let qA = load<i32>(block, INDEX - 4);
  const streamB = changetype<Stream>(streamBAt);
  const leftB = load<i32>(filterB, LEFT);
  const leftTwoB = load<i32>(filterB, LEFT2);
  let stateB = streamB.state;
  let codesB = streamB.codes;
  let bitB = streamB.bits;
  let mB = load<u32>(block, ROWS + MAGNITUDE - 4);
  let qB = load<i32>(block, ROWS + INDEX - 4);
  for (let p = block, end = block + (<usize>count << 2); p < end; p += 4) {
    const vA = load<i32>(p, KNOWN) + leftTwoA * load<i32>(p, INDEX - 8) + leftA * qA;
    const fractionA = fractionOf(vA, shift);
    const turnA = fractionA >> 31;
    const levelA = load<u32>(load<u32>(p, ACTIVITY) + (load<u32>(p, MAGNITUDE - 8) << 4) + (mA << 5));
    const binA = binOf(fractionA, turnA, factor);
    const contextA = <usize>((levelA & 0xffffff00) + (binA << BITS) + (binA << 8));
    const vB = load<i32>(p, ROWS + KNOWN) + leftTwoB * load<i32>(p, ROWS + INDEX - 8) + leftB * qB;
    const fractionB = fractionOf(vB, shift);
    const turnB = fractionB >> 31;
    const levelB = load<u32>(load<u32>(p, ROWS + ACTIVITY) + (load<u32>(p, ROWS + MAGNITUDE - 8) << 4) + (mB << 5));
    const binB = binOf(fractionB, turnB, factor);
    const contextB = <usize>((levelB & 0xffffff00) + (binB << BITS) + (binB << 8));
    const slotA = stateA & (TOTAL - 1);
    const symbolA = <u32>load<u8>(contextA + <usize>slotA);
    const entryA = load<u32>(contextA + (<usize>symbolA << 2), ENTRIES);
    const nextA = (entryA & 0xffff) * (stateA >> BITS) + slotA - (entryA >> 16);
    const wordA = <u32>load<u16>(codesA);
    const fewA = nextA < 0x10000;
    stateA = fewA ? (nextA << 16) | wordA : nextA;
    codesA += <usize>fewA << 1;
    const kA = levelA & 31;
    let rA = (<i32>symbolA - 32) << kA;
    if (kA) {
      const low = <u32>(load<u64>(streamA.lowBits + <usize>(bitA >> 3)) >> (bitA & 7));
      rA |= low & ((1 << kA) - 1);
      bitA += kA;
    }
    if (symbolA == 0) {
      bitA -= kA;
      rA = unescape(streamA);
    }
    qA = load<i32>(p, ABOVE) + (vA >> shift) + ((rA ^ turnA) - turnA);
    store<i32>(p, qA, INDEX);
    mA = magnitudeOf(rA, scale);
    store<u32>(p, mA, MAGNITUDE);
    const slotB = stateB & (TOTAL - 1);
    const symbolB = <u32>load<u8>(contextB + <usize>slotB);
    const entryB = load<u32>(contextB + (<usize>symbolB << 2), ENTRIES);
    const nextB = (entryB & 0xffff) * (stateB >> BITS) + slotB - (entryB >> 16);
    const wordB = <u32>load<u16>(codesB);
    const fewB = nextB < 0x10000;
    stateB = fewB ? (nextB << 16) | wordB : nextB;
    codesB += <usize>fewB << 1;
    const kB = levelB & 31;
    let rB = (<i32>symbolB - 32) << kB;
    if (kB) {
      const low = <u32>(load<u64>(streamB.lowBits + <usize>(bitB >> 3)) >> (bitB & 7));
      rB |= low & ((1 << kB) - 1);
      bitB += kB;
    }
    if (symbolB == 0) {
      bitB -= kB;
      rB = unescape(streamB);
    }
    qB = load<i32>(p, ROWS + ABOVE) + (vB >> shift) + ((rB ^ turnB) - turnB);
    store<i32>(p, qB, ROWS + INDEX);
    mB = magnitudeOf(rB, scale);
    store<u32>(p, mB, ROWS + MAGNITUDE);
  }
  streamA.state = stateA;
  streamA.codes = codesA;
  streamA.bits = bitA;
  streamB.state = stateB;
  streamB.codes = codesB;
  streamB.bits = bitB;
}

export function decodeRun(block: usize, rows: usize, stream: usize, filter: usize, count: i32): void {
  decodeOne(FINE, block, rows, stream, filter, count);
}

export function decodeRunCoarse(block: usize, rows: usize, stream: usize, filter: usize, count: i32): void {
  decodeOne(COARSE, block, rows, stream, filter, count);
}

export function decodeTwoRuns(block: usize, a: usize, filterA: usize, b: usize, filterB: usize, count: i32): void {
  decodeTwo(FINE, block, a, filterA, b, filterB, count);
}

export function decodeTwoRunsCoarse(block: usize, a: usize, filterA: usize, b: usize, filterB: usize, count: i32): void {
  decodeTwo(COARSE, block, a, filterA, b, filterB, count);
}
/** The margin of magnitudes above a plane: its past plane's first row, or zeros. */
// @ts-ignore: decorator
@inline
function startMagnitudes(frame: Frame, plane: Plane): void {
  const bytes = <usize>frame.magnitudeStride;
  for (let row: usize = 1; row <= 2; row++) {
    if (plane.pastMagnitudes) memory.copy(plane.magnitudes - row * bytes - 16, plane.pastMagnitudes - 16, bytes);
    else memory.fill(plane.magnitudes - row * bytes - 16, 0, bytes);
  }
}

/** The margins beside a row of magnitudes. */
// @ts-ignore: decorator
@inline
function endMagnitudeRow(row: usize, width: i32): void {
  store<u16>(row - 2, <u16>load<u8>(row) * 0x101);
  v128.store(row + <usize>width, i8x16.splat(load<u8>(row + <usize>width - 1)));
}

/** The margin below a plane of magnitudes. */
// @ts-ignore: decorator
@inline
function endMagnitudes(frame: Frame, plane: Plane): void {
  const bytes = <usize>frame.magnitudeStride;
  const below = plane.magnitudes - 16 + <usize>frame.height * bytes;
  memory.copy(below, below - bytes, bytes);
}

// @ts-ignore: decorator
@inline
function indexRow(frame: Frame, plane: Plane, y: i32): usize {
  return plane.indices + (<usize>(y * frame.stride) << 2);
}

// @ts-ignore: decorator
@inline
function magnitudeRow(frame: Frame, plane: Plane, y: i32): usize {
  return plane.magnitudes + <usize>(y * frame.magnitudeStride);
}

/**
 * Fills the block's rows with what `count` values of row y from column x on need before their own; the margins left
 * of the run too. Returns the row's filter.
 */
export function openRun(frameAt: usize, planeAt: usize, y: i32, x: i32, count: i32): usize {
  const frame = changetype<Frame>(frameAt);
  const plane = changetype<Plane>(planeAt);
  const stride = frame.stride;
  const rows = frame.block + plane.rows;
  const filter = y == 0 ? plane.firstFilter : plane.filter;
  const column = <usize>x << 2;
  const row = indexRow(frame, plane, y) + column;
  const offset = (<usize>(y * stride) << 2) + column;
  knownRow(rows + KNOWN, rows + ABOVE, row - (<usize>stride << 2), stride, count, filter);
  if (plane.past1) addPastRow(rows + KNOWN, plane.past1 + offset, stride, count, filter + PAST1);
  if (plane.past2) addPastRow(rows + KNOWN, plane.past2 + offset, stride, count, filter + PAST2);
  const bytes = frame.magnitudeStride;
  const line = <usize>(y * bytes + x);
  const past = plane.pastMagnitudes ? plane.pastMagnitudes + line : 0;
  const own = plane.magnitudes + line;
  activityRow(rows + ACTIVITY, frame.block + LEVELS, own - <usize>bytes, past, bytes, count);
  store<u64>(rows, load<u64>(row - 8), INDEX - 8);
  // At the start of a row, what stands above its first value.
  const m1 = x > 0 ? load<u8>(own - 1) : load<u8>(own - <usize>bytes);
  store<u32>(rows, m1, MAGNITUDE - 4);
  store<u32>(rows, x > 0 ? load<u8>(own - 2) : m1, MAGNITUDE - 8);
  return filter;
}

/** Magnitudes of a run from the block to their plane (up to 15 more are written). */
function keepMagnitudes(from: usize, into: usize, count: i32): void {
  for (let i: usize = 0; i < <usize>count; i += 16) {
    const at = from + (i << 2);
    const low = i16x8.narrow_i32x4_u(v128.load(at), v128.load(at, 16));
    const high = i16x8.narrow_i32x4_u(v128.load(at, 32), v128.load(at, 48));
    v128.store(into + i, i8x16.narrow_i16x8_u(low, high));
  }
}

/** Indices and magnitudes of a decoded run from the block to their planes. */
function closeRun(frame: Frame, plane: Plane, y: i32, x: i32, count: i32): void {
  const rows = frame.block + plane.rows;
  const row = indexRow(frame, plane, y) + (<usize>x << 2);
  for (let i: usize = 0; i < <usize>count << 2; i += 16) v128.store(row + i, v128.load(rows + i, INDEX));
  keepMagnitudes(rows + MAGNITUDE, magnitudeRow(frame, plane, y) + <usize>x, count);
}

/** A plane of indices to its stream. */
export function encodePlane(frameAt: usize, planeAt: usize): void {
  const frame = changetype<Frame>(frameAt);
  const plane = changetype<Plane>(planeAt);
  const width = frame.width;
  // The encoder has one row at a time: the block's first.
  plane.rows = 0;
  startMagnitudes(frame, plane);
  for (let y = 0; y < frame.height; y++) {
    for (let x = 0; x < width; x += RUN) {
      const count = min(RUN, width - x);
      const filter = openRun(changetype<usize>(frame), changetype<usize>(plane), y, x, count);
      const from = indexRow(frame, plane, y) + (<usize>x << 2);
      for (let i: usize = 0; i < <usize>count << 2; i += 16) v128.store(frame.block + i, v128.load(from + i), INDEX);
      if (frame.shift == FINE) residualsRun(frame.block, filter, count);
      else residualsRunCoarse(frame.block, filter, count);
      symbolsRun(frame.block, plane.stream, count);
      keepMagnitudes(frame.block + MAGNITUDE, magnitudeRow(frame, plane, y) + <usize>x, count);
    }
    endMagnitudeRow(magnitudeRow(frame, plane, y), width);
  }
  endMagnitudes(frame, plane);
}

/** Margins of row y, before it is decoded. */
// @ts-ignore: decorator
@inline
function openRow(frame: Frame, plane: Plane, y: i32): void {
  if (y == 0) {
    startPlane(plane.indices, frame.stride, plane.above);
    startMagnitudes(frame, plane);
  } else {
    startRow(indexRow(frame, plane, y), frame.stride);
  }
}

/** Margins behind row y; false when its stream has ended before. */
// @ts-ignore: decorator
@inline
function closeRow(frame: Frame, plane: Plane, y: i32): bool {
  endRow(indexRow(frame, plane, y), frame.width);
  endMagnitudeRow(magnitudeRow(frame, plane, y), frame.width);
  if (y == frame.height - 1) {
    endPlane(plane.indices, frame.stride, frame.height);
    endMagnitudes(frame, plane);
  }
  const stream = changetype<Stream>(plane.stream);
  return (
    stream.codes <= stream.codesEnd && stream.escapes <= stream.escapesEnd && stream.bits <= stream.bitsEnd
  );
}

function decodeOneRow(frame: Frame, plane: Plane, y: i32): bool {
  openRow(frame, plane, y);
  for (let x = 0; x < frame.width; x += RUN) {
    const count = min(RUN, frame.width - x);
    const filter = openRun(changetype<usize>(frame), changetype<usize>(plane), y, x, count);
    if (frame.shift == FINE) decodeRun(frame.block, plane.rows, plane.stream, filter, count);
    else decodeRunCoarse(frame.block, plane.rows, plane.stream, filter, count);
    closeRun(frame, plane, y, x, count);
  }
  return closeRow(frame, plane, y);
}

function decodeTwoRows(frame: Frame, a: Plane, y: i32, b: Plane, z: i32): bool {
  openRow(frame, a, y);
  openRow(frame, b, z);
  for (let x = 0; x < frame.width; x += RUN) {
    const count = min(RUN, frame.width - x);
    const filterA = openRun(changetype<usize>(frame), changetype<usize>(a), y, x, count);
    const filterB = openRun(changetype<usize>(frame), changetype<usize>(b), z, x, count);
    if (frame.shift == FINE) decodeTwoRuns(frame.block, a.stream, filterA, b.stream, filterB, count);
    else decodeTwoRunsCoarse(frame.block, a.stream, filterA, b.stream, filterB, count);
    closeRun(frame, a, y, x, count);
    closeRun(frame, b, z, x, count);
  }
  // Both, so that margins are whole.
  const left = closeRow(frame, a, y);
  return closeRow(frame, b, z) && left;
}

/** Rows that the odd plane is behind: its filter reads one row below its own in the even plane. */
const BEHIND: i32 = 2;

/**
 * A plane from its stream, or two: `secondAt` is the one after `firstAt`, or 0. False when a stream is too short:
 * each row stays within the spare bytes that `decodeRun` asks for.
 */
export function decodePlanes(frameAt: usize, firstAt: usize, secondAt: usize): bool {
  const frame = changetype<Frame>(frameAt);
  const first = changetype<Plane>(firstAt);
  const second = changetype<Plane>(secondAt);
  const height = frame.height;
  const lead = secondAt == 0 ? height : min(BEHIND, height);
  for (let y = 0; y < lead; y++) if (!decodeOneRow(frame, first, y)) return false;
  if (secondAt == 0) return true;
  for (let y = lead; y < height; y++) if (!decodeTwoRows(frame, first, y, second, y - lead)) return false;
  for (let z = height - lead; z < height; z++) if (!decodeOneRow(frame, second, z)) return false;
  return true;
}
