import { readFileSync } from "node:fs";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  decodeLevelsReference,
  encodeLevelsReference,
  type ReferenceChunk,
  type ReferenceStream,
} from "../../src/codecs/tezip-levels.reference.ts";
import { decodeLevels, encodeLevels, levelsKernels } from "../../src/codecs/tezip-levels.ts";
import { decodeFilters, encodeFilters, filterSlots } from "../../src/codecs/tezip-levels-filters.reference.ts";
import { STRETCH_LIMIT, squash, stretch } from "../../src/entropy/logistic.reference.ts";
import { isTempressError } from "../../src/errors.ts";
import type { Filter } from "../../src/predict/filters.ts";
import { coarseToFine, rounding, surroundingsOf } from "../../src/predict/levels.reference.ts";
import { planesOf, planOf } from "../../src/predict/plan.ts";
import { MAX_TAPS, tapsOf } from "../../src/predict/taps.ts";
import type { Floats } from "../../src/quantize/working.ts";
import { type Field, fieldOf, fields, randomOf } from "./fields.ts";

beforeAll(async () => {
  await levelsKernels.ready();
});

const SEARCH = { samples: 16000 };

/** Kernel and twin make the same sections of a field, and the same values of the sections. */
function bothWays(field: Field): ReferenceStream {
  const { values, planes, mask, order, learns, wide } = field;
  const search = { ...SEARCH, orders: [order], learning: [learns] };
  const fast = encodeLevels(values, planes, field.quantizer, mask, search);
  if (!fast) throw new Error("the kernel gave up");
  const { quantizer } = fast;
  const chunk = { ...field, quantizer };
  const slow = encodeLevelsReference(values, chunk, decodeFilters(fast.side, planOf(planes, order), planes));
  expect(slow.side).toEqual(fast.side);
  expect(slow.codes).toEqual(fast.codes);
  expect(slow.escapes).toEqual(fast.escapes);
  same(fast.decoded, slow.decoded);
  same(fast.decoded, decodeByKernel(fast, chunk));
  same(decodeLevelsReference(fast, chunk), slow.decoded);
  keepsBound(field, fast.decoded);
  expect(fast.decoded instanceof Float64Array).toBe(wide);
  return fast;
}

function decodeByKernel({ side, codes, escapes }: ReferenceStream, chunk: ReferenceChunk): Floats {
  const { planes, order, learns, quantizer, wide, mask } = chunk;
  // Cut anywhere: the parts are one stream.
  const cut = codes.length >> 1;
  const stream = { side, escapes, codes: [codes.subarray(0, cut), codes.subarray(cut)] };
  return decodeLevels(stream, planes, { order, learns }, quantizer, wide, mask);
}

/** Equal numbers; NaN equals NaN, and -0 is not 0. */
function same(a: ArrayLike<number>, b: ArrayLike<number>): void {
  expect(a.length).toBe(b.length);
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) expect([i, a[i]]).toEqual([i, b[i]]);
}

function keepsBound({ values, mask, quantizer }: Field, decoded: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    if (!mask?.[i] && !(Math.abs(values[i]! - decoded[i]!) <= quantizer.bound)) {
      expect([i, decoded[i]]).toEqual([i, values[i]]);
    }
  }
}

const PLAIN = {
  kind: "moving waves",
  order: "forward",
  learns: false,
  wide: false,
  whole: false,
  exact: false,
  bound: 1e-3,
  masked: 0,
  wild: 0,
  seed: 1,
} as const;

describe("levels: kernel and twin", () => {
  it("agree on fields of every kind", () => {
    fc.assert(
      fc.property(fields, (field) => {
        bothWays(field);
      }),
      { numRuns: 300 },
    );
  });

  it("agree on every small grid", () => {
    for (let height = 1; height <= 7; height++) {
      for (let width = 1; width <= 7; width++) {
        const wide = (height + width) % 2 === 0;
        bothWays(fieldOf({ ...PLAIN, shape: [3, height, width], wide, seed: 8 * height + width }));
      }
    }
  });

  it("agree where filters are fitted, forward, hierarchical and over levels", () => {
    for (const wide of [false, true]) {
      for (const order of ["forward", "hierarchical"] as const) {
        const { side } = bothWays(fieldOf({ ...PLAIN, shape: [11, 19, 23], order, wide }));
        expect(side.length).toBeGreaterThan(40);
      }
      bothWays(fieldOf({ ...PLAIN, shape: [3, 4, 17, 13], wide, masked: 0.1 }));
      bothWays(fieldOf({ ...PLAIN, shape: [2000], wide }));
      bothWays(fieldOf({ ...PLAIN, shape: [40, 57], wide, whole: true }));
    }
  });

  it("agree where all values escape, where none matters, and where one matters", () => {
    const noise = { ...PLAIN, shape: [2, 9, 10], kind: "noise" } as const;
    const wild = bothWays(fieldOf({ ...noise, wild: 1, bound: 1e-6, wide: true }));
    expect(wild.escapes.length).toBeGreaterThan(8 * 100);
    const field = fieldOf(noise);
    const mask = new Uint8Array(180).fill(1);
    expect(bothWays({ ...field, mask }).codes.length).toBe(0);
    mask[77] = 0;
    bothWays({ ...field, mask });
  });

  it("agree on rows that the kernel takes in parts", () => {
    bothWays(fieldOf({ ...PLAIN, shape: [17_001], masked: 0.1 }));
    bothWays(fieldOf({ ...PLAIN, shape: [2, 8999], wide: true, learns: true }));
  });

  it("agree near the limits of the types", () => {
    for (const wide of [false, true]) {
      for (const power of wide ? [-1000, -500, 500, 1000] : [-120, -60, 60, 120]) {
        for (const exact of [false, true]) {
          const field = fieldOf({ ...PLAIN, shape: [3, 19, 23], wide, exact, learns: exact });
          const { bound, step, ...more } = field.quantizer;
          const quantizer = { bound: bound * 2 ** power, step: step * 2 ** power, ...more };
          const { side } = bothWays({ ...field, values: field.values.map((v) => v * 2 ** power), quantizer });
          expect(side.length).toBeGreaterThan(30);
        }
      }
    }
  });

  it("agree on real frames", () => {
    const bytes = readFileSync(new URL("../../data/wind_24x73x144.f32", import.meta.url));
    const wind = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    // A corner of four frames of 73 x 144.
    const values = new Float32Array(4 * 31 * 45);
    for (let t = 0; t < 4; t++) {
      for (let y = 0; y < 31; y++) {
        const from = (t * 73 + y) * 144;
        values.set(wind.subarray(from, from + 45), (t * 31 + y) * 45);
      }
    }
    const shape = [4, 31, 45];
    const quantizer = { bound: 0.05, step: Math.fround(0.1), whole: false };
    bothWays({
      shape,
      planes: planesOf(shape),
      order: "forward",
      learns: true,
      wide: false,
      quantizer,
      mask: undefined,
      values,
    });
  });
});

/** Any filter that the stream can hold, mild ones mostly. */
function filtersOf({ planes, order }: ReferenceChunk, seed: number): Filter[] {
  const random = randomOf(seed);
  const plan = planOf(planes, order);
  return filterSlots(plan, planes).map(({ klass, phase }) => {
    const { references, boxes } = plan.classes[klass]!;
    const count = tapsOf(references, boxes, phase).length;
    const size = random() < 0.1 ? 2 ** 24 : 40;
    return {
      shift: Math.floor(random() * 17),
      whole: Int32Array.from({ length: count }, (_, k) => (k === 0 ? 0 : Math.round((random() - 0.5) * size))),
    };
  });
}

/** Another share of raw bits, where values are coded without loss. */
function withShift(field: Field, exactShift: number): Field {
  const { quantizer } = field;
  return quantizer.exactShift === undefined ? field : { ...field, quantizer: { ...quantizer, exactShift } };
}

describe("levels: decoders", () => {
  it("agree on filters and scales that no fit gives", () => {
    fc.assert(
      fc.property(fields, fc.nat(), fc.nat({ max: 52 }), (field, seed, shift) => {
        const chunk = withShift(field, shift);
        const stream = encodeLevelsReference(field.values, chunk, filtersOf(field, seed));
        same(decodeByKernel(stream, chunk), stream.decoded);
        keepsBound(chunk, stream.decoded);
      }),
      { numRuns: 150 },
    );
  });

  it("make the same of any bytes at all", () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(fields, fc.nat({ max: 52 }), bytes, bytes, bytes, (made, shift, side, codes, escapes) => {
        const field = withShift(made, shift);
        const stream = { side, codes, escapes };
        const outcome = (decode: () => ArrayLike<number>): ArrayLike<number> | string => {
          try {
            return decode();
          } catch (error) {
            if (!isTempressError(error, "corrupt")) throw error;
            return error.code;
          }
        };
        const fast = outcome(() => decodeByKernel(stream, field));
        const slow = outcome(() => decodeLevelsReference(stream, field));
        if (typeof fast === "string" || typeof slow === "string") expect(fast).toEqual(slow);
        else same(fast, slow);
      }),
      { numRuns: 150 },
    );
  });
});

describe("levels: filters' bytes", () => {
  it("come back", () => {
    fc.assert(
      fc.property(fields, fc.nat(), (field, seed) => {
        const filters = filtersOf(field, seed);
        const back = decodeFilters(encodeFilters(filters), planOf(field.planes, field.order), field.planes);
        expect(back).toEqual(filters);
      }),
      { numRuns: 20 },
    );
  });
});

describe("logistic tables", () => {
  it("are the kernel's", () => {
    const { exports, arena, memory } = levelsKernels.get();
    const mark = arena.mark();
    const at = arena.alloc(exports.logisticTableBytes());
    exports.logisticBuild(at);
    const squashed = new Uint16Array(memory.buffer, at, 2 * STRETCH_LIMIT + 1);
    squashed.forEach((p, i) => {
      expect(p).toBe(squash(i - STRETCH_LIMIT));
    });
    const stretched = new Int16Array(memory.buffer, at + 2 * (2 * STRETCH_LIMIT + 2), 16384);
    stretched.forEach((x, bucket) => {
      expect(x).toBe(stretch(4 * bucket));
    });
    arena.release(mark);
  });
});

describe("sums for the fit", () => {
  /** The kernel's Gram matrix of one stride and phase of frame 2 with two references, and the plain sum. */
  function compare(field: Field, stride: number, phase: number): void {
    const { wide, values, mask } = field;
    const { height, width } = field.planes;
    const { exports, arena, memory } = levelsKernels.get();
    const mark = arena.mark();
    const elementBytes = wide ? 8 : 4;
    const scratch = arena.alloc(exports.scratchBytes(width, elementBytes));
    const table = arena.alloc(3 * (8 + 12 * MAX_TAPS));
    const original = arena.alloc(values.byteLength);
    const maskAt = arena.alloc(values.length);
    const planeTable = arena.alloc(64);
    const gramAt = arena.alloc(8 * MAX_TAPS ** 2);
    const taps = tapsOf(2, 1, phase);
    const words = new Int32Array(memory.buffer, table + phase * (8 + 12 * MAX_TAPS), 2 + 3 * taps.length);
    words.set([taps.length, 0, ...taps.flatMap(({ slot, dy, dx }) => [slot, dy, dx])]);
    new Uint8Array(memory.buffer, original, values.byteLength).set(new Uint8Array(values.buffer));
    if (mask) new Uint8Array(memory.buffer, maskAt, mask.length).set(mask);
    const length = height * width;
    new Uint32Array(memory.buffer, planeTable, 3).set([2, 1, 0].map((t) => original + t * length * elementBytes));
    new Float64Array(memory.buffer, gramAt, taps.length ** 2).fill(0);
    exports.configure(height, width, elementBytes, scratch, table, 0);
    const fit = wide ? exports.fitPlaneF64 : exports.fitPlaneF32;
    const used = fit(planeTable, mask ? maskAt + 2 * length : 0, 0, stride, phase, 0, 1, gramAt);
    const gram = new Float64Array(memory.buffer, gramAt, taps.length ** 2).slice();
    arena.release(mark);

    const planes = [2, 1, 0].map((t) => values.subarray(t * length, (t + 1) * length));
    const wanted = new Float64Array(taps.length ** 2);
    let points = 0;
    for (const point of coarseToFine(field.planes)) {
      const at = point.y * width + point.x;
      if (point.stride !== stride || point.phase !== phase || mask?.[2 * length + at]) continue;
      points++;
      const { base, differences } = surroundingsOf(planes, field.planes, taps, point, rounding(wide));
      const row = [rounding(wide)(planes[0]![at]! - base), ...differences.slice(1)];
      for (let a = 0; a < row.length; a++) {
        for (let b = a; b < row.length; b++) wanted[a * row.length + b]! += row[a]! * row[b]!;
      }
    }
    expect(used).toBe(points);
    for (let a = 0; a < taps.length; a++) {
      for (let b = a; b < taps.length; b++) {
        const size = Math.sqrt(wanted[a * taps.length + a]! * wanted[b * taps.length + b]!);
        const off = Math.abs(gram[a * taps.length + b]! - wanted[a * taps.length + b]!);
        expect(off).toBeLessThanOrEqual(1e-5 * size);
      }
    }
  }

  it("are the plain ones to 1e-5", () => {
    for (const wide of [false, true]) {
      for (const masked of [0, 0.3]) {
        const field = fieldOf({ ...PLAIN, shape: [3, 37, 53], kind: "noise", wide, masked });
        for (const stride of [1, 2, 8, 32]) for (const phase of [0, 1, 2]) compare(field, stride, phase);
      }
    }
  });
});
