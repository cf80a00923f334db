/** Method sequential of tezip as FORMAT.md describes it; see plain-tezip.ts. */
import { arithmeticDecoder, type Chunk, type Cursor } from "./plain-reader.ts";
import { nearest } from "./plain-tezip-levels.ts";

type Offset = readonly [dy: number, dx: number];
const f32 = Math.fround;
const { abs, floor, imul, max, min, sqrt } = Math;
const bring = (v: number, least: number, most: number) => max(least, min(most, v));
const product = (extents: readonly number[]) => extents.reduce((all, extent) => all * extent, 1);
const sum = (list: readonly number[]) => list.reduce((all, v) => all + v, 0);
const bitsOf = (x: number) => new Uint32Array(new Float32Array([x]).buffer)[0]!;
const half = (x: number) => bring((bitsOf(x) >>> 22) - 241, 0, 47);

const offsets = (text: string): Offset[] =>
  [...text.matchAll(/\((-?\d),(-?\d)\)/g)].map(([, dy, dx]) => [Number(dy), Number(dx)]);
const OWN = offsets("(0,-1) (-1,0) (-1,-1) (-1,1) (0,-2) (-2,0) (-1,2) (-1,-2) (-2,-1) (-2,1) (0,-3) (-2,2)");
const PAST = offsets("(0,0) (0,1) (0,-1) (1,0) (-1,0) (1,1) (1,-1) (-1,1) (-1,-1) (0,2) (2,0) (0,-2) (-2,0)");
const EXPERTS = [0, 1, 2, 3, 4, 5] as const;
const NO_OPINION = EXPERTS.map(() => 0);

/** Tables of method 1. */
const U: number[] = [];
for (let power = 1; U.length <= 2815; power *= 1.0039138893383475) {
  U.push(min(65535, nearest((65536 * power) / (1 + power))));
}
const STRETCH: number[] = [];
for (let x = -2815; STRETCH.length < 16384; STRETCH.push(x)) {
  while (x < 2815 && (x >= 0 ? U[x]! : max(1, 65536 - U[-x]!)) < 4 * STRETCH.length + 2) x++;
}

// Functions.
const Y = new Float64Array(4098);
for (let i = 0, power = 1; i <= 2048; i++, power *= 1.0157477085866857) {
  Y[2048 + i] = power / (1 + power);
  Y[2048 - i] = 1 / (1 + power);
}
Y[4097] = Y[4096]!;
function logistic(x: number): number {
  const t = (bring(x, -32, 32) + 32) * 64;
  const i = floor(t);
  return Y[i]! + (Y[i + 1]! - Y[i]!) * (t - i);
}
function ln(x: number): number {
  const e = (new Uint32Array(new Float64Array([x]).buffer)[1]! >>> 20) - 1023;
  const m = x / 2 ** e;
  const C = 1 + (floor((m - 1) * 128) + 0.5) / 128;
  const z = (C - 1) / (C + 1);
  let s = 0;
  for (let k = 1, power = z; k <= 21; k += 2, power *= z * z) s += power / k;
  const r = m * (1 / C) - 1;
  return e * Math.LN2 + 2 * s + (r - 0.5 * r * r);
}
const opinion = (yes: number, no: number) => f32(ln((yes + 1e-7) / (no + 1e-7)));

/** Sums and weights of one speed and kind. */
class Squares {
  R: number[][];
  r: number[];
  W: number[];
  seen = 0;
  constructor(taps: number) {
    this.R = Array.from({ length: taps }, (_, i) => new Array<number>(i + 1).fill(0));
    this.r = this.R.map(() => 0);
    this.W = [...this.r];
  }
  guess = (b: number, d: readonly number[]) => b + sum(d.map((v, k) => this.W[k]! * v));
  learn(d: readonly number[], residual: number, keep: number, share: number, every: number): void {
    for (let i = 0; i < d.length; i++) {
      for (let j = 0; j <= i; j++) this.R[i]![j] = this.R[i]![j]! * keep + share * d[j]! * d[i]!;
      this.r[i] = this.r[i]! * keep + share * d[i]! * residual;
    }
    if (++this.seen % every === 0) this.solve();
  }
  solve(): void {
    const L = this.R.map((row) => [...row]);
    const y = [...this.r];
    for (const [i, row] of L.entries()) {
      for (let j = 0; j <= i; j++) {
        for (let k = 0; k < j; k++) row[j]! -= row[k]! * L[j]![k]!;
        if (i === j && !(row[i]! + 0.001 > 1e-9)) return;
        row[j] = i === j ? sqrt(row[i]! + 0.001) : row[j]! / L[j]![j]!;
      }
      for (let k = 0; k < i; k++) y[i]! -= row[k]! * y[k]!;
      y[i]! /= row[i]!;
    }
    for (let i = y.length - 1; i >= 0; i--) {
      for (let k = y.length - 1; k > i; k--) y[i]! -= L[k]![i]! * y[k]!;
      y[i]! /= L[i]![i]!;
    }
    this.W = y;
  }
}

type Surroundings = { hashes: readonly number[]; sets: readonly [number, number] };

/** Decisions of one stream, with counters, weights and maps of their own. */
function decisions(stream: Uint8Array) {
  const bit = arithmeticDecoder(stream);
  const P = new Int32Array(7 * 2 * 65536).fill(2097152);
  const N = new Int32Array(P.length);
  const weights = Array.from({ length: 2 * 48 * 64 }, () => new Float32Array(24).fill(0.06));
  const maps = Array.from({ length: 48 * 64 }, () => new Float32Array(33).map((_, j) => logistic((j - 16) / 2)));

  const raw = (count: number): number => (count === 0 ? 0 : 2 * raw(count - 1) + bit(32768));
  const decide = ({ hashes, sets }: Surroundings, node: number, opinions: readonly number[]): boolean => {
    const counters = hashes.flatMap((hash, c) => {
      const place = imul(hash + imul(node, 0x9e3779b1), 0x85ebca6b) >>> 16;
      return [c * 131072 + place, c * 131072 + 65536 + place];
    });
    const inputs = [...counters.map((at) => STRETCH[P[at]! >> 8]! / 256), ...opinions, f32(0.3), 0, 0, 0];
    const both = sets.map((set, i) => weights[(i * 48 + set) * 64 + node]!);
    const sums = both.map((weight) => {
      const t = [0, 0, 0, 0];
      for (let i = 0; i < 24; i++) t[i % 4] = f32(t[i % 4]! + f32(weight[i]! * inputs[i]!));
      return f32(f32(t[0]! + t[2]!) + f32(t[1]! + t[3]!));
    });
    const odds = f32(0.5 * f32(sums[0]! + sums[1]!));
    const map = maps[sets[0] * 64 + node]!;
    const v = f32(f32(bring(odds, f32(-7.99), f32(7.99)) + 8) * 2);
    const j = floor(v);
    const [l, u] = [f32(1 - f32(v - j)), f32(v - j)];
    const mapped = f32(f32(map[j]! * l) + f32(map[j + 1]! * u));
    const found = bit(bring(floor(f32(f32(0.5 * f32(f32(logistic(odds)) + mapped)) * 65536)), 1, 65535));

    map[j]! += f32(f32(f32(found - map[j]!) * f32(0.02)) * l);
    map[j + 1]! += f32(f32(f32(found - map[j + 1]!) * f32(0.02)) * u);
    both.forEach((weight, set) => {
      const e = f32(f32(found - f32(logistic(sums[set]!))) * f32(0.006));
      for (let i = 0; i < 24; i++) weight[i]! += f32(e * inputs[i]!);
    });
    counters.forEach((at, i) => {
      P[at]! += floor(((4194303 * found - P[at]!) * floor(655360 / (10 * N[at]! + 16))) / 65536);
      N[at] = min(N[at]! + 1, i % 2 === 0 ? 500 : 10);
    });
    return found === 1;
  };
  return { decide, raw };
}

/** What is kept of a place: its index, its offset, the errors of the experts. */
interface Place {
  readonly q: number;
  readonly o: number;
  readonly E: readonly number[];
}
const START: Place = { q: 0, o: 0, E: [4, 4, 4, 4, 4, 4] };

/** Indices in C order, and what turns them into values. */
export function sequential(side: Cursor, { shape, sections, dtype, specials }: Chunk) {
  const eight = dtype === 6 || dtype === 10;
  const number = () => (eight ? new BigUint64Array(side.take(8).slice().buffer)[0]! : side.f64());
  const [base, step] = [number(), number()];
  const least = side.varint() - 2 ** 28;
  const most = least + side.varint();
  if (side.at !== side.bytes.length) throw new Error("side");
  const inRange = (g: number) => (g > least ? min(g, most) : least);

  const axes = shape.filter((extent) => extent !== 1);
  const [width, height] = [axes.at(-1) ?? 1, axes.at(-2) ?? 1];
  const [count, floors] = [product(axes.slice(0, -2)), product(axes.slice(1, -2))];
  const pastsOf = (p: number): number[] => {
    if (floors === 1 || p < floors) return [p - 1, p - 2].filter((past) => past >= 0);
    return p % floors > 0 ? [p - floors, p - 1] : [p - floors];
  };
  const kinds = [12, 25, 34].map((taps) => [new Squares(taps), new Squares(taps)] as const);
  const { decide, raw } = decisions(sections.get(4)!);
  /** Offset of q from the centre, by experts who think that it is spread around g. */
  const offset = (around: Surroundings, g: readonly number[], S: readonly number[], centre: number): number => {
    const [FROM, TO] = [EXPERTS.map(() => 0), EXPERTS.map(() => 1)];
    const below = (x: number) => EXPERTS.map((i) => logistic((x - g[i]!) * (1 / (S[i]! * 0.5 + 0.06))));
    const cut = (node: number, x: number): boolean => {
      const share = below(x).map((v, i) => bring(v, FROM[i]!, TO[i]!));
      const opinions = share.map((v, i) => opinion(v - FROM[i]!, TO[i]! - v));
      const yes = decide(around, node, opinions);
      (yes ? TO : FROM).splice(0, 6, ...share);
      return yes;
    };
    const far = (): number => {
      let i = 0;
      while (i < 30 && decide(around, 44 + min(i, 6), NO_OPINION)) i++;
      return 2 ** i + raw(i) - 1;
    };
    const G = bring((bitsOf(S[5]!) >>> 23) - 128, 0, 26);
    if (G === 0) {
      const [low, high] = [below(centre - 0.5), below(centre + 0.5)];
      const middle = low.map((v, i) => opinion(high[i]! - v, 1 - (high[i]! - v)));
      if (decide(around, 0, middle)) return 0;
      const sides = low.map((v, i) => opinion(v, 1 - high[i]!));
      const down = decide(around, 1, sides);
      (down ? TO : FROM).splice(0, 6, ...(down ? low : high));
      let k = 1;
      while (k < 12 && (down ? cut(1 + k, centre - k - 0.5) : !cut(21 + k, centre + k + 0.5))) k++;
      if (k === 12) k += far();
      return down ? -k : k;
    }
    const [unit, x] = [2 ** G, centre - 0.5];
    const down = cut(1, x);
    let k = 0;
    while (k < 17 && (down ? cut(2 + k, x - (k + 1) * unit) : !cut(22 + k, x + (k + 1) * unit))) k++;
    if (k === 17) k += far();
    let a = down ? x - (k + 1) * unit : x + k * unit;
    let m = 0;
    for (let i = G - 1; i >= max(0, G - 2); i--) {
      if (cut(52 + 2 * (G - 1 - i) + (down ? 1 : 0), a + 2 ** i)) continue;
      m += 2 ** i;
      a += 2 ** i;
    }
    m += raw(max(0, G - 2));
    return down ? -1 - (k * unit + unit - 1 - m) : k * unit + m;
  };

  const planes: ((y: number, x: number) => Place)[] = [];
  const indices: number[] = [];
  const sign = (o: number) => (o === 0 ? 0 : (o > 0 ? 1 : 3) + (abs(o) > 2 ? 1 : 0));
  for (let p = 0; p < count; p++) {
    const [first, second] = pastsOf(p).map((past) => planes[past]!);
    const kind = second ? 2 : first ? 1 : 0;
    const [quick, slow] = kinds[kind]!;
    const rows: Place[][] = [];
    const own = (y: number, x: number): Place => {
      if (y < 0) return first ? first(0, x) : START;
      if (y >= height) return own(height - 1, x);
      return x < 0 ? own(y - 1, 0) : rows[y]![min(x, width - 1)]!;
    };
    planes.push(own);

    const place = (y: number, x: number): Place => {
      const e = (dy: number, dx: number) => own(y + dy, x + dx);
      const f = (dy: number, dx: number) => first?.(y + dy, x + dx) ?? START;
      const [w, n, nw] = [e(0, -1).q, e(-1, 0).q, e(-1, -1).q];
      const [c, cw, cn, cnw] = [f(0, 0).q, f(0, -1).q, f(-1, 0).q, f(-1, -1).q];
      const b = first ? (w + n + 2 * c) * 0.25 : (w + n) * 0.5;
      const taps = OWN.map(([dy, dx]) => e(dy, dx).q);
      if (first) taps.push(...PAST.map(([dy, dx]) => f(dy, dx).q));
      if (second) taps.push(...PAST.slice(0, 9).map(([dy, dx]) => second(y + dy, x + dx).q));
      const d = taps.map((tap) => tap - b);
      const g = [
        quick.guess(b, d),
        slow.guess(b, d),
        bring(w + n - nw, min(w, n), max(w, n)),
        first ? c : w,
        first ? w + n - nw + (c - cw - cn + cnw) : n,
      ].map(inRange);

      // Scales.
      const S = EXPERTS.map((i) => {
        const E = (at: Place, also: Place) => f32(at.E[i]! + also.E[i]!);
        const s = f32(f32(2 * E(e(0, -1), e(-1, 0)) + E(e(-1, -1), e(-1, 1))) + E(e(0, -2), e(-2, 0)));
        if (!first) return f32(s * 0.125);
        return f32(f32(f32(s + 2 * f(0, 0).E[i]!) + E(f(0, 1), f(1, 0))) * f32(0.0833333358168602));
      });
      const H = S.slice(0, 5).map((scale) => {
        const h = f32(scale + f32(0.1));
        const inverse = f32(1 / f32(h * h));
        return f32(inverse * inverse);
      });
      const total = sum(H);
      const blend = inRange(sum(H.map((h, i) => h * g[i]!)) / total);
      g.push(blend);
      const spread = f32(sqrt(sum(H.map((h, i) => h * ((g[i]! - blend) * (g[i]! - blend)))) / total));
      const centre = floor(blend + 0.5);
      if (specials?.[p * width * height + y * width + x]) return { q: centre, o: 0, E: S };

      // Surroundings.
      const sixth = bring(floor((blend - centre + 0.5) * 6), 0, 5);
      const [size, wide] = [half(S[5]!), half(spread)];
      const [ow, on, oc] = [e(0, -1).o, e(-1, 0).o, f(0, 0).o];
      const beside = sum([e(0, -1), e(-1, 0), e(-1, -1), e(-1, 1)].map(({ o }) => abs(o)));
      const before = sum([f(0, 0), f(0, 0), f(0, 1), f(0, -1), f(1, 0), f(-1, 0)].map(({ o }) => abs(o)));
      const [c1, m] = first ? [c, f(0, 1).q] : [e(0, -2).q, e(-2, 0).q];
      const hash = (one: number, two: number, three: number) =>
        imul(imul(imul(kind * 131 + one, 0x9e3779b1) + two, 0x85ebca6b) + three, 0xc2b2ae35);
      const around: Surroundings = {
        hashes: [
          hash(size, sixth, 0),
          hash(half(f32(beside * 0.25)), half(f32(f32(before) * f32(0.1666666716337204))), sixth),
          hash((sign(ow) * 5 + sign(on)) * 5 + sign(oc), size >> 1, 0),
          hash(wide, size, sixth),
          hash(w - centre, n - centre, 0),
          hash(c1 - centre, m - centre, 0),
          hash(w - centre, c1 - centre, e(-1, 1).q - centre),
        ],
        sets: [size, sixth + 6 * floor(wide / 6)],
      };
      const found = offset(around, g, S, centre);
      const q = centre + found;
      if (q < least || q > most) throw new Error("index");
      quick.learn(d, q - b, 0.996, 1 - 0.996, 8);
      slow.learn(d, q - b, 0.9999, (1 - 0.9999) / (S[5]! + 0.3), 64);
      return { q, o: bring(found, -(2 ** 20), 2 ** 20), E: g.map((guess) => f32(abs(q - guess))) };
    };
    for (let y = 0; y < height; y++) {
      rows.push([]);
      for (let x = 0; x < width; x++) rows[y]!.push(place(y, x));
    }
    indices.push(...rows.flat().map(({ q }) => q));
  }
  return { base, step, indices, exact: sections.get(5)! };
}
