/**
 * A reader written from FORMAT.md alone, sharing no code with src/: if it fails, the page or the program is wrong.
 * It knows the codecs noop and gzip, and takes a decoder for another one.
 */
import { gunzipSync } from "node:zlib";

export interface Chunk {
  readonly dtype: number;
  /** Codec shape. */
  readonly shape: readonly number[];
  readonly sections: ReadonlyMap<number, Uint8Array>;
  /** By value, not 0 where it is special. */
  readonly specials?: readonly number[];
}

export interface PlainTensor {
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

const WIDTH = [0, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 1];
const product = (extents: readonly number[]) => extents.reduce((all, extent) => all * extent, 1);

export class Cursor {
  at = 0;
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
  u8 = () => this.bytes[this.at++]!;
  u32 = () => this.u8() + 2 ** 8 * this.u8() + 2 ** 16 * this.u8() + 2 ** 24 * this.u8();
  f64 = () => new DataView(this.take(8).slice().buffer).getFloat64(0, true);
  take = (count: number) => {
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  };
  text = () => new TextDecoder().decode(this.take(this.varint()));
  varints = (count: number) => Array.from({ length: count }, () => this.varint());
  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }
}

function crc32c(bytes: Uint8Array): number {
  let state = 0xffffffff;
  for (const byte of bytes) {
    state ^= byte;
    for (let i = 0; i < 8; i++) state = state & 1 ? (state >>> 1) ^ 0x82f63b78 : state >>> 1;
  }
  return (state ^ 0xffffffff) >>> 0;
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

export function readPlainly(file: Uint8Array, decode?: (chunk: Chunk) => Uint8Array): PlainTensor {
  const from = new Cursor(file);
  must([...from.take(8)].join() === "137,84,80,90,13,10,26,10", "magic");
  must(from.u8() === 1 && from.u8() === 0, "version and flags");
  const headerEnd = from.varint() + from.at;
  const dtype = from.u8();
  const shape = from.varints(from.varint());
  const timeAxis = from.u8();
  for (let count = from.varint(); count > 0; count--) from.text();
  from.text();
  from.take([0, 8, 8, 8, 16][from.u8()]!);
  from.take(from.u8() === 0 ? 0 : 8);
  if (from.u8() === 1) from.f64();
  const codec = from.u8();
  from.text();
  must(from.varint() >= 1, "codec version");
  must(from.u8() <= 2, "effort");
  for (let count = from.varint(); count > 0; count--) {
    from.text();
    const kind = from.u8();
    if (kind === 0) from.varint();
    else if (kind === 1) from.f64();
    else if (kind === 2) from.u8();
    else from.text();
  }
  if (from.u8() === 1) from.take(from.varint());
  for (let count = from.varint(); count > 0; count--) from.text() + from.text();
  must(from.varint() === 0 && from.at === headerEnd, "extensions");
  must(crc32c(file.subarray(0, headerEnd)) === from.u32(), "header checksum");

  const trailer = new Cursor(file.subarray(file.length - 12));
  const indexLength = trailer.u32();
  const index = new Cursor(file.subarray(file.length - 12 - indexLength));
  must(crc32c(index.bytes.subarray(0, indexLength + 4)) === trailer.u32(), "index checksum");
  must([...trailer.take(4)].join() === "229,84,80,90", "end marker");
  shape[timeAxis] = index.varint();
  const stored = [shape[timeAxis]!, ...shape.filter((_, axis) => axis !== timeAxis)];
  let lead = 0;
  while (lead < stored.length - 1 && stored[lead] === 1) lead++;
  const width = WIDTH[dtype]!;
  const values = new Uint8Array(product(stored) * width);
  for (let count = index.varint(); count > 0; count--) {
    const offset = index.varint();
    const byteLength = index.varint();
    readChunk(new Cursor(file.subarray(offset, offset + byteLength)));
    // The rest of the entry repeats the chunk's header.
    index.varints(2 * stored.length);
    index.f64();
    for (let left = index.varint(); left > 0; left--) index.u8() + index.varint();
  }
  return { dtype, shape, bytes: timeBack(values) };

  function readChunk(chunk: Cursor): void {
    must(chunk.u32() === 0x435054c5 && chunk.u8() === 0, "chunk marker");
    const end = chunk.varint() + chunk.at;
    const origin = chunk.varints(stored.length);
    const extent = chunk.varints(stored.length);
    chunk.f64();
    const list = Array.from({ length: chunk.varint() }, () => [chunk.u8(), chunk.varint()] as const);
    const storedCrc = chunk.u32();
    const valuesCrc = chunk.u32();
    must(chunk.at === end && crc32c(chunk.bytes.subarray(0, end)) === chunk.u32(), "chunk header checksum");
    must(crc32c(chunk.bytes.subarray(chunk.at)) === storedCrc, "chunk checksum");
    const sections = new Map(list.map(([name, length]) => [name, chunk.take(length)]));
    const part = decodeChunk({ dtype, shape: extent.slice(lead), sections });
    must(crc32c(part) === valuesCrc, "checksum of the values");
    // Value by value: the place of each in the whole tensor.
    const at = extent.map(() => 0);
    for (let i = 0; i < part.length / width; i++) {
      const place = at.reduce((sum, x, k) => sum * stored[k]! + origin[k]! + x, 0);
      values.set(part.subarray(i * width, (i + 1) * width), place * width);
      for (let k = at.length - 1; k >= 0 && ++at[k]! === extent[k]; k--) at[k] = 0;
    }
  }

  function decodeChunk(chunk: Chunk): Uint8Array {
    const { sections } = chunk;
    const count = product(chunk.shape);
    const specials = sections.get(1);
    const special = specials && readSpecials(specials, chunk.shape, width);
    const constant = sections.get(8);
    let out: Uint8Array;
    if (constant) out = Uint8Array.from({ length: count * width }, (_, i) => constant[i % width]!);
    else if (codec === 1) out = sections.get(6)!.slice();
    else if (codec === 3) {
      const planes = gunzipSync(sections.get(6)!);
      out = Uint8Array.from({ length: count * width }, (_, i) => planes[(i % width) * count + Math.floor(i / width)]!);
    } else out = decode!(special ? { ...chunk, specials: special.map } : chunk);
    special?.put(out);
    const corrections = sections.get(7);
    if (corrections) {
      const list = new Cursor(corrections);
      let place = -1;
      for (const gap of list.varints(list.varint())) {
        place += 1 + gap;
        out.set(list.take(width), place * width);
      }
    }
    return out;
  }

  function timeBack(from: Uint8Array): Uint8Array {
    const inner = product(shape.slice(timeAxis + 1)) * width;
    const outer = product(shape.slice(0, timeAxis));
    const time = shape[timeAxis]!;
    const out = new Uint8Array(from.length);
    for (let t = 0; t < time; t++) {
      for (let o = 0; o < outer; o++) {
        const start = (t * outer + o) * inner;
        out.set(from.subarray(start, start + inner), (o * time + t) * inner);
      }
    }
    return out;
  }
}

function readSpecials(section: Uint8Array, shape: readonly number[], width: number) {
  const from = new Cursor(section);
  const head = from.u8();
  const known = head & 63;
  const symbols = known + (head >> 7);
  const count = from.varint();
  const dictionary = Array.from({ length: known }, () => from.take(width));
  const map = specialsMap(from.take(from.varint()), shape, symbols);
  must(map.filter((symbol) => symbol !== 0).length === count, "count of special values");
  const put = (into: Uint8Array) => {
    map.forEach((symbol, i) => {
      if (symbol !== 0) into.set(symbol > known ? from.take(width) : dictionary[symbol - 1]!, i * width);
    });
  };
  return { map, put };
}

function specialsMap(stream: Uint8Array, shape: readonly number[], symbols: number): number[] {
  const cols = shape.at(-1)!;
  const rows = shape.length > 1 ? shape.at(-2)! : 1;
  const frames = shape.length > 2 ? shape[0]! : 1;
  const slices = product(shape.slice(1, -2));
  const bit = arithmeticDecoder(stream);
  const counters = new Map<string, { p: number; n: number }>();
  const decide = (name: string): number => {
    const counter = counters.get(name) ?? { p: 2097152, n: 0 };
    counters.set(name, counter);
    const found = bit(Math.max(1, counter.p >> 6));
    const rate = Math.floor(655360 / (10 * counter.n + 16));
    counter.p += Number((BigInt((found ? 4194303 : 0) - counter.p) * BigInt(rate)) >> 16n);
    counter.n = Math.min(counter.n + 1, 64);
    return found;
  };
  const map: number[] = [];
  const size = rows * cols;
  for (let f = 0; f < frames; f++) {
    for (let s = 0; s < slices; s++) {
      const at = map.length;
      const reference = f > 0 ? at - slices * size : s > 0 ? at - size : -1;
      const has = reference >= 0;
      if (has && decide(`same ${f > 0}`)) {
        map.push(...map.slice(reference, reference + size));
        continue;
      }
      if (decide(`empty ${has}`)) {
        map.push(...new Array<number>(size).fill(0));
        continue;
      }
      // A symbol of this slice (row r, column x) or of its reference; 0 outside.
      const symbol = (start: number, r: number, x: number) =>
        start < 0 || r < 0 || r >= rows || x < 0 || x >= cols ? 0 : (map[start + r * cols + x] ?? 0);
      const flags = (start: number, r: number, first: number, last: number) => {
        let word = 0;
        for (let x = first; x <= last; x++) word = (word << 1) | (symbol(start, r, x) ? 1 : 0);
        return word;
      };
      let expected = 0;
      for (let r = 0; r < rows; r++) {
        expected = decide(`row ${expected} ${has}`);
        for (let x = 0; x < cols; x++) {
          if (expected) {
            map.push(has ? symbol(reference, r, x) : symbol(at, r - 1, x));
            continue;
          }
          const context = has
            ? flags(at, r, x - 1, x - 1) |
              (flags(at, r - 1, x - 1, x + 1) << 1) |
              (flags(reference, r, x - 1, x + 1) << 4) |
              (flags(reference, r - 1, x, x + 1) << 7) |
              (flags(reference, r + 1, x, x + 1) << 9)
            : flags(at, r, x - 2, x - 1) | (flags(at, r - 1, x - 1, x + 2) << 2) | (flags(at, r - 2, x, x) << 6);
          if (!decide(`special ${has} ${context}`)) map.push(0);
          else if (symbols === 1) map.push(1);
          else map.push(pattern(symbol(reference, r, x), symbol(at, r, x - 1), symbol(at, r - 1, x)));
        }
      }
    }
  }
  return map;

  function pattern(reference: number, left: number, above: number): number {
    const guess = reference || left || above;
    if (guess !== 0) {
      const known = (reference ? 1 : 0) | (left ? 2 : 0) | (above ? 4 : 0);
      if (decide(`guess ${known | (left === guess ? 8 : 0) | (above === guess ? 16 : 0)}`)) return guess;
    }
    const depth = 32 - Math.clz32(symbols);
    let node = 1;
    for (let i = 0; i < depth; i++) node = 2 * node + decide(`tree ${guess} ${node}`);
    return node - 2 ** depth;
  }
}

export function arithmeticDecoder(stream: Uint8Array): (chance: number) => number {
  let at = 0;
  const word = () => {
    let value = 0n;
    for (let i = 0; i < 4; i++) value = (value << 8n) | BigInt(stream[at++] ?? 0);
    return value;
  };
  let range = 2n ** 64n - 1n;
  let code = (word() << 32n) | word();
  return (chance) => {
    const bound = (range >> 16n) * BigInt(chance);
    const one = code < bound;
    if (one) range = bound;
    else {
      code -= bound;
      range -= bound;
    }
    if (range < 2n ** 32n) {
      code = ((code << 32n) | word()) & (2n ** 64n - 1n);
      range <<= 32n;
    }
    return one ? 1 : 0;
  };
}
