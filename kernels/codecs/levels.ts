/**
 * The `levels` method of tezip: predicts, quantises and codes one plane coarse to fine (predict/levels, levels-value,
 * entropy/codes in one loop, since prediction needs decoded values).
 */
import { decoderStart, encoderFinish, encoderLength, encoderStart } from "../entropy/binary";
import { codesBytes, codesContext, codesStart, decodeCode, encodeCode } from "../entropy/codes";
import { logisticBuild, logisticTableBytes } from "../entropy/logistic";
import { ADAPTIVE_BYTES, adapt, learn } from "../predict/adaptive";
import { filterRow, gatherRow } from "../predict/levels";
import { CONTEXTS, features, SETS } from "./levels-contexts";
import {
  coarsest,
  drifts,
  filterAt,
  height,
  pitch,
  placeRows,
  placeTables,
  predictions,
  quantizer,
  rowBytes,
  rows,
  SEGMENT,
  setOf,
  spreads,
  step,
  tapsAt,
  width,
} from "./levels-state";
import { escapesEnd, escapesStart, exactly, isDamaged, point } from "./levels-value";

export { fitPlaneF32, fitPlaneF64 } from "./levels-fit";
export { decoderStart, encoderFinish, encoderLength, encoderStart, logisticBuild, logisticTableBytes };
export { escapesEnd, escapesStart, exactly, isDamaged, quantizer };

let stats: usize = 0;
/** First byte the encoder may not reach at a segment's start; encoding stops there and reports it. */
let outputLimit: i32 = 0;

export function scratchBytes(w: i32, elementBytes: i32): i32 {
  return rowBytes(w, elementBytes) + logisticTableBytes() + codesBytes(CONTEXTS, SETS) + 64;
}

/** One chunk's shape and tables; `taps` and `coefficients` as src/codecs/tezip-levels.ts writes them. */
export function configure(h: i32, w: i32, elementBytes: i32, scratch: usize, taps: usize, coefficients: usize): void {
  const tables = (placeRows(h, w, elementBytes, scratch) + 15) & ~15;
  logisticBuild(tables);
  stats = (tables + <usize>logisticTableBytes() + 15) & ~15;
  placeTables(taps, coefficients);
  restart();
}

/** Forgets all statistics: a new stream. */
export function restart(): void {
  codesStart(stats, CONTEXTS, SETS);
}

/** Worst case of one value in the stream: 60 decisions of at most 16 bits. */
const VALUE_BYTES: i32 = 120;

/** Where segments may still start so that the stream stays inside `capacity` bytes. */
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

/** `n` points of row y from column x0 on, 2s apart: all predicted, then coded one by one. */
// @ts-ignore: decorator
@inline
function codeSegment<T>(encode: bool, planes: usize, original: usize, mask: usize, codes: usize, refCodes: usize, klass: i32, s: i32, phase: i32, y: i32, x0: i32, n: i32): void {
  const out = <usize>load<u32>(planes);
  const table = tapsAt(klass, phase);
  const count = load<i32>(table);
  const centre = load<i32>(table, 4);
  const set = setOf(klass, s, phase);
  gatherRow<T>(planes, table + 8, count, y, x0, s, n, rows, pitch);
  filterRow<T>(rows, pitch, count, filterAt<T>(set), n, predictions);
  features<T>(n, centre);
  const state = adaptive + <usize>(set * ADAPTIVE_BYTES);
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

/**
 * planes: u32 table, [0] = this plane (decoded values), [1 + slot] = references (0: none). Returns 0 when the
 * stream would pass its capacity.
 */
// @ts-ignore: decorator
@inline
function codePlane<T>(encode: bool, planes: usize, original: usize, mask: usize, codes: usize, refCodes: usize, klass: i32): bool {
  const out = <usize>load<u32>(planes);
  const top = coarsest;
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
      for (let y = y0; y < height; y += 2 * s) {
        for (let j = 0; j < n; j += SEGMENT) {
          if (encode && encoderLength() > outputLimit) return false;
          codeSegment<T>(encode, planes, original, mask, codes, refCodes, klass, s, phase, y, x0 + 2 * s * j, min(SEGMENT, n - j));
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
