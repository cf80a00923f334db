import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { decodeSequenceReference, encodeSequenceReference } from "../../src/codecs/tezip-sequential.reference.ts";
import {
  decodeSequence,
  encodeSequence,
  type Span,
  sequentialKernels,
} from "../../src/codecs/tezip-sequential-coder.ts";
import { logarithm, logistic } from "../../src/entropy/log-odds.reference.ts";
import { isTempressError } from "../../src/errors.ts";
import type { CausalPlanes } from "../../src/predict/causal.ts";
import { randomOf } from "./fields.ts";

beforeAll(async () => {
  await sequentialKernels.ready();
});

interface Sequence {
  readonly shape: CausalPlanes;
  readonly indices: Int32Array;
  readonly mask: Uint8Array | undefined;
  readonly span: Span;
}

/** Waves of height `size` that move, with `noise`; a share of the values may be masked. */
function sequence(shape: CausalPlanes, size: number, noise: number, masked = 0, seed = 1): Sequence {
  const { width, height, count } = shape;
  const random = randomOf(seed);
  const indices = new Int32Array(width * height * count);
  const mask = masked > 0 ? new Uint8Array(indices.length) : undefined;
  const span = { least: 2 ** 28, most: -(2 ** 28) };
  for (let i = 0; i < indices.length; i++) {
    const wave = Math.sin((i % width) / 9 + i / (width * height) / 5 + (Math.floor(i / width) % height) / 7);
    indices[i] = Math.round(size * wave + noise * (random() - 0.5));
    if (mask && random() < masked) mask[i] = 1;
    else {
      span.least = Math.min(span.least, indices[i]!);
      span.most = Math.max(span.most, indices[i]!);
    }
  }
  if (span.least > span.most) [span.least, span.most] = [0, 0];
  return { shape, indices, mask, span };
}

function decoded({ shape, mask, span }: Sequence, codes: Uint8Array): number[] {
  const all: number[] = [];
  decodeSequence(shape, codes, mask, span, (_, indices) => all.push(...indices));
  return all;
}

function bothWays(given: Sequence): Uint8Array {
  const { shape, indices, mask, span } = given;
  const codes = encodeSequence(shape, indices, mask, span, 2 ** 24);
  expect(codes).toBeDefined();
  expect(encodeSequenceReference(shape, indices, mask, span)).toEqual(codes);
  const back = decoded(given, codes!);
  expect(decodeSequenceReference(shape, codes!, mask, span)).toEqual(back);
  const lost = back.findIndex((index, i) => !mask?.[i] && index !== indices[i]);
  expect(lost).toBe(-1);
  return codes!;
}

const planes = (width: number, height: number, count = 1, levels = 1): CausalPlanes => ({
  width,
  height,
  count,
  levels,
});

describe("sequences, by kernels and by twins", () => {
  const shapes = [
    planes(1, 1),
    planes(40, 1),
    planes(9, 7),
    planes(1, 12, 3),
    planes(14, 11, 4),
    planes(10, 9, 8, 2),
    planes(7, 6, 9, 3),
  ];
  for (const shape of shapes) {
    const { width, height, count, levels } = shape;
    it(`${count} x ${height} x ${width}, ${levels} a time`, () => void bothWays(sequence(shape, 20, 4)));
  }

  it("small and large numbers, smooth and rough, with a mask", () => {
    for (const [size, noise] of [
      [0, 0],
      [3, 1],
      [2000, 1],
      [2000, 300],
      [1e8, 1e8],
      [1e6, 2],
    ] as const) {
      for (const masked of [0, 0.3, 1]) bothWays(sequence(planes(13, 9, 3), size, noise, masked));
    }
  });

  it("anything", () => {
    const dimension = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(
        fc.tuple(dimension, dimension, dimension, fc.integer({ min: 1, max: 3 })),
        fc.constantFrom(0, 1, 30, 1e4, 1e8),
        fc.constantFrom(0, 1, 20, 1e5, 1e8),
        fc.constantFrom(0, 0.2),
        fc.integer(),
        ([width, height, times, levels], size, noise, masked, seed) => {
          bothWays(sequence(planes(width, height, times * levels, levels), size, noise, masked, seed));
        },
      ),
      { numRuns: 60 },
    );
  });

  it("constant planes take next to nothing", () => {
    const given = sequence(planes(64, 64, 8), 0, 0);
    const codes = encodeSequence(given.shape, given.indices, undefined, given.span, 2 ** 20)!;
    expect((8 * codes.length) / given.indices.length).toBeLessThan(0.01);
  });
});

describe("tables", () => {
  it("are the functions that they stand for", () => {
    for (let x = -31; x < 31; x += 0.37) {
      const exact = 1 / (1 + Math.exp(-x));
      expect(Math.abs(logistic(x) / exact - 1)).toBeLessThan(5e-5);
    }
    for (let x = 1e-9; x < 1e9; x *= 1.37) expect(Math.abs(logarithm(x) - Math.log(x))).toBeLessThan(5e-8);
  });

  it("are the same by kernel and by twin", () => {
    const { exports, arena } = sequentialKernels.get();
    const mark = arena.mark();
    exports.logOddsBuild(arena.alloc(exports.logOddsBytes()));
    const random = randomOf(5);
    for (let i = 0; i < 2000; i++) {
      const x = (random() - 0.5) * 80;
      expect(exports.logistic(x)).toBe(logistic(x));
      const y = 10 ** (random() * 24 - 12);
      expect(exports.logarithm(y)).toBe(logarithm(y));
    }
    arena.release(mark);
  });
});

describe("damaged codes", () => {
  it("give numbers in the range or a typed error", () => {
    const given = sequence(planes(12, 10, 3), 300, 40, 0.1);
    const codes = bothWays(given);
    const random = randomOf(3);
    for (let run = 0; run < 200; run++) {
      const bad = run % 3 === 0 ? codes.slice(0, random() * codes.length) : codes.slice();
      if (run % 3 !== 0 && bad.length > 0) bad[Math.floor(random() * bad.length)]! ^= 1 << Math.floor(random() * 8);
      try {
        const back = decoded(given, bad);
        expect(back.every((index) => index >= given.span.least && index <= given.span.most)).toBe(true);
      } catch (error) {
        expect(isTempressError(error, "corrupt")).toBe(true);
      }
    }
  });
});
