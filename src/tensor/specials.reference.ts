import { BinaryDecoder, BinaryEncoder } from "../entropy/binary.reference.ts";
import type { MapShape } from "./specials-map.ts";

/**
 * Slow twin of kernels/tensor/specials.ts, over plain arrays with explicit borders. `code` is the one procedure
 * for both directions: it is given the wanted bit (anything when decoding) and gives the bit.
 */
export function encodeMapReference(map: Uint8Array, shape: MapShape, symbols: number): Uint8Array {
  const encoder = new BinaryEncoder();
  const coder = new Coder((bit, p) => {
    encoder.encodeBit(bit, p);
    return bit;
  });
  new MapCoder(map, shape, symbols, coder, true).run();
  return encoder.finish();
}

/** The map, or undefined on damage. */
export function decodeMapReference(bytes: Uint8Array, shape: MapShape, symbols: number): Uint8Array | undefined {
  const decoder = new BinaryDecoder(bytes);
  const map = new Uint8Array(shape.frames * shape.slices * shape.rows * shape.cols);
  const coder = new Coder((_bit, p) => decoder.decodeBit(p));
  return new MapCoder(map, shape, symbols, coder, false).run() ? map : undefined;
}

/** Adaptive probabilities by name: 22 bits, moving by 1 / (n + 1.6) of the way until 64 were seen. */
class Coder {
  readonly #counters = new Map<string, { p: number; seen: number }>();
  readonly #step: (bit: boolean, p: number) => boolean;

  constructor(step: (bit: boolean, p: number) => boolean) {
    this.#step = step;
  }

  code(wanted: boolean, name: string): boolean {
    let counter = this.#counters.get(name);
    if (!counter) {
      counter = { p: 2 ** 21, seen: 0 };
      this.#counters.set(name, counter);
    }
    const bit = this.#step(wanted, Math.max(1, Math.floor(counter.p / 64)));
    const rate = Math.floor(655360 / (10 * counter.seen + 16));
    counter.p += Math.floor((((bit ? 4194303 : 0) - counter.p) * rate) / 65536);
    if (counter.seen < 64) counter.seen++;
    return bit;
  }
}

class MapCoder {
  readonly #map: Uint8Array;
  readonly #shape: MapShape;
  readonly #symbols: number;
  readonly #coder: Coder;
  readonly #encoding: boolean;

  constructor(map: Uint8Array, shape: MapShape, symbols: number, coder: Coder, encoding: boolean) {
    this.#map = map;
    this.#shape = shape;
    this.#symbols = symbols;
    this.#coder = coder;
    this.#encoding = encoding;
  }

  /** Slice `s` counts through all frames; outside the slice is 0. */
  #at(s: number | undefined, r: number, c: number): number {
    const { rows, cols } = this.#shape;
    if (s === undefined || r < 0 || r >= rows || c < 0 || c >= cols) return 0;
    return this.#map[(s * rows + r) * cols + c]!;
  }

  #flag(s: number | undefined, r: number, c: number): number {
    return this.#at(s, r, c) ? 1 : 0;
  }

  #set(s: number, r: number, c: number, symbol: number): void {
    const { rows, cols } = this.#shape;
    this.#map[(s * rows + r) * cols + c] = symbol;
  }

  #every(test: (r: number, c: number) => boolean): boolean {
    const { rows, cols } = this.#shape;
    for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) if (!test(r, c)) return false;
    return true;
  }

  run(): boolean {
    const { frames, slices } = this.#shape;
    for (let s = 0; s < frames * slices; s++) {
      const inLaterFrame = s >= slices;
      if (!this.#slice(s, inLaterFrame ? s - slices : s > 0 ? s - 1 : undefined, inLaterFrame)) return false;
    }
    return true;
  }

  #slice(s: number, reference: number | undefined, inLaterFrame: boolean): boolean {
    const { rows, cols } = this.#shape;
    if (reference !== undefined) {
      const same = this.#encoding && this.#every((r, c) => this.#at(s, r, c) === this.#at(reference, r, c));
      if (this.#coder.code(same, `slice same ${inLaterFrame}`)) {
        for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) this.#set(s, r, c, this.#at(reference, r, c));
        return true;
      }
    }
    const empty = this.#encoding && this.#every((r, c) => this.#at(s, r, c) === 0);
    if (this.#coder.code(empty, `slice empty ${reference !== undefined}`)) return true;
    let expected = false;
    for (let r = 0; r < rows; r++) {
      const wanted = (c: number) => (reference === undefined ? this.#at(s, r - 1, c) : this.#at(reference, r, c));
      let same = this.#encoding;
      for (let c = 0; c < cols && same; c++) same = this.#at(s, r, c) === wanted(c);
      expected = this.#coder.code(same, `row ${expected} ${reference !== undefined}`);
      for (let c = 0; c < cols; c++) {
        if (expected) this.#set(s, r, c, wanted(c));
        else if (!this.#value(s, reference, r, c)) return false;
      }
    }
    return true;
  }

  #value(s: number, reference: number | undefined, r: number, c: number): boolean {
    const here = (dr: number, dc: number) => this.#flag(s, r + dr, c + dc);
    const there = (dr: number, dc: number) => this.#flag(reference, r + dr, c + dc);
    const context =
      reference === undefined
        ? [here(0, -2), here(0, -1), here(-1, -1), here(-1, 0), here(-1, 1), here(-1, 2), here(-2, 0)]
        : [
            here(0, -1),
            here(-1, -1),
            here(-1, 0),
            here(-1, 1),
            there(0, -1),
            there(0, 0),
            there(0, 1),
            there(-1, 0),
            there(-1, 1),
            there(1, 0),
            there(1, 1),
          ];
    const wanted = this.#encoding ? this.#at(s, r, c) : 0;
    let symbol = 0;
    if (this.#coder.code(wanted !== 0, `special ${reference !== undefined} ${context.join("")}`)) {
      symbol = this.#symbols === 1 ? 1 : this.#pattern(wanted, s, reference, r, c);
      if (symbol === 0 || symbol > this.#symbols) return false;
    }
    this.#set(s, r, c, symbol);
    return true;
  }

  #pattern(wanted: number, s: number, reference: number | undefined, r: number, c: number): number {
    const past = this.#at(reference, r, c);
    const west = this.#at(s, r, c - 1);
    const north = this.#at(s, r - 1, c);
    const guess = past || west || north;
    if (guess) {
      const context = [past !== 0, west !== 0, north !== 0, west === guess, north === guess].map(Number).join("");
      if (this.#coder.code(wanted === guess, `same pattern ${context}`)) return guess;
    }
    let path = "1";
    for (let shift = 31 - Math.clz32(this.#symbols); shift >= 0; shift--) {
      path += this.#coder.code(((wanted >> shift) & 1) !== 0, `pattern ${guess} ${path}`) ? "1" : "0";
    }
    return Number.parseInt(path.slice(1), 2);
  }
}
