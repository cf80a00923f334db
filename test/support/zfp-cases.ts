/** Random arrays and modes for tests of zfp: every type, rank and mode, with values that streams can trip over. */
import fc from "fast-check";
import type { ZfpLayout, ZfpValues } from "../../src/codecs/zfp-array.ts";
import { type ZfpMode, type ZfpType, zfpParameters } from "../../src/codecs/zfp-parameters.ts";
import { DTYPES } from "../../src/tensor/dtype.ts";
import { elementCount } from "../../src/tensor/shape.ts";

export interface ZfpCase {
  readonly layout: ZfpLayout;
  readonly mode: ZfpMode;
  readonly values: ZfpValues;
}

const TYPES: readonly ZfpType[] = ["int32", "int64", "float32", "float64"];

const MODES: fc.Arbitrary<ZfpMode> = fc.oneof(
  fc.record({ rate: fc.double({ min: 0.3, max: 64, noNaN: true }) }),
  fc.record({ rate: fc.integer({ min: 3, max: 32 }) }),
  fc.record({ precision: fc.integer({ min: 1, max: 64 }) }),
  fc.record({ accuracy: fc.integer({ min: -60, max: 40 }).map((e) => 1.3 * 2 ** e) }),
  fc.constant<ZfpMode>({ reversible: true }),
  fc.record({
    minbits: fc.integer({ min: 1, max: 40 }),
    maxbits: fc.integer({ min: 40, max: 9000 }),
    maxprec: fc.integer({ min: 1, max: 64 }),
    minexp: fc.integer({ min: -1074, max: 60 }),
  }),
  // Reversible, cut short.
  fc.record({
    minbits: fc.constant(1),
    maxbits: fc.integer({ min: 40, max: 600 }),
    maxprec: fc.integer({ min: 1, max: 64 }),
    minexp: fc.constant(-1075),
  }),
);

type Fill = (i: number, random: () => number) => number;
const FILLS: Readonly<Record<string, Fill>> = {
  smooth: (i) => Math.sin(i * 0.11) * 100 + i * 0.25,
  noise: (_, random) => (random() - 0.5) * 2 ** 20,
  wide: (_, random) => (random() - 0.5) * 2 ** (80 * random() - 40),
  zeros: (i, random) => (i % 7 === 0 ? random() : 0),
  huge: (_, random) => (random() - 0.5) * 2 ** 31,
  tiny: (_, random) => (random() - 0.5) * 2 ** -130,
  special: (i, random) =>
    [Number.NaN, Number.POSITIVE_INFINITY, -0, Number.NEGATIVE_INFINITY, random()][i % 23] ?? random(),
};

function makeValues(type: ZfpType, count: number, fill: Fill, seed: number): ZfpValues {
  let state = seed >>> 0;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const values = new DTYPES[type].Array(count);
  for (let i = 0; i < count; i++) {
    const value = fill(i, random);
    if (type === "int64")
      (values as BigInt64Array)[i] = BigInt(Math.trunc(Number.isFinite(value) ? value * 2 ** 20 : 0));
    else (values as Float64Array)[i] = value;
  }
  return values as ZfpValues;
}

/** @param most extent along each axis, by rank - 1. */
export function zfpCases(most: readonly number[]): fc.Arbitrary<ZfpCase> {
  const shapes = fc
    .integer({ min: 1, max: 4 })
    .chain((rank) => fc.array(fc.integer({ min: 1, max: most[rank - 1]! }), { minLength: rank, maxLength: rank }));
  return fc
    .record({
      type: fc.constantFrom(...TYPES),
      shape: shapes,
      mode: MODES,
      fill: fc.constantFrom(...Object.keys(FILLS)),
      seed: fc.nat(),
    })
    .filter(
      ({ mode, type }) => !("minexp" in mode && mode.minexp < -1074 && mode.minbits > 1 && type.startsWith("float")),
    )
    .map(({ type, shape, mode, fill, seed }) => ({
      layout: { type, shape, parameters: zfpParameters(mode, type, shape.length) },
      mode,
      values: makeValues(type, elementCount(shape), FILLS[fill]!, seed),
    }));
}
