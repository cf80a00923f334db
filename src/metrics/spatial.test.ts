/** Transforms and maps against their definitions. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tensor } from "../tensor/tensor.ts";
import { correlationMap, lagSums } from "./error-autocorrelation.ts";
import { errorHistogram } from "./error-histogram.ts";
import { forwardAll } from "./fft.ts";
import { frameDrift } from "./frame-drift.ts";
import { gradientLength } from "./gradient.ts";
import { evaluateMetrics } from "./index.ts";
import { powerSpectra, radialSum } from "./power-spectrum.ts";
import { plainSsim } from "./ssim.reference.ts";
import { meanInside, ssimMap } from "./ssim-map.ts";

/** Of one scale: where x is 1e-24 and y is 100, covariances have no digits. */
const value = fc.integer({ min: -800, max: 800 }).map((eighths) => eighths / 8);
const listOf = (length: number) =>
  fc
    .array(value, { minLength: length, maxLength: length })
    .map(Float64Array.from.bind(Float64Array) as (v: number[]) => Float64Array<ArrayBuffer>);
const pairOf = (shapes: fc.Arbitrary<number[]>) =>
  shapes.chain((shape) => {
    const length = shape.reduce((product, extent) => product * extent, 1);
    return fc.tuple(fc.constant(shape), listOf(length), listOf(length));
  });
const extents = (least: number, most: number, max: number) =>
  fc.array(fc.integer({ min: 1, max }), { minLength: least, maxLength: most });

function slowTransform(values: Float64Array): { re: number[]; im: number[] } {
  const n = values.length;
  const at = (k: number, wave: (x: number) => number) =>
    values.reduce((sum, v, i) => sum + v * wave((2 * Math.PI * ((i * k) % n)) / n), 0);
  const ks = [...values.keys()];
  return { re: ks.map((k) => at(k, Math.cos)), im: ks.map((k) => -at(k, Math.sin)) };
}

describe("Fourier transform", () => {
  it("agrees with its definition at every length", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }).chain(listOf), (values) => {
        const [re, im] = [Float64Array.from(values), new Float64Array(values.length)];
        forwardAll(re, im, [values.length]);
        const slow = slowTransform(values);
        const scale = 1e-11 * values.length * 100;
        for (let k = 0; k < values.length; k++) {
          expect(Math.abs(re[k]! - slow.re[k]!)).toBeLessThanOrEqual(scale);
          expect(Math.abs(im[k]! - slow.im[k]!)).toBeLessThanOrEqual(scale);
        }
      }),
    );
  });

  it("keeps the power of each side and of their difference", () => {
    fc.assert(
      fc.property(pairOf(extents(1, 3, 7)), ([shape, x, y]) => {
        const power = powerSpectra(x, y, shape);
        const total = (values: Float64Array) => values.reduce((sum, each) => sum + each, 0);
        const meanSquare = (values: Float64Array) => total(values.map((each) => each * each)) / values.length;
        const sides = [
          [power.x, x],
          [power.y, y],
          [power.error, x.map((v, i) => v - y[i]!)],
        ] as const;
        for (const [spectrum, values] of sides) expect(total(spectrum)).toBeCloseTo(meanSquare(values), 6);
        expect(total(radialSum(power.x, shape))).toBeLessThanOrEqual(total(power.x) * (1 + 1e-12) + 1e-300);
      }),
    );
  });

  it("puts a wave in its ring", () => {
    const [height, width] = [12, 20];
    const x = Float64Array.from({ length: height * width }, (_, i) =>
      Math.cos((2 * Math.PI * 5 * (i % width)) / width),
    );
    // 5 waves over 20 points are 3 over the 12 of the shorter axis.
    const rings = radialSum(powerSpectra(x, x, [height, width]).x, [height, width]);
    expect(Array.from(rings, (power) => Math.round(power * 1e6) / 1e6)).toEqual([0, 0, 0, 0.5, 0, 0, 0]);
  });
});

describe("ssim", () => {
  it("agrees with its twin for every shape, type and cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        pairOf(extents(1, 4, 17).filter((shape) => shape.reduce((a, b) => a * b, 1) < 4000)),
        fc.constantFrom("float32", "float64", "int16"),
        fc.constantFrom(0, 1e6),
        async ([shape, a, b], dtype, offset) => {
          const Values = { float32: Float32Array, float64: Float64Array, int16: Int16Array }[dtype];
          const shift = dtype === "float64" ? offset : 0;
          const [x, y] = [a, b].map((side) => {
            const values = new Values(side.length);
            for (let i = 0; i < side.length; i++) values[i] = side[i]! + shift;
            return tensor(dtype, shape, values as Float64Array);
          });
          const got = await evaluateMetrics(["ssim"], x!, 1, y!);
          const wanted = plainSsim(
            Float64Array.from(x!.data as Float64Array),
            Float64Array.from(y!.data as Float64Array),
            shape,
          );
          expect(Math.abs(Number(got["ssim:ssim"]) - wanted!)).toBeLessThanOrEqual(1e-8);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("measures long data of one axis in pieces", async () => {
    for (const length of [65536, 65540, 65541, 65542, 65543, 131077, 140000]) {
      const x = Float32Array.from({ length }, (_, i) => Math.sin(i / 50) + i * 1e-4);
      const y = x.map((each, i) => each + ((i * 7919) % 13) * 1e-3);
      const got = await evaluateMetrics(["ssim"], tensor("float32", [length], x), 1, tensor("float32", [length], y));
      expect(got["ssim:ssim"]).toBeCloseTo(plainSsim(Float64Array.from(x), Float64Array.from(y), [length])!, 9);
    }
  });

  it("leaves windows with NaN and the fill out", async () => {
    const x = Float32Array.from({ length: 40 * 30 }, (_, i) => Math.sin(i / 7));
    const y = x.map((each, i) => each + 0.01 * Math.cos(i));
    x[605] = Number.NaN;
    x[100] = -999;
    const both = [tensor("float32", [40, 30], x), tensor("float32", [40, 30], y)] as const;
    const got = await evaluateMetrics(["ssim"], both[0], 1, both[1], { fill: -999 });
    const wanted = plainSsim(
      Float64Array.from(x, (v) => (v === -999 ? Number.NaN : v)),
      Float64Array.from(y),
      [40, 30],
    );
    expect(got["ssim:ssim"]).toBeCloseTo(wanted!, 9);
  });

  it("is 1 on equal planes, locally and on average", () => {
    const x = Float64Array.from({ length: 16 * 20 }, (_, i) => Math.sin(i));
    const map = ssimMap(x, x, [16, 20], 1e-8, 1e-8);
    expect(meanInside(map, [16, 20])).toBeCloseTo(1, 9);
  });
});

describe("correlation of errors", () => {
  it("agrees with its definition", () => {
    fc.assert(
      fc.property(
        pairOf(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))),
        fc.integer({ min: 1, max: 4 }),
        ([shape, e, hole], lags) => {
          const errors = e.map((each, i) => (hole[i]! > 80 ? Number.NaN : each));
          const [height, width] = shape as [number, number];
          const got = lagSums(errors, [height, width], lags);
          const side = 2 * lags + 1;
          for (let k = 0; k < side * side; k++) {
            const [dy, dx] = [Math.floor(k / side) - lags, (k % side) - lags];
            let [sum, pairs] = [0, 0];
            for (let y = 0; y < height; y++) {
              for (let x = 0; x < width; x++) {
                const [v, u] = [y + dy, x + dx];
                if (v < 0 || u < 0 || v >= height || u >= width) continue;
                const product = errors[y * width + x]! * errors[v * width + u]!;
                if (Number.isNaN(product)) continue;
                sum += product;
                pairs++;
              }
            }
            expect(got.pairs[k]).toBe(pairs);
            expect(Math.abs(got.products[k]! - sum)).toBeLessThanOrEqual(1e-7);
          }
          expect(correlationMap(got).every(Number.isFinite)).toBe(true);
        },
      ),
    );
  });
});

describe("small functions", () => {
  it("take the gradient as NumPy does", () => {
    const x = Float64Array.of(1, 2, 4, 7, 11, 16);
    expect([...gradientLength(x, [6])]).toEqual([1, 1.5, 2.5, 3.5, 4.5, 5]);
    const parts = [6, 1, 9, 1.5, 12, 2, 6, 4, 9, 4.5, 12, 5];
    for (const [i, length] of gradientLength(x, [2, 3]).entries()) {
      expect(length).toBeCloseTo(Math.hypot(parts[2 * i]!, parts[2 * i + 1]!), 12);
    }
  });

  it("count errors as shares of the bound", () => {
    const even = Float64Array.from({ length: 64 }, (_, i) => (i + 0.5) / 32 - 1);
    expect(errorHistogram(even, 1)).toMatchObject({ outside: 0, distance: 0, values: 64 });
    expect(errorHistogram([0, 0, 3, Number.NaN], 1)).toMatchObject({ outside: 2, distance: 63 / 64 });
  });

  it("see errors grow", () => {
    const drift = frameDrift([0, 0, 0, 0, 0, 0], [0, 0, 1, 1, 2, 2], 2);
    expect([[...drift.bias], [...drift.rmse], drift.slope]).toEqual([[0, -1, -2], [0, 1, 2], 1]);
  });
});
