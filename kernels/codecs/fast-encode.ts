/**
 * Coder of effort `fast`: planes of indices to symbols, low bits and escapes (kernels/codecs/fast-rows.ts says which).
 *
 * Twin: src/codecs/tezip-fast.reference.ts.
 */
import {
  ABOVE,
  ACTIVITY,
  COARSE,
  CONTEXTS,
  endMagnitudeRow,
  endMagnitudes,
  FINE,
  Frame,
  INDEX,
  indexRow,
  keepMagnitudes,
  KNOWN,
  LEFT,
  LEFT2,
  MAGNITUDE,
  magnitudeRow,
  openRun,
  shorten,
  startShort,
  Plane,
  RUN,
  SCALE,
  startMagnitudes,
  Stream,
} from "./fast-rows";

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

/**
 * What can be said of a run all at once: residuals (over the terms known before), addresses of the activity entries
 * and distances' bins * 256 (in their places), magnitudes. `shift` is FINE or COARSE.
 */
// @ts-ignore: decorator
@inline
function residuals(shift: i32, fractions: bool, block: usize, filter: usize, count: i32): void {
  const left = i32x4.splat(load<i32>(filter, LEFT));
  const leftTwo = i32x4.splat(load<i32>(filter, LEFT2));
  const scale = load<i32>(block, SCALE);
  const top = i32x4.splat(0x80000000);
  const three = i32x4.splat(3);
  const zero = i32x4.splat(0);
  const largest = i32x4.splat(255);
  let before = v128.load(block, MAGNITUDE - 16);
  for (let p = block, end = block + (<usize>count << 2); p < end; p += 16) {
    let v = i32x4.add(v128.load(p, KNOWN), i32x4.mul(leftTwo, v128.load(p, INDEX - 8)));
    v = i32x4.add(v, i32x4.mul(left, v128.load(p, INDEX - 4)));
    const error = i32x4.sub(i32x4.sub(v128.load(p, INDEX), v128.load(p, ABOVE)), i32x4.shr_s(v, shift));
    let r = error;
    if (fractions) {
      const fraction = v128.xor(i32x4.shl(v, 32 - shift), top);
      const turn = i32x4.shr_s(fraction, 31);
      r = i32x4.sub(v128.xor(error, turn), turn);
      const bin = i32x4.shr_u(i32x4.mul(i32x4.shr_u(v128.xor(fraction, turn), 16), three), 15);
      v128.store(p, i32x4.shl(bin, 8), ABOVE);
    } else {
      v128.store(p, zero, ABOVE);
    }
    const magnitude = i32x4.min_u(i32x4.shr_u(i32x4.abs(r), scale), largest);
    const one = i8x16.shuffle(before, magnitude, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27);
    const two = i8x16.shuffle(before, magnitude, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23);
    const sides = i32x4.add(i32x4.shl(one, 5), i32x4.shl(two, 4));
    v128.store(p, r, KNOWN);
    v128.store(p, i32x4.add(v128.load(p, ACTIVITY), sides), ACTIVITY);
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

export function residualsFractions(block: usize, filter: usize, count: i32): void {
  residuals(FINE, true, block, filter, count);
}

export function residualsFine(block: usize, filter: usize, count: i32): void {
  residuals(FINE, false, block, filter, count);
}

export function residualsCoarse(block: usize, filter: usize, count: i32): void {
  residuals(COARSE, false, block, filter, count);
}

/** The encoder's last low bits; returns the address behind them. */
export function endLowBits(at: usize): usize {
  const stream = changetype<Stream>(at);
  store<u64>(stream.lowBits, stream.bits);
  return stream.lowBits + ((stream.held + 7) >> 3);
}

/** A plane of indices to its stream. */
export function encodePlane(frameAt: usize, planeAt: usize): void {
  const frame = changetype<Frame>(frameAt);
  const plane = changetype<Plane>(planeAt);
  const width = frame.width;
  // The encoder has one row at a time: the block's first.
  plane.rows = 0;
  startMagnitudes(frame, plane);
  startShort(frame, plane);
  for (let y = 0; y <= frame.height; y++) shorten(frame, plane, y);
  for (let y = 0; y < frame.height; y++) {
    for (let x = 0; x < width; x += RUN) {
      const count = min(RUN, width - x);
      const filter = openRun(changetype<usize>(frame), changetype<usize>(plane), y, x, count);
      const from = indexRow(frame, plane, y) + (<usize>x << 2);
      for (let i: usize = 0; i < <usize>count << 2; i += 16) v128.store(frame.block + i, v128.load(from + i), INDEX);
      if (frame.fractions) residualsFractions(frame.block, filter, count);
      else if (frame.shift == FINE) residualsFine(frame.block, filter, count);
      else residualsCoarse(frame.block, filter, count);
      symbolsRun(frame.block, plane.stream, count);
      keepMagnitudes(frame.block + MAGNITUDE, magnitudeRow(frame, plane, y) + <usize>x, count);
    }
    endMagnitudeRow(magnitudeRow(frame, plane, y), width);
  }
  endMagnitudes(frame, plane);
}
