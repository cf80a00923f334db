/** Slow twin of kernels/entropy/rans.ts. Tables are lists of 64 numbers. */
import { BinaryDecoder, BinaryEncoder } from "./binary.reference.ts";
import { SYMBOLS } from "./contexts.ts";

const TOTAL = 4096;
const LOWEST = 0x10000;

function bitLength(x: number): number {
  return 32 - Math.clz32(x);
}

export function weightsOf(counts: readonly number[]): number[] {
  const most = Math.max(...counts);
  return counts.map((count) => {
    if (count === 0) return 0;
    const weight = Math.max(1, Math.floor((count * 4095) / most));
    const dropped = Math.max(0, bitLength(weight) - 4);
    const rounded = Math.min(4095, weight + ((1 << dropped) >> 1));
    return (rounded >> dropped) << dropped;
  });
}

export function frequenciesOf(weights: readonly number[]): number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  const frequencies = weights.map((weight) =>
    weight === 0 ? 0 : Math.max(1, Math.floor((weight * TOTAL + (sum >> 1)) / sum)),
  );
  let left = TOTAL - frequencies.reduce((all, frequency) => all + frequency, 0);
  while (left !== 0) {
    const largest = frequencies.indexOf(Math.max(...frequencies));
    const change = left > 0 ? left : Math.max(left, -(frequencies[largest]! >> 1));
    frequencies[largest]! += change;
    left -= change;
  }
  return frequencies;
}

/** Adaptive chances of a length's bits, in the context of the length before. */
class Lengths {
  #before = 0;
  readonly #chances = new Map<number, number>();

  code(bit: (chance: number, place: number) => boolean): number {
    let node = 1;
    for (let place = 3; place >= 0; place--) {
      const key = this.#before * 16 + node;
      const chance = this.#chances.get(key) ?? 32768;
      const is = bit(chance, place);
      this.#chances.set(key, is ? chance + ((65536 - chance) >> 4) : chance - (chance >> 4));
      node = 2 * node + (is ? 1 : 0);
    }
    this.#before = node - 16;
    return this.#before;
  }
}

export function writeWeights(tables: readonly (readonly number[])[]): Uint8Array {
  const out = new BinaryEncoder();
  const lengths = new Lengths();
  for (const weight of tables.flat()) {
    const length = bitLength(weight);
    lengths.code((chance, place) => {
      const bit = ((length >> place) & 1) !== 0;
      out.encodeBit(bit, chance);
      return bit;
    });
    const kept = Math.min(3, Math.max(0, length - 1));
    if (kept > 0) out.encodeRaw((weight >> Math.max(0, length - 4)) & (2 ** kept - 1), kept);
  }
  return out.finish();
}

/** Undefined when a weight is too long. */
export function readWeights(bytes: Uint8Array, tables: number): number[][] | undefined {
  const from = new BinaryDecoder(bytes);
  const lengths = new Lengths();
  const all: number[][] = [];
  for (let table = 0; table < tables; table++) {
    const weights: number[] = [];
    for (let s = 0; s < SYMBOLS; s++) {
      const length = lengths.code((chance) => from.decodeBit(chance));
      if (length > 12) return undefined;
      const kept = Math.min(3, Math.max(0, length - 1));
      const top = length === 0 ? 0 : 2 ** kept + (kept > 0 ? from.decodeRaw(kept) : 0);
      weights.push(top * 2 ** Math.max(0, length - 4));
    }
    all.push(weights);
  }
  return all;
}

export interface Coded {
  /** Frequencies of the table it is coded with. */
  readonly table: readonly number[];
  readonly symbol: number;
}

function startOf(table: readonly number[], symbol: number): number {
  return table.slice(0, symbol).reduce((all, frequency) => all + frequency, 0);
}

/** A stream: its final state, then words as the decoder wants them. */
export function encodeSymbols(symbols: readonly Coded[]): Uint8Array {
  const bytes: number[] = [];
  let state = LOWEST;
  for (const { table, symbol } of [...symbols].reverse()) {
    const frequency = table[symbol]!;
    if (Math.floor(state / 2 ** 20) >= frequency) {
      bytes.push((state >>> 8) & 255, state & 255);
      state = Math.floor(state / 65536);
    }
    state = TOTAL * Math.floor(state / frequency) + (state % frequency) + startOf(table, symbol);
  }
  bytes.push(state >>> 24, (state >>> 16) & 255, (state >>> 8) & 255, state & 255);
  return Uint8Array.from(bytes.reverse());
}

export class SymbolDecoder {
  #state: number;
  #at = 4;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#state = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0, true);
  }

  next(table: readonly number[]): number {
    const slot = this.#state % TOTAL;
    let symbol = 0;
    while (startOf(table, symbol) + table[symbol]! <= slot) symbol++;
    this.#state = table[symbol]! * Math.floor(this.#state / TOTAL) + slot - startOf(table, symbol);
    if (this.#state < LOWEST) {
      this.#state = this.#state * 65536 + this.#bytes[this.#at]! + 256 * this.#bytes[this.#at + 1]!;
      this.#at += 2;
    }
    return symbol;
  }

  /** Whether all was read and the state is where the coder began. */
  get ended(): boolean {
    return this.#state === LOWEST && this.#at === this.#bytes.length;
  }
}
