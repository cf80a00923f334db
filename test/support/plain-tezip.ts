/**
 * A decoder of tezip's chunks written from FORMAT.md alone, in the order of its text; it shares nothing with src/ but
 * zstd. Slow.
 */
import { prepareZstd, zstdDecompress } from "../../src/entropy/lossless.ts";
import { type Chunk, Cursor } from "./plain-reader.ts";
import { fast } from "./plain-tezip-fast.ts";
import { levels } from "./plain-tezip-levels.ts";
import { sequential } from "./plain-tezip-sequential.ts";

const TYPES = [
  Uint8Array,
  Float32Array,
  Float64Array,
  Int8Array,
  Int16Array,
  Int32Array,
  BigInt64Array,
  Uint8Array,
  Uint16Array,
  Uint32Array,
  BigUint64Array,
  Uint8Array,
];
const BITS = [0, 0, 0, 8, 16, 32, 64, 8, 16, 32, 64, 1];
const bytesOf = (values: ArrayBufferView) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
const bring = (v: number, least: number, most: number) => Math.max(least, Math.min(most, v));

/** Range of an integer type; 64-bit ones as far as working values go. */
function rangeOf(dtype: number): [number, number] {
  const bits = BITS[dtype] === 64 ? 54 : BITS[dtype]!;
  return dtype <= 6 ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
}

export const prepareTezip = prepareZstd;

export function decodeTezip(chunk: Chunk): Uint8Array {
  const side = new Cursor(chunk.sections.get(2)!);
  const method = side.u8();
  if (method === 1) return fromLevels(side, chunk);
  const way = method === 3 ? 1 : side.u8();
  if (method === 4) return fromIndices(sequential(side, chunk), chunk, way === 1);
  if (way !== 1) return fromIndices(fast(side, chunk), chunk, way === 2);
  const { shape, dtype, sections } = chunk;
  const count = shape.reduce((product, extent) => product * extent, 1);
  const width = TYPES[dtype]!.BYTES_PER_ELEMENT;
  const planes = zstdDecompress(sections.get(6)!, count * width);
  return Uint8Array.from({ length: count * width }, (_, i) => planes[(i % width) * count + Math.floor(i / width)]!);
}

function fromLevels(side: Cursor, chunk: Chunk): Uint8Array {
  const { dtype } = chunk;
  const { mapping, lattice, values } = levels(side, chunk);
  const Type = TYPES[dtype]!;
  const [least, most] = rangeOf(dtype);
  if (mapping === 0 || mapping === 4) return bytesOf(new (Type as typeof Float64Array)(values));
  if (mapping === 1 && BITS[dtype] === 64) {
    return bytesOf(new (Type as typeof BigInt64Array)(values.map((v) => BigInt(bring(v, least, most)))));
  }
  if (mapping === 1) return bytesOf(new (Type as typeof Int32Array)(values.map((v) => bring(v, least, most))));
  const [offset, delta] = lattice as [number, number];
  if (mapping === 2) return bytesOf(new (Type as typeof Float64Array)(values.map((v) => offset + v * delta)));
  if (dtype === 1) {
    const words = values.map((v) => Math.min(Math.abs(v), 0x7f7fffff) + (v < 0 ? 2 ** 31 : 0));
    return bytesOf(new Uint32Array(words));
  }
  const words = values.map((v) => {
    const m = BigInt(Math.min(Math.abs(v), 2047 * 2 ** 41 - 1));
    return m * 2n ** 11n + (v < 0 ? 2n ** 63n : 0n);
  });
  return bytesOf(new BigUint64Array(words));
}

function fromIndices(lattice: ReturnType<typeof fast>, chunk: Chunk, refined: boolean): Uint8Array {
  const { dtype } = chunk;
  const { base, step, indices, exact } = lattice;
  const Type = TYPES[dtype]!;
  const [least, most] = dtype <= 2 ? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] : rangeOf(dtype);
  let out: Uint8Array;
  if (refined) {
    out = fromCells(chunk, base, step, indices);
  } else if (typeof base === "bigint") {
    const top = dtype === 6 ? 2n ** 63n - 1n : 2n ** 64n - 1n;
    const wrap = (v: bigint) => BigInt.asUintN(64, v);
    const values = indices.map((q) => {
      const way = wrap(BigInt(Math.max(0, q)) * (step as bigint));
      const room = wrap(top - base);
      return wrap(base + (way < room ? way : room));
    });
    out = bytesOf(new BigUint64Array(values));
  } else {
    const values = indices.map((q) => bring(base + q * (step as number), least, most));
    out = bytesOf(new (Type as typeof Float64Array)(values));
  }
  const list = new Cursor(exact);
  const width = Type.BYTES_PER_ELEMENT;
  let place = -1;
  for (const gap of list.varints(list.varint())) {
    place += 1 + gap;
    out.set(list.take(width), place * width);
  }
  return out;
}

/** Values by their places in the cells of indices. */
function fromCells(
  { dtype, sections, specials }: Chunk,
  base: number | bigint,
  step: number | bigint,
  indices: readonly number[],
): Uint8Array {
  const data = sections.get(6)!;
  let at = 0;
  const bits = (count: number) => {
    let value = 0n;
    for (let i = 0n; i < count; i++, at++) value |= BigInt((data[at >> 3]! >> (at & 7)) & 1) << i;
    return value;
  };
  const place = (n: bigint) => {
    let k = 0;
    while (2n << BigInt(k) <= n) k++;
    const u = (2n << BigInt(k)) - n;
    const v = bits(k);
    return v < u ? v : 2n * v + bits(1) - u;
  };
  const view = new DataView(new ArrayBuffer(8));
  const [m, exponent, sign] = dtype === 1 ? [23n, 8, 2n ** 31n] : [52n, 11, 2n ** 63n];
  const order = (x: number) => {
    if (dtype === 1) view.setFloat32(4, x);
    else view.setFloat64(0, x);
    const pattern = (dtype === 1 ? BigInt(view.getUint32(4)) : view.getBigUint64(0)) % sign;
    return x < 0 ? -pattern : pattern;
  };
  const patterns = indices.map((q, i) => {
    if (specials?.[i]) return 0n;
    if (typeof base === "bigint") {
      const d = step as bigint;
      return BigInt.asUintN(64, base + BigInt(q) * d + place(d) - d / 2n);
    }
    let low = order(base + (q - 0.5) * (step as number));
    let high = order(base + (q + 0.5) * (step as number));
    const slack = ((high - low) >> 20n) + (dtype === 2 ? 1n : 0n);
    low -= slack;
    high += slack;
    let found: bigint;
    if (low >= 0n || high <= 0n) found = low + place(high - low + 1n);
    else if (bits(1) === 1n) found = 0n;
    else {
      const negative = bits(1) === 1n;
      let binade = (negative ? -low : high) >> m;
      let zeros = 0;
      while (zeros < 31 && bits(1) === 0n) zeros++;
      if (zeros < 31) binade -= BigInt(zeros);
      else binade = bits(exponent);
      found = (binade << m) + bits(Number(m));
      if (negative) found = -found;
    }
    return found < 0n ? sign - found : found;
  });
  if (Math.ceil(at / 8) !== data.length) throw new Error("places");
  return dtype === 1 ? bytesOf(new Uint32Array(patterns.map(Number))) : bytesOf(new BigUint64Array(patterns));
}
