/**
 * What coder and decoder of effort `fast` share: where things are in memory, and what a row needs before its own
 * values.
 *
 * A residual r is coded in a context made of its expected size (from residuals coded before) and, where that tells
 * something, of how far the prediction was from the whole number it was rounded to; then its sign is turned so that
 * the unrounded prediction lies on the positive side. r = u * 2^k + low with k from the context; u + 32 is the symbol
 * when it is in 1..63 (the k low bits follow as they are), else the symbol is 0 and r an escape: zigzag, seven bits a
 * byte.
 *
 * Twin: src/codecs/tezip-fast.reference.ts.
 */
import { activityRow, addPastRow, knownRow } from "../predict/causal";
import {
  addPastShortRow,
  knownShortRow,
  SHORT_FITS,
  SHORT_PAST1,
  SHORT_PAST2,
  shortenRow,
} from "../predict/causal-short";

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
export const RUN: i32 = 1024;
export const ROW: usize = 4224;
export const KNOWN: usize = 64;
export const ABOVE: usize = KNOWN + ROW;
export const ACTIVITY: usize = KNOWN + 2 * ROW;
export const INDEX: usize = KNOWN + 3 * ROW;
export const MAGNITUDE: usize = KNOWN + 4 * ROW;
export const ROWS: usize = 5 * ROW;
export const LEVELS: usize = 2 * ROWS;
export const SCALE: usize = LEVELS + 32768;
export const CONTEXTS: usize = SCALE + 256;
export const ENTRIES: usize = 4096;

/** What a stream needs, kept between runs. */
// @ts-ignore: decorator
@unmanaged
export class Stream {
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
export class Frame {
  width: i32;
  height: i32;
  /** Indices in a row of a plane with its margins; bytes in a row of magnitudes. */
  stride: i32;
  magnitudeStride: i32;
  block: usize;
  /** Of all filters: FINE or COARSE. */
  shift: i32;
  /** Whether contexts tell distances from the rounded prediction (only with FINE). */
  fractions: i32;
  /** Bytes in a row of a short copy. */
  shortStride: usize;
}

/** One plane: addresses of row 0, column 0 in it and in its past planes (0: none), and of its filters. */
// @ts-ignore: decorator
@unmanaged
export class Plane {
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
  /** Short copies (kernels/predict/causal-short.ts): row 0, column 0, or 0 where there is no plane. */
  short: usize;
  shortPast1: usize;
  shortPast2: usize;
}

// Words of a filter: kernels/predict/causal.ts.
export const LEFT: usize = 4;
export const LEFT2: usize = 8;
export const PAST1: usize = 44;
export const PAST2: usize = 80;
/** Shifts of filters: fine weights for indices of a range up to 2^18 or so, and coarse ones for all others. */
export const FINE: i32 = 12;
export const COARSE: i32 = 6;

/** Of a sum v = prediction * 2^shift + half: where in -2^31..2^31 the distance from the rounded prediction is. */
// @ts-ignore: decorator
@inline
export function fractionOf(v: i32, shift: i32): i32 {
  return (v << (32 - shift)) ^ 0x80000000;
}

/** 0, 1 or 2 for small, middle and large distances. */
// @ts-ignore: decorator
@inline
export function binOf(fraction: i32, turn: i32): u32 {
  return ((<u32>(fraction ^ turn) >> 16) * 3) >> 15;
}

// @ts-ignore: decorator
@inline
export function magnitudeOf(r: i32, scale: u32): u32 {
  return min<u32>(<u32>abs(r) >> scale, 255);
}

/** The margin of magnitudes above a plane: its past plane's first row, or zeros. */
// @ts-ignore: decorator
@inline
export function startMagnitudes(frame: Frame, plane: Plane): void {
  const bytes = <usize>frame.magnitudeStride;
  for (let row: usize = 1; row <= 2; row++) {
    if (plane.pastMagnitudes) memory.copy(plane.magnitudes - row * bytes - 16, plane.pastMagnitudes - 16, bytes);
    else memory.fill(plane.magnitudes - row * bytes - 16, 0, bytes);
  }
}

/** The margins beside a row of magnitudes. */
// @ts-ignore: decorator
@inline
export function endMagnitudeRow(row: usize, width: i32): void {
  store<u16>(row - 2, <u16>load<u8>(row) * 0x101);
  v128.store(row + <usize>width, i8x16.splat(load<u8>(row + <usize>width - 1)));
}

/** The margin below a plane of magnitudes. */
// @ts-ignore: decorator
@inline
export function endMagnitudes(frame: Frame, plane: Plane): void {
  const bytes = <usize>frame.magnitudeStride;
  const below = plane.magnitudes - 16 + <usize>frame.height * bytes;
  memory.copy(below, below - bytes, bytes);
}

// @ts-ignore: decorator
@inline
export function indexRow(frame: Frame, plane: Plane, y: i32): usize {
  return plane.indices + (<usize>(y * frame.stride) << 2);
}

// @ts-ignore: decorator
@inline
export function magnitudeRow(frame: Frame, plane: Plane, y: i32): usize {
  return plane.magnitudes + <usize>(y * frame.magnitudeStride);
}

/** Before a short copy's margins: how many rows have numbers of more than 16 bits. */
const WIDE_ROWS: usize = 16;

// @ts-ignore: decorator
@inline
function wideRowsOf(frame: Frame, short: usize): usize {
  return short - 2 * frame.shortStride - WIDE_ROWS;
}

/** Starts a plane's short copy. */
// @ts-ignore: decorator
@inline
export function startShort(frame: Frame, plane: Plane): void {
  store<i32>(wideRowsOf(frame, plane.short), 0);
  shorten(frame, plane, -2);
  shorten(frame, plane, -1);
}

/** Copies row y (-2 to height) with its margins. */
export function shorten(frame: Frame, plane: Plane, y: i32): void {
  const into = plane.short + <usize>y * frame.shortStride;
  if (shortenRow(indexRow(frame, plane, y), into, frame.width)) return;
  const wide = wideRowsOf(frame, plane.short);
  store<i32>(wide, load<i32>(wide) + 1);
}

// @ts-ignore: decorator
@inline
function isShort(frame: Frame, short: usize): bool {
  return load<i32>(wideRowsOf(frame, short)) == 0;
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
  const known = rows + KNOWN;
  const fits = load<i32>(filter, SHORT_FITS) != 0;
  const bytes16 = frame.shortStride;
  const offset16 = <usize>y * bytes16 + (<usize>x << 1);
  if (fits && isShort(frame, plane.short)) {
    knownShortRow(known, rows + ABOVE, plane.short + offset16 - bytes16, bytes16, count, filter);
  } else {
    knownRow(known, rows + ABOVE, row - (<usize>stride << 2), stride, count, filter);
  }
  if (plane.past1) {
    const short = plane.shortPast1;
    if (fits && isShort(frame, short)) addPastShortRow(known, short + offset16, bytes16, count, filter + SHORT_PAST1);
    else addPastRow(known, plane.past1 + offset, stride, count, filter + PAST1);
  }
  if (plane.past2) {
    const short = plane.shortPast2;
    if (fits && isShort(frame, short)) addPastShortRow(known, short + offset16, bytes16, count, filter + SHORT_PAST2);
    else addPastRow(known, plane.past2 + offset, stride, count, filter + PAST2);
  }
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
export function keepMagnitudes(from: usize, into: usize, count: i32): void {
  for (let i: usize = 0; i < <usize>count; i += 16) {
    const at = from + (i << 2);
    const low = i16x8.narrow_i32x4_u(v128.load(at), v128.load(at, 16));
    const high = i16x8.narrow_i32x4_u(v128.load(at, 32), v128.load(at, 48));
    v128.store(into + i, i8x16.narrow_i16x8_u(low, high));
  }
}
