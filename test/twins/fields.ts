/** Small made-up chunks of working values, with everything that a chunk may have. */
import fc from "fast-check";
import type { Quantizer } from "../../src/codecs/tezip-levels.ts";
import { ORDERS, type Order, type Planes, planesOf } from "../../src/predict/plan.ts";
import type { Floats } from "../../src/quantize/working.ts";

export interface Field {
  readonly shape: readonly number[];
  readonly planes: Planes;
  readonly order: Order;
  readonly learns: boolean;
  readonly wide: boolean;
  readonly quantizer: Quantizer;
  readonly mask: Uint8Array | undefined;
  readonly values: Floats;
}

/** Whole numbers, the same on every run. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    // The upper bits are the good ones.
    return (state >>> 8) / 2 ** 24;
  };
}

const KINDS = ["moving waves", "steps", "noise", "still", "spikes"] as const;
type Kind = (typeof KINDS)[number];

export interface FieldSpec {
  readonly shape: readonly number[];
  readonly kind: Kind;
  readonly order: Order;
  readonly learns: boolean;
  readonly wide: boolean;
  readonly whole: boolean;
  /** Lossless by patterns; `whole` and `bound` then do not count. */
  readonly exact: boolean;
  /** Largest error, of a field that varies by about 1 (or by 1000 where values are whole). */
  readonly bound: number;
  /** Share of values that do not matter. */
  readonly masked: number;
  /** Share of values far away from all others. */
  readonly wild: number;
  readonly seed: number;
}

export function fieldOf(spec: FieldSpec): Field {
  const { shape, kind, order, learns, wide, exact, masked, wild, seed } = spec;
  const whole = spec.whole && !exact;
  const planes = planesOf(shape);
  const { times, levels, height, width } = planes;
  const count = times * levels * height * width;
  const random = randomOf(seed);
  const values = wide ? new Float64Array(count) : new Float32Array(count);
  const scale = whole ? 1000 : 1;
  for (let i = 0; i < count; i++) {
    const x = i % width;
    const y = Math.floor(i / width) % height;
    const plane = Math.floor(i / (width * height));
    const v = valueAt(kind, Math.floor(plane / levels), plane % levels, y, x, random) * scale;
    const far = random() < wild ? (random() - 0.5) * 1e12 * scale : 0;
    values[i] = whole ? Math.round(v + far) : v + far;
  }
  const mask = masked > 0 ? Uint8Array.from(values, () => (random() < masked ? 1 : 0)) : undefined;
  const bound = whole ? Math.floor(spec.bound * scale) : spec.bound;
  const step = whole ? 2 * bound + 1 : wide ? 2 * bound : Math.fround(2 * bound);
  const quantizer = exact
    ? { bound: 0, step: wide ? 2 ** -52 : 2 ** -23, whole, exactShift: 0 }
    : { bound, step, whole };
  return { shape, planes, order, learns, wide, values, mask, quantizer };
}

function valueAt(kind: Kind, t: number, z: number, y: number, x: number, random: () => number): number {
  switch (kind) {
    case "moving waves":
      return Math.sin(0.5 * x - 0.3 * t + 0.2 * z) * Math.cos(0.4 * y + 0.1 * t) + 0.01 * random();
    case "steps":
      return (x + t > 4 ? 1 : 0) + (y > 3 ? 0.5 : 0);
    case "noise":
      return random();
    case "still":
      return Math.sin(0.3 * x * y + z);
    case "spikes":
      return random() < 0.1 ? random() : 0;
  }
}

const extent = fc.oneof(fc.constantFrom(1, 2, 3), fc.integer({ min: 1, max: 17 }));

/** 1-D rows to 4-D, extents down to 1. */
const shapes: fc.Arbitrary<number[]> = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 200 })),
  fc.tuple(fc.integer({ min: 1, max: 20 }), extent),
  fc.tuple(fc.integer({ min: 1, max: 12 }), extent, extent),
  fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 }), extent, extent),
);

export const fields: fc.Arbitrary<Field> = fc
  .record({
    shape: shapes,
    kind: fc.constantFrom(...KINDS),
    order: fc.constantFrom(...ORDERS),
    learns: fc.boolean(),
    wide: fc.boolean(),
    whole: fc.boolean(),
    exact: fc.boolean(),
    bound: fc.constantFrom(0.2, 0.01, 1e-3, 1e-6),
    masked: fc.constantFrom(0, 0, 0.2, 0.95),
    wild: fc.constantFrom(0, 0, 0.05),
    seed: fc.nat(),
  })
  .map(fieldOf);
