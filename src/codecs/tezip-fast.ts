/**
 * Effort `fast` of tezip: values to lattice indices (all at once), indices predicted by fitted filters over decoded
 * neighbours in space and time, residuals coded by static tables in contexts of the residuals around.
 *
 * The first byte of section `side` says how the chunk is stored: as indices, or (where no lattice is coarser than the
 * values) exactly.
 */
import type { DecodeTask, Encoded, EncodeTask } from "../compressor/codec.ts";
import { ByteReader, ByteWriter } from "../container/cursor.ts";
import {
  CONTEXTS_AT,
  COUNTS_BYTES,
  LEVELS,
  SLOTS_BYTES,
  SYMBOLS,
  scaleOf,
  storeContexts,
  TABLE_BYTES,
} from "../entropy/contexts.ts";
import { type CausalPlanes, causalPlanes, type Filter, pastOf, reach, shiftFor } from "../predict/causal.ts";
import { fitKinds, type IndexSource, MOST_RUN } from "../predict/causal-fit.ts";
import { chooseLattice } from "../quantize/lattice.ts";
import { DTYPES } from "../tensor/dtype.ts";
import { elementCount } from "../tensor/shape.ts";
import { bytesOf, emptyTensor, type Tensor } from "../tensor/tensor.ts";
import { damaged, type Place, readVarint, takeBytes, writeVarint } from "../tensor/varint.ts";
import { lazyModule } from "../wasm/instance.ts";
import type { LatticeExports } from "../wasm/lattice.generated.ts";
import { decodeExact, encodeExact } from "./tezip-exact.ts";
import { FastMemory, STREAMS } from "./tezip-fast-memory.ts";
import { type FastSide, groupCount, readFastSide, writeFastSide } from "./tezip-fast-side.ts";

export const fastKernels = lazyModule<LatticeExports>(() => import("../wasm/lattice.generated.ts"));

const STORED = { indices: 0, exactly: 1 } as const;
/** One of so many values may be an escape before the chunk is stored exactly. */
const ESCAPES = 16;
/** Mean residual (in steps) below which the distance from the rounded prediction tells something. */
const FRACTIONS_BELOW = 2;
const BINS = 3;
const LOWEST_STATE = 0x10000;

/** Throws nothing of its own: what a lattice cannot hold is stored exactly. `bound` is absolute. */
export function encodeFast(task: EncodeTask): Encoded {
  const { frames, bound, mask } = task;
  const choice = frames.data.length > 0 ? chooseLattice(frames, bound.value, mask) : undefined;
  if (!choice) return exactly(task);
  const module = fastKernels.get();
  const mark = module.arena.mark();
  try {
    const planes = causalPlanes(frames.shape);
    const held = Math.min(planes.count, reach(planes.levels) + 1);
    const memory = new FastMemory(module, planes, held, 3 * bytesOf(frames).length);
    memory.setLattice(choice.lattice, frames.dtype);
    const shift = shiftFor(choice.range);
    const { filters, mean } = fitKinds(module, sampledIndices(memory, frames), shift);
    const coded = encodePlanes(memory, frames, mask, filters, shift, mean);
    if (!coded) return exactly(task);
    const sideBytes = new ByteWriter();
    sideBytes.u8(STORED.indices);
    writeFastSide(sideBytes, { ...coded.side, lattice: choice.lattice });
    return {
      sections: [
        { name: "side", bytes: sideBytes.written() },
        { name: "codes", bytes: coded.codes },
        { name: "escapes", bytes: joined([...coded.residualEscapes, writeEscapes(frames, coded.escapes)]) },
      ],
      decoded: coded.decoded,
    };
  } finally {
    module.arena.release(mark);
  }
}

function exactly(task: EncodeTask): Encoded {
  const encoded = encodeExact(task);
  const sections = encoded.sections.map(({ name, bytes }) => ({
    name,
    bytes: name === "side" ? joined([Uint8Array.of(STORED.exactly), bytes]) : bytes,
  }));
  return { ...encoded, sections };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Values to indices, plane by plane; what they decode to, and positions of values that must be kept as they are. */
class PlaneQuantizer {
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
function sampledIndices(memory: FastMemory, frames: Tensor): IndexSource {
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
      exports.quantizePlane(id, values, rounded, windows.at(slot), columns, WINDOW_ROWS, windows.stride, 0, memory.lattice);
      return windows.at(slot) + 4 * (2 * windows.stride + x - first);
    },
  };
}

/** Positions (varint gaps) and values of what no index can hold. */
function writeEscapes(frames: Tensor, escapes: readonly number[]): Uint8Array {
  const gaps: number[] = [];
  writeVarint(gaps, escapes.length);
  let last = -1;
  for (const index of escapes) {
    writeVarint(gaps, index - last - 1);
    last = index;
  }
  const size = DTYPES[frames.dtype].bytes;
  const from = bytesOf(frames);
  return joined([Uint8Array.from(gaps), ...escapes.map((index) => from.subarray(index * size, (index + 1) * size))]);
}

function readEscapes(bytes: Uint8Array, into: Tensor): void {
  const place: Place = { bytes, at: 0, part: "escapes" };
  const size = DTYPES[into.dtype].bytes;
  const count = readVarint(place, Math.floor(bytes.length / (size + 1)));
  const positions: number[] = [];
  let last = -1;
  for (let k = 0; k < count; k++) {
    last += 1 + readVarint(place, into.data.length);
    if (last >= into.data.length) throw damaged(place, `holds value ${last} of ${into.data.length}`);
    positions.push(last);
  }
  const to = bytesOf(into);
  for (const position of positions) to.set(takeBytes(place, size), position * size);
  if (place.at !== bytes.length) throw damaged(place, "has bytes left over");
}

interface CodedPlanes {
  readonly side: Omit<FastSide, "lattice">;
  readonly codes: Uint8Array;
  readonly residualEscapes: readonly Uint8Array[];
  readonly decoded: Tensor;
  /** Positions of values that are kept as they are. */
  readonly escapes: readonly number[];
}

/** Field offsets of a stream's record, in 32-bit words (kernels/codecs/fast.ts). */
const STATE = 0;
const CODES = 1;
const BITS = 2;
const LOW_BITS = 5;
const RESIDUAL_ESCAPES = 6;
const NEXT_SYMBOL = 7;
const CODES_END = 8;
const ESCAPES_END = 9;
const BITS_END = 10;
const STREAM_WORDS = 12;

/**
 * All planes: values to indices, indices to symbols, symbols to codes. Undefined when too many values are escapes.
 */
function encodePlanes(
  memory: FastMemory,
  frames: Tensor,
  mask: Uint8Array | undefined,
  filters: readonly (Filter | undefined)[],
  shift: number,
  mean: number,
): CodedPlanes | undefined {
  const { module, planes, stride } = memory;
  const { exports, arena } = module;
  const { width, height, count } = planes;
  const fractions = mean < FRACTIONS_BELOW;
  const bins = fractions ? BINS : 1;
  const scale = scaleOf(mean);
  const identity = Uint8Array.from({ length: LEVELS }, (_, level) => level);
  const tableBytes = 4 * SYMBOLS * bins;
  const counts = memory.block + CONTEXTS_AT;
  // Planes 0, 2, 4, ... are stream 0.
  const sizes = [0, 1].map((parity) => width * height * ((count + 1 - parity) >> 1));
  const symbols = sizes.map((size) => arena.alloc(2 * size));
  const lowBits = sizes.map((size) => arena.alloc(4 * size + 8));
  const residuals = sizes.map((size) => arena.alloc(5 * size));
  const quantizer = new PlaneQuantizer(memory, frames, mask);
  memory.bytes(counts, LEVELS * tableBytes).fill(0);
  memory.setFilters(filters, shift, fractions);
  storeContexts(module.memory.buffer, memory.block, identity, bins, COUNTS_BYTES, scale);
  for (let parity = 0; parity < STREAMS; parity++) {
    const stream = memory.words(memory.stream(parity), STREAM_WORDS).fill(0);
    stream[LOW_BITS] = lowBits[parity]!;
    stream[RESIDUAL_ESCAPES] = residuals[parity]!;
    stream[NEXT_SYMBOL] = symbols[parity]!;
  }
  for (let plane = 0; plane < count; plane++) {
    if (!quantizer.next(plane)) return undefined;
    exports.encodePlane(memory.frame, memory.record(plane));
  }

  const grouped = arena.alloc(LEVELS * tableBytes);
  const groupsAt = arena.alloc(LEVELS);
  const made = exports.groupLevels(counts, LEVELS, bins, grouped, groupsAt);
  const groups = memory.bytes(groupsAt, LEVELS).slice();
  const tables = made * bins;
  const weightsAt = arena.alloc(2 * SYMBOLS * tables);
  const ofGroups = arena.alloc(4 * SYMBOLS * tables);
  const frequencies = arena.alloc(LEVELS * tableBytes);
  const written = arena.alloc(2 * SYMBOLS * tables + 64);
  const scratch = arena.alloc(512);
  for (let table = 0; table < tables; table++) {
    exports.weightsOf(grouped + 4 * SYMBOLS * table, weightsAt + 2 * SYMBOLS * table);
    exports.frequenciesOf(weightsAt + 2 * SYMBOLS * table, ofGroups + 4 * SYMBOLS * table);
  }
  const weights = memory.bytes(written, exports.writeWeights(weightsAt, tables, written, scratch)).slice();
  const all = memory.bytes(0, module.memory.buffer.byteLength);
  groups.forEach((group, level) => {
    all.copyWithin(frequencies + level * tableBytes, ofGroups + group * tableBytes, ofGroups + (group + 1) * tableBytes);
  });
  const codes = encodeStreams(memory, frequencies, LEVELS * bins * SYMBOLS, sizes, symbols);
  const lows: Uint8Array[] = [];
  const residualEscapes: Uint8Array[] = [];
  for (let parity = 0; parity < STREAMS; parity++) {
    const stream = memory.stream(parity);
    const end = exports.endLowBits(stream);
    lows.push(memory.bytes(lowBits[parity]!, end - lowBits[parity]!));
    const escapesEnd = memory.words(stream, STREAM_WORDS)[RESIDUAL_ESCAPES]!;
    residualEscapes.push(memory.bytes(residuals[parity]!, escapesEnd - residuals[parity]!));
  }
  const lengths = [0, 1].flatMap((parity) => [codes, lows, residualEscapes].map((parts) => parts[parity]!.length));
  return {
    side: { fractions, scale, shift, filters, groups, weights, lengths },
    codes: joined([codes[0]!, codes[1]!, lows[0]!, lows[1]!]),
    residualEscapes,
    decoded: quantizer.decoded,
    escapes: quantizer.escapes,
  };
}

/** Symbols coded in one call: many calls, so that the engine can exchange the kernel for its optimised form early. */
const SYMBOLS_AT_ONCE = 1 << 14;

/** Views of both streams' codes. */
function encodeStreams(
  memory: FastMemory,
  frequencies: number,
  contextSymbols: number,
  sizes: readonly number[],
  symbols: readonly number[],
): Uint8Array[] {
  const { module } = memory;
  const { exports, arena } = module;
  const entries = arena.alloc(16 * contextSymbols);
  const ends = sizes.map((size) => {
    const bytes = 2 * size + 4;
    return arena.alloc(bytes) + bytes;
  });
  const coders = sizes.map(() => arena.alloc(12));
  exports.entriesOf(frequencies, contextSymbols, entries);
  coders.forEach((coder, parity) => {
    memory.words(coder, 3).set([LOWEST_STATE, ends[parity]!, symbols[parity]! + 2 * sizes[parity]!]);
  });
  // The first stream is the longer one.
  const [first, second] = coders as [number, number];
  let left = sizes[0]! - sizes[1]!;
  for (; left > 0; left -= SYMBOLS_AT_ONCE) exports.encodeSymbols(entries, first, 0, Math.min(left, SYMBOLS_AT_ONCE));
  for (left = sizes[1]!; left > 0; left -= SYMBOLS_AT_ONCE) {
    exports.encodeSymbols(entries, first, second, Math.min(left, SYMBOLS_AT_ONCE));
  }
  return coders.map((coder, parity) => {
    const [state, out] = memory.words(coder, 2) as unknown as [number, number];
    if (sizes[parity] === 0) return new Uint8Array(0);
    memory.view(out - 4, 4).setUint32(0, state, true);
    return memory.bytes(out - 4, ends[parity]! - (out - 4));
  });
}

export function decodeFast(task: DecodeTask): Tensor {
  const side = new ByteReader(task.section("side"), "section side");
  const stored = side.u8();
  if (stored === STORED.exactly) {
    const section = (name: string) => (name === "side" ? side.take(side.left) : task.section(name));
    return decodeExact({ ...task, section, has: (name) => task.has(name) });
  }
  if (stored !== STORED.indices) throw side.wrong(`${stored} is not a way of storing a chunk`);
  const values = elementCount(task.shape);
  if (values === 0) throw side.wrong("an empty chunk has no indices");
  const planes = causalPlanes(task.shape);
  const read = readFastSide(side, task.dtype, planes);
  side.end();
  const module = fastKernels.get();
  const mark = module.arena.mark();
  try {
    return decodeIndices(task, planes, read, side);
  } finally {
    module.arena.release(mark);
  }
}

function decodeIndices(task: DecodeTask, planes: CausalPlanes, read: FastSide, side: ByteReader): Tensor {
  const module = fastKernels.get();
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
  const places = parts.streams.map((stream) => [
    load(memory, stream.codes, 2 * width),
    load(memory, stream.lowBits, 4 * width),
    load(memory, stream.escapes, 5 * width),
  ]);
  const size = DTYPES[task.dtype].bytes;
  const planeBytes = width * height * size;
  const rounded = arena.alloc(planeBytes + 16);
  memory.setLattice(read.lattice, task.dtype);
  memory.setFilters(read.filters, read.shift, read.fractions);
  storeContexts(module.memory.buffer, memory.block, read.groups, bins, TABLE_BYTES, read.scale);
  parts.streams.forEach(({ codes, lowBits, escapes }, parity) => {
    const [codesAt, lowBitsAt, escapesAt] = places[parity]!;
    const stream = memory.words(memory.stream(parity), STREAM_WORDS).fill(0);
    if (codes.length >= 4) stream[STATE] = memory.view(codesAt!, 4).getUint32(0, true);
    stream[CODES] = codesAt! + 4;
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
    if (!exports.decodePlanes(memory.frame, first, last - plane > 1 ? memory.record(plane + 1) : 0)) {
      throw damaged(
        { bytes: parts.codes, at: 0, part: "codes" },
        `ends inside plane ${plane} of ${count}`,
        "truncated",
      );
    }
    for (let done = plane; done < last; done++) {
      exports.valuesPlane(id, memory.at(done), rounded, width, height, memory.stride, memory.lattice);
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
  readEscapes(parts.exact, out);
  return out;
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
