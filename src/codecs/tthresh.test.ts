import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { readFolder } from "../../test/support/tthresh-streams.ts";
import { openArchive } from "../compressor/archive.ts";
import { compress } from "../compressor/compress.ts";
import { checkOptions } from "../compressor/schema.ts";
import { TempressError } from "../errors.ts";
import type { DType } from "../tensor/dtype.ts";
import { type Slice, takeSlices } from "../tensor/slice.ts";
import { bytesOf, emptyTensor, type Tensor } from "../tensor/tensor.ts";
import { tthresh } from "./tthresh.ts";
import { tthreshBare } from "./tthresh-bare.ts";
import { foldingOf, pad, unpad } from "./tthresh-fold.ts";
import { volume } from "./tthresh-kernels.ts";
import { tthreshOptions } from "./tthresh-options.ts";

beforeAll(() => tthresh.prepare());

const where = { where: "stream" };
const none = checkOptions(tthreshOptions, {});
const target = (kind: string, value: number) =>
  checkOptions(tthreshOptions, { "tthresh:target_str": kind, "tthresh:target_value": value });

function wave(dtype: DType, shape: readonly number[]): Tensor {
  const t = emptyTensor(dtype, shape);
  for (let i = 0; i < t.data.length; i++) {
    (t.data as Float64Array)[i] = 100 + 60 * Math.sin(0.21 * (i % shape.at(-1)!) + 0.013 * i) + ((i * 7919) % 13) / 4;
  }
  return t;
}

function rmse(x: Tensor, y: Tensor): number {
  let sum = 0;
  for (let i = 0; i < x.data.length; i++) sum += (Number(x.data[i]) - Number(y.data[i])) ** 2;
  return Math.sqrt(sum / x.data.length);
}

describe("bare streams", () => {
  it("keep a target, of every type and 3 to 6 axes", () => {
    for (const dtype of ["uint8", "uint16", "int32", "float32", "float64"] as const) {
      for (const shape of [
        [7, 8, 9],
        [3, 4, 5, 6],
        [2, 3, 4, 3, 5],
        [2, 3, 2, 3, 2, 4],
        [1, 20, 30],
        [1, 1, 9],
      ]) {
        const values = wave(dtype, shape);
        const back = tthreshBare.read(tthreshBare.write(values, undefined, target("rmse", 0.7)), where);
        expect(back).toMatchObject({ dtype, shape });
        expect(rmse(values, back), `${dtype} ${shape}`).toBeLessThanOrEqual(0.7);
      }
    }
  });

  it("keep an absolute bound on every value", () => {
    const values = wave("float32", [9, 10, 11]);
    const back = tthreshBare.read(tthreshBare.write(values, { kind: "abs", value: 0.01 }, none), where);
    for (let i = 0; i < values.data.length; i++) {
      expect(Math.abs(Number(values.data[i]) - Number(back.data[i]))).toBeLessThanOrEqual(0.01);
    }
  });

  it("hold constants and zeros exactly, where they are asked to", () => {
    for (const dtype of ["uint8", "int32", "float32", "float64"] as const) {
      for (const value of [0, 42]) {
        const values = emptyTensor(dtype, [4, 5, 6]);
        (values.data as Float64Array).fill(value);
        const near = tthreshBare.write(values, undefined, target("psnr", 60));
        expect(rmse(values, tthreshBare.read(near, where)), `${dtype} ${value}`).toBeLessThan(1e-12);
        if (dtype === "float64") continue;
        const same = tthreshBare.write(values, { kind: "lossless", value: 0 }, none);
        expect(tthreshBare.read(same, where), `${dtype} ${value}`).toEqual(values);
      }
    }
  });

  it("refuse what they cannot hold, with a typed error", () => {
    const refused = (values: Tensor, code: string) => {
      try {
        tthreshBare.write(values, undefined, target("eps", 0.01));
      } catch (error) {
        expect(error).toBeInstanceOf(TempressError);
        expect((error as TempressError).code).toBe(code);
        return;
      }
      expect.fail("nothing was refused");
    };
    refused(wave("float32", [100]), "unsupported");
    refused(wave("float32", [8, 12]), "unsupported");
    refused(wave("float32", [1, 1, 5000]), "unsupported");
    refused(wave("float32", [1, 1, 1, 2, 2, 2, 2]), "unsupported");
    refused(wave("int16", [3, 4, 5]), "unsupported");
    for (const odd of [Number.NaN, Number.POSITIVE_INFINITY, 1e200]) {
      const values = wave("float64", [3, 4, 5]);
      values.data[7] = odd;
      refused(values, "unsupported");
    }
  });
});

/** What decoding does with any bytes: values, or a typed error. */
function attempt(bytes: Uint8Array): TempressError | undefined {
  try {
    tthreshBare.read(bytes, where);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(TempressError);
    return error as TempressError;
  }
}

describe("damaged streams", () => {
  const stream = readFolder().find(({ stream }) => stream === "theta4d_float32.eps1e-2.tth")!.bytes;

  it("cut at any byte give a typed error", () => {
    for (let length = 0; length < stream.length; length++) {
      expect(attempt(stream.subarray(0, length))?.code, `${length} bytes`).toMatch(/truncated|corrupt/);
    }
  });

  it("with bits flipped give values or a typed error", () => {
    for (let bit = 0; bit < stream.length * 8; bit += 1 + (bit % 3)) {
      const flipped = stream.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      attempt(flipped);
    }
  });

  it("of random bytes behind a sound head give values or a typed error", () => {
    const property = fc.property(fc.uint8Array({ minLength: 0, maxLength: 400 }), fc.nat(26), (bytes, from) => {
      const head = stream.subarray(0, 18);
      attempt(new Uint8Array([...head, ...stream.subarray(18, 18 + from), ...bytes]));
    });
    fc.assert(property, { numRuns: 300 });
  });

  it("that claim more than they can hold are refused before memory is taken", () => {
    const huge = stream.slice();
    new DataView(huge.buffer).setUint32(1, 0x7fffffff, true);
    expect(attempt(huge)?.code).toBe("corrupt");
  });
});

describe("folding", () => {
  it("gives back what it was given", () => {
    const shapes = [[5], [97], [1000, 3], [3, 1, 600], [2, 2, 2, 2, 2, 3, 3], [1, 1], [40_000]];
    for (const shape of shapes) {
      const folding = foldingOf(shape);
      expect(Math.max(...folding.extents)).toBeLessThanOrEqual(512);
      expect(volume(folding.extents)).toBe(volume(folding.padded));
      expect(volume(folding.extents)).toBeLessThan(1.3 * volume(shape) + 8);
      const values = Float64Array.from({ length: volume(shape) }, (_, i) => i);
      const wide = new Float64Array(volume(folding.padded)).fill(-1);
      pad(values, folding, wide);
      expect(wide.includes(-1)).toBe(false);
      const back = new Float64Array(values.length);
      unpad(wide, folding, (row, at) => back.set(row, at));
      expect(back).toEqual(values);
    }
  });
});

describe("parts", () => {
  const slices = (shape: readonly number[]): Slice[] =>
    shape.map((extent, axis) => ({ first: axis % 2, end: Math.max(1 + (axis % 2), extent - 2), step: 1 + (axis % 3) }));

  it("of a bare stream are those of the whole, bit for bit", () => {
    for (const shape of [
      [9, 10, 11],
      [4, 5, 6, 7],
      [3, 3, 4, 4, 5],
    ]) {
      const bytes = tthreshBare.write(wave("float32", shape), undefined, target("rmse", 0.5));
      const part = tthreshBare.readSlice!(bytes, where, slices);
      expect(part).toEqual(takeSlices(tthreshBare.read(bytes, where), slices(shape)));
    }
  });

  it("of a .tpz file too, whatever was folded, and of any chunks", async () => {
    for (const [shape, timeAxis] of [
      [[20, 10, 11], 0],
      [[6, 600, 5], 0],
      [[5, 6, 12], 2],
      [[900, 4], 0],
      [[3, 2, 2, 2, 2, 2, 3, 3], 0],
    ] as const) {
      const bytes = await compress(wave("float32", shape), { codec: "tthresh", rmse: 0.3, timeAxis, window: 7 });
      const archive = await openArchive(bytes);
      const whole = await archive.readSlice(shape.map((end) => ({ first: 0, end, step: 1 })));
      const part = await archive.readSlice(slices(shape));
      expect(part.shape).toEqual(takeSlices(whole, slices(shape)).shape);
      expect(bytesOf(part)).toEqual(bytesOf(takeSlices(whole, slices(shape))));
      const frames = await archive.readFrames(1, 3);
      const wanted = shape.map((end, axis) =>
        axis === timeAxis ? { first: 1, end: Math.min(3, end), step: 1 } : { first: 0, end, step: 1 },
      );
      expect(bytesOf(frames)).toEqual(bytesOf(takeSlices(whole, wanted)));
    }
  });
});

describe("promises of all values together", () => {
  it("are kept beside NaN, which stays exact", async () => {
    const values = wave("float32", [12, 13, 14]);
    for (let i = 0; i < values.data.length; i += 37) values.data[i] = Number.NaN;
    for (const promise of [{ psnr: 50 }, { rmse: 0.2 }, { eps: 1e-3 }]) {
      const archive = await openArchive(await compress(values, { codec: "tthresh", ...promise }));
      const back = await archive.readFrames(0, 12);
      let [sum, count, size, least, most] = [0, 0, 0, Infinity, -Infinity];
      for (let i = 0; i < values.data.length; i++) {
        const x = Number(values.data[i]);
        if (Number.isNaN(x)) {
          expect(back.data[i]).toBeNaN();
          continue;
        }
        sum += (x - Number(back.data[i])) ** 2;
        size += x * x;
        least = Math.min(least, x);
        most = Math.max(most, x);
        count++;
      }
      const got = Math.sqrt(sum / count);
      if (promise.rmse) expect(got).toBeLessThanOrEqual(promise.rmse);
      if (promise.psnr) expect(20 * Math.log10((most - least) / got)).toBeGreaterThanOrEqual(promise.psnr);
      if (promise.eps) expect(Math.sqrt(sum / size)).toBeLessThanOrEqual(promise.eps);
      expect(archive.inspect().maxError).toBeCloseTo(got, 6);
    }
  });

  it("are refused by codecs that keep none, and kept by lossless ones", async () => {
    const values = wave("float32", [3, 4, 5]);
    await expect(compress(values, { codec: "tezip", psnr: 60 })).rejects.toMatchObject({ code: "unsupported" });
    await expect(compress(values, { codec: "zstd", psnr: 60 })).resolves.toBeInstanceOf(Uint8Array);
    const twice = { codec: "tthresh", psnr: 60, options: { "tthresh:target_value": 0.1 } };
    await expect(compress(values, twice)).rejects.toMatchObject({ code: "invalid-argument" });
  });
});
