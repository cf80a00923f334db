import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dtypes, fillsFor, tensorOfBits, tensorsOf } from "../../test/nasty-tensors.ts";
import { isTempressError } from "../errors.ts";
import { DTYPES } from "../tensor/dtype.ts";
import { fillPattern } from "../tensor/fill.ts";
import { isSpecial, patternAt } from "../tensor/scan.reference.ts";
import { bytesOf, type Tensor, tensor } from "../tensor/tensor.ts";
import { applyCorrections, correct } from "./correct.ts";
import { eachChanged } from "./errors-at.ts";
import type { Bound } from "./spec.ts";
import { verifyBound } from "./verify.ts";

interface Case {
  readonly original: Tensor;
  readonly decoded: Tensor;
  readonly bound: Bound;
  readonly mask: Uint8Array | undefined;
  readonly fill: number | undefined;
}

const bounds: fc.Arbitrary<Bound> = fc.oneof(
  fc.constantFrom(1, 2, 1000, 0.125, 1e-30, 1e19, 5e-324).map((value) => ({ kind: "abs", value }) as const),
  fc.constantFrom(0.5, 1e-3, 1e-16, 1, 3).map((value) => ({ kind: "pw_rel", value }) as const),
  fc.constant({ kind: "lossless", value: 0 } as const),
);

/** Decoded values are the original ones, some replaced by others of the same type. */
const cases: fc.Arbitrary<Case> = dtypes.chain((dtype) =>
  fc.integer({ min: 0, max: 40 }).chain((count) =>
    (tensorsOf(dtype, fc.constant([count])) as fc.Arbitrary<Tensor>).chain((original) =>
      fc.record({
        original: fc.constant(original),
        decoded: fc
          .tuple(
            tensorsOf(dtype, fc.constant([count])),
            fc.array(fc.integer({ min: 0, max: 3 }), { minLength: count, maxLength: count }),
          )
          .map(([other, picks]) => {
            const bits = picks.map((pick, i) => {
              const { low, high } = patternAt(pick === 0 ? other : original, i);
              return BigInt(low) | (BigInt(high) << 32n);
            });
            return tensorOfBits(dtype, [count], bits) as Tensor;
          }),
        bound: bounds,
        mask: fc.option(fc.uint8Array({ minLength: count, maxLength: count, max: 1 }), { nil: undefined }),
        fill: fillsFor(original),
      }),
    ),
  ),
);

/** The promise in exact rational arithmetic where that differs from float64, straight from the words of spec.ts. */
function keeps({ original, decoded, bound, mask, fill }: Case, i: number): boolean {
  const a = patternAt(original, i);
  const b = patternAt(decoded, i);
  if (mask?.[i] || (a.low === b.low && a.high === b.high)) return true;
  if (isSpecial(original, i, fill === undefined ? undefined : fillPattern(original.dtype, fill))) return false;
  if (bound.kind === "lossless") return false;
  const x = original.data[i]!;
  const y = decoded.data[i]!;
  if (typeof x === "bigint" && typeof y === "bigint") {
    const d = x > y ? x - y : y - x;
    const size = x < 0n ? -x : x;
    if (bound.kind === "abs") return d <= BigInt(Math.floor(bound.value));
    const scale = 1n << 1074n;
    return d * scale <= scaled(bound.value) * size;
  }
  const wide = Math.abs(Number(x) - Number(y));
  const error = original.dtype === "float32" ? Math.max(wide, Math.fround(wide)) : wide;
  if (bound.kind === "abs") return error <= bound.value;
  const size = Math.abs(Number(x));
  return error <= bound.value * size && (error === 0 || error / size <= bound.value);
}

/** A float64 times 2^1074: a whole number. */
function scaled(value: number): bigint {
  const [bits] = new BigUint64Array(new Float64Array([value]).buffer);
  const exponent = Number((bits! >> 52n) & 2047n);
  const fraction = bits! & ((1n << 52n) - 1n);
  return exponent === 0 ? fraction : (fraction | (1n << 52n)) << BigInt(exponent - 1);
}

describe("verifyBound", () => {
  it("finds exactly the values that break the promise, on every type", () => {
    fc.assert(
      fc.property(cases, (c) => {
        const wanted = [...c.original.data.keys()].filter((i) => !keeps(c, i));
        const verdict = verifyBound(c.original, c.decoded, c.bound, c.mask, c.fill);
        expect(verdict.broken).toBe(wanted.length);
        expect(verdict.worst.length).toBe(Math.min(10, wanted.length));
        for (const { index } of verdict.worst) expect(wanted).toContain(index);
        if (wanted.length === 0 && c.bound.kind !== "lossless")
          expect(verdict.maxError).toBeLessThanOrEqual(c.bound.value);
      }),
      { numRuns: 1500 },
    );
  });

  it("gives the same largest error by the fast pass and value by value", () => {
    fc.assert(
      fc.property(cases, (c) => {
        let largest = 0;
        eachChanged(c.original, c.decoded, c.bound, c.mask, c.fill, (_, error) => {
          largest = Math.max(largest, error);
        });
        expect(verifyBound(c.original, c.decoded, c.bound, c.mask, c.fill).maxError).toBe(largest);
      }),
      { numRuns: 1500 },
    );
  });

  it("works across blocks, and names the worst first", () => {
    for (const dtype of ["float32", "float64"] as const) {
      const values = Array.from({ length: 50_001 }, (_, i) => Math.sin(i / 100) * 20);
      const make = () => (dtype === "float32" ? Float32Array.from(values) : Float64Array.from(values));
      const original = tensor(dtype, [50_001], make());
      const data = make();
      for (let i = 0; i < data.length; i++) data[i] = data[i]! + (i % 2 ? 0.001 : -0.001);
      const decoded = tensor(dtype, [50_001], data);
      const bound: Bound = { kind: "abs", value: 0.00101 };
      const clean = verifyBound(original, decoded, bound);
      expect(clean.broken).toBe(0);
      expect(clean.maxError).toBeCloseTo(0.001, 5);
      data[50_000]! += 1;
      data[17]! += 2;
      const { broken, worst, maxError } = verifyBound(original, decoded, bound);
      expect(broken).toBe(2);
      expect(worst.map((w) => w.index)).toEqual([17, 50_000]);
      expect(worst[0]!.error).toBe(maxError);
      const mask = new Uint8Array(50_001);
      mask[17] = 1;
      mask[50_000] = 1;
      expect(verifyBound(original, decoded, bound, mask)).toEqual(clean);
    }
  });

  it("compares 64-bit integers exactly, where float64 sees no difference", () => {
    const original = tensor("int64", [2], BigInt64Array.of(2n ** 62n, -(2n ** 62n)));
    const decoded = tensor("int64", [2], BigInt64Array.of(2n ** 62n + 3n, -(2n ** 62n) - 2n));
    expect(verifyBound(original, decoded, { kind: "abs", value: 2 })).toMatchObject({ broken: 1, maxError: 3 });
    expect(verifyBound(original, decoded, { kind: "abs", value: 3 })).toMatchObject({ broken: 0, maxError: 3 });
  });

  it("refuses tensors that do not match", () => {
    const a = tensor("float32", [4], new Float32Array(4));
    for (const b of [tensor("float32", [2, 2], new Float32Array(4)), tensor("int32", [4], new Int32Array(4))]) {
      expect(() => verifyBound(a, b, { kind: "abs", value: 1 })).toThrow(/compared/);
    }
  });
});

describe("correct", () => {
  it("makes any decoded values keep the promise", () => {
    fc.assert(
      fc.property(cases, (c) => {
        const section = correct(c.original, c.decoded, c.bound, c.mask, c.fill);
        const { broken } = verifyBound(c.original, c.decoded, c.bound, c.mask, c.fill);
        expect(section === undefined).toBe(broken === 0);
        if (section === undefined) return;
        expect(section.length).toBeLessThanOrEqual(2 + broken * (2 + DTYPES[c.original.dtype].bytes));
        applyCorrections(section, c.decoded);
        expect(verifyBound(c.original, c.decoded, c.bound, c.mask, c.fill).broken).toBe(0);
      }),
      { numRuns: 800 },
    );
  });

  it("answers damage with typed errors and changes nothing", () => {
    const original = tensor(
      "float32",
      [300],
      Float32Array.from({ length: 300 }, (_, i) => (i % 40 ? 0 : i)),
    );
    const decoded = tensor("float32", [300], new Float32Array(300));
    const section = correct(original, decoded, { kind: "abs", value: 0.5 })!;
    const tries: Uint8Array[] = [
      new Uint8Array(0),
      Uint8Array.of(0),
      Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 255),
    ];
    for (let cut = 0; cut < section.length; cut++) tries.push(section.slice(0, cut));
    tries.push(Uint8Array.of(...section, 0));
    for (const bytes of tries) {
      const into = tensor("float32", [300], new Float32Array(300));
      let caught: unknown;
      try {
        applyCorrections(bytes, into);
      } catch (error) {
        caught = error;
      }
      expect(isTempressError(caught, "corrupt") || isTempressError(caught, "truncated")).toBe(true);
      expect(bytesOf(into).every((byte) => byte === 0)).toBe(true);
    }
    for (let at = 0; at < section.length; at++) {
      for (const flip of [1, 128, 255]) {
        const bytes = section.slice();
        bytes[at]! ^= flip;
        try {
          applyCorrections(bytes, tensor("float32", [300], new Float32Array(300)));
        } catch (error) {
          expect(isTempressError(error)).toBe(true);
        }
      }
    }
  });
});
