/**
 * Where a chunk's planes lie in kernel memory, and the small records that kernels/codecs/fast-rows.ts reads.
 */
import { BLOCK_BYTES } from "../entropy/contexts.ts";
import {
  type CausalPlanes,
  FILTER_WORDS,
  type Filter,
  FROM_LEFT,
  KINDS,
  pastOf,
  storeFilter,
} from "../predict/causal.ts";
import { LATTICE_BYTES, type Lattice, storeLattice } from "../quantize/lattice.ts";
import type { DType } from "../tensor/dtype.ts";
import type { KernelModule } from "../wasm/instance.ts";
import type { LatticeExports } from "../wasm/lattice.generated.ts";

/** Rows above and below a plane, and numbers (magnitudes: bytes) left of a row: margins that predictors read. */
const ROWS_ABOVE = 2;
const ROWS_AROUND = 3;
const LEFT = 4;
const LEFT_MAGNITUDES = 16;
/** Even and odd planes are two independent streams. */
export const STREAMS = 2;
/** Field offsets of a stream's record, in 32-bit words (kernels/codecs/fast-rows.ts). */
export const STATE = 0;
export const CODES = 1;
export const BITS = 2;
export const LOW_BITS = 5;
export const RESIDUAL_ESCAPES = 6;
export const NEXT_SYMBOL = 7;
export const CODES_END = 8;
export const ESCAPES_END = 9;
export const BITS_END = 10;
export const STREAM_WORDS = 12;
export const STATE_BYTES = 4;
export const LOWEST_STATE = 0x10000;
/** Contexts that distances from the rounded prediction tell apart. */
export const BINS = 3;
const FRAME_WORDS = 8;
const PLANE_WORDS = 13;
/** Before a short copy of a plane: a count of rows that are too wide for it (kernels/codecs/fast-rows.ts). */
const WIDE_ROWS = 16;
/** Enough for all records together. */
const SMALL = 65536;
/** Bytes of a stream's rows in the block. */
const ROWS_BYTES = 5 * 4224;

export class FastMemory {
  readonly module: KernelModule<LatticeExports>;
  readonly planes: CausalPlanes;
  /** Numbers in a row of indices with its margins. */
  readonly stride: number;
  readonly frame: number;
  /** Records of an even and an odd plane. */
  readonly #records: number;
  readonly lattice: number;
  /** Rows and tables of contexts: src/entropy/contexts.ts. */
  readonly block: number;
  readonly #magnitudeStride: number;
  readonly #planeBytes: number;
  readonly #magnitudeBytes: number;
  readonly #held: number;
  readonly #indices: number;
  readonly #magnitudes: number;
  readonly #shorts: number;
  readonly #shortStride: number;
  readonly #shortBytes: number;
  readonly #filters: number;
  readonly #streams: number;
  #pasts: readonly number[] = [];

  /**
   * `held`: planes in memory; plane p is where p modulo `held` is. `more`: bytes that will be taken beside them, so
   * that the memory grows once.
   */
  constructor(module: KernelModule<LatticeExports>, planes: CausalPlanes, held: number, more: number) {
    this.module = module;
    this.planes = planes;
    const { width, height } = planes;
    this.stride = LEFT + 4 * Math.ceil(width / 4) + 4;
    this.#magnitudeStride = LEFT_MAGNITUDES + 16 * Math.ceil(width / 16) + 16;
    this.#planeBytes = 4 * this.stride * (height + ROWS_AROUND);
    this.#magnitudeBytes = this.#magnitudeStride * (height + ROWS_AROUND);
    // Rows of short copies have a few numbers more, which are read but do not matter.
    this.#shortStride = 2 * (this.stride + 8);
    this.#shortBytes = WIDE_ROWS + this.#shortStride * (height + ROWS_AROUND) + 16;
    this.#held = held;
    const { arena } = module;
    const mark = arena.mark();
    arena.alloc((this.#planeBytes + this.#magnitudeBytes + this.#shortBytes) * held + BLOCK_BYTES + more + SMALL);
    arena.release(mark);
    this.frame = arena.alloc(4 * FRAME_WORDS);
    this.#records = arena.alloc(4 * PLANE_WORDS * STREAMS);
    this.lattice = arena.alloc(LATTICE_BYTES);
    this.block = (arena.alloc(BLOCK_BYTES + 256) + 255) & ~255;
    this.#filters = arena.alloc(4 * FILTER_WORDS * (KINDS + 1));
    this.#streams = arena.alloc(4 * STREAM_WORDS * STREAMS);
    this.#indices = arena.alloc(this.#planeBytes * held);
    this.#magnitudes = arena.alloc(this.#magnitudeBytes * held);
    this.#shorts = arena.alloc(this.#shortBytes * held);
    this.words(this.frame, FRAME_WORDS).set([width, height, this.stride, this.#magnitudeStride, this.block]);
  }

  /** Views are made anew: they do not outlive an allocation. */
  words(at: number, count: number): Uint32Array<ArrayBuffer> {
    return new Uint32Array(this.module.memory.buffer as ArrayBuffer, at, count);
  }

  bytes(at: number, count: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.module.memory.buffer as ArrayBuffer, at, count);
  }

  view(at: number, count: number): DataView {
    return new DataView(this.module.memory.buffer, at, count);
  }

  /** Address of a plane's row 0, column 0. */
  at(plane: number): number {
    return this.#indices + (plane % this.#held) * this.#planeBytes + 4 * (ROWS_ABOVE * this.stride + LEFT);
  }

  #magnitudesAt(plane: number): number {
    const start = this.#magnitudes + (plane % this.#held) * this.#magnitudeBytes;
    return start + ROWS_ABOVE * this.#magnitudeStride + LEFT_MAGNITUDES;
  }

  #shortAt(plane: number): number {
    const start = this.#shorts + (plane % this.#held) * this.#shortBytes + WIDE_ROWS;
    // Columns start so many bytes into a row as its left margin takes.
    return start + ROWS_ABOVE * this.#shortStride + 2 * LEFT;
  }

  /** The record of a stream: its plane's parity. */
  stream(parity: number): number {
    return this.#streams + 4 * STREAM_WORDS * parity;
  }

  setLattice(lattice: Lattice, dtype: DType): void {
    storeLattice(lattice, dtype, this.view(this.lattice, LATTICE_BYTES));
  }

  setFilters(filters: readonly (Filter | undefined)[], shift: number, fractions: boolean): void {
    this.words(this.frame, FRAME_WORDS).set([shift, fractions ? 1 : 0, this.#shortStride], 5);
    this.#pasts = filters.map((filter) => filter?.pasts ?? 0);
    filters.forEach((filter, kind) => {
      if (filter) storeFilter(filter, shift, this.#filterWords(kind));
    });
    storeFilter(FROM_LEFT, shift, this.#filterWords(KINDS));
  }

  #filterWords(kind: number): Int32Array {
    return new Int32Array(this.module.memory.buffer, this.#filters + 4 * FILTER_WORDS * kind, FILTER_WORDS);
  }

  /** Fills the record of a plane and returns its address; that of another plane of the same parity is overwritten. */
  record(plane: number): number {
    const past = pastOf(plane, this.planes.levels);
    const [first, second] = past.planes;
    const pasts = this.#pasts[past.kind]!;
    const filter = this.#filters + 4 * FILTER_WORDS * past.kind;
    const parity = plane % STREAMS;
    const at = this.#records + 4 * PLANE_WORDS * parity;
    this.words(at, PLANE_WORDS).set([
      this.at(plane),
      this.#magnitudesAt(plane),
      pasts >= 1 ? this.at(first!) : 0,
      pasts >= 2 ? this.at(second!) : 0,
      first === undefined ? 0 : this.#magnitudesAt(first),
      filter,
      first === undefined ? this.#filters + 4 * FILTER_WORDS * KINDS : filter,
      first === undefined ? 0 : this.at(first),
      this.stream(parity),
      ROWS_BYTES * parity,
      this.#shortAt(plane),
      first === undefined ? 0 : this.#shortAt(first),
      second === undefined ? 0 : this.#shortAt(second),
    ]);
    return at;
  }
}
