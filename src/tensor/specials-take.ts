import { DTYPES } from "./dtype.ts";
import type { Pattern } from "./fill.ts";
import { tensorKernel } from "./kernel.ts";
import { frameLength } from "./shape.ts";
import { MOST_SYMBOLS } from "./specials-map.ts";
import { bytesOf, type Tensor } from "./tensor.ts";

/** Special values taken out of frames. */
export interface Taken {
  /** The frames with ordinary values in their place. */
  readonly frames: Tensor;
  /** 0 where a value is ordinary, else 1 + the place of its pattern in `dictionary`; one above: in none. */
  readonly map: Uint8Array;
  /** Bit patterns of the type's width, one after the other. */
  readonly dictionary: Uint8Array;
  /** How many values have a pattern that the dictionary lacks. */
  readonly rawCount: number;
}

/** Most patterns a dictionary holds; the next number is that of raw ones. */
const MOST_PATTERNS = MOST_SYMBOLS - 1;
/** Bytes of values handed to the kernel at a time. */
const BLOCK = 1 << 16;
/** Words before the patterns in the kernel's state. */
const STATE_WORDS = 7;
const EXPONENT = { 4: 0x7f800000n, 8: 0x7ff0000000000000n } as const;

/** Takes out NaN, infinities, -0 and denormals of floats, and the fill. */
export function takeSpecials(frames: Tensor, fill: Pattern | undefined): Taken {
  const { kind, bytes: width } = DTYPES[frames.dtype];
  const { exports, arena, memory } = tensorKernel();
  const data = frames.data.slice();
  const map = new Uint8Array(data.length);
  const mark = arena.mark();
  try {
    const valuesAt = arena.alloc(BLOCK);
    const mapAt = arena.alloc(BLOCK);
    const stateAt = arena.alloc(8 * (STATE_WORDS + MOST_PATTERNS));
    const state = new BigUint64Array(memory.buffer, stateAt, STATE_WORDS + MOST_PATTERNS).fill(0n);
    if (kind === "float") state[0] = EXPONENT[width as 4 | 8];
    if (fill) {
      state[1] = (BigInt(fill.high) << 32n) | BigInt(fill.low);
      state[2] = 1n;
    }
    const values = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    for (let at = 0; at < data.length; at += BLOCK / width) {
      const count = Math.min(BLOCK / width, data.length - at);
      const block = new Uint8Array(memory.buffer, valuesAt, count * width);
      block.set(values.subarray(at * width, (at + count) * width));
      exports.specialsTake(valuesAt, count, width, mapAt, stateAt);
      values.set(block, at * width);
      map.set(new Uint8Array(memory.buffer, mapAt, count), at);
    }
    startFramesAnew(data as Float64Array, map, frameLength(frames.shape));
    const taken = { ...frames, data };
    const known = Number(state[6]);
    if (known === MOST_PATTERNS && map.includes(MOST_SYMBOLS)) {
      return { frames: taken, ...renumber(frames, map) };
    }
    const patterns = new Uint8Array(memory.buffer, stateAt + 8 * STATE_WORDS, 8 * known);
    return { frames: taken, map, dictionary: narrow(patterns, width), rawCount: 0 };
  } finally {
    arena.release(mark);
  }
}

/**
 * The kernel carries the last ordinary value over; at the start of a frame the first ordinary one of that frame is
 * the better guess, 0 where it has none.
 */
function startFramesAnew(data: Float64Array, map: Uint8Array, step: number): void {
  const zero = (typeof data[0] === "bigint" ? 0n : 0) as number;
  for (let from = 0; from < data.length; from += step) {
    if (map[from] === 0) continue;
    let first = from + 1;
    while (first < from + step && map[first] !== 0) first++;
    data.fill(first < from + step ? data[first]! : zero, from, first);
  }
}

/** Words of 8 bytes to values of `width`. */
function narrow(words: Uint8Array, width: number): Uint8Array {
  const values = new Uint8Array((words.length / 8) * width);
  for (let k = 0; k < words.length / 8; k++) values.set(words.subarray(8 * k, 8 * k + width), k * width);
  return values;
}

/**
 * Where patterns are too many for numbers (all kinds of denormals), the most frequent ones get one. Counting is
 * limited too: a pattern first seen after COUNTED others stays raw.
 */
const COUNTED = 1 << 16;

function renumber(frames: Tensor, map: Uint8Array): Omit<Taken, "frames"> {
  const width = DTYPES[frames.dtype].bytes;
  const keys = patternKeys(frames);
  const counts = new Map<number | bigint, number>();
  for (let i = 0; i < map.length; i++) {
    if (map[i] === 0) continue;
    const key = keys[i]!;
    const seen = counts.get(key);
    if (seen !== undefined) counts.set(key, seen + 1);
    else if (counts.size < COUNTED) counts.set(key, 1);
  }
  // A pattern that is seen once is no shorter in the dictionary than raw.
  const known = [...counts]
    .filter(([, times]) => times > 1)
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, MOST_PATTERNS)
    .map(([key]) => key);
  const numbers = new Map(known.map((key, k) => [key, k + 1]));
  const renumbered = new Uint8Array(map.length);
  let rawCount = 0;
  for (let i = 0; i < map.length; i++) {
    if (map[i] === 0) continue;
    const number = numbers.get(keys[i]!);
    renumbered[i] = number ?? known.length + 1;
    if (number === undefined) rawCount++;
  }
  return { map: renumbered, dictionary: narrow(bytesOf8(known), width), rawCount };
}

/** Bit patterns as numbers, or bigints where the type has 8 bytes. */
function patternKeys({ data, dtype }: Tensor): ArrayLike<number | bigint> {
  return DTYPES[dtype].bytes === 8
    ? new BigUint64Array(data.buffer, data.byteOffset, data.length)
    : new Uint32Array(data.buffer, data.byteOffset, data.length);
}

function bytesOf8(keys: readonly (number | bigint)[]): Uint8Array {
  return bytesOf({ dtype: "uint64", shape: [keys.length], data: BigUint64Array.from(keys, BigInt) });
}
