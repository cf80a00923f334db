/**
 * Slow twin of kernels/codecs/sequential.ts, and the shortest way to understand the method: indices in raster order,
 * each guessed by experts from those before it, the experts weighed by how far they were off around here.
 */
import { BinaryDecoder, BinaryEncoder } from "../entropy/binary.reference.ts";
import { type BitCoder, Decisions, EXPERTS, type Surrounding } from "../entropy/decisions.reference.ts";
import { NumberCoder } from "../entropy/number.reference.ts";
import type { CausalPlanes } from "../predict/causal.ts";
import { RecursiveSquares } from "../predict/recursive-squares.reference.ts";
import { pastPlanes, type Span } from "./tezip-sequential-coder.ts";

/** [row, column] relative to a value: 12 in its own plane, 13 in the first past plane, the first 9 of those in the second. */
const OWN = [
  [0, -1],
  [-1, 0],
  [-1, -1],
  [-1, 1],
  [0, -2],
  [-2, 0],
  [-1, 2],
  [-1, -2],
  [-2, -1],
  [-2, 1],
  [0, -3],
  [-2, 2],
] as const;
const FIRST = [
  [0, 0],
  [0, 1],
  [0, -1],
  [1, 0],
  [-1, 0],
  [1, 1],
  [1, -1],
  [-1, 1],
  [-1, -1],
  [0, 2],
  [2, 0],
  [0, -2],
  [-2, 0],
] as const;
const SECOND = FIRST.slice(0, 9);
const QUICK = { keep: 0.996, every: 8 };
const SLOW = { keep: 0.9999, every: 64, floor: 0.3 };
const OFFSET_LIMIT = 2 ** 20;
const UNKNOWN_ERROR = 4;
const f32 = Math.fround;

/** What is known of one place. */
interface Place {
  index: number;
  /** From the rounded prediction. */
  offset: number;
  /** Of the experts, the blend last. */
  errors: readonly number[];
}

const NOTHING: Place = { index: 0, offset: 0, errors: new Array(EXPERTS).fill(UNKNOWN_ERROR) };

/**
 * A plane that continues beyond its edges: rows above are the first row of the past plane, rows below the last one;
 * right of a row stands its last place, left of it what is above its first.
 */
class Plane {
  readonly rows: Place[][] = [];
  readonly #width: number;
  readonly #past: Plane | undefined;

  constructor(width: number, past: Plane | undefined) {
    this.#width = width;
    this.#past = past;
  }

  at(y: number, x: number): Place {
    if (y < 0) return this.#past?.at(0, x) ?? NOTHING;
    if (y >= this.rows.length) return this.at(this.rows.length - 1, x);
    if (x < 0) return this.at(y - 1, 0);
    return this.rows[y]![Math.min(x, this.#width - 1)]!;
  }
}

/** `wanted`: the indices when encoding. Returns all indices in C order. */
function walk(
  shape: CausalPlanes,
  mask: Uint8Array | undefined,
  span: Span,
  coder: BitCoder,
  wanted?: ArrayLike<number>,
): number[] {
  const { width, height, count, levels } = shape;
  const decisions = new Decisions(coder);
  const tapCounts = [OWN.length, OWN.length + FIRST.length, OWN.length + FIRST.length + SECOND.length];
  const squares = tapCounts.map((taps) => [
    new RecursiveSquares(taps, QUICK.keep, QUICK.every),
    new RecursiveSquares(taps, SLOW.keep, SLOW.every),
  ]);
  const limited = (x: number) => (x >= span.least ? Math.min(x, span.most) : span.least);
  const planes: Plane[] = [];
  for (let p = 0; p < count; p++) {
    const [first, second] = pastPlanes(p, levels).map((past) => planes[past]!);
    const kind = first ? (second ? 2 : 1) : 0;
    const [quick, slow] = squares[kind] as [RecursiveSquares, RecursiveSquares];
    const plane = new Plane(width, first);
    planes.push(plane);
    for (let y = 0; y < height; y++) {
      plane.rows.push([]);
      for (let x = 0; x < width; x++) {
        const index = (of: Plane, dy: number, dx: number) => of.at(y + dy, x + dx).index;
        const [w, n, nw] = [index(plane, 0, -1), index(plane, -1, 0), index(plane, -1, -1)];
        const past = first ? index(first, 0, 0) : 0;
        const base = first ? (w + n + 2 * past) * 0.25 : (w + n) * 0.5;
        const differences = [
          ...OWN.map(([dy, dx]) => index(plane, dy, dx) - base),
          ...(first ? FIRST.map(([dy, dx]) => index(first, dy, dx) - base) : []),
          ...(second ? SECOND.map(([dy, dx]) => index(second, dy, dx) - base) : []),
        ];
        const plain = w + n - nw;
        const change = first ? past - index(first, 0, -1) - index(first, -1, 0) + index(first, -1, -1) : 0;
        const guesses = [
          base + quick.predict(differences),
          base + slow.predict(differences),
          Math.max(Math.min(w, n), Math.min(Math.max(w, n), plain)),
          first ? past : w,
          first ? plain + change : n,
        ].map(limited);
        const scales = scalesOf(plane, first, y, x);
        const shares = scales.map((scale) => {
          const near = f32(scale + f32(0.1));
          const share = f32(1 / f32(near * near));
          return f32(share * share);
        });
        let [total, sum, squared] = [0, 0, 0];
        guesses.forEach((guess, i) => {
          total += shares[i]!;
          sum += shares[i]! * guess;
        });
        const blend = limited(sum / total);
        guesses.forEach((guess, i) => {
          squared += shares[i]! * ((guess - blend) * (guess - blend));
        });
        guesses.push(blend);
        const centre = Math.floor(blend + 0.5);
        const at = (p * height + y) * width + x;
        if (mask?.[at]) {
          plane.rows[y]!.push({ index: centre, offset: 0, errors: scales });
          continue;
        }
        const scale = scales.at(-1)!;
        const spread = f32(Math.sqrt(squared / total));
        decisions.surrounding = surroundingOf({ plane, first, kind, y, x }, centre, blend - centre, scale, spread);
        const experts = guesses.map((prediction, i) => ({ prediction, inverse: 1 / (scales[i]! * 0.5 + 0.06) }));
        // Strides of a half to a whole scale.
        const g = Math.max(0, Math.min(26, (bitsOf(scale) >>> 23) - 128));
        const offset = new NumberCoder(decisions, experts).code((wanted?.[at] ?? 0) - centre, centre, g);
        const found = centre + offset;
        plane.rows[y]!.push({
          index: found,
          offset: Math.max(-OFFSET_LIMIT, Math.min(OFFSET_LIMIT, offset)),
          errors: guesses.map((guess) => f32(Math.abs(found - guess))),
        });
        quick.learn(differences, found - base, 1 - QUICK.keep);
        slow.learn(differences, found - base, (1 - SLOW.keep) / (scale + SLOW.floor));
      }
    }
  }
  return planes.flatMap(({ rows }) => rows.flat().map(({ index }) => index));
}

/** How far each expert was off around a place, in float32. */
function scalesOf(plane: Plane, first: Plane | undefined, y: number, x: number): number[] {
  const own = (dy: number, dx: number) => plane.at(y + dy, x + dx).errors;
  return Array.from({ length: EXPERTS }, (_, i) => {
    const pair = (a: readonly number[], b: readonly number[]) => f32(a[i]! + b[i]!);
    let sum = f32(2 * pair(own(0, -1), own(-1, 0)));
    sum = f32(sum + pair(own(-1, -1), own(-1, 1)));
    sum = f32(sum + pair(own(0, -2), own(-2, 0)));
    if (!first) return f32(sum * 0.125);
    sum = f32(sum + f32(2 * first.at(y, x).errors[i]!));
    sum = f32(sum + pair(first.at(y, x + 1).errors, first.at(y + 1, x).errors));
    return f32(sum * f32(0.0833333358168602));
  });
}

interface Here {
  readonly plane: Plane;
  readonly first: Plane | undefined;
  readonly kind: number;
  readonly y: number;
  readonly x: number;
}

function surroundingOf(
  { plane, first, kind, y, x }: Here,
  centre: number,
  fraction: number,
  scale: number,
  spread: number,
): Surrounding {
  const own = (dy: number, dx: number) => plane.at(y + dy, x + dx);
  const then = (dy: number, dx: number) => first!.at(y + dy, x + dx);
  const [w, n, ne] = [own(0, -1).index, own(-1, 0).index, own(-1, 1).index];
  const past = first ? then(0, 0).index : own(0, -2).index;
  const beside = first ? then(0, 1).index : own(-2, 0).index;
  const [west, north] = [own(0, -1).offset, own(-1, 0).offset];
  const size = (place: Place) => Math.abs(place.offset);
  const around = size(own(0, -1)) + size(own(-1, 0)) + size(own(-1, -1)) + size(own(-1, 1));
  const here = first ? then(0, 0).offset : 0;
  const before = first
    ? 2 * Math.abs(here) + size(then(0, 1)) + size(then(0, -1)) + size(then(1, 0)) + size(then(-1, 0))
    : 0;
  const [high, wide] = [bucket(scale), bucket(spread)];
  const sixth = Math.max(0, Math.min(5, Math.trunc((fraction + 0.5) * 6)));
  const sixthPart = f32(0.1666666716337204);
  const turn = (signed(west) * 5 + signed(north)) * 5 + signed(here);
  return {
    hashes: [
      hash(kind, high, sixth, 0),
      hash(kind, bucket(f32(around * 0.25)), bucket(f32(f32(before) * sixthPart)), sixth),
      hash(kind, turn, high >> 1, 0),
      hash(kind, wide, high, sixth),
      hash(kind, w - centre, n - centre, 0),
      hash(kind, past - centre, beside - centre, 0),
      hash(kind, w - centre, past - centre, ne - centre),
    ],
    sets: [high, sixth + 6 * Math.floor(wide / 6)],
  };
}

function bitsOf(x: number): number {
  return new Uint32Array(Float32Array.of(x).buffer)[0]!;
}

/** 0 below 2^-6, then two buckets for each doubling, up to 47. */
function bucket(x: number): number {
  return Math.max(0, Math.min(47, (bitsOf(x) >>> 22) - 2 * 121 + 1));
}

function hash(kind: number, a: number, b: number, c: number): number {
  const first = (Math.imul((kind * 131 + a) | 0, 0x9e3779b1) + b) | 0;
  return Math.imul((Math.imul(first, 0x85ebca6b) + c) | 0, 0xc2b2ae35) >>> 0;
}

/** 0: none; else small or large, up or down. */
function signed(offset: number): number {
  if (offset === 0) return 0;
  if (offset > 0) return offset > 2 ? 2 : 1;
  return offset < -2 ? 4 : 3;
}

export function encodeSequenceReference(
  shape: CausalPlanes,
  indices: ArrayLike<number>,
  mask: Uint8Array | undefined,
  span: Span,
): Uint8Array {
  const encoder = new BinaryEncoder();
  const coder: BitCoder = (bit, p) => {
    encoder.encodeBit(bit, p);
    return bit;
  };
  walk(shape, mask, span, coder, indices);
  return encoder.finish();
}

export function decodeSequenceReference(
  shape: CausalPlanes,
  codes: Uint8Array,
  mask: Uint8Array | undefined,
  span: Span,
): number[] {
  const decoder = new BinaryDecoder(codes);
  return walk(shape, mask, span, (_, p) => decoder.decodeBit(p));
}
