/** The decoder of effort `fast`: sections to values. */
import type { DecodeTask } from "../compressor/codec.ts";
import type { ByteReader } from "../container/cursor.ts";
import { CONTEXTS_AT, SLOTS_BYTES, SYMBOLS, storeContexts, TABLE_BYTES } from "../entropy/contexts.ts";
import { inPhase } from "../phases.ts";
import { type CausalPlanes, reach } from "../predict/causal.ts";
import { DTYPES } from "../tensor/dtype.ts";
import { bytesOf, emptyTensor, type Tensor } from "../tensor/tensor.ts";
import { damaged, type Place, takeBytes } from "../tensor/varint.ts";
import type { KernelModule } from "../wasm/instance.ts";
import type { LatticeExports } from "../wasm/lattice.generated.ts";
import { readEscapes } from "./tezip-fast-escapes.ts";
import {
  BINS,
  BITS,
  BITS_END,
  CODES,
  CODES_END,
  ESCAPES_END,
  FastMemory,
  LOW_BITS,
  LOWEST_STATE,
  RESIDUAL_ESCAPES,
  STATE,
  STATE_BYTES,
  STREAM_WORDS,
  STREAMS,
} from "./tezip-fast-memory.ts";
import { type FastSide, groupCount } from "./tezip-fast-side.ts";

/** `side` is named in errors; it was read before. `places`: where values are in their cells; absent: at their indices. */
export function decodeIndices(
  module: KernelModule<LatticeExports>,
  task: DecodeTask,
  planes: CausalPlanes,
  read: FastSide,
  side: ByteReader,
  places?: Uint8Array,
): Tensor {
  const { exports, arena } = module;
  const { width, height, count } = planes;
  // Two planes are decoded at once.
  const held = Math.min(count, reach(planes.levels) + STREAMS);
  const memory = new FastMemory(module, planes, held, task.section("codes").length + task.section("escapes").length);
  const bins = read.fractions ? BINS : 1;
  const tables = groupCount(read.groups) * bins;
  const weights = arena.alloc(2 * SYMBOLS * tables);
  const scratch = arena.alloc(512);
  const stored = arena.alloc(read.weights.length);
  memory.bytes(stored, read.weights.length).set(read.weights);
  if (!exports.readWeights(stored, read.weights.length, weights, tables, scratch)) {
    throw side.wrong("a table of frequencies is damaged");
  }
  for (let table = 0; table < tables; table++) {
    const slots = memory.block + CONTEXTS_AT + TABLE_BYTES * table;
    exports.frequenciesOf(weights + 2 * SYMBOLS * table, slots + SLOTS_BYTES);
    exports.slotsOf(slots + SLOTS_BYTES, slots);
  }
  const parts = streamParts(task, read);
  // One row may run past the end before it is noticed.
  const parted = parts.streams.map((stream) => [
    load(memory, stream.codes, 2 * width),
    load(memory, stream.lowBits, 4 * width),
    load(memory, stream.escapes, 5 * width),
  ]);
  const size = DTYPES[task.dtype].bytes;
  const planeBytes = width * height * size;
  const rounded = arena.alloc(planeBytes + 16);
  const restorer = places && new PlaneRestorer(memory, task, places);
  memory.setLattice(read.lattice, task.dtype);
  memory.setFilters(read.filters, read.shift, read.fractions);
  storeContexts(module.memory.buffer, memory.block, read.groups, bins, TABLE_BYTES, read.scale);
  parts.streams.forEach(({ codes, lowBits, escapes }, parity) => {
    const [codesAt, lowBitsAt, escapesAt] = parted[parity]!;
    const stream = memory.words(memory.stream(parity), STREAM_WORDS).fill(0);
    stream[STATE] = memory.view(codesAt!, STATE_BYTES).getUint32(0, true);
    stream[CODES] = codesAt! + STATE_BYTES;
    stream[CODES_END] = codesAt! + codes.length;
    stream[LOW_BITS] = lowBitsAt!;
    stream[RESIDUAL_ESCAPES] = escapesAt!;
    stream[ESCAPES_END] = escapesAt! + escapes.length;
    memory.view(memory.stream(parity) + 4 * BITS_END, 8).setBigUint64(0, 8n * BigInt(lowBits.length), true);
  });
  const out = emptyTensor(task.dtype, task.shape);
  const into = bytesOf(out);
  const roundedBytes = memory.bytes(rounded, planeBytes);
  const { id } = DTYPES[task.dtype];
  for (let plane = 0; plane < count; plane += STREAMS) {
    const last = Math.min(plane + STREAMS, count);
    const first = memory.record(plane);
    const second = last - plane > 1 ? memory.record(plane + 1) : 0;
    if (!inPhase("predict_quantize_code", () => exports.decodePlanes(memory.frame, first, second))) {
      throw damaged(
        { bytes: parts.codes, at: 0, part: "codes" },
        `ends inside plane ${plane} of ${count}`,
        "truncated",
      );
    }
    for (let done = plane; done < last; done++) {
      if (restorer) restorer.next(done, rounded);
      else exports.valuesPlane(id, memory.at(done), rounded, width, height, memory.stride, memory.lattice);
      into.set(roundedBytes, done * planeBytes);
    }
  }
  for (let parity = 0; parity < Math.min(STREAMS, count); parity++) {
    const stream = memory.words(memory.stream(parity), STREAM_WORDS);
    const bits = memory.view(memory.stream(parity) + 4 * BITS, 8).getBigUint64(0, true);
    const whole =
      stream[STATE] === LOWEST_STATE &&
      stream[CODES] === stream[CODES_END] &&
      stream[RESIDUAL_ESCAPES] === stream[ESCAPES_END] &&
      (bits + 7n) / 8n === BigInt(parts.streams[parity]!.lowBits.length);
    if (!whole) throw damaged({ bytes: parts.codes, at: 0, part: "codes" }, "does not end where its values do");
  }
  restorer?.end();
  readEscapes(parts.exact, out);
  return out;
}

/** Values from indices and their places in the indices' cells. */
export class PlaneRestorer {
  readonly #memory: FastMemory;
  readonly #id: number;
  readonly #mask: Uint8Array | undefined;
  readonly #maskAt: number;
  readonly #bits: number;
  readonly #places: Uint8Array;

  constructor(memory: FastMemory, { dtype, mask }: DecodeTask, places: Uint8Array) {
    const { arena } = memory.module;
    const { width, height } = memory.planes;
    this.#memory = memory;
    this.#id = DTYPES[dtype].id;
    this.#mask = mask;
    this.#maskAt = mask ? arena.alloc(width * height) : 0;
    this.#bits = arena.alloc(16);
    this.#places = places;
    // Loaded before the view is made: loading may grow the memory, which detaches views.
    const at = load(memory, places, 16 * width);
    memory.words(this.#bits, 4).set([0, 0, 0, at]);
  }

  next(plane: number, decoded: number): void {
    const memory = this.#memory;
    const { width, height } = memory.planes;
    const first = plane * width * height;
    if (this.#mask) {
      memory.bytes(this.#maskAt, width * height).set(this.#mask.subarray(first, first + width * height));
    }
    const whole = memory.module.exports.restorePlane(
      this.#id,
      memory.at(plane),
      decoded,
      this.#maskAt,
      width,
      height,
      memory.stride,
      memory.lattice,
      this.#bits,
      8 * this.#places.length,
    );
    if (!whole) throw this.#damaged(`ends inside plane ${plane} of ${memory.planes.count}`, "truncated");
  }

  end(): void {
    const bit = Number(this.#memory.view(this.#bits, 8).getBigUint64(0, true));
    if (Math.ceil(bit / 8) !== this.#places.length) throw this.#damaged("does not end where its values do", "corrupt");
  }

  #damaged(what: string, code: "corrupt" | "truncated") {
    return damaged({ bytes: this.#places, at: 0, part: "data" }, what, code);
  }
}

function load(memory: FastMemory, bytes: Uint8Array, spare: number): number {
  const at = memory.module.arena.alloc(bytes.length + spare + 16);
  memory.bytes(at, bytes.length).set(bytes);
  return at;
}

interface StreamParts {
  readonly codes: Uint8Array;
  readonly streams: readonly { codes: Uint8Array; lowBits: Uint8Array; escapes: Uint8Array }[];
  /** Escapes of values. */
  readonly exact: Uint8Array;
}

function streamParts(task: DecodeTask, { lengths }: FastSide): StreamParts {
  const codes = task.section("codes");
  const escapes = task.section("escapes");
  const [codes0, low0, escapes0, codes1, low1, escapes1] = lengths as [number, number, number, number, number, number];
  const place: Place = { bytes: codes, at: 0, part: "codes" };
  const taken = [codes0, codes1, low0, low1].map((length) => takeBytes(place, length));
  if (place.at !== codes.length) throw damaged(place, "has bytes left over");
  const escaped: Place = { bytes: escapes, at: 0, part: "escapes" };
  const escapes0Bytes = takeBytes(escaped, escapes0);
  const escapes1Bytes = takeBytes(escaped, escapes1);
  return {
    codes,
    streams: [
      { codes: taken[0]!, lowBits: taken[2]!, escapes: escapes0Bytes },
      { codes: taken[1]!, lowBits: taken[3]!, escapes: escapes1Bytes },
    ],
    exact: escapes.subarray(escaped.at),
  };
}
