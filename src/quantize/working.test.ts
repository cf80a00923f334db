import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Bound } from "../promise/spec.ts";
import { DTYPE_NAMES, DTYPES, type DType } from "../tensor/dtype.ts";
import { integerLimits } from "../tensor/fill.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { type Floats, fromWorking, toWorking, type Working } from "./working.ts";

type Values = Tensor["data"];

const abs = (value: number): Bound => (value === 0 ? { kind: "lossless", value: 0 } : { kind: "abs", value });

function tensorOf(dtype: DType, values: readonly (number | bigint)[]): Tensor {
  const { Array: Made, bytes, kind } = DTYPES[dtype];
  const data = new Made(values.length);
  values.forEach((v, i) => {
    (data as Float64Array)[i] = (kind !== "float" && bytes === 8 ? BigInt(v) : Number(v)) as number;
  });
  return tensor(dtype, [values.length], data);
}

/**
 * Working values as a decoder may have them: each moved by up to the bound, `shares` (-1..1) of it, as the closed
 * loop allows (whole numbers stay whole; the move is checked in the working type).
 */
function moved({ mapping, values, bound }: Working, shares: readonly number[]): Floats {
  const out = values.slice();
  for (let i = 0; i < out.length; i++) {
    const move = shares[i % shares.length]! * bound;
    out[i]! += mapping.whole ? Math.trunc(move) : move;
    if (!(Math.abs(out[i]! - values[i]!) <= bound)) out[i] = values[i]!;
  }
  return out;
}

/** The pipeline's own test of a promise: without slack, in float64 or exactly. */
function breaks(x: number | bigint, y: number | bigint, bound: Bound): boolean {
  if (typeof x === "bigint" || typeof y === "bigint") {
    const off = BigInt(x) - BigInt(y);
    return (off < 0n ? -off : off) > BigInt(Math.floor(bound.value));
  }
  const allowed = bound.kind === "pw_rel" ? bound.value * Math.abs(x) : bound.value;
  return !(Math.abs(x - y) <= allowed);
}

function mustKeep(frames: Tensor, bound: Bound, shares: readonly number[]): Working | undefined {
  const working = toWorking(frames, bound);
  if (!working) return undefined;
  expect(working.values.length).toBe(frames.data.length);
  expect(working.values instanceof Float64Array).toBe(working.mapping.wide);
  expect(working.step > 0 && Number.isFinite(working.step)).toBe(true);
  if (working.mapping.whole) expect(working.values.every(Number.isInteger)).toBe(true);
  for (const decoded of [working.values, moved(working, shares), moved(working, [1, -1]), moved(working, [-1])]) {
    const back: Values = fromWorking(decoded, working.mapping, frames.dtype, frames.shape).data;
    for (let i = 0; i < back.length; i++) {
      if (breaks(frames.data[i]!, back[i]!, bound)) {
        throw new Error(`${frames.data[i]} became ${back[i]} within ${bound.kind} ${bound.value}`);
      }
    }
  }
  return working;
}

const shares = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 50 });

/** Normal numbers: the others are taken out before. */
function floats(dtype: "float32" | "float64"): fc.Arbitrary<number> {
  const wide = dtype === "float64";
  const any = wide
    ? fc.double({ noNaN: true, noDefaultInfinity: true })
    : fc.float({ noNaN: true, noDefaultInfinity: true });
  const least = wide ? 2 ** -1022 : 2 ** -126;
  return fc
    .oneof(any, fc.integer({ min: -9999, max: 9999 }), fc.double({ min: -1, max: 1, noNaN: true }))
    .map((v) => (wide ? v : Math.fround(v)))
    .filter((v) => (v === 0 ? !Object.is(v, -0) : Math.abs(v) >= least));
}

function integers(dtype: DType): fc.Arbitrary<number | bigint> {
  if (dtype === "bool") return fc.integer({ min: 0, max: 1 });
  const [least, most] = integerLimits(dtype).map(BigInt) as [bigint, bigint];
  const small = fc.bigInt({ min: least < -300n ? -300n : least, max: most > 300n ? 300n : most });
  return fc.oneof(small, fc.bigInt({ min: least, max: most }), fc.constantFrom(least, most));
}

const valuesOf = (dtype: DType): fc.Arbitrary<(number | bigint)[]> =>
  fc.array(dtype === "float32" || dtype === "float64" ? floats(dtype) : integers(dtype), {
    minLength: 1,
    maxLength: 60,
  });

describe("toWorking and fromWorking keep the bound", () => {
  for (const dtype of DTYPE_NAMES) {
    const float = DTYPES[dtype].kind === "float";

    it(`of any ${dtype}`, () => {
      const bounds = float
        ? fc.oneof(fc.constantFrom(0, 1e-9, 1e-3, 0.1, 1, 1e30), fc.double({ min: 1e-30, max: 1e30, noNaN: true }))
        : fc.constantFrom(0, 1, 2, 7, 100, 255, 2 ** 31, 2 ** 40);
      fc.assert(
        fc.property(valuesOf(dtype), bounds, shares, (values, bound, list) => {
          mustKeep(tensorOf(dtype, values), abs(dtype === "bool" ? 0 : bound), list);
        }),
        { numRuns: 300 },
      );
    });
  }

  it("of decimals on their own lattice, at bounds of whole steps", () => {
    for (const dtype of ["float32", "float64"] as const) {
      fc.assert(
        fc.property(
          fc.constantFrom(0.1, 0.01, 0.001, 0.25, 0.3, 1, 5, 1 / 3),
          fc.constantFrom(0, 273.15, -40, 1e4),
          fc.array(fc.integer({ min: -300, max: 300 }), { minLength: 40, maxLength: 60 }),
          fc.constantFrom(0, 0.5, 1, 1.5, 2, 3, 10, 50),
          shares,
          (delta, offset, steps, bound, list) => {
            mustKeep(
              tensorOf(
                dtype,
                steps.map((n) => offset + n * delta),
              ),
              abs(bound * delta),
              list,
            );
          },
        ),
        { numRuns: 300 },
      );
    }
  });

  it("relative to each value, across binades", () => {
    for (const dtype of ["float32", "float64"] as const) {
      const powers = dtype === "float32" ? 126 : 1022;
      const nearPowers = fc
        .tuple(fc.integer({ min: -powers + 1, max: powers }), fc.integer({ min: -6, max: 6 }), fc.boolean())
        .map(([power, ulps, negative]) => {
          const v = 2 ** power * (1 + ulps * 2 ** (dtype === "float32" ? -23 : -52));
          return negative ? -v : v;
        });
      const extremes = fc.constantFrom(
        ...(dtype === "float32" ? [2 ** -126, (2 - 2 ** -23) * 2 ** 127] : [2 ** -1022, Number.MAX_VALUE]),
      );
      const values = fc.oneof(floats(dtype), nearPowers, extremes).filter((v) => v !== 0);
      const bounds = fc.constantFrom(1e-12, 1e-6, 1e-4, 1e-3, 0.01, 0.1, 0.3, 0.5, 0.9, 0.999999);
      fc.assert(
        fc.property(fc.array(values, { minLength: 1, maxLength: 40 }), bounds, shares, (list, r, moves) => {
          const working = mustKeep(tensorOf(dtype, list), { kind: "pw_rel", value: r }, moves);
          if (r >= 1e-6) expect(working?.mapping.kind).toBe("ordered");
        }),
        { numRuns: 500 },
      );
    }
  });

  it("under absurd bounds", () => {
    for (const dtype of ["float32", "float64"] as const) {
      for (const bound of [1e-300, 1e-46, 1e38, 1e39, 1e308, Number.MAX_VALUE]) {
        mustKeep(tensorOf(dtype, [1, 2.5, -3.75, 1e-30, 1e30, 7.1]), abs(bound), [0.3]);
        mustKeep(tensorOf(dtype, [0, 0, 1e-30, 0, 2e-30]), abs(bound), [0.3]);
      }
      const most = dtype === "float32" ? (2 - 2 ** -23) * 2 ** 127 : Number.MAX_VALUE;
      mustKeep(tensorOf(dtype, [most, -most, most / 3, 0]), abs(most / 4), [0.3]);
      mustKeep(tensorOf(dtype, [most, -most, most / 3, 0]), abs(most), [0.3]);
    }
  });
});

describe("toWorking", () => {
  const kindOf = (frames: Tensor, bound: Bound) => toWorking(frames, bound)?.mapping.kind;
  const ramp = Array.from({ length: 50 }, (_, i) => i);

  it("takes floats as they are, integers as whole numbers, packed floats as lattice indices", () => {
    const waves = ramp.map((i) => Math.sin(i) * 10);
    expect(kindOf(tensorOf("float32", waves), abs(1e-3))).toBe("same");
    expect(kindOf(tensorOf("float64", waves), abs(1e-3))).toBe("same");
    expect(kindOf(tensorOf("uint8", ramp), abs(0))).toBe("whole");
    expect(
      kindOf(
        tensorOf(
          "float32",
          ramp.map((i) => (i * i) / 100),
        ),
        abs(0),
      ),
    ).toBe("lattice");
    expect(kindOf(tensorOf("float32", waves), { kind: "pw_rel", value: 1e-3 })).toBe("ordered");
  });

  it("leaves the lattice where the bound allows much more", () => {
    expect(
      kindOf(
        tensorOf(
          "float32",
          ramp.map((i) => (i * i) / 100),
        ),
        abs(1.234),
      ),
    ).toBe("same");
  });

  it("takes patterns where there is no bound to quantise with, or one below an ulp", () => {
    for (const dtype of ["float32", "float64"] as const) {
      const noise = tensorOf(
        dtype,
        ramp.map((i) => Math.sin(i * i) * 1e5),
      );
      expect(mustKeep(noise, abs(0), [0])?.mapping.kind).toBe("bits");
      expect(mustKeep(noise, abs(1e-18), [1])?.mapping.kind).toBe("bits");
      // No mean of magnitudes overflows, or ends in a step of zero.
      const most = dtype === "float32" ? 3.4e38 : 1.7e308;
      expect(mustKeep(tensorOf(dtype, [most, -most, most / 7]), abs(0), [0])?.mapping.kind).toBe("bits");
      const least = dtype === "float32" ? 2 ** -126 : 2 ** -1022;
      const tiny = [least, 1.1 * least, 1.7 * least, -1.3 * least];
      expect(mustKeep(tensorOf(dtype, tiny), abs(0), [0])).toBeDefined();
    }
  });

  it("has no form for relative bounds below an ulp, of 1, and on integers", () => {
    const noise = tensorOf(
      "float32",
      ramp.map((i) => Math.sin(i * i) * 1e5),
    );
    expect(kindOf(noise, { kind: "pw_rel", value: 1e-8 })).toBeUndefined();
    expect(kindOf(noise, { kind: "pw_rel", value: 1 })).toBeUndefined();
    expect(kindOf(tensorOf("int32", ramp), { kind: "pw_rel", value: 0.1 })).toBeUndefined();
  });

  it("holds integers in float32 up to 2^23 and in float64 up to 2^52", () => {
    const wideOf = (frames: Tensor, bound = 0) => toWorking(frames, abs(bound))?.mapping.wide;
    expect(wideOf(tensorOf("int32", [0, 2 ** 23]))).toBe(false);
    expect(wideOf(tensorOf("int32", [0, 2 ** 23]), 1)).toBe(true);
    expect(wideOf(tensorOf("int32", [0, -(2 ** 31)]))).toBe(true);
    expect(wideOf(tensorOf("int64", [0, 2n ** 52n]))).toBe(true);
    expect(wideOf(tensorOf("int64", [0, 2n ** 52n + 1n]))).toBeUndefined();
    expect(wideOf(tensorOf("uint64", [2n ** 64n - 1n]))).toBeUndefined();
  });

  it("gives 64-bit integers of the whole exact range back", () => {
    const edges = [0n, 1n, 2n ** 51n - 1n, 2n ** 51n, 2n ** 52n - 1n, 2n ** 52n];
    expect(mustKeep(tensorOf("uint64", edges), abs(0), [0])).toBeDefined();
    expect(mustKeep(tensorOf("int64", [...edges, ...edges.map((v) => -v)]), abs(0), [0])).toBeDefined();
    const inner = edges.slice(0, -1).map((v) => v - 3n);
    expect(mustKeep(tensorOf("int64", inner), abs(3), [1])).toBeDefined();
  });

  it("keeps masked values near what came before, where bits are the working values", () => {
    const frames = tensorOf("float32", [1.5, 0, 0, 1.6]);
    const mask = Uint8Array.of(0, 1, 1, 0);
    const { values } = toWorking(frames, { kind: "pw_rel", value: 0.01 }, mask)!;
    expect([...values.subarray(0, 3)]).toEqual([values[0], values[0], values[0]]);
  });

  it("does not write into the frames", () => {
    for (const [dtype, bound] of [
      ["float32", abs(0.1)],
      ["float64", { kind: "pw_rel", value: 0.1 } as Bound],
      ["int16", abs(1)],
    ] as const) {
      const frames = tensorOf(dtype, ramp);
      const before = frames.data.slice();
      toWorking(frames, bound, new Uint8Array(50).fill(1, 10, 20));
      expect(frames.data).toEqual(before);
    }
  });
});

describe("fromWorking", () => {
  const WILD = [Number.NaN, Infinity, -Infinity, 1e300, -1e300, 2 ** 63, -(2 ** 70), 300, -300, 0.4];

  it("stays inside every dtype's range, whatever a damaged stream gives", () => {
    for (const dtype of DTYPE_NAMES) {
      const { kind } = DTYPES[dtype];
      const mapping = { kind: kind === "float" ? ("same" as const) : ("whole" as const), wide: true, whole: true };
      const { data } = fromWorking(Float64Array.from(WILD), mapping, dtype, [WILD.length]);
      expect(data.length).toBe(WILD.length);
      if (dtype === "int8") expect([...data]).toEqual([0, 127, -128, 127, -128, 127, -128, 127, -128, 0]);
      if (dtype === "uint8") expect([...data]).toEqual([0, 255, 0, 255, 0, 255, 0, 255, 0, 0]);
      if (dtype === "bool") expect(Math.max(...(data as Uint8Array))).toBe(1);
    }
  });

  it("gives finite numbers of patterns that are beyond all finite ones", () => {
    for (const dtype of ["float32", "float64"] as const) {
      const mapping = { kind: "ordered" as const, wide: true, whole: true };
      const { data } = fromWorking(Float64Array.of(2 ** 60, -(2 ** 60), 2 ** 62), mapping, dtype, [3]);
      for (const v of data) expect(Number.isFinite(Number(v))).toBe(true);
    }
  });

  it("cannot tell any value from its working form where nothing was lost", () => {
    fc.assert(
      fc.property(fc.array(floats("float32"), { minLength: 1 }), (list) => {
        const frames = tensorOf("float32", list);
        const working = toWorking(frames, { kind: "pw_rel", value: 0.01 })!;
        expect(fromWorking(working.values, working.mapping, "float32", frames.shape).data).toEqual(frames.data);
      }),
    );
  });
});
