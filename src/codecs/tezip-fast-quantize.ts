/** Values of a chunk to lattice indices in kernel memory, as the coder wants them. */
import { pastOf } from "../predict/causal.ts";
import { type IndexSource, MOST_RUN } from "../predict/causal-fit.ts";
import { DTYPES } from "../tensor/dtype.ts";
import { bytesOf, emptyTensor, type Tensor } from "../tensor/tensor.ts";
import { FastMemory } from "./tezip-fast-memory.ts";

/** One of so many values may be an escape before the chunk is stored exactly. */
const ESCAPES = 16;

/** Gives the coder a chunk's indices, plane by plane. */
export interface PlaneSource {
  /** Indices of the next plane to kernel memory; false when there are too many escapes. */
  next(plane: number): boolean;
  /** What the chunk decodes to, when all planes are done. */
  readonly decoded: Tensor;
  /** Positions of values that must be kept as they are. */
  readonly escapes: readonly number[];
}

/** A plane of values in kernel memory, and its indices. */
class PlaneIndices {
  readonly memory: FastMemory;
  readonly planeBytes: number;
  /** Addresses of values and of what they decode to. */
  readonly values: number;
  readonly rounded: number;
  readonly #id: number;
  readonly #from: Uint8Array;

  constructor(memory: FastMemory, frames: Tensor) {
    const { id, bytes } = DTYPES[frames.dtype];
    const { arena } = memory.module;
    this.memory = memory;
    this.#id = id;
    this.#from = bytesOf(frames);
    this.planeBytes = memory.planes.width * memory.planes.height * bytes;
    this.values = arena.alloc(this.planeBytes + 16);
    this.rounded = arena.alloc(this.planeBytes + 16);
  }

  /** Values that break the bound. */
  load(plane: number): number {
    const { memory, planeBytes } = this;
    const { width, height, levels } = memory.planes;
    const above = pastOf(plane, levels).planes[0];
    const at = plane * planeBytes;
    memory.bytes(this.values, planeBytes).set(this.#from.subarray(at, at + planeBytes));
    return memory.module.exports.quantizePlane(
      this.#id,
      this.values,
      this.rounded,
      memory.at(plane),
      width,
      height,
      memory.stride,
      above === undefined ? 0 : memory.at(above),
      memory.lattice,
    );
  }
}

/** How many escapes a chunk may have. */
function roomOf(frames: Tensor): number {
  return Math.floor(frames.data.length / ESCAPES) + 1;
}

/** Indices within the bound: what they decode to, and values that must be kept as they are. */
export class PlaneQuantizer implements PlaneSource {
  readonly decoded: Tensor;
  readonly escapes: number[] = [];
  readonly #planes: PlaneIndices;
  readonly #mask: Uint8Array | undefined;
  readonly #into: Uint8Array;
  readonly #list: number;
  readonly #room: number;

  constructor(memory: FastMemory, frames: Tensor, mask: Uint8Array | undefined) {
    const { arena, exports } = memory.module;
    this.#planes = new PlaneIndices(memory, frames);
    this.#mask = mask;
    this.decoded = emptyTensor(frames.dtype, frames.shape);
    this.#into = bytesOf(this.decoded);
    this.#room = roomOf(frames);
    this.#list = arena.alloc(4 * this.#room);
    exports.failuresInto(this.#list, this.#room);
  }

  next(plane: number): boolean {
    const { memory, planeBytes, values, rounded } = this.#planes;
    const { width, height } = memory.planes;
    const failed = this.#planes.load(plane);
    if (failed > this.#room) return false;
    const size = planeBytes / (width * height);
    const exact = memory.bytes(values, planeBytes);
    const near = memory.bytes(rounded, planeBytes);
    for (const position of failed > 0 ? memory.words(this.#list, failed) : []) {
      const index = plane * width * height + position;
      if (this.#mask?.[index]) continue;
      this.escapes.push(index);
      near.set(exact.subarray(position * size, (position + 1) * size), position * size);
    }
    this.#into.set(near, plane * planeBytes);
    return this.escapes.length <= this.#room;
  }
}

/** Bits of places in cells: kernels/quantize/refine.ts. */
const BITS_BYTES = 16;

/** Indices and, for each value, its place in its index's cell: nothing is lost. */
export class PlaneRefiner implements PlaneSource {
  readonly decoded: Tensor;
  readonly escapes: number[] = [];
  readonly #planes: PlaneIndices;
  readonly #id: number;
  readonly #mask: Uint8Array | undefined;
  readonly #maskAt: number;
  readonly #list: number;
  readonly #room: number;
  readonly #bits: number;
  readonly #start: number;

  constructor(memory: FastMemory, frames: Tensor, mask: Uint8Array | undefined) {
    const { arena, exports } = memory.module;
    const { id, bytes } = DTYPES[frames.dtype];
    this.decoded = frames;
    this.#planes = new PlaneIndices(memory, frames);
    this.#id = id;
    this.#mask = mask;
    this.#maskAt = mask ? arena.alloc(this.#planes.planeBytes / bytes) : 0;
    this.#room = roomOf(frames);
    this.#list = arena.alloc(4 * this.#room);
    this.#bits = arena.alloc(BITS_BYTES);
    this.#start = arena.alloc(frames.data.length * 2 * bytes + 8);
    memory.words(this.#bits, 4).set([0, 0, 0, this.#start]);
    exports.failuresInto(0, 0);
    exports.strayInto(this.#list, this.#room);
  }

  next(plane: number): boolean {
    const { memory, values } = this.#planes;
    const { width, height } = memory.planes;
    const first = plane * width * height;
    // What breaks no bound may still be outside its cell, and the other way round: only cells count.
    this.#planes.load(plane);
    if (this.#mask) {
      memory.bytes(this.#maskAt, width * height).set(this.#mask.subarray(first, first + width * height));
    }
    const stray = memory.module.exports.refinePlane(
      this.#id,
      values,
      memory.at(plane),
      this.#maskAt,
      width,
      height,
      memory.stride,
      memory.lattice,
      this.#bits,
    );
    if (stray > this.#room) return false;
    for (const position of stray > 0 ? memory.words(this.#list, stray) : []) this.escapes.push(first + position);
    return this.escapes.length <= this.#room;
  }

  /** The places of all values; lasts until memory is released. */
  places(): Uint8Array {
    const { memory } = this.#planes;
    const [low, high, count, at] = memory.words(this.#bits, 4) as unknown as [number, number, number, number];
    memory.words(at, 2).set([low, high]);
    return memory.bytes(this.#start, at - this.#start + Math.ceil(count / 8));
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
