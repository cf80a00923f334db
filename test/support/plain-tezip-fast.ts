/** Method fast of tezip as FORMAT.md describes it; see plain-tezip.ts. */
import { arithmeticDecoder, type Chunk, type Cursor } from "./plain-reader.ts";

const signed = (v: number) => (v % 2 === 1 ? -(v + 1) / 2 : v / 2);

/** Places of a fitted filter: plane 0 is the value's own, 1 and 2 are past planes. */
const PLACES: readonly (readonly [plane: number, dy: number, dx: number])[] = [
  [0, 0, -1],
  [0, 0, -2],
  ...[-2, -1, 1, 2].map((dx) => [0, -1, dx] as const),
  ...[-1, 0, 1].map((dx) => [0, -2, dx] as const),
  ...[1, 2].flatMap((past) => [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => [past, dy, dx] as const))),
];
const place = (plane: number, dy: number, dx: number) =>
  PLACES.findIndex(([p, y, x]) => p === plane && y === dy && x === dx);
function fixed(number: number): Map<number, number> {
  const lorenzo = [
    [place(0, 0, -1), 1],
    [place(0, -1, -1), -1],
  ] as const;
  const solid = (past: number) =>
    [
      [place(past, 0, 0), 1],
      [place(past, 0, -1), -1],
      [place(past, -1, 0), -1],
      [place(past, -1, -1), 1],
    ] as const;
  if (number === 3) return new Map(lorenzo);
  if (number === 4) return new Map([[place(0, 0, -1), 1]]);
  if (number === 5) return new Map();
  if (number === 6) return new Map([[place(1, 0, 0), 1]]);
  if (number === 7) return new Map([...lorenzo, ...solid(1)]);
  if (number === 8) return new Map([[place(2, 0, 0), 1]]);
  if (number === 9) return new Map([...lorenzo, ...solid(2)]);
  throw new Error("fixed filter");
}

/** A plane of indices or magnitudes that answers for its margins. */
interface Grid {
  at(y: number, x: number): number;
}

/** Indices in C order, and what turns them into values. */
export function fast(side: Cursor, { shape, sections, dtype }: Chunk) {
  const flags = side.u8();
  const [bins, shift] = [flags & 1 ? 3 : 1, flags & 2 ? 6 : 12];
  if (flags > 3) throw new Error("flags");
  const scale = side.u8();
  const eight = dtype === 6 || dtype === 10;
  const number = () => {
    const bytes = side.take(8).slice();
    const view = new DataView(bytes.buffer);
    return eight ? view.getBigUint64(0, true) : view.getFloat64(0, true);
  };
  const [base, step] = [number(), number()];

  const axes = shape.filter((extent) => extent !== 1);
  const width = axes.at(-1) ?? 1;
  const height = axes.at(-2) ?? 1;
  const product = (extents: readonly number[]) => extents.reduce((all, extent) => all * extent, 1);
  const count = product(axes.slice(0, -2));
  const floors = product(axes.slice(1, -2));
  const pastsOf = (p: number): { kind: number; pasts: number[] } => {
    const first = floors === 1 ? p >= 1 : p % floors > 0;
    const second = floors === 1 ? p - 2 : p - floors;
    return {
      kind: (first ? 1 : 0) + (second >= 0 ? 2 : 0),
      pasts: [...(first ? [p - 1] : []), ...(second >= 0 ? [second] : [])],
    };
  };
  const kinds = new Set(Array.from({ length: count }, (_, p) => pastsOf(p).kind));
  const filters = new Map<number, Map<number, number>>();
  for (const kind of [...kinds].sort()) {
    const head = side.u8();
    if (head > 2) filters.set(kind, new Map([...fixed(head)].map(([k, weight]) => [k, weight * 2 ** shift])));
    else filters.set(kind, new Map(side.varints(9 * (1 + head)).map((v, k) => [k, signed(v)])));
  }
  const fromLeft = new Map([[place(0, 0, -1), 2 ** shift]]);
  const groups = [...side.take(26)];
  const weights = side.take(side.varint());
  const lengths = side.varints(6);
  if (side.at !== side.bytes.length) throw new Error("side");

  // Tables of frequencies.
  const bit = arithmeticDecoder(weights);
  const chances = new Map<string, number>();
  let before = 0;
  const tables = Array.from({ length: (Math.max(...groups) + 1) * bins }, () => {
    const list = Array.from({ length: 64 }, () => {
      let node = 1;
      for (let i = 0; i < 4; i++) {
        const key = `${before} ${node}`;
        const p = chances.get(key) ?? 32768;
        const found = bit(p);
        chances.set(key, found ? p + ((65536 - p) >> 4) : p - (p >> 4));
        node = 2 * node + found;
      }
      const length = node - 16;
      before = length;
      if (length === 0) return 0;
      let weight = 1;
      const kept = Math.min(3, length - 1);
      for (let i = 0; i < kept; i++) weight = 2 * weight + bit(32768);
      return weight * 2 ** (length - 1 - kept);
    });
    const sum = list.reduce((all, weight) => all + weight, 0);
    const frequencies = list.map((w) =>
      w === 0 ? 0 : Math.max(1, Math.floor((4096 * w + Math.floor(sum / 2)) / sum)),
    );
    for (;;) {
      const left = 4096 - frequencies.reduce((all, frequency) => all + frequency, 0);
      if (left === 0) break;
      const largest = frequencies.indexOf(Math.max(...frequencies));
      frequencies[largest]! += left > 0 ? left : Math.max(left, -Math.floor(frequencies[largest]! / 2));
    }
    return frequencies;
  });

  // Streams.
  const codes = sections.get(4)!;
  const escapes = sections.get(5)!;
  const [c0, l0, e0, c1, l1, e1] = lengths as [number, number, number, number, number, number];
  const part = (from: Uint8Array, start: number, length: number) => from.subarray(start, start + length);
  const streams = [
    [part(codes, 0, c0), part(codes, c0 + c1, l0), part(escapes, 0, e0)] as const,
    [part(codes, c0, c1), part(codes, c0 + c1 + l0, l1), part(escapes, e0, e1)] as const,
  ].map(([symbols, low, escaped]) => {
    let at = 0;
    let lowBit = 0;
    let nextEscape = 0;
    const word = () => symbols[at++]! + 256 * symbols[at++]!;
    let state = symbols.length > 0 ? word() + 65536 * word() : 65536;
    return {
      symbol(table: readonly number[]): number {
        const slot = state % 4096;
        let start = 0;
        let found = 0;
        while (start + table[found]! <= slot) start += table[found++]!;
        state = table[found]! * Math.floor(state / 4096) + slot - start;
        if (state < 65536) state = state * 65536 + word();
        return found;
      },
      low(k: number): number {
        let value = 0;
        for (let i = 0; i < k; i++, lowBit++) value += 2 ** i * ((low[lowBit >> 3]! >> (lowBit & 7)) & 1);
        return value;
      },
      escape(): number {
        let value = 0;
        for (let unit = 1; ; unit *= 128) {
          const byte = escaped[nextEscape++]!;
          value += (byte & 127) * unit;
          if (byte < 128) return signed(value % 2 ** 32);
        }
      },
      done: () =>
        state === 65536 && at === symbols.length && nextEscape === escaped.length && low.length * 8 - lowBit < 8,
    };
  });

  const start = (level: number) => (level < 4 ? level : (2 + (level % 2)) * 2 ** (Math.floor(level / 2) - 1));
  const indices: (Grid & { rows: number[][] })[] = [];
  const magnitudes: (Grid & { rows: number[][] })[] = [];
  for (let p = 0; p < count; p++) {
    const { kind, pasts } = pastsOf(p);
    const past = pasts.map((other) => indices[other]!);
    const pastM = pasts.length > 0 ? magnitudes[pasts[0]!]! : undefined;
    const stream = streams[p % 2]!;
    const q = {
      rows: [] as number[][],
      at(y: number, x: number): number {
        if (y < 0) return past[0] ? past[0].at(0, x) : 0;
        if (y >= height) return this.at(height - 1, x);
        return x < 0 ? this.at(y - 1, 0) : this.rows[y]![Math.min(x, width - 1)]!;
      },
    };
    const m = {
      rows: [] as number[][],
      at(y: number, x: number): number {
        if (y < 0) return pastM ? pastM.at(0, x) : 0;
        return this.rows[Math.min(y, height - 1)]![Math.max(0, Math.min(x, width - 1))]!;
      },
    };
    indices.push(q);
    magnitudes.push(m);
    for (let y = 0; y < height; y++) {
      q.rows.push([]);
      m.rows.push([]);
      const filter = y === 0 && pasts.length === 0 ? fromLeft : filters.get(kind)!;
      const planes = [q, ...past];
      for (let x = 0; x < width; x++) {
        const n = q.at(y - 1, x);
        let v = 2 ** (shift - 1);
        for (const [k, weight] of filter) {
          if (weight === 0) continue;
          const [plane, dy, dx] = PLACES[k]!;
          v = (v + Math.imul(weight, planes[plane]!.at(y + dy, x + dx) - n)) | 0;
        }
        const f = (((v % 2 ** shift) + 2 ** shift) % 2 ** shift) - 2 ** (shift - 1);
        const turn = bins === 3 && f < 0;
        let s =
          m.at(y - 1, x - 2) + m.at(y - 1, x + 2) + 2 * (m.at(y - 1, x - 1) + m.at(y - 1, x + 1) + m.at(y - 2, x));
        s += 4 * m.at(y - 1, x);
        if (pastM) {
          s += 4 * pastM.at(y, x) + pastM.at(y, x - 1) + pastM.at(y, x + 1) + pastM.at(y - 1, x) + pastM.at(y + 1, x);
        } else s += s >> 1;
        const left = (d: number) => (x >= d ? m.rows[y]![x - d]! : m.at(y - 1, 0));
        const a = s + 8 * left(1) + 4 * left(2);
        let level = 25;
        while (start(level) > a) level--;
        let k = 0;
        while (start(level) * 2 ** scale >= 160 * 2 ** k) k++;
        const g = (turn ? -f : f) * 2 ** (32 - shift) - (turn ? 1 : 0);
        const bin = bins === 1 ? 0 : (3 * Math.floor(g / 65536)) >> 15;
        const symbol = stream.symbol(tables[groups[level]! * bins + bin]!);
        const r = symbol === 0 ? stream.escape() : (symbol - 32) * 2 ** k + stream.low(k);
        q.rows[y]!.push((n + (v >> shift) + (turn ? -r : r)) | 0);
        m.rows[y]!.push(Math.min(255, Math.floor(Math.abs(r) / 2 ** scale)));
      }
    }
  }
  if (!streams.every((stream) => stream.done())) throw new Error("streams");
  return { base, step, indices: indices.flatMap(({ rows }) => rows.flat()), exact: escapes.subarray(e0 + e1) };
}
