/** A TTHRESH stream to its core and factors, and those to values: all of them, or what a selection wants. */
import { ByteReader } from "../container/cursor.ts";
import { TempressError } from "../errors.ts";
import { formatShape } from "../tensor/shape.ts";
import { type Factor, synthesise } from "../transform/tucker.ts";
import { refuseLarge, type TthreshKernel, tthreshKernels, volume } from "./tthresh-kernels.ts";
import type { Selection } from "./tthresh-selection.ts";

/** Type codes of the format, in order. */
export const TTHRESH_TYPES = ["uint8", "uint16", "int32", "float32", "float64"] as const;
export type TthreshType = (typeof TTHRESH_TYPES)[number];

/** The format has no limit; this keeps a damaged byte from asking for much. */
const MOST_AXES = 16;
/** Columns with less weight than this are zero. */
const LEAST_NORM = 1e-10;

/** What a stream says of itself before its coefficients. Axes from the fastest on. */
export interface TthreshHead {
  readonly type: TthreshType;
  readonly extents: readonly number[];
  /** Where the core starts. */
  readonly at: number;
}

/**
 * @param expected the extents, where the caller knows them.
 * @param trusted whether extents are believed, however small the stream is.
 */
export function readHead(
  bytes: Uint8Array,
  where: string,
  expected?: readonly number[],
  trusted = expected !== undefined,
): TthreshHead {
  const from = new ByteReader(bytes, where);
  const axes = ended(from, 1, where) && from.u8();
  if (axes === 0 || axes > MOST_AXES) throw notTthresh(`${axes} axes`, where);
  ended(from, 4 * axes + 1, where);
  const extents = Array.from({ length: axes }, () => from.u32());
  const code = from.u8();
  const type = TTHRESH_TYPES[code];
  if (type === undefined) throw notTthresh(`type ${code}`, where);
  const shape = formatShape(extents.toReversed());
  if (extents.includes(0)) throw notTthresh(`extents ${shape}`, where);
  const count = volume(extents);
  if (expected && expected.join() !== extents.join()) {
    throw new TempressError("corrupt", `the stream holds ${shape} values`, { where });
  }
  if (!trusted && count > Math.max(2 ** 26, 1024 * bytes.length)) {
    throw new TempressError("corrupt", `${bytes.length} bytes would be ${shape} values: too many to believe`, {
      where,
      hint: `if that is right, give --shape ${shape}`,
    });
  }
  refuseLarge(count);
  return { type, extents, at: from.at };
}

function ended(from: ByteReader, bytes: number, where: string): true {
  if (from.left >= bytes) return true;
  throw new TempressError("truncated", "the stream ends inside its head or its norms", {
    where,
    hint: "copy or download it again",
  });
}

function notTthresh(what: string, where: string): TempressError {
  return new TempressError("corrupt", `this is not a tthresh stream: it has ${what}`, {
    where,
    hint: "such streams have no mark; is it one?",
  });
}

/**
 * Decodes `bytes` and shows its values to `take`, block by block of whole indices of the slowest axis, as float64 in
 * memory that the next block overwrites. A selection has one entry for each axis that it changes.
 */
export function decodeTthresh(
  bytes: Uint8Array,
  head: TthreshHead,
  where: string,
  take: (values: Float64Array) => void,
  selection: Selection = [],
): void {
  const kernel = tthreshKernels.get();
  const { exports, arena, memory } = kernel;
  const { extents } = head;
  const mark = arena.mark();
  try {
    const core = arena.alloc(volume(extents) * 8);
    const coreBytes = decodeArrays(kernel, bytes, head.at, [{ at: core, count: volume(extents) }], where);
    const from = new ByteReader(bytes, where);
    from.at = head.at + coreBytes;
    ended(from, 4 * extents.length, where);
    const ranks = extents.map(() => from.u32());
    for (const [axis, rank] of ranks.entries()) {
      if (rank > extents[axis]!) {
        throw from.wrong(`rank ${rank} of an axis of ${extents[axis]}`);
      }
    }
    ended(from, 8 * ranks.reduce((sum, rank) => sum + rank, 0), where);
    const norms = ranks.map((rank) => Float64Array.from({ length: rank }, () => from.f64()));
    if (norms.some((list) => list.some((norm) => !(norm >= 0 && norm < Number.POSITIVE_INFINITY)))) {
      throw from.wrong("a weight of a column is no finite number >= 0");
    }
    const empty = ranks.includes(0);
    if (!empty) {
      crop(memory, core, extents, ranks);
      // What the corner leaves is used for the factors and the values.
      arena.release(mark);
      arena.alloc(core - mark + volume(ranks) * 8);
    }
    const counts = ranks.map((rank, axis) => rank * extents[axis]!);
    const columns = counts.map((count) => ({ at: arena.alloc(count * 8), count }));
    from.skip(decodeArrays(kernel, bytes, from.at, columns, where));
    from.end();
    if (empty) {
      nothing(extents, selection, take);
      return;
    }
    const factors = columns.map(({ at }, axis): Factor => {
      const extent = extents[axis]!;
      const rank = ranks[axis]!;
      const turned = arena.alloc(extent * rank * 8);
      weigh(new Float64Array(memory.buffer, at, extent * rank), extent, norms[axis]!);
      exports.transpose(at, extent, rank, extent, turned);
      const wanted = selection[axis];
      if (!wanted) return { at: turned, rows: extent, rank };
      const rows = wanted.length;
      const chosen = arena.alloc(rows * rank * 8);
      const source = new Float64Array(memory.buffer, turned, extent * rank);
      const target = new Float64Array(memory.buffer, chosen, rows * rank).fill(0);
      for (const [row, terms] of wanted.entries()) {
        for (const { index, weight } of terms) {
          for (let k = 0; k < rank; k++) target[row * rank + k]! += weight * source[index * rank + k]!;
        }
      }
      return { at: chosen, rows, rank };
    });
    synthesise(kernel, core, factors, (at, count) => take(new Float64Array(memory.buffer, at, count)));
  } finally {
    arena.release(mark);
  }
}

/** Decodes the arrays of one section; gives its bytes. */
function decodeArrays(
  kernel: TthreshKernel,
  bytes: Uint8Array,
  start: number,
  arrays: readonly { readonly at: number; readonly count: number }[],
  where: string,
): number {
  const { exports, arena, memory } = kernel;
  const mark = arena.mark();
  try {
    const length = bytes.length - start;
    const stream = arena.alloc(length);
    const most = Math.max(...arrays.map(({ count }) => count));
    const bitmap = arena.alloc(Math.ceil(most / 64) * 8);
    // n different runs cover at least n (n - 1) / 2 coefficients.
    const room = 8 * (Math.ceil(Math.sqrt(2 * most)) + 4) + 4 * 4096;
    const tables = arena.alloc(room);
    new Uint8Array(memory.buffer, stream, length).set(bytes.subarray(start));
    new Uint8Array(memory.buffer, stream + length, 32).fill(0);
    exports.startReading(stream, length);
    for (const { at, count } of arrays) {
      if (count === 0) continue;
      new Uint8Array(memory.buffer, at, count * 8).fill(0);
      new Uint8Array(memory.buffer, bitmap, Math.ceil(count / 64) * 8).fill(0);
      const status = exports.decodeCoefficients(at, bitmap, count, tables, room);
      if (status !== 0) throw refusal(status, where);
    }
    return exports.bytesRead() >>> 0;
  } finally {
    arena.release(mark);
  }
}

const REASONS = [
  "",
  "",
  "the scale of its coefficients is no number above 0",
  "a list of runs is none",
  "a plane has more raw bits than coefficients",
  "a plane does not cover its coefficients",
  "a list of runs is none",
];

function refusal(status: number, where: string): TempressError {
  if (status === 1) {
    return new TempressError("truncated", "the stream ends inside its coefficients", {
      where,
      hint: "copy or download it again",
    });
  }
  return new TempressError("corrupt", `the stream is damaged: ${REASONS[status]}`, {
    where,
    hint: "or it is not a tthresh stream, which has no mark",
  });
}

/** Moves the corner of `ranks` together, in place. */
function crop(memory: WebAssembly.Memory, core: number, extents: readonly number[], ranks: readonly number[]): void {
  if (extents.join() === ranks.join()) return;
  const all = new Float64Array(memory.buffer, core, volume(extents));
  const width = ranks[0]!;
  const index = extents.map(() => 0);
  const strides = extents.map((_, axis) => volume(extents.slice(0, axis)));
  for (let to = 0, rows = volume(ranks) / width; rows > 0; rows--, to += width) {
    const at = index.reduce((sum, i, axis) => sum + i * strides[axis]!, 0);
    all.copyWithin(to, at, at + width);
    for (let axis = 1; axis < ranks.length; axis++) {
      index[axis]!++;
      if (index[axis]! < ranks[axis]!) break;
      index[axis] = 0;
    }
  }
}

/** Takes the weights off the columns. */
function weigh(columns: Float64Array, extent: number, norms: Float64Array): void {
  for (const [column, norm] of norms.entries()) {
    const values = columns.subarray(column * extent, (column + 1) * extent);
    if (norm > LEAST_NORM) for (let i = 0; i < extent; i++) values[i]! /= norm;
    else values.fill(0);
  }
}

/** A core without a coefficient: zeros, slowest index by slowest index. */
function nothing(extents: readonly number[], selection: Selection, take: (values: Float64Array) => void): void {
  const rows = extents.map((extent, axis) => selection[axis]?.length ?? extent);
  const frame = new Float64Array(volume(rows.slice(0, -1)));
  for (let t = 0; t < rows.at(-1)!; t++) take(frame);
}
