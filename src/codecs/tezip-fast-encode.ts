/** The coder of effort `fast`: all planes of a chunk to sections. */
import { CONTEXTS_AT, COUNTS_BYTES, LEVELS, SYMBOLS, scaleOf, storeContexts } from "../entropy/contexts.ts";
import { inPhase } from "../phases.ts";
import type { Fit } from "../predict/causal-fit.ts";
import {
  BINS,
  type FastMemory,
  LOW_BITS,
  LOWEST_STATE,
  NEXT_SYMBOL,
  RESIDUAL_ESCAPES,
  STATE_BYTES,
  STREAM_WORDS,
  STREAMS,
} from "./tezip-fast-memory.ts";
import type { PlaneSource } from "./tezip-fast-quantize.ts";
import type { FastSide } from "./tezip-fast-side.ts";

export interface CodedPlanes {
  readonly side: Omit<FastSide, "lattice">;
  /** Sections `codes` and the first part of `escapes`, as pieces that last until memory is released. */
  readonly codes: readonly Uint8Array[];
  readonly residualEscapes: readonly Uint8Array[];
}

/** All planes: indices to symbols, symbols to codes. Undefined when too many values are escapes. */
export function encodePlanes(
  memory: FastMemory,
  source: PlaneSource,
  { filters, shift, mean, fractions }: Fit,
): CodedPlanes | undefined {
  const { module, planes } = memory;
  const { exports, arena } = module;
  const { width, height, count } = planes;
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
    if (!inPhase("quantize", () => source.next(plane))) return undefined;
    inPhase("predict", () => exports.encodePlane(memory.frame, memory.record(plane)));
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
    all.copyWithin(
      frequencies + level * tableBytes,
      ofGroups + group * tableBytes,
      ofGroups + (group + 1) * tableBytes,
    );
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
    codes: [...codes, ...lows],
    residualEscapes,
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
    const bytes = 2 * size + STATE_BYTES;
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
  for (; left > 0; left -= SYMBOLS_AT_ONCE) exports.encodeSymbols(entries, first, Math.min(left, SYMBOLS_AT_ONCE));
  for (left = sizes[1]!; left > 0; left -= SYMBOLS_AT_ONCE) {
    exports.encodeTwoSymbols(entries, first, second, Math.min(left, SYMBOLS_AT_ONCE));
  }
  return coders.map((coder, parity) => {
    const [state, out] = memory.words(coder, 2) as unknown as [number, number];
    if (sizes[parity] === 0) return new Uint8Array(0);
    const start = out - STATE_BYTES;
    memory.view(start, STATE_BYTES).setUint32(0, state, true);
    return memory.bytes(start, ends[parity]! - start);
  });
}
