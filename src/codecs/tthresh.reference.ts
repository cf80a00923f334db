/** A whole TTHRESH stream to real numbers, slow and plain: what kernels and their callers do, step by step. */
import { bitsFrom, type NextBit, readRunsReference } from "../entropy/run-list.reference.ts";
import { axisProductReference } from "../transform/product.reference.ts";

export interface PlainTthresh {
  /** Axes from the fastest on. */
  readonly extents: readonly number[];
  readonly values: Float64Array;
}

export function decodeTthreshReference(bytes: Uint8Array): PlainTthresh {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const axes = bytes[0]!;
  const extents = Array.from({ length: axes }, (_, d) => view.getUint32(1 + 4 * d, true));
  const all = extents.reduce((product, n) => product * n, 1);
  const core = section(bytes, 2 + 4 * axes, [all]);
  let at = core.end;
  const ranks = extents.map((_, d) => view.getUint32(at + 4 * d, true));
  at += 4 * axes;
  const norms = ranks.map((rank) => {
    const list = Array.from({ length: rank }, (_, j) => view.getFloat64(at + 8 * j, true));
    at += 8 * rank;
    return list;
  });
  const columns = section(
    bytes,
    at,
    ranks.map((rank, d) => rank * extents[d]!),
  ).arrays;
  let shape = [...ranks];
  let values = corner(core.arrays[0]!, extents, ranks);
  // The slowest axis first, as the kernels do.
  for (let d = axes - 1; d >= 0; d--) {
    const [rows, rank] = [extents[d]!, ranks[d]!];
    const matrix = new Float64Array(rows * rank);
    for (let j = 0; j < rank; j++) {
      for (let i = 0; i < rows; i++) {
        matrix[i * rank + j] = norms[d]![j]! > 1e-10 ? columns[d]![j * rows + i]! / norms[d]![j]! : 0;
      }
    }
    values = axisProductReference(values, shape, d, matrix, rows);
    shape = shape.with(d, rows);
  }
  return { extents, values };
}

function corner(values: Float64Array, extents: readonly number[], ranks: readonly number[]): Float64Array {
  return values.filter((_, place) => {
    let rest = place;
    return extents.every((extent, d) => {
      const index = rest % extent;
      rest = Math.floor(rest / extent);
      return index < ranks[d]!;
    });
  });
}

function section(bytes: Uint8Array, start: number, counts: readonly number[]) {
  let place = 0;
  const next: NextBit = () => {
    const byte = start + 8 * Math.floor(place / 64) + 7 - Math.floor((place % 64) / 8);
    if (byte >= bytes.length) throw new Error("the stream ends");
    return (bytes[byte]! >> (7 - (place++ % 8))) & 1;
  };
  const arrays = counts.map((count) => (count === 0 ? new Float64Array(0) : coefficients(next, count)));
  return { arrays, end: start + 8 * Math.ceil(place / 64) };
}

function coefficients(next: NextBit, count: number): Float64Array {
  const word = new BigUint64Array([bitsFrom(next, 64)]);
  const scale = new Float64Array(word.buffer)[0]!;
  const magnitudes = Array<bigint>(count).fill(0n);
  let allRaw = false;
  let coverage = count;
  let plane = 63n;
  for (; ; plane--) {
    const raw = Array.from({ length: Number(bitsFrom(next, 64)) }, next);
    const runs = readRunsReference(next);
    const fresh = runs.flatMap((run, i) => [
      ...Array<number>(Number(run)).fill(0),
      ...(i < runs.length - 1 ? [1] : []),
    ]);
    let i = 0;
    let [rawAt, freshAt] = [0, 0];
    for (; i < count; i++) {
      const bit = allRaw || magnitudes[i] !== 0n ? raw[rawAt++] : fresh[freshAt++];
      if (bit === undefined) break;
      if (bit === 1) magnitudes[i]! |= 1n << plane;
    }
    if (!allRaw) coverage = i;
    allRaw = next() === 1;
    const done = next() === 1;
    if (done || plane === 0n) break;
  }
  const inside = plane >= 1n ? 2n ** (plane - 1n) : 0n;
  return Float64Array.from(magnitudes, (magnitude, i) => {
    if (magnitude === 0n) return 0;
    const sign = next() === 1 ? 1 : -1;
    return (sign * Number(magnitude + (i < coverage ? inside : 2n ** plane))) / scale;
  });
}
