/** Values of a chunk to lattice indices in kernel memory, as the coder wants them. */
import { pastOf } from "../predict/causal.ts";
import { type IndexSource, MOST_RUN } from "../predict/causal-fit.ts";
import { DTYPES } from "../tensor/dtype.ts";
import { bytesOf, emptyTensor, type Tensor } from "../tensor/tensor.ts";
import { FastMemory } from "./tezip-fast-memory.ts";

/** One of so many values may be an escape before the chunk is stored exactly. */
const ESCAPES = 16;

/** Values to indices, plane by plane; what they decode to, and positions of values that must be kept as they are. */
export class PlaneQuantizer {
  readonly decoded: Tensor;
  readonly escapes: number[] = [];
  readonly #memory: FastMemory;
  readonly #mask: Uint8Array | undefined;
  readonly #id: number;
  readonly #size: number;
  readonly #from: Uint8Array;
  readonly #into: Uint8Array;
  readonly #values: number;
  readonly #rounded: number;
  readonly #list: number;
  readonly #room: number;
  readonly #planeBytes: number;

  constructor(memory: FastMemory, frames: Tensor, mask: Uint8Array | undefined) {
    const { id, bytes } = DTYPES[frames.dtype];
    const { arena, exports } = memory.module;
    this.#memory = memory;
    this.#mask = mask;
    this.#id = id;
    this.#size = bytes;
    this.decoded = emptyTensor(frames.dtype, frames.shape);
    this.#from = bytesOf(frames);
    this.#into = bytesOf(this.decoded);
    this.#planeBytes = memory.planes.width * memory.planes.height * bytes;
    this.#values = arena.alloc(this.#planeBytes + 16);
    this.#rounded = arena.alloc(this.#planeBytes + 16);
    this.#room = Math.floor(frames.data.length / ESCAPES) + 1;
    this.#list = arena.alloc(4 * this.#room);
    exports.failuresInto(this.#list, this.#room);
  }

  /** Planes in order; false when there are too many escapes. */
  next(plane: number): boolean {
    const memory = this.#memory;
    const { width, height, levels } = memory.planes;
    const size = this.#size;
    const at = plane * this.#planeBytes;
    const above = pastOf(plane, levels).planes[0];
    const values = memory.bytes(this.#values, this.#planeBytes);
    const rounded = memory.bytes(this.#rounded, this.#planeBytes);
    values.set(this.#from.subarray(at, at + this.#planeBytes));
    const failed = memory.module.exports.quantizePlane(
      this.#id,
      this.#values,
      this.#rounded,
      memory.at(plane),
      width,
      height,
      memory.stride,
      above === undefined ? 0 : memory.at(above),
      memory.lattice,
    );
    if (failed > this.#room) return false;
    for (const position of failed > 0 ? memory.words(this.#list, failed) : []) {
      const index = plane * width * height + position;
      if (this.#mask?.[index]) continue;
      this.escapes.push(index);
      rounded.set(values.subarray(position * size, (position + 1) * size), position * size);
    }
    this.#into.set(rounded, at);
    return this.escapes.length <= this.#room;
  }
}

/** Rows of a window for the fit: two above the row and one below. */
const WINDOW_ROWS = 4;

/** Indices of a few runs for the fit, made from the values when they are asked for. */
export function sampledIndices(memory: FastMemory, frames: Tensor): IndexSource {
  const { module, planes } = memory;
  const { exports, arena } = module;
  const { width, height } = planes;
  const { id, bytes: size } = DTYPES[frames.dtype];
  const most = Math.min(width, MOST_RUN + 4);
  const windows = new FastMemory(module, { width: most, height: WINDOW_ROWS, count: 3, levels: 1 }, 3, 0);
  const values = arena.alloc(most * WINDOW_ROWS * size + 16);
  const rounded = arena.alloc(most * WINDOW_ROWS * size + 16);
  // Values that break the bound do not matter here.
  exports.failuresInto(0, 0);
  const from = bytesOf(frames);
  return {
    planes,
    stride: windows.stride,
    window(plane, y, x, count, slot) {
      const first = Math.max(0, x - 2);
      const columns = Math.min(width, x + count + 2) - first;
      const into = memory.bytes(values, most * WINDOW_ROWS * size);
      for (let row = 0; row < WINDOW_ROWS; row++) {
        const line = Math.min(height - 1, Math.max(0, y + row - 2));
        const start = ((plane * height + line) * width + first) * size;
        into.set(from.subarray(start, start + columns * size), row * columns * size);
      }
      exports.quantizePlane(
        id,
        values,
        rounded,
        windows.at(slot),
        columns,
        WINDOW_ROWS,
        windows.stride,
        0,
        memory.lattice,
      );
      return windows.at(slot) + 4 * (2 * windows.stride + x - first);
    },
  };
}
