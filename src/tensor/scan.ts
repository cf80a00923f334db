import { DTYPES, type DType } from "./dtype.ts";
import { fillPattern, type Pattern } from "./fill.ts";
import { passWindow, throughWindow } from "./passes.ts";
import type { Tensor } from "./tensor.ts";

/**
 * What one look at all values tells. Ordinary values are neither special (floats: NaN, infinities, -0,
 * denormals) nor the named fill; `min` and `max` are over them: Infinity and -Infinity when there are none.
 * 64-bit integers are given as the nearest float64.
 */
export interface Scan {
  readonly min: number;
  readonly max: number;
  readonly ordinary: number;
  readonly special: number;
}

/** A NaN: as the fill of floats it changes nothing, since every NaN is special anyway. */
const NO_FILL: Pattern = { low: 0xffffffff, high: 0xffffffff };

export function scanValues(values: Tensor, fill?: number): Scan {
  const pattern = fill === undefined ? undefined : fillPattern(values.dtype, fill);
  const { kind, bytes } = DTYPES[values.dtype];
  if (kind === "float") return scanFloats(values, bytes, pattern ?? NO_FILL);
  if (bytes === 8) return scanWide(values as Tensor<"int64" | "uint64">, pattern);
  return scanIntegers(values.data as Int32Array, fill);
}

/** The fill's bits as 16 bytes of kernel state; a NaN where none is named. */
export function fillWords(dtype: DType, fill: number | undefined): [number, number, number, number] {
  const { low, high } = fill === undefined ? NO_FILL : fillPattern(dtype, fill);
  return DTYPES[dtype].bytes === 4 ? [low, low, low, low] : [low, high, low, high];
}

function scanFloats(values: Tensor, bytes: 1 | 2 | 4 | 8, { low, high }: Pattern): Scan {
  const { exports, a, state, f32, f64, i32 } = passWindow();
  const wide = bytes === 8;
  const lanes = wide ? f64 : f32;
  const each = wide ? 2 : 4;
  lanes.fill(Infinity, 0, each);
  lanes.fill(-Infinity, each, 2 * each);
  i32.fill(0, 8, 12);
  i32.set(wide ? [low, high, low, high] : [low, low, low, low], 12);
  const kernel = wide ? exports.scan64 : exports.scan32;
  let special = 0;
  let lanesSeen = 0;
  throughWindow(values.data, undefined, undefined, bytes, (length) => {
    kernel(a, length, state);
    // Small lane counts, emptied every block, cannot overflow.
    special += i32[8]! + i32[10]! + (wide ? 0 : i32[9]! + i32[11]!);
    lanesSeen += length / bytes;
    i32.fill(0, 8, 12);
  });
  const count = values.data.length;
  special -= lanesSeen - count;
  const min = Math.min(...lanes.subarray(0, each));
  const max = Math.max(...lanes.subarray(each, 2 * each));
  return { min, max, ordinary: count - special, special };
}

function scanIntegers(data: Int32Array, fill: number | undefined): Scan {
  let min = Infinity;
  let max = -Infinity;
  let special = 0;
  for (let i = 0; i < data.length; i++) {
    const x = data[i]!;
    if (x === fill) special++;
    else {
      if (x < min) min = x;
      if (x > max) max = x;
    }
  }
  return { min, max, ordinary: data.length - special, special };
}

/** 64-bit integers as words, compared upper word first: BigInt arithmetic is far slower. */
function scanWide(values: Tensor<"int64" | "uint64">, fill: Pattern | undefined): Scan {
  const { data, dtype } = values;
  const words = new Uint32Array(data.buffer, data.byteOffset, 2 * data.length);
  // Moves int64 so that unsigned order is its order.
  const flip = dtype === "int64" ? 0x80000000 : 0;
  let minAt = -1;
  let maxAt = -1;
  let [minHigh, minLow, maxHigh, maxLow] = [0, 0, 0, 0];
  let special = 0;
  for (let i = 0; i < data.length; i++) {
    const low = words[2 * i]!;
    const high = words[2 * i + 1]!;
    if (fill && low === fill.low && high === fill.high) {
      special++;
      continue;
    }
    const key = (high ^ flip) >>> 0;
    if (minAt < 0 || key < minHigh || (key === minHigh && low < minLow)) {
      minAt = i;
      minHigh = key;
      minLow = low;
    }
    if (maxAt < 0 || key > maxHigh || (key === maxHigh && low > maxLow)) {
      maxAt = i;
      maxHigh = key;
      maxLow = low;
    }
  }
  return {
    min: minAt < 0 ? Infinity : Number(data[minAt]!),
    max: maxAt < 0 ? -Infinity : Number(data[maxAt]!),
    ordinary: data.length - special,
    special,
  };
}
