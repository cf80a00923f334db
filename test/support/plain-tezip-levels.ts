/** Method levels of tezip as FORMAT.md describes it; see plain-tezip.ts. */
import { arithmeticDecoder, type Chunk, type Cursor } from "./plain-reader.ts";

type Offset = readonly [dy: number, dx: number];
interface Tap {
  readonly slot: number;
  readonly dy: number;
  readonly dx: number;
}
interface Class {
  readonly references: number;
  readonly boxes: number;
}
interface Plane {
  readonly plane: number;
  readonly references: readonly number[];
  readonly klass: number;
}

const offsets = (text: string): Offset[] =>
  [...text.matchAll(/\((-?\d),(-?\d)\)/g)].map(([, dy, dx]) => [Number(dy), Number(dx)]);

const INSIDE = [
  offsets("(-1,-1) (-1,1) (1,-1) (1,1) (-1,-3) (-1,3) (1,-3) (1,3) (-3,-1) (-3,1) (3,-1) (3,1)"),
  offsets(
    "(0,-1) (0,1) (-1,0) (1,0) (0,-3) (0,3) (-1,-2) (-1,2) (1,-2) (1,2) (-2,-1) (-2,1) (2,-1) (2,1) (-3,0) (3,0)",
  ),
  offsets(
    "(-1,0) (1,0) (0,-1) (0,1) (-3,0) (3,0) (-2,-1) (-2,1) (2,-1) (2,1) (-1,-1) (-1,1) (1,-1) (1,1) (-1,-2) (-1,2) (1,-2) (1,2) (0,-3) (0,3)",
  ),
];
const NINE = offsets("(0,0) (-1,-1) (-1,0) (-1,1) (0,-1) (0,1) (1,-1) (1,0) (1,1)");
const FIVE = [
  offsets("(0,0) (-1,-1) (-1,1) (1,-1) (1,1)"),
  offsets("(0,0) (-1,0) (0,-1) (0,1) (1,0)"),
  offsets("(0,0) (-1,0) (0,-1) (0,1) (1,0)"),
];
const NEAREST = [
  offsets("(-1,-1) (-1,1) (1,-1) (1,1)"),
  offsets("(-1,0) (1,0) (0,-1) (0,1)"),
  offsets("(-1,0) (1,0) (0,-1) (0,1)"),
];

function tapsOf({ references, boxes }: Class, phase: number): Tap[] {
  const taps = INSIDE[phase]!.map(([dy, dx]) => ({ slot: -1, dy, dx }));
  for (let slot = 0; slot < references; slot++) {
    for (const [dy, dx] of slot < boxes ? NINE : FIVE[phase]!) taps.push({ slot, dy, dx });
  }
  return taps;
}

function planOf(times: number, levels: number, order: number): { planes: Plane[]; classes: Class[] } {
  const names: string[] = [];
  const classes: Class[] = [];
  const planes: Plane[] = [];
  const put = (name: string, boxes: number, plane: number, ...references: number[]) => {
    if (!names.includes(name)) {
      names.push(name);
      classes.push({ references: references.length, boxes });
    }
    planes.push({ plane, references, klass: names.indexOf(name) });
  };
  const forward = (t: number, d: number, prefix = "") => {
    if (t === 0) put(`${prefix}first`, 0, t);
    else if (t === d) put(`${prefix}second`, 1, t, t - d);
    else put(`${prefix}third`, 1, t, t - d, t - 2 * d);
  };
  if (levels > 1) {
    for (let t = 0; t < times; t++) {
      for (let z = 0; z < levels; z++) {
        const p = t * levels + z;
        const before = p - levels;
        if (t === 0) forward(z, 1, "bottom ");
        else if (z === 0) put("ground", 1, p, before);
        else if (z === 1) put("above ground", 1, p, before, p - 1, before - 1);
        else put("above", 1, p, before, p - 1, before - 1, p - 2);
      }
    }
  } else if (order === 0) for (let t = 0; t < times; t++) forward(t, 1);
  else {
    for (let t = 0; t < times; t += 8) forward(t, 8);
    for (const d of [4, 2, 1]) {
      for (let t = d; t < times; t += 2 * d) {
        if (t + d < times) put(`between ${d}`, 2, t, t - d, t + d);
        else if (t >= 2 * d) put(`after ${d}`, 1, t, t - d, t - 2 * d);
        else put(`next ${d}`, 1, t, t - d);
      }
    }
  }
  return { planes, classes };
}

const length = (v: number) => 32 - Math.clz32(v);
const bring = (v: number, least: number, most: number) => Math.max(least, Math.min(most, v));

export function nearest(x: number): number {
  const up = Math.round(x);
  return up - x === 0.5 && up % 2 !== 0 ? up - 1 : up;
}

const SQUASH = (() => {
  const u: number[] = [];
  for (let x = 0, power = 1; x <= 2815; x++, power *= 1.0039138893383475) {
    u.push(Math.min(65535, nearest((65536 * power) / (1 + power))));
  }
  return (x: number) => {
    const v = bring(x, -2815, 2815);
    return v >= 0 ? u[v]! : Math.max(1, 65536 - u[-v]!);
  };
})();
const STRETCH = Array.from({ length: 16384 }, () => 0);
for (let i = 0, x = -2815; i < 16384; i++) {
  while (x < 2815 && SQUASH(x) < 4 * i + 2) x++;
  STRETCH[i] = x;
}

interface Context {
  readonly views: readonly number[];
  readonly set: number;
  readonly sign: number;
  readonly guess: number;
}
const ESCAPE = Number.NaN;

/** Codes of one stream, with counters and weights of their own. */
function codeReader(stream: Uint8Array) {
  const bit = arithmeticDecoder(stream);
  const counters = new Map<string, { p: number; n: number }>();
  const weights = new Map<string, number[]>();
  const raw = (count: number) => {
    let value = 0;
    for (let i = 0; i < count; i++) value = 2 * value + bit(32768);
    return value;
  };
  const decide = ({ views, set }: Context, node: number): number => {
    const three = views.map((view, j) => {
      const key = `${j} ${view} ${node}`;
      if (!counters.has(key)) counters.set(key, { p: 2097152, n: 0 });
      return counters.get(key)!;
    });
    const key = `${set} ${node}`;
    if (!weights.has(key)) weights.set(key, [26000, 26000, 26000]);
    const w = weights.get(key)!;
    const s = three.map(({ p }) => STRETCH[p >> 8]!);
    const chance = SQUASH(Math.floor((w[0]! * s[0]! + w[1]! * s[1]! + w[2]! * s[2]!) / 65536));
    const found = bit(chance);
    const e = 65536 * found - chance;
    for (let j = 0; j < 3; j++) {
      w[j]! += (s[j]! * e + 16384) >> 15;
      const counter = three[j]!;
      const rate = Math.floor(655360 / (10 * counter.n + 16));
      counter.p += Math.floor(((4194303 * found - counter.p) * rate) / 65536);
      counter.n = Math.min(counter.n + 1, 255);
    }
    return found;
  };
  const read = (context: Context): number => {
    let t = context.guess;
    let L: number;
    if (decide(context, t)) {
      while (t < 28 && decide(context, t + 1)) t++;
      L = t;
    } else {
      while (t > 1 && !decide(context, 28 + t - 1)) t--;
      L = t - 1;
    }
    if (L === 0) return 0;
    if (L === 28) return ESCAPE;
    const negative = decide(context, 116 + context.sign);
    let m = 1;
    let f = 0;
    if (L >= 2) {
      f = decide(context, 56 + L);
      m = 2 * m + f;
    }
    if (L >= 3) m = 2 * m + (L <= 17 ? decide(context, 80 + 2 * L + f) : raw(1));
    if (L >= 4) m = m * 2 ** (L - 3) + raw(L - 3);
    return negative ? -m : m;
  };
  return { read, raw };
}

/** Place of a float among all floats, and back. */
function places(wide: boolean) {
  const view = new DataView(new ArrayBuffer(8));
  const bits = wide ? 63n : 31n;
  const mask = (1n << bits) - 1n;
  return {
    of(x: number): bigint {
      if (Number.isNaN(x)) return 0n;
      if (wide) view.setFloat64(0, x);
      else view.setFloat32(0, x);
      const word = wide ? view.getBigUint64(0) : BigInt(view.getUint32(0));
      return word >> bits ? -(word & mask) : word;
    },
    float(n: bigint): number {
      const word = ((n < 0n ? -n : n) & mask) | (n < 0n ? 1n << bits : 0n);
      if (wide) view.setBigUint64(0, word);
      else view.setUint32(0, Number(word));
      return wide ? view.getFloat64(0) : view.getFloat32(0);
    },
  };
}

/** Working values of a chunk in C order, and what its side says about them. */
export function levels(side: Cursor, chunk: Chunk) {
  const flags = side.u8();
  const [mapping, wide, order, learns] = [flags & 7, (flags & 8) !== 0, (flags >> 4) & 1, (flags & 32) !== 0];
  if (flags >> 6 || mapping > 4) throw new Error("flags");
  const step = side.f64();
  const low = mapping === 4 ? side.u8() : 0;
  const lattice = mapping === 2 ? [side.f64(), side.f64()] : [];
  const T: (x: number) => number = wide ? (x) => x : Math.fround;
  const whole = mapping === 1 || mapping === 2 || mapping === 3;

  const { shape } = chunk;
  const width = shape.at(-1)!;
  const height = shape.length >= 3 ? shape.at(-2)! : 1;
  const times = shape.length === 1 ? 1 : shape[0]!;
  const floors = shape.slice(1, -2).reduce((product, extent) => product * extent, 1);
  const { planes, classes } = planOf(times, floors, order);
  const size = width * height;

  // Filters.
  const filters = new Map<string, number[]>();
  const coded = codeReader(side.take(side.bytes.length - side.at));
  classes.forEach((kind, klass) => {
    for (let group = 0; group < 5; group++) {
      for (let phase = 0; phase < 3; phase++) {
        let used = false;
        for (let s = 1; s < Math.max(height, width); s *= 2) {
          const here = Math.min(4, Math.log2(s)) === group;
          if (here && (phase === 1 || height > s) && (phase === 2 || width > s)) used = true;
        }
        if (!used) continue;
        const numbers: number[] = [];
        const K = tapsOf(kind, phase).length;
        for (let i = 0, before = 0; i < K; i++) {
          const n = Math.min(20, length(Math.abs(before)));
          before = coded.read({ views: [n, Math.min(i, 100), 0], set: 0, sign: 0, guess: Math.max(1, n) });
          numbers.push(before);
        }
        const [shift, ...weights] = numbers;
        filters.set(`${klass} ${group} ${phase}`, [0, ...weights.map((weight) => T(weight / 2 ** shift!))]);
      }
    }
  });

  // Values.
  const stream = new Uint8Array([...chunk.sections.get(3)!, ...chunk.sections.get(4)!]);
  const { read, raw } = codeReader(stream);
  const escapes = chunk.sections.get(5)!;
  const escaped = new DataView(escapes.buffer, escapes.byteOffset, escapes.byteLength);
  let nextEscape = 0;
  const values = Array.from({ length: planes.length }, () => new Array<number>(size).fill(0));
  const codes = Array.from({ length: planes.length }, () => new Array<number>(size).fill(0));
  const states = new Map<string, { A: number[]; U: number; V: number }>();
  const floats = places(wide);

  for (const { plane, references, klass } of planes) {
    const known = [values[plane]!, ...references.map((r) => values[r]!)];
    const own = codes[plane]!;
    const past = references.length > 0 ? codes[references[0]!]! : undefined;

    const value = (y: number, x: number, s: number, phase: number) => {
      const i = y * width + x;
      const top = s >= height && s >= width && y === 0 && x === 0;
      const taps = top ? [] : tapsOf(classes[klass]!, phase);
      const group = Math.min(4, Math.log2(s));
      const key = `${klass} ${group} ${phase}`;
      const C = filters.get(key)!;
      const at = (q: number, d: number, n: number, reference: boolean): number => {
        if (q + d * s >= 0 && q + d * s < n) return q + d * s;
        if (q - d * s >= 0 && q - d * s < n) return q - d * s;
        if (Math.abs(d) === 3) return at(q, Math.sign(d), n, reference);
        return Math.abs(d) === 2 || reference ? q : -1;
      };
      const tapped = taps.map(({ slot, dy, dx }) => {
        const [row, column] = [at(y, dy, height, slot >= 0), at(x, dx, width, slot >= 0)];
        return row < 0 || column < 0 ? undefined : known[1 + slot]![row * width + column]!;
      });
      const b = tapped[0] ?? 0;
      const D = tapped.map((tap) => (tap === undefined ? 0 : T(tap - b)));
      let P = top ? (references.length > 0 ? known[1]![0]! : 0) : b;
      for (let k = 1; k < D.length; k++) if (C[k] !== 0) P = T(P + T(C[k]! * D[k]!));

      let R = P;
      let [G, N] = [0, 0];
      if (learns && !top && !states.has(key)) states.set(key, { A: D.map(() => 0), U: 0, V: 0 });
      const state = learns && !top ? states.get(key)! : undefined;
      if (state) {
        for (let k = 1; k < D.length; k++) {
          G += state.A[k]! * D[k]!;
          N += D[k]! * D[k]!;
        }
        R = T(P + (state.V < state.U ? T(G) : 0));
      }
      const p = whole ? nearest(R) : R;
      if (chunk.specials?.[plane * size + i]) {
        const mean = T(b + T(0.25 * T(T(D[1]! + D[2]!) + D[3]!)));
        values[plane]![i] = top ? p : whole ? nearest(mean) : mean;
        return;
      }

      // Context.
      const c = (dy: number, dx: number, of = own) => {
        const [row, column] = [y + dy * s, x + dx * s];
        return row < 0 || row >= height || column < 0 || column >= width ? 0 : of[row * width + column]!;
      };
      const around = NEAREST[phase]!.map(([dy, dx]) => c(dy, dx));
      const near = around.reduce((sum, q) => sum + Math.abs(q), 0);
      const [west, north] = [c(0, -2), c(-2, 0)];
      const same = 2 * (Math.abs(west) + Math.abs(north)) + Math.abs(c(-2, -2)) + Math.abs(c(-2, 2));
      const r = (dy: number, dx: number) => Math.abs(past ? c(dy, dx, past) : 0);
      const before = 2 * r(0, 0) + r(-1, 0) + r(1, 0) + r(0, -1) + r(0, 1);
      const sum = past
        ? Math.floor(((2 * same + 3 * near + 2 * before) * 8) / 9)
        : Math.floor(((2 * same + 3 * near) * 4) / 3);
      const bucket = (v: number) => {
        const t = length(v) - 1;
        return v < 2 ? v : 2 * t + ((v >> (t - 1)) & 1);
      };
      const f32 = Math.fround;
      const half = (distance: number) => {
        const word = new Uint32Array(new Float32Array([distance]).buffer)[0]!;
        return bring((word >>> 22) - 242, 0, 30);
      };
      const g = T(P - b);
      const d = (k: number) => f32(Math.abs(T(D[k]! - g)));
      const inverse = f32(1 / step);
      const centre = INSIDE[phase]!.length;
      const rough = top ? 0 : half(f32(f32(f32(f32(f32(Math.abs(g)) + d(1)) + d(2)) + d(3)) * inverse));
      const drift = top || !past ? 0 : half(f32(d(centre) * inverse));
      const kind = (v: number) => (v > 0 ? 2 : v < 0 ? 1 : 0);
      const context = {
        views: [
          Math.min(40, bucket(sum)) * 9 + Math.min(2, group) * 3 + phase,
          rough * 22 + Math.min(21, bucket(same)),
          drift * 22 + Math.min(21, bucket(before)),
        ],
        set: group * 3 + phase,
        guess: bring(length(sum >> 5), 1, 27),
        sign: 3 * kind(west + north) + kind(around.reduce((all, q) => all + q, 0)),
      };

      const q = read(context);
      let v: number;
      if (Number.isNaN(q)) {
        v = wide ? escaped.getFloat64(8 * nextEscape++, true) : escaped.getFloat32(4 * nextEscape++, true);
      } else if (mapping === 4) {
        let bits = 0n;
        for (let left = low; left > 0; left--) bits = 2n * bits + BigInt(raw(1));
        v = floats.float(BigInt.asIntN(64, floats.of(p) + (BigInt(q) << BigInt(low)) + bits));
      } else v = T(p + T(T(q) * T(step)));
      values[plane]![i] = v;
      own[i] = Number.isNaN(q) ? 0 : bring(q, -32767, 32767);
      if (state) {
        const e = v - P;
        const f = e - G;
        state.U += (e * e - state.U) * 0.03;
        state.V += (f * f - state.V) * 0.03;
        const h = (0.008 * f) / (N + 4 * step * step);
        if (N !== 0) for (let k = 1; k < D.length; k++) state.A[k]! += h * D[k]!;
      }
    };

    let S = 1;
    while (S < height || S < width) S *= 2;
    value(0, 0, S, 0);
    for (let s = S / 2; s >= 1; s /= 2) {
      for (let phase = 0; phase < 3; phase++) {
        for (let y = phase === 1 ? 0 : s; y < height; y += 2 * s) {
          for (let x = phase === 2 ? 0 : s; x < width; x += 2 * s) value(y, x, s, phase);
        }
      }
    }
  }
  return { mapping, wide, lattice, values: values.flat() };
}
