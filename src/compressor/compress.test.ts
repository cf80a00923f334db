import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TempressError } from "../errors.ts";
import { DTYPE_NAMES, DTYPES, type DType } from "../tensor/dtype.ts";
import { type ByteSource, byteSource, type TensorSource, tensorSource } from "../tensor/source.ts";
import { bytesOf, emptyTensor, frames, type Tensor, tensor } from "../tensor/tensor.ts";
import { openArchive } from "./archive.ts";
import type { Codec } from "./codec.ts";
import { compress, compressTo } from "./compress.ts";
import { decompress } from "./decompress.ts";
import type { CompressOptions } from "./options.ts";
import { codecs } from "./registry.ts";
import { int } from "./schema.ts";

function ramp(shape: number[], dtype: DType = "float32"): Tensor {
  const t = emptyTensor(dtype, shape);
  for (let i = 0; i < t.data.length; i++) {
    (t.data as Float64Array)[i] = DTYPES[dtype].bytes === 8 && dtype !== "float64" ? (BigInt(i) as never) : i;
  }
  return t;
}

function same(a: Tensor, b: Tensor): boolean {
  return a.dtype === b.dtype && a.shape.join() === b.shape.join() && Buffer.compare(bytesOf(a), bytesOf(b)) === 0;
}

async function refusal(work: () => Promise<unknown>): Promise<TempressError> {
  const error = await work().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(TempressError);
  return error as TempressError;
}

/** A codec that rounds to multiples of 1/4 whatever the bound, and cuts every three frames. */
const rounder: Codec = {
  name: "rounder",
  id: 130,
  version: 2,
  stability: "experimental",
  summary: "test codec",
  keeps: ["abs"],
  dtypes: ["float32"],
  options: { "rounder:every": int(3, "frames between cuts", { min: 1 }) },
  prepare: async () => undefined,
  encode({ frames: { data } }) {
    const rounded = Float32Array.from(data as Float32Array, (x) => Math.round(4 * x) / 4);
    return { sections: [{ name: "codes", bytes: new Uint8Array(rounded.buffer) }] };
  },
  decode: ({ shape, section }) => tensor("float32", shape, new Float32Array(section("codes").slice().buffer)),
  cuts(slab, options) {
    const every = (options as Record<string, number>)["rounder:every"]!;
    return Array.from({ length: Math.ceil(slab.shape[0]! / every) - 1 }, (_, i) => (i + 1) * every);
  },
};
codecs.register(rounder);

describe("compress", () => {
  it("gives back shape, dtype, names and values without options", async () => {
    const input = { ...ramp([4, 3, 5]), axes: ["t", "y", "x"], name: "wind", attributes: { units: "m/s" } };
    const back = await decompress(await compress(input, { codec: "zstd", lossless: true }));
    expect(same(back, input)).toBe(true);
    expect(back).toMatchObject({ axes: ["t", "y", "x"], name: "wind", attributes: { units: "m/s" } });
  });

  it.each(["noop", "zstd", "gzip"])("stores a constant field in few bytes with %s", async (codec) => {
    const input = ramp([132, 73, 144]);
    input.data.fill(273.15 as never);
    const bytes = await compress(input, { codec, abs: 1e-3 });
    expect(bytes.length).toBeLessThan(180);
    expect(same(await decompress(bytes), input)).toBe(true);
    expect((await compress(tensor("float64", [1], Float64Array.of(Math.PI)), { codec, rel: 0.1 })).length).toBeLessThan(
      150,
    );
  });

  it("restores the time axis and reads frames along it", async () => {
    const input = ramp([4, 3, 5, 2]);
    for (const timeAxis of [1, 2, 3]) {
      const bytes = await compress(input, { codec: "zstd", lossless: true, timeAxis, window: 2 });
      expect(same(await decompress(bytes), input)).toBe(true);
      const archive = await openArchive(bytes);
      expect(archive.header.timeAxis).toBe(timeAxis);
      const part = await archive.readFrames(1, 2);
      const shape = input.shape.map((extent, axis) => (axis === timeAxis ? 1 : extent));
      expect(part.shape).toEqual(shape);
      const inner = input.shape.slice(timeAxis + 1).reduce((a, b) => a * b, 1);
      expect(part.data[0]).toBe(inner);
      expect(same(await archive.source().read(1, 3), frames(input, 1, 3))).toBe(true);
    }
  });

  it("reads the bytes of the needed chunks only", async () => {
    const input = ramp([12, 30, 30]);
    const bytes = await compress(input, { codec: "noop", lossless: true, window: 3 });
    const asked: [number, number][] = [];
    const read = (start: number, end: number) => {
      asked.push([start, end]);
      return bytes.subarray(start, end);
    };
    const source: ByteSource = { byteLength: bytes.length, read };
    const archive = await openArchive(source);
    const opened = asked.reduce((sum, [start, end]) => sum + end - start, 0);
    expect(opened).toBeLessThan(600);
    asked.length = 0;
    expect(same(await archive.readFrames(4, 7), frames(input, 4, 7))).toBe(true);
    expect(asked).toEqual(archive.chunks.slice(1, 3).map(({ offset, byteLength }) => [offset, offset + byteLength]));
  });

  it("keeps the bound of a codec that does not, and uses its cuts", async () => {
    const input = ramp([7, 4]);
    for (let i = 0; i < 28; i++) (input.data as Float32Array)[i] = Math.sin(i);
    const bytes = await compress(input, { codec: "rounder", abs: 0.01 });
    const archive = await openArchive(bytes);
    expect(archive.chunks.map(({ frames: f }) => f)).toEqual([
      [0, 3],
      [3, 6],
      [6, 7],
    ]);
    expect(archive.chunks[0]!.sections.map(({ name }) => name)).toContain("corrections");
    const back = await archive.readFrames(0, 7);
    for (let i = 0; i < 28; i++)
      expect(Math.abs(Number(back.data[i]) - Number(input.data[i]))).toBeLessThanOrEqual(0.01);
    expect(archive.inspect().maxError).toBeLessThanOrEqual(0.01);
    const every = await compress(input, { codec: "rounder", abs: 1, options: { "rounder:every": 2 } });
    expect((await openArchive(every)).chunks).toHaveLength(4);
    expect((await openArchive(every)).header.options).toEqual({ "rounder:every": 2 });
  });

  it("scans sources of slabs for the range and takes parts of frames", async () => {
    const input = ramp([2, 3, 1024, 1024]);
    const whole = tensorSource(input);
    const frame = 3 << 20;
    const parts: TensorSource = {
      ...whole,
      readPart: (t, start, end) => ({
        dtype: "float32",
        shape: [end - start],
        data: (input.data as Float32Array).subarray(t * frame + start, t * frame + end),
      }),
    };
    const options: CompressOptions = { codec: "noop", rel: 1e-3 };
    const bytes = await compress(parts, options);
    expect(Buffer.compare(bytes, await compress(input, options))).toBe(0);
    expect(Buffer.compare(bytes, await compress(whole, options))).toBe(0);
    const archive = await openArchive(bytes);
    expect(archive.chunks).toHaveLength(4);
    expect(archive.header.bound).toEqual({ kind: "abs", value: 1e-3 * (2 * frame - 1) });
    expect(same(await archive.readFrames(0, 2), input)).toBe(true);
    const source = archive.source();
    const run = await source.readPart!(1, 2 ** 20 - 5, 2 ** 20 + 2000);
    expect(run.data[0]).toBe(frame + 2 ** 20 - 5);
    expect(run.data.length).toBe(2005);
  });

  it("writes out in slabs what it read", async () => {
    for (const [shape, timeAxis] of [
      [[9, 7, 6], 0],
      [[9, 7, 6], 2],
      [[1, 1, 40], 0],
    ] as const) {
      const input = ramp([...shape]);
      const archive = await openArchive(await compress(input, { codec: "zstd", lossless: true, timeAxis, window: 4 }));
      const slabs: Tensor[] = [];
      await archive.writeTo({ write: (slab) => void slabs.push(slab), close: () => undefined });
      expect(slabs.flatMap(({ data }) => [...data])).toEqual([...input.data]);
    }
  });

  it("salvages what is whole and says what is not", async () => {
    const input = ramp([6, 5]);
    const bytes = await compress(input, { codec: "noop", lossless: true, window: 2 });
    const { chunks } = await openArchive(bytes);
    bytes[chunks[1]!.offset + chunks[1]!.byteLength - 1]! ^= 1;
    expect((await refusal(() => decompress(bytes))).describe()).toMatch(/chunk of frames 2:4.*--salvage/);
    expect(same(await decompress(bytes, { frames: [0, 2] }), frames(input, 0, 2))).toBe(true);
    const cut = bytes.subarray(0, bytes.length - 3);
    const archive = await openArchive(cut, { salvage: true });
    const back = await archive.readFrames(0, 6);
    expect([...back.data]).toEqual([...input.data].map((x, i) => (i >= 10 && i < 20 ? Number.NaN : x)));
    expect(archive.damage.map((damage) => damage.frames)).toEqual([undefined, [2, 4]]);
  });

  it("reports sizes, error and time under LibPressio's names", async () => {
    const pieces: Uint8Array[] = [];
    const seen: number[] = [];
    const report = await compressTo(
      ramp([6, 5]),
      { write: (bytes) => void pieces.push(bytes.slice()) },
      { codec: "gzip", abs: 0, window: 2, onProgress: ({ frames: done }) => seen.push(done) },
    );
    expect(seen).toEqual([2, 4, 6]);
    const size = pieces.reduce((sum, { length }) => sum + length, 0);
    expect(report).toMatchObject({
      "size:uncompressed_size": 120,
      "size:compressed_size": size,
      "size:compression_ratio": 120 / size,
      "size:bit_rate": (8 * size) / 30,
      "error_stat:max_error": 0,
      bound: { kind: "lossless", value: 0 },
      chunks: 3,
    });
  });

  it("stops when it is told to", async () => {
    const stop = new AbortController();
    const work = compress(ramp([6, 5]), {
      codec: "noop",
      lossless: true,
      window: 2,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    await expect(work).rejects.toThrow(/abort/i);
  });
});

describe("refusals", () => {
  const input = ramp([4, 5]);
  it.each<[string, Record<string, unknown>, RegExp]>([
    ["no promise", { codec: "zstd" }, /promise/],
    ["two promises", { codec: "zstd", abs: 1, rel: 1 }, /promises/],
    ["unknown codec", { codec: "zst", abs: 1 }, /did you mean "zstd"/],
    ["unknown option", { codec: "zstd", abs: 1, efort: "max" }, /did you mean "effort"/],
    ["misplaced codec option", { codec: "zstd", abs: 1, "zstd:level": 3 }, /options: \{ "zstd:level"/],
    ["unknown codec option", { codec: "zstd", abs: 1, options: { "zstd:levl": 3 } }, /did you mean "zstd:level"/],
    ["codec option of wrong type", { codec: "zstd", abs: 1, options: { "zstd:level": "3" } }, /whole number, 0 to 22/],
    ["unknown effort", { codec: "zstd", abs: 1, effort: "fats" }, /did you mean "fast"/],
    ["window 0", { codec: "zstd", abs: 1, window: 0 }, /window cannot be 0/],
    ["threads 1.5", { codec: "zstd", abs: 1, threads: 1.5 }, /threads/],
    ["time axis 2 of rank 2", { codec: "zstd", abs: 1, timeAxis: 2 }, /0 to 1/],
    ["fill as text", { codec: "zstd", abs: 1, fill: "1" }, /fill/],
    ["promise that the codec cannot keep", { codec: "rounder", lossless: true }, /cannot keep.*zstd/],
    ["bound 0 for a codec that is not lossless", { codec: "rounder", abs: 0 }, /every bit/],
  ])("%s", async (_, options, message) => {
    const error = await refusal(() => compress(input, options as CompressOptions));
    expect(error.describe()).toMatch(message);
    expect(error.hint).toBeDefined();
  });

  it("of a tensor that contradicts itself", async () => {
    const options = { codec: "zstd", lossless: true } as const;
    await refusal(() => compress({ ...input, shape: [4, 6] }, options));
    await refusal(() => compress({ ...input, data: new Float64Array(20) }, options));
    await refusal(() => compress({ ...input, dtype: "float16" as DType }, options));
    await refusal(() => compress({ ...tensorSource(input), read: () => ramp([1, 5]) }, options));
  });

  it("of a dtype that the codec does not take", async () => {
    const error = await refusal(() => compress(ramp([4], "int8"), { codec: "rounder", abs: 1 }));
    expect(error.describe()).toMatch(/does not take int8.*float32/);
  });

  it("of codecs that cannot be registered", () => {
    for (const wrong of [
      { ...rounder },
      { ...rounder, name: "other" },
      { ...rounder, name: "other", id: 10 },
      { ...rounder, name: "Other", id: 140 },
      { ...rounder, name: "other", id: 140 },
    ]) {
      expect(() => codecs.register(wrong)).toThrow(TempressError);
    }
  });

  it("of files from an unknown codec or a newer version of one", async () => {
    codecs.register({ ...rounder, name: "newer", id: 131, version: 9, options: {} });
    const bytes = await compress(input, { codec: "newer", abs: 1 });
    const archive = await openArchive(bytes);
    await expect(codecs.forFile({ ...archive.header.codec, version: 10 })).rejects.toThrow(/version 10/);
    await expect(codecs.forFile({ id: 99, name: "later", version: 1 })).rejects.toThrow(/later/);
  });

  it("of frames outside the file", async () => {
    const archive = await openArchive(byteSource(await compress(input, { codec: "noop", abs: 1 })));
    for (const [t0, t1] of [
      [-1, 2],
      [0, 5],
      [3, 2],
      [0.5, 2],
    ] as const) {
      await refusal(() => archive.readFrames(t0, t1));
    }
    expect((await archive.readFrames(2, 2)).shape).toEqual([0, 5]);
  });
});

/** Node's Buffer is a Uint8Array whose `slice` is a view. */
describe("a Buffer", () => {
  it("is read like other bytes, at any alignment", async () => {
    const constant = tensor("float32", [8, 100], new Float32Array(800).fill(3.5));
    for (const input of [ramp([8, 33]), constant, ramp([4, 5], "float64")]) {
      for (const codec of ["noop", "zstd", "gzip"]) {
        const bytes = Buffer.from(await compress(input, { codec, lossless: true, window: 3 }));
        expect(same(await decompress(bytes), input)).toBe(true);
        const source = { byteLength: bytes.length, read: (start: number, end: number) => bytes.subarray(start, end) };
        expect(same(await decompress(source), input)).toBe(true);
      }
    }
  });

  it("as values is left as it was", async () => {
    const data = Buffer.from(Uint8Array.from({ length: 600 }, (_, i) => (i % 7 === 0 ? 255 : (i * 31) % 97)));
    const before = Uint8Array.from(data);
    // Unlike zstd's, this codec's chunks have their special values taken out.
    codecs.register({ ...(await codecs.get("noop")), name: "plain", id: 134, exactBits: false });
    const bytes = await compress(tensor("uint8", [6, 100], data), { codec: "plain", abs: 1, fill: 255 });
    expect(Buffer.compare(data, before)).toBe(0);
    expect(Buffer.compare(bytesOf(await decompress(bytes)), before)).toBe(0);
  });
});

it("takes any shape and dtype", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...DTYPE_NAMES),
      fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 8 }),
      fc.nat(7),
      fc.constantFrom("noop", "zstd", "gzip"),
      fc.integer({ min: 1, max: 6 }),
      async (dtype, shape, axis, codec, window) => {
        const input = emptyTensor(dtype, shape);
        const bytes = bytesOf(input);
        for (let i = 0; i < bytes.length; i++)
          bytes[i] = dtype === "bool" ? i & 1 : Math.imul(i + 1, 2654435761) >>> 24;
        const packed = await compress(input, { codec, abs: 0.5, timeAxis: axis % shape.length, window });
        expect(same(await decompress(packed), input)).toBe(true);
      },
    ),
    { numRuns: 150 },
  );
});
