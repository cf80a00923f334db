/** Slow twin of kernels/quantize/refine.ts: places of values in the cells of their indices, as a list of bits. */
import type { DType } from "../tensor/dtype.ts";
import type { Lattice } from "./lattice.ts";

/** Binades that are counted one by one. */
const MOST_BELOW = 31;

interface Kind {
  readonly mantissa: bigint;
  readonly exponent: number;
  readonly slack: bigint;
}

const KINDS: { readonly [type: string]: Kind } = {
  float32: { mantissa: 23n, exponent: 8, slack: 0n },
  float64: { mantissa: 52n, exponent: 11, slack: 1n },
};

/** The pattern of |x|, negated for x < 0. */
function orderOf(x: number, dtype: DType): bigint {
  const view = new DataView(new ArrayBuffer(8));
  let pattern: bigint;
  if (dtype === "float32") {
    view.setFloat32(0, x);
    pattern = BigInt(view.getUint32(0) & 0x7fffffff);
  } else {
    view.setFloat64(0, x);
    pattern = view.getBigUint64(0) & 0x7fffffffffffffffn;
  }
  return x < 0 ? -pattern : pattern;
}

function fromOrder(order: bigint, dtype: DType): number {
  const view = new DataView(new ArrayBuffer(8));
  const pattern = order < 0n ? -order : order;
  if (dtype === "float32") view.setUint32(0, Number(pattern));
  else view.setBigUint64(0, pattern);
  const size = dtype === "float32" ? view.getFloat32(0) : view.getFloat64(0);
  return order < 0n ? -size : size;
}

interface Cell {
  readonly low: bigint;
  readonly high: bigint;
}

function cellOf(index: number, { base, step }: Lattice, dtype: DType): Cell {
  const low = orderOf(Number(base) + (index - 0.5) * Number(step), dtype);
  const high = orderOf(Number(base) + (index + 0.5) * Number(step), dtype);
  const slack = ((high - low) >> 20n) + KINDS[dtype]!.slack;
  return { low: low - slack, high: high + slack };
}

/** Bits, first to last; in bytes the first is the lowest. */
export class BitWriter {
  readonly #bits: number[] = [];

  put(value: bigint, count: number): void {
    for (let i = 0n; i < count; i++) this.#bits.push(Number((value >> i) & 1n));
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array(Math.ceil(this.#bits.length / 8));
    this.#bits.forEach((bit, i) => {
      bytes[i >> 3]! |= bit << (i & 7);
    });
    return bytes;
  }
}

export class BitReader {
  #at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(count: number): bigint {
    let value = 0n;
    for (let i = 0n; i < count; i++, this.#at++) {
      value |= BigInt((this.#bytes[this.#at >> 3]! >> (this.#at & 7)) & 1) << i;
    }
    return value;
  }
}

/** v of n places in k or k + 1 bits. */
function putPlace(bits: BitWriter, v: bigint, n: bigint): void {
  const k = n.toString(2).length - 1;
  const short = (2n << BigInt(k)) - n;
  if (v < short) {
    bits.put(v, k);
  } else {
    bits.put((v + short) >> 1n, k);
    bits.put((v + short) & 1n, 1);
  }
}

function takePlace(bits: BitReader, n: bigint): bigint {
  const k = n.toString(2).length - 1;
  const short = (2n << BigInt(k)) - n;
  const v = bits.take(k);
  return v < short ? v : 2n * v + bits.take(1) - short;
}

/** Puts a value's place; false when it is outside its index's cell (then the place of another is put). */
export function refine(
  value: number | bigint,
  index: number,
  lattice: Lattice,
  dtype: DType,
  bits: BitWriter,
): boolean {
  if (typeof lattice.base === "bigint") {
    const step = BigInt(lattice.step);
    const rest = BigInt.asUintN(64, BigInt(value) - lattice.base - BigInt(index) * step + BigInt(lattice.bound));
    putPlace(bits, rest < step ? rest : 0n, step);
    return rest < step;
  }
  const { low, high } = cellOf(index, lattice, dtype);
  const order = orderOf(Number(value), dtype);
  const inside = order >= low && order <= high;
  if (low >= 0n || high <= 0n) {
    putPlace(bits, inside ? order - low : 0n, high - low + 1n);
    return inside;
  }
  const { mantissa, exponent } = KINDS[dtype]!;
  const kept = inside ? order : 0n;
  bits.put(kept === 0n ? 1n : 0n, 1);
  if (kept === 0n) return inside;
  bits.put(kept < 0n ? 1n : 0n, 1);
  const size = kept < 0n ? -kept : kept;
  const binade = size >> mantissa;
  const below = Number(((kept < 0n ? -low : high) >> mantissa) - binade);
  if (below < MOST_BELOW) {
    bits.put(1n << BigInt(below), below + 1);
  } else {
    bits.put(0n, MOST_BELOW);
    bits.put(binade, exponent);
  }
  bits.put(size & ((1n << mantissa) - 1n), Number(mantissa));
  return true;
}

/** The value at the next place in the cell of an index. */
export function restore(index: number, lattice: Lattice, dtype: DType, bits: BitReader): number | bigint {
  if (typeof lattice.base === "bigint") {
    const rest = takePlace(bits, BigInt(lattice.step)) - BigInt(lattice.bound);
    const value = lattice.base + BigInt(index) * BigInt(lattice.step) + rest;
    return dtype === "int64" ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
  }
  const { low, high } = cellOf(index, lattice, dtype);
  if (low >= 0n || high <= 0n) return fromOrder(low + takePlace(bits, high - low + 1n), dtype);
  if (bits.take(1) === 1n) return 0;
  const negative = bits.take(1) === 1n;
  const { mantissa, exponent } = KINDS[dtype]!;
  let below = 0;
  while (below < MOST_BELOW && bits.take(1) === 0n) below++;
  const top = (negative ? -low : high) >> mantissa;
  const binade = below < MOST_BELOW ? top - BigInt(below) : bits.take(exponent);
  const size = (binade << mantissa) | bits.take(Number(mantissa));
  return fromOrder(negative ? -size : size, dtype);
}
