import { describe, expect, it } from "vitest";
import { openArchive } from "../compressor/archive.ts";
import { compress } from "../compressor/compress.ts";
import { compressor } from "../compressor/compressor.ts";
import { decompress } from "../compressor/decompress.ts";
import { DTYPES, type DType } from "../tensor/dtype.ts";
import { bytesOf, type Tensor, tensor } from "../tensor/tensor.ts";
import { zfp } from "./zfp.ts";
import { foldedShape } from "./zfp-carrier.ts";

function field(shape: readonly number[], value: (i: number) => number): Tensor<"float32"> {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return tensor(
    "float32",
    shape,
    Float32Array.from({ length: count }, (_, i) => value(i)),
  );
}

function worst(a: Tensor, b: Tensor): number {
  let most = 0;
  for (let i = 0; i < a.data.length; i++) most = Math.max(most, Math.abs(Number(a.data[i]) - Number(b.data[i])));
  return most;
}

const wave = (i: number) => Math.sin(i * 0.02) * 10 + Math.cos(i * 0.3);

describe("codec zfp", () => {
  it("keeps an absolute bound with zfp alone", async () => {
    const input = field([12, 30, 40], wave);
    const bytes = await compress(input, { codec: "zfp", abs: 0.01 });
    const archive = await openArchive(bytes);
    expect(worst(input, await archive.readFrames(0, 12))).toBeLessThanOrEqual(2 ** -7);
    expect(archive.chunks.flatMap(({ sections }) => sections.map(({ name }) => name))).toEqual(["data"]);
    expect(bytes.length).toBeLessThan(input.data.byteLength / 2);
  });

  it("turns to the reversible mode where the tolerance is finer than its integers", async () => {
    const input = field([9, 20, 20], (i) => 1e6 * Math.sin((i % 20) * 0.1));
    const bytes = await compress(input, { codec: "zfp", abs: 1e-3 });
    expect(worst(input, await decompress(bytes))).toBe(0);
    expect(bytes.length).toBeLessThan(input.data.byteLength);
  });

  it("keeps NaN, infinities and -0 beside the stream", async () => {
    const input = field([4, 8, 8], wave);
    input.data.set([Number.NaN, Number.POSITIVE_INFINITY, -0, Number.NEGATIVE_INFINITY], 17);
    const back = await decompress(await compress(input, { codec: "zfp", abs: 0.5 }));
    expect(Array.from(back.data.subarray(17, 21) as Float32Array)).toEqual([NaN, Infinity, -0, -Infinity]);
  });

  it("makes streams of the mode that its options name", async () => {
    const input = field([16, 32, 32], wave);
    const options = { "zfp:rate": 12 };
    const archive = await openArchive(await compress(input, { codec: "zfp", abs: 100, options }));
    const [data] = archive.chunks[0]!.sections;
    expect(data!.byteLength).toBe(Math.ceil((96 + 16 * 32 * 32 * 12) / 64) * 8);
    const twice = { "zfp:rate": 12, "zfp:precision": 3 };
    await expect(compress(input, { codec: "zfp", abs: 1, options: twice })).rejects.toMatchObject({
      code: "invalid-argument",
    });
  });

  it("keeps the promise also where its mode would break it", async () => {
    const input = field([16, 32, 32], wave);
    const bytes = await compress(input, { codec: "zfp", abs: 0.05, options: { "zfp:rate": 2 } });
    expect(worst(input, await decompress(bytes))).toBeLessThanOrEqual(0.05);
  });

  it("refuses a bound for each value", async () => {
    await expect(compress(field([4, 4], wave), { codec: "zfp", pwRel: 0.1 })).rejects.toMatchObject({
      code: "unsupported",
    });
  });

  it("answers to LibPressio's names", async () => {
    const input = field([8, 16, 16], wave);
    const ours = await compressor("zfp");
    ours.setOptions({ "pressio:abs": 0.1 });
    expect(worst(input, await ours.decompress(await ours.compress(input)))).toBeLessThanOrEqual(0.1);
  });

  it("keeps extreme values of every type, ranks 1 to 8, losslessly", async () => {
    for (const dtype of zfp.dtypes) {
      for (const shape of [[11], [1, 11], [5, 1, 3], [2, 3, 4, 5], [2, 1, 2, 3, 2, 5], [2, 2, 2, 2, 2, 2, 2, 2]]) {
        const input = extremes(dtype, shape);
        const back = await decompress(await compress(input, { codec: "zfp", lossless: true }));
        expect(Buffer.compare(bytesOf(back), bytesOf(input)), `${dtype} ${shape.join("x")}`).toBe(0);
      }
    }
  });

  it("keeps a bound on integers of every size", async () => {
    for (const dtype of ["int8", "uint16", "int32", "uint32", "int64", "uint64"] as const) {
      const wide = DTYPES[dtype].bytes === 8;
      const values = Array.from({ length: 990 }, (_, i) => Math.floor(50 + 45 * Math.sin(i * 0.03)));
      const data = wide ? BigInt64Array.from(values, BigInt) : values;
      const input = tensor(
        dtype,
        [9, 10, 11],
        new (DTYPES[dtype].Array as never as typeof Int8Array)(data as number[]),
      );
      const back = await decompress(await compress(input as Tensor, { codec: "zfp", abs: 2 }));
      expect(worst(input as Tensor, back)).toBeLessThanOrEqual(2);
    }
  });

  it("folds shapes that no header can say", () => {
    expect(foldedShape([1, 5, 1, 6])).toEqual([5, 6]);
    expect(foldedShape([1, 1])).toEqual([1]);
    expect(foldedShape([2, 3, 4, 5, 6])).toEqual([6, 4, 5, 6]);
    expect(foldedShape([5000, 2, 2, 2])).toEqual([10000, 2, 2]);
    expect(foldedShape([2, 70_000, 3])).toEqual([140_000, 3]);
  });
});

function extremes(dtype: DType, shape: readonly number[]): Tensor {
  const { Array: Values, bytes, kind } = DTYPES[dtype];
  const count = shape.reduce((product, extent) => product * extent, 1);
  const data = new Values(count);
  const raw = new Uint8Array(data.buffer as ArrayBuffer);
  for (let i = 0; i < raw.length; i++) {
    const value = Math.floor(i / bytes);
    raw[i] =
      kind === "bool"
        ? i & 1
        : value % 4 === 0
          ? 0
          : value % 4 === 1
            ? 255
            : (Math.imul(i + 1, 2654435761) >>> 13) & 255;
  }
  return { dtype, shape, data } as Tensor;
}
