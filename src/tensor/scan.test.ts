import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fillsFor, tensors } from "../../test/nasty-tensors.ts";
import { isTempressError } from "../errors.ts";
import type { DType } from "./dtype.ts";
import { fillPattern } from "./fill.ts";
import { scanReference } from "./scan.reference.ts";
import { scanValues } from "./scan.ts";
import { tensor } from "./tensor.ts";

describe("scanValues", () => {
  it("agrees with its slow twin on every type, with and without a fill", () => {
    fc.assert(
      fc.property(
        tensors.chain((t) => fc.tuple(fc.constant(t), fillsFor(t))),
        ([t, fill]) => {
          expect(scanValues(t, fill)).toEqual(scanReference(t, fill));
        },
      ),
      { numRuns: 400 },
    );
  });

  it("agrees on arrays longer than one block, at odd offsets", () => {
    for (const dtype of ["float32", "float64"] as const) {
      const values = Array.from({ length: 40_003 }, (_, i) => (i % 977 === 5 ? Number.NaN : Math.sin(i) * i));
      const data = (dtype === "float32" ? Float32Array.from(values) : Float64Array.from(values)).subarray(3);
      data[39_990] = -0;
      data[7] = 1e30;
      const t = tensor(dtype, [40_000], data);
      expect(scanValues(t, 1e30)).toEqual(scanReference(t, 1e30));
      expect(scanValues(t).special).toBe(scanValues(t, 1e30).special - 1);
    }
  });
});

describe("fillPattern", () => {
  it("rounds to float32, as files store it", () => {
    const bits = new Uint32Array(new Float32Array([1e20]).buffer)[0];
    expect(fillPattern("float32", 1e20)).toEqual({ low: bits, high: 0 });
    expect(fillPattern("int8", -3)).toEqual({ low: 0xfd, high: 0 });
    expect(fillPattern("int64", -(2 ** 63))).toEqual({ low: 0, high: 0x80000000 });
    expect(fillPattern("uint64", 2 ** 53)).toEqual({ low: 0, high: 1 << 21 });
    expect(fillPattern("float32", Number.NaN).low).toBe(0x7fc00000);
  });

  it("refuses what the type cannot hold", () => {
    const cases: [DType, number][] = [
      ["float32", 1e39],
      ["float32", 1e-60],
      ["int8", 128],
      ["uint16", -1],
      ["int32", 0.5],
      ["int16", Number.NaN],
      ["uint64", 2 ** 64],
      ["int64", 2 ** 63],
      ["bool", 2],
      ["uint8", Number.POSITIVE_INFINITY],
    ];
    for (const [dtype, fill] of cases) {
      let caught: unknown;
      try {
        fillPattern(dtype, fill);
      } catch (error) {
        caught = error;
      }
      expect(isTempressError(caught, "invalid-argument"), `${dtype} ${fill}`).toBe(true);
    }
  });
});
