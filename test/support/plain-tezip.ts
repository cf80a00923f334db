/**
 * A decoder of tezip's chunks written from FORMAT.md alone, in the order of its text; it shares nothing with src/ but
 * zstd. Slow.
 */
import { prepareZstd, zstdDecompress } from "../../src/entropy/lossless.ts";
import { type Chunk, Cursor } from "./plain-reader.ts";
import { fast } from "./plain-tezip-fast.ts";
import { levels } from "./plain-tezip-levels.ts";

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
  if (method === 2 && side.u8() === 0) return fromFast(side, chunk);
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

function fromFast(side: Cursor, chunk: Chunk): Uint8Array {
  const { dtype } = chunk;
  const { base, step, indices, exact } = fast(side, chunk);
  const Type = TYPES[dtype]!;
  const [least, most] = dtype <= 2 ? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] : rangeOf(dtype);
  let out: Uint8Array;
  if (typeof base === "bigint") {
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
