/**
 * Decoder of effort `fast`: planes of indices from their streams (kernels/codecs/fast-rows.ts).
 *
 * Even and odd planes of a chunk are two independent streams. Both are taken at once, the odd plane two rows behind
 * the even one: a value needs the one before it, so a single stream would leave the processor waiting.
 *
 * Twin: src/codecs/tezip-fast.reference.ts.
 */
import { BITS, TOTAL } from "../entropy/rans";
import { endPlane, endRow, startPlane, startRow } from "../quantize/lattice";
import {
  ABOVE,
  ACTIVITY,
  binOf,
  COARSE,
  endMagnitudeRow,
  endMagnitudes,
  ENTRIES,
  FINE,
  fractionOf,
  Frame,
  INDEX,
  indexRow,
  keepMagnitudes,
  KNOWN,
  LEFT,
  LEFT2,
  MAGNITUDE,
  magnitudeOf,
  magnitudeRow,
  openRun,
  shorten,
  startShort,
  Plane,
  ROWS,
  RUN,
  SCALE,
  startMagnitudes,
  Stream,
} from "./fast-rows";

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
 * A run back from its stream, with the rows at `block + rows`. Reads at most 2 bytes of codes, 4 of low bits and 5 of
 * escapes a value.
 */
// @ts-ignore: decorator
@inline
function decodeOne(
  shift: i32,
  fractions: bool,
  block: usize,
  rows: usize,
  streamAAt: usize,
  filterA: usize,
  count: i32,
): void {
  const scale = load<u32>(block, SCALE);
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
    const fractionA = fractions ? fractionOf(vA, shift) : 0;
    const turnA = fractionA >> 31;
    const levelA = load<u32>(load<u32>(p, ACTIVITY) + (load<u32>(p, MAGNITUDE - 8) << 4) + (mA << 5));
    const binA = fractions ? binOf(fractionA, turnA) : 0;
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
    qA = load<i32>(p, ABOVE) + (vA >> shift) + (fractions ? (rA ^ turnA) - turnA : rA);
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
  fractions: bool,
  block: usize,
  streamAAt: usize,
  filterA: usize,
  streamBAt: usize,
  filterB: usize,
  count: i32,
): void {
  const scale = load<u32>(block, SCALE);
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
    const fractionA = fractions ? fractionOf(vA, shift) : 0;
    const turnA = fractionA >> 31;
    const levelA = load<u32>(load<u32>(p, ACTIVITY) + (load<u32>(p, MAGNITUDE - 8) << 4) + (mA << 5));
    const binA = fractions ? binOf(fractionA, turnA) : 0;
    const contextA = <usize>((levelA & 0xffffff00) + (binA << BITS) + (binA << 8));
    const vB = load<i32>(p, ROWS + KNOWN) + leftTwoB * load<i32>(p, ROWS + INDEX - 8) + leftB * qB;
    const fractionB = fractions ? fractionOf(vB, shift) : 0;
    const turnB = fractionB >> 31;
    const levelB = load<u32>(load<u32>(p, ROWS + ACTIVITY) + (load<u32>(p, ROWS + MAGNITUDE - 8) << 4) + (mB << 5));
    const binB = fractions ? binOf(fractionB, turnB) : 0;
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
    qA = load<i32>(p, ABOVE) + (vA >> shift) + (fractions ? (rA ^ turnA) - turnA : rA);
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
    qB = load<i32>(p, ROWS + ABOVE) + (vB >> shift) + (fractions ? (rB ^ turnB) - turnB : rB);
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

// One function for each way of a chunk. Only those that are called get compiled.

export function decodeRunFractions(block: usize, rows: usize, stream: usize, filter: usize, count: i32): void {
  decodeOne(FINE, true, block, rows, stream, filter, count);
}

export function decodeRunFine(block: usize, rows: usize, stream: usize, filter: usize, count: i32): void {
  decodeOne(FINE, false, block, rows, stream, filter, count);
}

export function decodeRunCoarse(block: usize, rows: usize, stream: usize, filter: usize, count: i32): void {
  decodeOne(COARSE, false, block, rows, stream, filter, count);
}

export function decodeTwoFractions(block: usize, a: usize, filterA: usize, b: usize, filterB: usize, count: i32): void {
  decodeTwo(FINE, true, block, a, filterA, b, filterB, count);
}

export function decodeTwoFine(block: usize, a: usize, filterA: usize, b: usize, filterB: usize, count: i32): void {
  decodeTwo(FINE, false, block, a, filterA, b, filterB, count);
}

export function decodeTwoCoarse(block: usize, a: usize, filterA: usize, b: usize, filterB: usize, count: i32): void {
  decodeTwo(COARSE, false, block, a, filterA, b, filterB, count);
}

/** Indices and magnitudes of a decoded run from the block to their planes. */
function closeRun(frame: Frame, plane: Plane, y: i32, x: i32, count: i32): void {
  const rows = frame.block + plane.rows;
  const row = indexRow(frame, plane, y) + (<usize>x << 2);
  for (let i: usize = 0; i < <usize>count << 2; i += 16) v128.store(row + i, v128.load(rows + i, INDEX));
  keepMagnitudes(rows + MAGNITUDE, magnitudeRow(frame, plane, y) + <usize>x, count);
}

/** Margins of row y, before it is decoded. */
// @ts-ignore: decorator
@inline
function openRow(frame: Frame, plane: Plane, y: i32): void {
  if (y == 0) {
    startPlane(plane.indices, frame.stride, plane.above);
    startMagnitudes(frame, plane);
    startShort(frame, plane);
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
  shorten(frame, plane, y);
  if (y == frame.height - 1) {
    endPlane(plane.indices, frame.stride, frame.height);
    endMagnitudes(frame, plane);
    shorten(frame, plane, frame.height);
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
    if (frame.fractions) decodeRunFractions(frame.block, plane.rows, plane.stream, filter, count);
    else if (frame.shift == FINE) decodeRunFine(frame.block, plane.rows, plane.stream, filter, count);
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
    if (frame.fractions) decodeTwoFractions(frame.block, a.stream, filterA, b.stream, filterB, count);
    else if (frame.shift == FINE) decodeTwoFine(frame.block, a.stream, filterA, b.stream, filterB, count);
    else decodeTwoCoarse(frame.block, a.stream, filterA, b.stream, filterB, count);
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
