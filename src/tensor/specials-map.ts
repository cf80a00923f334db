import { TempressError } from "../errors.ts";
import { tensorKernel } from "./kernel.ts";
import type { Shape } from "./shape.ts";

/** Frames of slices of rows: how the map coder sees a tensor of any rank. */
export interface MapShape {
  readonly frames: number;
  readonly slices: number;
  readonly rows: number;
  readonly cols: number;
}

/** Rank 1 is one row, rank 2 one slice; from rank 3 on axis 0 is frames and the last two axes are slices. */
export function mapShape(shape: Shape): MapShape {
  const cols = shape.at(-1)!;
  const rows = shape.length > 1 ? shape.at(-2)! : 1;
  const frames = shape.length > 2 ? shape[0]! : 1;
  const slices = shape.slice(1, -2).reduce((product, extent) => product * extent, 1);
  return { frames, slices, rows, cols };
}

/** The largest number a map may hold. */
export const MOST_SYMBOLS = 63;

/** Output room at first; most maps need far less. A room is never below what the kernel keeps in reserve. */
const FIRST_ROOM = 1 << 16;

/** Bytes for a map of one byte a value, numbers 0 to `symbols`, not all 0. */
export function encodeMap(map: Uint8Array, shape: MapShape, symbols: number): Uint8Array {
  const { exports, arena, memory } = tensorKernel();
  const mark = arena.mark();
  try {
    const at = arena.alloc(map.length);
    const work = arena.alloc(exports.specialsBytes(shape.cols));
    new Uint8Array(memory.buffer, at, map.length).set(map);
    for (let room = FIRST_ROOM; ; room *= 4) {
      const inner = arena.mark();
      const out = arena.alloc(room);
      const { frames, slices, rows, cols } = shape;
      const length = exports.specialsEncode(at, frames, slices, rows, cols, symbols, work, out, room);
      if (length >= 0) return new Uint8Array(memory.buffer, out, length).slice();
      arena.release(inner);
    }
  } finally {
    arena.release(mark);
  }
}

/** The map, and how many values in it are special. Throws `corrupt` on damage. */
export function decodeMap(bytes: Uint8Array, shape: MapShape, symbols: number): { map: Uint8Array; count: number } {
  const { exports, arena, memory } = tensorKernel();
  const mark = arena.mark();
  try {
    const { frames, slices, rows, cols } = shape;
    const length = frames * slices * rows * cols;
    const at = arena.alloc(length);
    const work = arena.alloc(exports.specialsBytes(cols));
    const from = arena.alloc(bytes.length);
    new Uint8Array(memory.buffer, from, bytes.length).set(bytes);
    const count = exports.specialsDecode(at, frames, slices, rows, cols, symbols, work, from, bytes.length);
    if (count < 0) {
      throw new TempressError("corrupt", 'section "specials" names a pattern that it does not have', {
        where: "specials",
        hint: "the file is damaged; get it again from its source",
      });
    }
    return { map: new Uint8Array(memory.buffer, at, length).slice(), count };
  } finally {
    arena.release(mark);
  }
}
