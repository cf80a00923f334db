/**
 * Slow, clear twin of kernels/codecs/zfp.ts: the same streams, block by block in integers of any size. NaN patterns
 * pass through as bits, for values are kept as patterns where they matter.
 */
import { BitReader, BitWriter } from "../transform/bits.reference.ts";
import { biasOf, blockExponent, toFloats, toIntegers, turnNegatives } from "../transform/block-float.reference.ts";
import { BLOCK_ORDERS } from "../transform/block-order.ts";
import { transform } from "../transform/lifting.reference.ts";
import { decodePlanes, encodePlanes } from "../transform/planes.reference.ts";
import { blockCount, type ZfpLayout } from "./zfp-array.ts";
import { writeZfpHeader } from "./zfp-header.ts";
import { isReversible } from "./zfp-parameters.ts";

/** Values are handled as their bit patterns, signed. */
interface Kind {
  readonly width: 32 | 64;
  readonly float: boolean;
}

function kindOf({ type }: ZfpLayout): Kind {
  return { width: type.endsWith("64") ? 64 : 32, float: type.startsWith("float") };
}

function numbersOf(bits: readonly bigint[], width: number): number[] {
  if (width === 64) return [...new Float64Array(BigInt64Array.from(bits).buffer)];
  return [...new Float32Array(Int32Array.from(bits, Number).buffer)];
}

function bitsOf(numbers: readonly number[], width: number): bigint[] {
  if (width === 64) return [...new BigInt64Array(Float64Array.from(numbers).buffer)];
  return Array.from(new Int32Array(Float32Array.from(numbers).buffer), BigInt);
}

/** Indices in the array of a block's values in block order; -1 outside. Then the stream's padding for these. */
function blockIndices(shape: readonly number[], block: number): number[] {
  const extents = shape.toReversed();
  const corner: number[] = [];
  let rest = block;
  for (const extent of extents) {
    const along = Math.ceil(extent / 4);
    corner.push(4 * (rest % along));
    rest = Math.floor(rest / along);
  }
  return Array.from({ length: 4 ** extents.length }, (_, i) => {
    let index = 0;
    let stride = 1;
    for (const [axis, extent] of extents.entries()) {
      const at = corner[axis]! + (Math.floor(i / 4 ** axis) % 4);
      if (at >= extent) return -1;
      index += at * stride;
      stride *= extent;
    }
    return index;
  });
}

/** Along x for each line, then y, z, w: what is missing of n values is p1 = p0; p2 = p1; p3 = p0. */
function padded(indices: readonly number[]): number[] {
  const out = [...indices];
  for (let stride = 1; stride < out.length; stride *= 4) {
    for (let i = 0; i < out.length; i++) {
      if (Math.floor(i / stride) % 4 !== 0 || out[i]! < 0) continue;
      if (out[i + stride]! < 0) out[i + stride] = out[i]!;
      if (out[i + 2 * stride]! < 0) out[i + 2 * stride] = out[i + stride]!;
      if (out[i + 3 * stride]! < 0) out[i + 3 * stride] = out[i]!;
    }
  }
  return out;
}

const negabinaryMask = (width: number) => BigInt.asUintN(width, 0xaaaaaaaaaaaaaaaan);

function encodeInteger(
  out: BitWriter,
  integers: bigint[],
  kind: Kind,
  exact: boolean,
  maxprec: number,
  budget: number,
) {
  const { width } = kind;
  transform(integers, width, "forward", exact);
  const mask = negabinaryMask(width);
  const order = BLOCK_ORDERS[Math.log2(integers.length) / 2 - 1]!;
  const coefficients = Array.from(order, (i) => BigInt.asUintN(width, integers[i]! + mask) ^ mask);
  let precision = maxprec;
  if (exact) {
    const all = coefficients.reduce((or, u) => or | u, 0n);
    let zeros = 0;
    while (zeros < width && ((all >> BigInt(zeros)) & 1n) === 0n) zeros++;
    precision = Math.max(1, Math.min(maxprec, width - zeros));
    const bits = width === 32 ? 5 : 6;
    out.put(BigInt(precision - 1), bits);
    budget -= bits;
  }
  encodePlanes(out, coefficients, width, precision, budget);
}

function decodeInteger(bits: BitReader, size: number, kind: Kind, exact: boolean, maxprec: number, budget: number) {
  const { width } = kind;
  const fieldBits = width === 32 ? 5 : 6;
  const precision = exact ? Number(bits.take(fieldBits)) + 1 : maxprec;
  const { values } = decodePlanes(bits, size, width, precision, exact ? budget - fieldBits : budget);
  const mask = negabinaryMask(width);
  const integers = new Array<bigint>(size).fill(0n);
  BLOCK_ORDERS[Math.log2(size) / 2 - 1]!.forEach((i, rank) => {
    integers[i] = BigInt.asIntN(width, (values[rank]! ^ mask) - mask);
  });
  transform(integers, width, "inverse", exact);
  return integers;
}

function encodeBlock(out: BitWriter, block: bigint[], kind: Kind, rank: number, p: ZfpLayout["parameters"]): void {
  const exact = isReversible(p);
  if (!kind.float) {
    encodeInteger(out, [...block], kind, exact, p.maxprec, p.maxbits);
    return;
  }
  const { width } = kind;
  const [exponentBits, bias] = [width === 32 ? 8 : 11, biasOf(width)];
  const numbers = numbersOf(block, width);
  const exponent = blockExponent(numbers, width);
  const biased = BigInt(exponent + bias);
  if (exact) {
    const integers = exponent === -bias ? block.map(() => 0n) : toIntegers(numbers, width, exponent);
    const back = bitsOf(exponent === -bias ? block.map(() => 0) : toFloats(integers, width, exponent), width);
    if (back.some((bits, i) => bits !== block[i])) {
      out.put(3n, 2);
      encodeInteger(out, turnNegatives(block, width), kind, true, p.maxprec, p.maxbits - 2);
      return;
    }
    if (exponent === -bias) {
      out.put(0n, 1);
      return;
    }
    out.put(1n, 2);
    out.put(biased, exponentBits);
    encodeInteger(out, integers, kind, true, p.maxprec, p.maxbits - 2 - exponentBits);
    return;
  }
  const precision = Math.min(p.maxprec, Math.max(0, exponent - p.minexp + 2 * rank + 2));
  if (exponent === -bias || precision === 0) {
    out.put(0n, 1);
    return;
  }
  out.put(1n, 1);
  out.put(biased, exponentBits);
  encodeInteger(out, toIntegers(numbers, width, exponent), kind, false, precision, p.maxbits - 1 - exponentBits);
}

function decodeBlock(bits: BitReader, size: number, kind: Kind, rank: number, p: ZfpLayout["parameters"]): bigint[] {
  const exact = isReversible(p);
  if (!kind.float) return decodeInteger(bits, size, kind, exact, p.maxprec, p.maxbits);
  const { width } = kind;
  const exponentBits = width === 32 ? 8 : 11;
  if (bits.take(1) === 0n) return new Array<bigint>(size).fill(0n);
  if (exact && bits.take(1) === 1n) {
    return turnNegatives(decodeInteger(bits, size, kind, true, p.maxprec, p.maxbits - 2), width);
  }
  const exponent = Number(bits.take(exponentBits)) - biasOf(width);
  const precision = Math.min(p.maxprec, Math.max(0, exponent - p.minexp + 2 * rank + 2));
  const budget = p.maxbits - (exact ? 2 : 1) - exponentBits;
  return bitsOf(toFloats(decodeInteger(bits, size, kind, exact, precision, budget), width, exponent), width);
}

/** @param patterns the values' bit patterns as signed integers, in C order. */
export function encodeZfpReference(layout: ZfpLayout, patterns: readonly bigint[], header: boolean): Uint8Array {
  const out = new BitWriter();
  if (header) {
    const { bytes, bits } = writeZfpHeader(layout.type, layout.shape, layout.parameters);
    for (let i = 0; i < bits; i++) out.put(BigInt((bytes[i >> 3]! >> (i & 7)) & 1), 1);
  }
  for (let block = 0; block < blockCount(layout.shape); block++) {
    const values = padded(blockIndices(layout.shape, block)).map((i) => patterns[i]!);
    const start = out.bits.length;
    encodeBlock(out, values, kindOf(layout), layout.shape.length, layout.parameters);
    while (out.bits.length < start + layout.parameters.minbits) out.put(0n, 1);
  }
  return out.bytes();
}

/** Bit patterns of the values, in C order. */
export function decodeZfpReference(layout: ZfpLayout, stream: Uint8Array, bit: number): bigint[] {
  const bits = new BitReader(stream, bit);
  const rank = layout.shape.length;
  const patterns = new Array<bigint>(layout.shape.reduce((product, extent) => product * extent, 1)).fill(0n);
  for (let block = 0; block < blockCount(layout.shape); block++) {
    const start = bits.position;
    const values = decodeBlock(bits, 4 ** rank, kindOf(layout), rank, layout.parameters);
    bits.position = Math.max(bits.position, start + layout.parameters.minbits);
    blockIndices(layout.shape, block).forEach((index, i) => {
      if (index >= 0) patterns[index] = values[i]!;
    });
  }
  return patterns;
}
