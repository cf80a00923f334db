import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TempressError } from "../errors.ts";
import { elementCount } from "../tensor/shape.ts";
import { tensor } from "../tensor/tensor.ts";
import { checkFrames, type FrameScale, frameShape, fromLevels, parseScale, toLevels, widen } from "./eight-bit.ts";

const base = { format: "tempress-frames", version: 1, missing: 0 } as const;

describe("fields as frames", () => {
  it("come back within half a level, and a second time the same", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 60 }),
        fc.constantFrom(8 as const, 16 as const),
        fc.boolean(),
        (list, bits, rgb) => {
          const field = tensor("float64", [list.length], Float64Array.from(list));
          const { least, greatest } = widen(undefined, field, undefined);
          const scale: FrameScale = { ...base, bits, rgb, least, greatest, shape: [list.length], dtype: "float64" };
          const levels = toLevels(field, scale, undefined);
          expect(levels.data.length).toBe(list.length * (rgb ? 3 : 1));
          const back = fromLevels(levels, scale);
          const half = (greatest - least) / (2 ** bits - 1) / 2;
          const slack = 1e-9 * Math.max(Math.abs(least), Math.abs(greatest));
          list.forEach((value, i) => {
            expect(Math.abs(Number(back.data[i]) - value)).toBeLessThanOrEqual(half + slack);
          });
          expect(toLevels(back, scale, undefined).data).toEqual(levels.data);
        },
      ),
    );
  });

  it("leave missing values out of the scale, and count them", () => {
    const field = tensor("float32", [5], Float32Array.of(1, Number.NaN, 3, -999, Number.POSITIVE_INFINITY));
    const levels = widen(undefined, field, -999);
    expect(levels).toEqual({ least: 1, greatest: 3, missing: 3 });
    const scale: FrameScale = { ...base, ...levels, bits: 8, rgb: false, shape: [5], dtype: "float32" };
    expect([...toLevels(field, scale, -999).data]).toEqual([0, 0, 255, 0, 0]);
  });

  it("of one value, of whole numbers, and of channels that a codec made unequal", () => {
    const flat: FrameScale = { ...base, bits: 8, rgb: false, least: 7, greatest: 7, shape: [2], dtype: "int64" };
    const levels = toLevels(tensor("int64", [2], BigInt64Array.of(7n, 7n)), flat, undefined);
    expect([...levels.data, ...fromLevels(levels, flat).data]).toEqual([0, 0, 7n, 7n]);
    const scale: FrameScale = { ...base, bits: 8, rgb: true, least: 0, greatest: 255, shape: [1], dtype: "uint8" };
    expect([...fromLevels(tensor("uint8", [3], Uint8Array.of(9, 10, 12)), scale).data]).toEqual([10]);
  });

  it("make images of every rank", () => {
    for (const shape of [[5], [4, 5], [3, 4, 5], [2, 3, 4, 5], [2, 2, 3, 4, 5]]) {
      expect(elementCount(frameShape(shape, false))).toBe(elementCount(shape));
      expect(frameShape(shape, true).at(-1)).toBe(3);
    }
    expect(frameShape([2, 3, 4, 5], false)).toEqual([2, 12, 5]);
  });

  it("refuse scales that are damaged, and frames of another field", () => {
    const good: FrameScale = { ...base, bits: 8, rgb: true, least: 0, greatest: 1, shape: [2, 3, 4], dtype: "float32" };
    expect(parseScale(JSON.stringify(good), "x")).toEqual(good);
    for (const change of [
      ...[{ format: "x" }, { version: 2 }, { bits: 9 }, { rgb: 1 }, { least: "0" }, { greatest: null }],
      ...[
        { shape: 5 },
        { shape: [-1] },
        { shape: ["2"] },
        { dtype: "float16" },
        { axes: ["t"] },
        { name: 3 },
        { attributes: { a: 1 } },
      ],
    ]) {
      expect(() => parseScale(JSON.stringify({ ...good, ...change }), "x"), JSON.stringify(change)).toThrow(
        TempressError,
      );
    }
    for (const text of ["", "null", "[]", "{"]) expect(() => parseScale(text, "x")).toThrow(TempressError);
    checkFrames({ dtype: "uint8", shape: [2, 3, 4, 3] }, good, "x");
    expect(() => checkFrames({ dtype: "uint8", shape: [1, 3, 4, 3] }, good, "x")).toThrow(
      "the frames are 1x3x4x3 uint8",
    );
  });
});
