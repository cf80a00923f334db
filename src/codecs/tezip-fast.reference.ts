/**
 * Slow twin of effort `fast` (kernels/codecs/fast-*.ts and what they call): the sections of a chunk from its values and
 * its side information (what the encoder chose), and its values from the sections.
 */
import { LEVELS, levelStart, lowBitsOf } from "../entropy/contexts.ts";
import { type Coded, encodeSymbols, frequenciesOf, readWeights, SymbolDecoder } from "../entropy/rans.reference.ts";
import { activityOf, type Grid, indexGrid, magnitudeGrid, sumOf } from "../predict/causal.reference.ts";
import { causalPlanes, FROM_LEFT, pastOf } from "../predict/causal.ts";
import { indexOf, valueAt } from "../quantize/lattice.reference.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import { type FastSide, groupCount } from "./tezip-fast-side.ts";

/** What one residual is coded with: taken from, or given to, a stream. */
interface Step {
  readonly table: readonly number[];
  /** Low bits that follow a symbol. */
  readonly low: number;
}

/** Numbers of one stream, by plane parity. */
export interface Parts {
  readonly codes: Uint8Array;
  readonly low: Uint8Array;
  readonly escapes: Uint8Array;
}

interface Walk {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly side: FastSide;
}

/**
 * Visits all indices in order. `next` gives the residual (turned) at a place: the coder computes it from `predicted`,
 * the decoder reads it. Returns all indices in C order.
 */
function walk(
  { shape, side }: Walk,
  next: (parity: number, step: Step, predicted: number, turn: boolean, position: number) => number,
): number[] {
  const { width, height, count, levels } = causalPlanes(shape);
  const bins = side.fractions ? 3 : 1;
  const tables = readWeights(side.weights, groupCount(side.groups) * bins)!.map(frequenciesOf);
  const indices: Grid[] = [];
  const magnitudes: Grid[] = [];
  for (let plane = 0; plane < count; plane++) {
    const past = pastOf(plane, levels);
    const [first] = past.planes;
    const index = indexGrid(width, height, first === undefined ? undefined : indices[first]);
    const pastMagnitudes = first === undefined ? undefined : magnitudes[first];
    const magnitude = magnitudeGrid(width, height, pastMagnitudes);
    indices.push(index);
    magnitudes.push(magnitude);
    const planes = [index, ...past.planes.map((p) => indices[p]!)];
    for (let y = 0; y < height; y++) {
      const filter = y === 0 && first === undefined ? FROM_LEFT : side.filters[past.kind]!;
      index.rows.push([]);
      magnitude.rows.push([]);
      for (let x = 0; x < width; x++) {
        const sum = sumOf(filter, side.shift, planes, y, x);
        const predicted = (index.at(y - 1, x) + (sum >> side.shift)) | 0;
        const unit = 2 ** side.shift;
        const fraction = (((sum % unit) + unit) % unit) - unit / 2;
        const turn = side.fractions && fraction < 0;
        const activity = activityOf(magnitude, pastMagnitudes, y, x);
        let level = LEVELS - 1;
        while (levelStart(level) > activity) level--;
        // Thirds of half a step, on a grid of 2^-15.
        const distance = Math.floor(((turn ? -fraction : fraction) * 2 ** (32 - side.shift) - (turn ? 1 : 0)) / 65536);
        const bin = side.fractions ? (3 * distance) >> 15 : 0;
        const step = {
          table: tables[side.groups[level]! * bins + bin]!,
          low: lowBitsOf(level, side.scale),
        };
        const position = (plane * height + y) * width + x;
        const residual = next(plane % 2, step, predicted, turn, position);
        index.rows[y]!.push((predicted + (turn ? -residual : residual)) | 0);
        magnitude.rows[y]!.push(Math.min(255, (Math.abs(residual) >>> 0) >>> side.scale));
      }
    }
  }
  return indices.flatMap(({ rows }) => rows.flat());
}

/** Low bits of a stream, first bit lowest. */
class BitList {
  readonly bits: number[] = [];

  put(value: number, count: number): void {
    for (let i = 0; i < count; i++) this.bits.push((value >> i) & 1);
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array(Math.ceil(this.bits.length / 8));
    this.bits.forEach((bit, i) => {
      bytes[i >> 3]! |= bit << (i & 7);
    });
    return bytes;
  }
}

/** Both streams of a chunk, indices and what they stand for, and the positions of values that no index holds. */
export function encodeFastReference(
  values: ArrayLike<number | bigint>,
  chunk: Walk,
): {
  readonly streams: readonly [Parts, Parts];
  readonly indices: readonly number[];
  readonly decoded: (number | bigint)[];
  readonly kept: number[];
} {
  const { dtype, shape, side } = chunk;
  const { width } = causalPlanes(shape);
  const kept: number[] = [];
  const wanted = Array.from(values, () => 0);
  // An index out of range becomes its left neighbour's: at the start of a row that is the first one above.
  for (let i = 0; i < wanted.length; i++) {
    const left = i % width > 0 ? wanted[i - 1]! : aboveFirst(wanted, i, shape);
    const found = indexOf(values[i]!, side.lattice, dtype, left);
    wanted[i] = found.index;
    if (!found.kept) kept.push(i);
  }
  const symbols: [Coded[], Coded[]] = [[], []];
  const low = [new BitList(), new BitList()];
  const escapes: [number[], number[]] = [[], []];
  walk(chunk, (parity, step, predicted, turn, position) => {
    const error = (wanted[position]! - predicted) | 0;
    const residual = turn ? -error | 0 : error;
    const symbol = (residual >> step.low) + 32;
    if (symbol >= 1 && symbol <= 63) {
      symbols[parity as 0 | 1].push({ table: step.table, symbol });
      low[parity]!.put(residual, step.low);
    } else {
      symbols[parity as 0 | 1].push({ table: step.table, symbol: 0 });
      for (let rest = ((residual << 1) ^ (residual >> 31)) >>> 0; ; rest >>>= 7) {
        escapes[parity as 0 | 1].push(rest < 128 ? rest : (rest & 127) | 128);
        if (rest < 128) break;
      }
    }
    return residual;
  });
  const parts = (parity: 0 | 1): Parts => ({
    codes: symbols[parity].length > 0 ? encodeSymbols(symbols[parity]) : new Uint8Array(0),
    low: low[parity]!.bytes(),
    escapes: Uint8Array.from(escapes[parity]),
  });
  const decoded = wanted.map((index) => valueAt(index, side.lattice, dtype));
  for (const i of kept) decoded[i] = values[i]!;
  return { streams: [parts(0), parts(1)], indices: wanted, decoded, kept };
}

/** What stands left of a row: the first index of the row above, and above a plane that of its past plane's row 0. */
function aboveFirst(indices: readonly number[], start: number, shape: Shape): number {
  const { width, height, levels } = causalPlanes(shape);
  const row = start / width;
  if (row % height > 0) return indices[start - width]!;
  const [first] = pastOf(Math.floor(row / height), levels).planes;
  return first === undefined ? 0 : indices[first * height * width]!;
}

/** Decoded values, but for those that no index holds. */
export function decodeFastReference(streams: readonly [Parts, Parts], chunk: Walk): (number | bigint)[] {
  const readers = streams.map(({ codes, low, escapes }) => ({
    symbols: codes.length > 0 ? new SymbolDecoder(codes) : undefined,
    low,
    bit: 0,
    escapes,
    escape: 0,
  }));
  const indices = walk(chunk, (parity, step) => {
    const reader = readers[parity]!;
    const symbol = reader.symbols!.next(step.table);
    if (symbol > 0) {
      let low = 0;
      for (let i = 0; i < step.low; i++, reader.bit++) {
        low |= ((reader.low[reader.bit >> 3]! >> (reader.bit & 7)) & 1) << i;
      }
      return ((symbol - 32) << step.low) | low;
    }
    let folded = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = reader.escapes[reader.escape++]!;
      folded |= (byte & 127) << shift;
      if (byte < 128) return (folded >>> 1) ^ -(folded & 1);
    }
  });
  return indices.map((index) => valueAt(index, chunk.side.lattice, chunk.dtype));
}
