/** Our streams in Zarr's and HDF5's chunks, written and read back. */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import * as h5wasm from "h5wasm/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as zarr from "zarrita";
import { zfpyEncode } from "../codecs/zfp-index.ts";
import { openArchive } from "../compressor/archive.ts";
import { compress } from "../compressor/compress.ts";
import { TempressError } from "../errors.ts";
import { DTYPE_NAMES, DTYPES, type DType } from "../tensor/dtype.ts";
import { emptyTensor, type Tensor } from "../tensor/tensor.ts";
import { hdf5Chunks, isTempressDataset, TEMPRESS_FILTER } from "./hdf5.ts";
import { chunkCodecNames, registerZarrCodecs } from "./zarr.ts";

registerZarrCodecs();

function smooth(dtype: DType, shape: readonly number[]): Tensor {
  const t = emptyTensor(dtype, shape);
  const big = DTYPES[dtype].bytes === 8 && DTYPES[dtype].kind !== "float";
  for (let i = 0; i < t.data.length; i++) {
    const value =
      dtype === "bool" ? i % 2 : Math.round(50 + 40 * Math.sin(i / 7)) + (DTYPES[dtype].kind === "float" ? 0.3 : 0);
    (t.data as unknown as unknown[])[i] = big ? BigInt(value) : value;
  }
  return t;
}

const strideOf = (shape: readonly number[]) => shape.map((_, k) => shape.slice(k + 1).reduce((a, b) => a * b, 1));

async function written(t: Tensor, codec: zarr.CodecMetadata, chunkShape: number[], more = {}) {
  const store = new Map<string, Uint8Array>();
  const array = await zarr.create(store, {
    shape: [...t.shape],
    chunkShape,
    dtype: t.dtype as "float32",
    codecs: [codec],
    fillValue: 0,
    ...more,
  });
  const data = t.dtype === "bool" ? new zarr.BoolArray(t.data.buffer as ArrayBuffer) : t.data;
  await zarr.set(array, null, { data: data as Float32Array, shape: [...t.shape], stride: strideOf(t.shape) });
  return store;
}

async function valuesIn(store: Map<string, Uint8Array>, dtype: DType) {
  const array = await zarr.open(store, { kind: "array" });
  const { data } = await zarr.get(array);
  const found = data as unknown as { buffer: ArrayBuffer };
  return { array, data: dtype === "bool" ? new Uint8Array(found.buffer) : (data as unknown as Tensor["data"]) };
}

describe("Zarr codecs", () => {
  it("are every codec there is, zfpy and sz3", () => {
    for (const name of ["tempress.tezip", "tempress.zstd", "tempress.zfp", "zfpy", "numcodecs.zfpy", "sz3"]) {
      expect(chunkCodecNames()).toContain(name);
      expect(zarr.registry.has(name)).toBe(true);
    }
  });

  it("keep arrays as xarray has them: names of dimensions, attributes, chunks that do not divide", async () => {
    const t = smooth("float32", [10, 13, 17]);
    const attributes = { units: "m s-1", long_name: "wind", _FillValue: -999, scale_factor: 0.5 };
    const store = await written(t, { name: "tempress.tezip", configuration: { abs: 0.01 } }, [4, 8, 8], {
      dimensionNames: ["time", "lat", "lon"],
      attributes,
    });
    const { array, data } = await valuesIn(store, "float32");
    expect([array.dimensionNames, array.attrs]).toEqual([["time", "lat", "lon"], attributes]);
    expect(
      Math.max(...(data as Float32Array).map((value, i) => Math.abs(value - Number(t.data[i])))),
    ).toBeLessThanOrEqual(0.01);
    const metadata = JSON.parse(new TextDecoder().decode(store.get("/zarr.json"))) as { codecs: unknown };
    expect(metadata.codecs).toEqual([{ name: "tempress.tezip", configuration: { abs: 0.01 } }]);
    // A chunk is a .tpz file, whole.
    const archive = await openArchive(store.get("/c/0/0/0")!);
    expect([archive.shape, archive.header.promise]).toEqual([[4, 8, 8], { kind: "abs", abs: 0.01 }]);
    // One chunk is read for one value.
    const part = await zarr.get(array, [zarr.slice(9, 10), zarr.slice(0, 2), zarr.slice(0, 2)]);
    expect(part.shape).toEqual([1, 2, 2]);
  });

  it("keep every bit of every type where no bound is given", async () => {
    for (const dtype of DTYPE_NAMES) {
      const t = smooth(dtype, [5, 6, 7]);
      for (const name of ["tempress.tezip", "tempress.zstd", "tempress.gzip", "tempress.noop"]) {
        const store = await written(
          t,
          { name, configuration: {} },
          [2, 6, 7],
          dtype === "bool" ? { fillValue: false } : {},
        );
        expect((await valuesIn(store, dtype)).data).toEqual(t.data);
      }
    }
  });

  it("zfpy and sz3 hold those programs' own streams, within the bound", async () => {
    for (const dtype of ["float32", "float64"] as const) {
      const t = smooth(dtype, [8, 9, 10]);
      for (const codec of [
        { name: "zfpy", configuration: { mode: 4, tolerance: 0.01, compression_kwargs: {} } },
        { name: "numcodecs.zfpy", configuration: { id: "zfpy", mode: 4, tolerance: 0.01, rate: -1, precision: -1 } },
        { name: "sz3", configuration: { abs: 0.01 } },
        { name: "tempress.zfp", configuration: { abs: 0.01, effort: "fast" } },
      ]) {
        const store = await written(t, codec, [8, 9, 10]);
        const { data } = await valuesIn(store, dtype);
        const worst = Math.max(...Array.from(data as Float64Array, (value, i) => Math.abs(value - Number(t.data[i]))));
        // SZ3 stores such small fields losslessly.
        if (codec.name !== "sz3") expect(worst, codec.name).toBeGreaterThan(0);
        expect(store.get("/c/0/0/0")!.length, codec.name).toBeLessThan(t.data.byteLength);
        expect(worst, codec.name).toBeLessThanOrEqual(0.01);
        if (/zfpy/.test(codec.name))
          expect([...store.get("/c/0/0/0")!.subarray(0, 3)]).toEqual([...Buffer.from("zfp")]);
      }
    }
  });

  it("read version 2 as numcodecs packs it", async () => {
    const t = smooth("float32", [6, 8]);
    const store = new Map<string, Uint8Array>();
    const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
    const compressor = { id: "zfpy", mode: 4, tolerance: 0.001, rate: -1, precision: -1 };
    store.set(
      "/.zarray",
      json({
        zarr_format: 2,
        shape: [6, 8],
        chunks: [3, 8],
        dtype: "<f4",
        compressor,
        fill_value: 0,
        order: "C",
        filters: null,
      }),
    );
    store.set("/.zattrs", json({ _ARRAY_DIMENSIONS: ["y", "x"], units: "m" }));
    for (const i of [0, 1]) {
      const rows = t.data.slice(24 * i, 24 * i + 24) as Float32Array;
      store.set(`/${i}.0`, await zfpyEncode({ dtype: "float32", shape: [3, 8], data: rows }, compressor));
    }
    const { array, data } = await valuesIn(store, "float32");
    expect(array.attrs).toMatchObject({ units: "m" });
    expect(
      Math.max(...(data as Float32Array).map((value, i) => Math.abs(value - Number(t.data[i])))),
    ).toBeLessThanOrEqual(0.001);
  });

  it("refuse wrong configurations, streams of other chunks, and damage", async () => {
    const t = smooth("float32", [4, 5]);
    const cause = async (work: Promise<unknown>) =>
      await work.then(
        () => undefined,
        (error: Error) => error.cause ?? error,
      );
    expect(
      await cause(written(t, { name: "tempress.tezip", configuration: { abs: 0.1, rel: 0.1 } }, [4, 5])),
    ).toMatchObject({ code: "invalid-argument" });
    expect(await cause(written(t, { name: "tempress.tezip", configuration: { bound: 1 } }, [4, 5]))).toMatchObject({
      message: expect.stringContaining('"bound" is no setting'),
    });
    expect(
      await cause(written(smooth("int8", [4, 5]), { name: "zfpy", configuration: { mode: 4, tolerance: 1 } }, [4, 5])),
    ).toMatchObject({ code: "unsupported" });
    const store = await written(t, { name: "tempress.zstd", configuration: {} }, [4, 5]);
    const stream = store.get("/c/0/0")!;
    for (let length = 0; length < stream.length; length += 7) {
      store.set("/c/0/0", stream.slice(0, length));
      expect(await cause(valuesIn(store, "float32"))).toBeInstanceOf(TempressError);
    }
    store.set("/c/0/0", await compress(smooth("float32", [4, 6]), { lossless: true }));
    expect(await cause(valuesIn(store, "float32"))).toMatchObject({
      message: "the stream holds 4x6 float32, the chunk is 4x5 float32",
    });
  });
});

describe("chunks of HDF5", () => {
  let folder: string;
  beforeEach(() => {
    folder = fs.mkdtempSync(join(tmpdir(), "tempress-chunks-"));
  });
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));
  const at = (name: string): string => join(folder, name);
  const CODEC = { name: "tempress.tezip", configuration: { abs: 0.01 } };

  async function save(name: string, t: Tensor, chunks: number[], codec = CODEC): Promise<void> {
    const streams = await hdf5Chunks(h5wasm);
    const file = new h5wasm.File(at(name), "w");
    const dataset = streams.create(file, { name: "v", dtype: t.dtype, shape: t.shape, chunks });
    dataset.create_attribute("units", "K");
    const count = t.shape.map((extent, k) => Math.ceil(extent / chunks[k]!));
    for (let y = 0; y < count[0]!; y++)
      for (let x = 0; x < count[1]!; x++) {
        const rows = Math.min(chunks[0]!, t.shape[0]! - y * chunks[0]!);
        const columns = Math.min(chunks[1]!, t.shape[1]! - x * chunks[1]!);
        const part = emptyTensor(t.dtype, [rows, columns]);
        for (let r = 0; r < rows; r++)
          for (let c = 0; c < columns; c++)
            part.data[r * columns + c] = t.data[(y * chunks[0]! + r) * t.shape[1]! + x * chunks[1]! + c]!;
        await streams.write(dataset, t.dtype, [y, x], part, codec);
      }
    file.close();
  }

  it("are written and read by the filter's id", async () => {
    const t = smooth("float32", [50, 70]);
    await save("a.h5", t, [16, 32]);
    expect(fs.statSync(at("a.h5")).size).toBeLessThan(t.data.byteLength);
    const streams = await hdf5Chunks(h5wasm);
    const file = new h5wasm.File(at("a.h5"), "r");
    const dataset = file.get("v") as h5wasm.Dataset;
    expect(dataset.filters).toEqual([{ id: TEMPRESS_FILTER, name: "tempress", cd_values: [1] }]);
    expect([isTempressDataset(dataset), dataset.shape, dataset.metadata.chunks]).toEqual([true, [50, 70], [16, 32]]);
    for (const [y, x] of [
      [0, 0],
      [3, 2],
      [1, 1],
    ] as const) {
      const { shape, data } = await streams.read(dataset, "float32", [y, x]);
      expect(shape).toEqual([16, 32]);
      for (let r = 0; r < Math.min(16, 50 - 16 * y); r++)
        for (let c = 0; c < Math.min(32, 70 - 32 * x); c++) {
          expect(
            Math.abs(Number(data[r * 32 + c]) - Number(t.data[(16 * y + r) * 70 + 32 * x + c])),
          ).toBeLessThanOrEqual(0.01);
        }
    }
    await expect(streams.read(dataset, "float32", [4, 0])).rejects.toMatchObject({ message: "there is no chunk 4.0" });
    file.close();
  });

  it("hold every type, any shape of chunks, and may be missing", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...DTYPE_NAMES),
        fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })),
        fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })),
        async (dtype, shape, wanted) => {
          const chunks = wanted.map((extent, k) => Math.min(extent, shape[k]!));
          const t = smooth(dtype, shape);
          await save("p.h5", t, chunks, { name: "tempress.zstd", configuration: {} } as typeof CODEC);
          const streams = await hdf5Chunks(h5wasm);
          const file = new h5wasm.File(at("p.h5"), "r");
          const { data } = await streams.read(file.get("v") as h5wasm.Dataset, dtype, [0, 0]);
          expect(data[0]).toBe(t.data[0]);
          file.close();
        },
      ),
      { numRuns: 15 },
    );
    const streams = await hdf5Chunks(h5wasm);
    const file = new h5wasm.File(at("m.h5"), "w");
    const dataset = streams.create(file, { name: "v", dtype: "float32", shape: [5, 4], chunks: [2, 4] });
    expect((await streams.read(dataset, "float32", [2, 0])).data).toEqual(new Float32Array(8));
    file.close();
  });

  it("are checked: other codecs, damage", async () => {
    const t = smooth("float32", [6, 8]);
    await expect(save("x.h5", t, [6, 8], { name: "sz3", configuration: { abs: 1 } })).rejects.toMatchObject({
      code: "unsupported",
    });
    await save("a.h5", t, [6, 8], { name: "tempress.zstd", configuration: {} } as typeof CODEC);
    const whole = fs.readFileSync(at("a.h5"));
    const start = whole.indexOf("TPZ") - 1;
    expect(start).toBeGreaterThan(0);
    const streams = await hdf5Chunks(h5wasm);
    for (let flip = start; flip < start + 100; flip += 9) {
      const damaged = Uint8Array.from(whole);
      damaged[flip]! ^= 0x5a;
      fs.writeFileSync(at("d.h5"), damaged);
      const file = new h5wasm.File(at("d.h5"), "r");
      const got = await streams
        .read(file.get("v") as h5wasm.Dataset, "float32", [0, 0])
        .catch((error: unknown) => error);
      if (!(got instanceof TempressError)) expect((got as Tensor).data).toEqual(t.data);
      file.close();
    }
  });
});
