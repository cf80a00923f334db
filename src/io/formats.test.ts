/** Every format that is written, there and back: values, ranges, axes, attributes, fill values, names. */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TempressError } from "../errors.ts";
import { DTYPE_NAMES, DTYPES, type DType } from "../tensor/dtype.ts";
import { bytesOf, emptyTensor, frames, type Tensor } from "../tensor/tensor.ts";
import { type AttributeValue, attributesOf, attributeTexts } from "./attributes.ts";
import { openTensor, saveTensor } from "./index.ts";
import { listVariables } from "./node-open.ts";

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "tempress-formats-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

function counting(dtype: DType, shape: readonly number[]): Tensor {
  const t = emptyTensor(dtype, shape);
  const big = DTYPES[dtype].bytes === 8 && DTYPES[dtype].kind !== "float";
  for (let i = 0; i < t.data.length; i++) {
    const value =
      dtype === "bool" ? i % 2 : DTYPES[dtype].kind === "float" ? i / 3 - 5 : i + (dtype.startsWith("u") ? 200 : -20);
    (t.data as unknown as unknown[])[i] = big ? BigInt(value) : value;
  }
  return t;
}

async function save(
  name: string,
  t: Tensor,
  options: { force?: boolean; variable?: string } = {},
  step = 2,
): Promise<void> {
  const sink = await saveTensor(at(name), t, options);
  for (let at = 0; at < t.shape[0]!; at += step) await sink.write(frames(t, at, Math.min(t.shape[0]!, at + step)));
  await sink.close();
}

const META = {
  axes: ["time", "lat", "lon"],
  name: "temp",
  attributes: attributeTexts(
    new Map<string, AttributeValue>([
      ["units", "K"],
      ["long_name", "temperature of the air"],
      ["_FillValue", { dtype: "float32" as const, values: Float32Array.of(-999.5) }],
      ["scale_factor", { dtype: "float64" as const, values: Float64Array.of(0.1) }],
      ["valid_range", { dtype: "float32" as const, values: Float32Array.of(-5, 100.25) }],
    ]),
  ),
};

const ENDINGS = ["nc", "nc4", "h5", "hkl", "zarr", "npz", "csv", "fits", "tif", "mat", "npy"] as const;
/** What a format has no place for: dtypes become others, or are refused. */
const OTHER: Readonly<Record<string, Partial<Record<DType, DType | "refused">>>> = {
  nc: { bool: "uint8" },
  nc4: { bool: "uint8" },
  h5: { bool: "uint8" },
  hkl: { bool: "uint8" },
  fits: { bool: "uint8" },
  tif: { int64: "refused", uint64: "refused" },
};

describe.each(ENDINGS)(".%s", (ending) => {
  it("keeps values of every type and gives ranges of frames", async () => {
    for (const dtype of DTYPE_NAMES) {
      const t = counting(dtype, [5, 3, 4]);
      const expected = OTHER[ending]?.[dtype] ?? dtype;
      if (expected === "refused") {
        await expect(save(`${dtype}.${ending}`, t)).rejects.toMatchObject({ code: "unsupported" });
        continue;
      }
      await save(`${dtype}.${ending}`, t);
      const source = await openTensor(at(`${dtype}.${ending}`));
      expect([source.dtype, source.shape]).toEqual([expected, [5, 3, 4]]);
      expect(bytesOf(await source.read(0, 5))).toEqual(bytesOf(t));
      expect(bytesOf(await source.read(3, 4))).toEqual(bytesOf(frames(t, 3, 4)));
      if (source.readPart) expect((await source.readPart(2, 5, 9)).data).toEqual(frames(t, 2, 3).data.slice(5, 9));
      await source.close?.();
    }
    expect(fs.readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("keeps shapes of one to five axes, and special values", async () => {
    for (const shape of [[7], [4, 5], [2, 3, 4, 5], [2, 1, 3, 1, 4]]) {
      const t = counting("float64", shape);
      t.data[1] = Number.NaN;
      t.data[2] = Number.NEGATIVE_INFINITY;
      t.data[3] = -0;
      const name = `${shape.length}.${ending}`;
      if (ending === "tif" && shape.length === 1) {
        await expect(save(name, t)).rejects.toMatchObject({ code: "unsupported" });
        continue;
      }
      await save(name, t);
      const source = await openTensor(at(name));
      // MATLAB has no array of one axis, and one TIFF image is a stack of one.
      const column = ending === "mat" && shape.length === 1;
      const found = column ? [7, 1] : ending === "tif" && shape.length === 2 ? [1, ...shape] : shape;
      expect(source.shape).toEqual(found);
      expect((await source.read(0, source.shape[0]!)).data).toEqual(t.data);
      await source.close?.();
    }
  });

  it("refuses to replace, replaces with force, leaves nothing when it is not finished", async () => {
    const t = counting("float32", [4, 3, 4]);
    await save(`a.${ending}`, t);
    await expect(save(`a.${ending}`, t)).rejects.toMatchObject({
      code: "io",
      hint: expect.stringContaining("--force"),
    });
    await save(`a.${ending}`, frames(t, 0, 2), { force: true });
    const source = await openTensor(at(`a.${ending}`));
    expect(source.shape).toEqual([2, 3, 4]);
    await source.close?.();
    const sink = await saveTensor(at(`b.${ending}`), t);
    await sink.write(frames(t, 0, 1));
    await expect(sink.close()).rejects.toMatchObject({ code: "truncated" });
    expect(fs.readdirSync(folder)).toEqual([`a.${ending}`]);
  });
});

it("a large array goes through MATLAB's compressed elements", async () => {
  const t = counting("float32", [40, 50, 60]);
  await save("a.mat", t);
  const source = await openTensor(at("a.mat"));
  expect((await source.read(0, 40)).data).toEqual(t.data);
});

describe("what is known of a variable", () => {
  it.each(["nc", "nc4", "h5", "zarr", "tif"])("goes through .%s and back", async (ending) => {
    const t = { ...counting("float32", [4, 3, 4]), ...META };
    await save(`a.${ending}`, t);
    const source = await openTensor(at(`a.${ending}`));
    expect(source).toMatchObject({ axes: META.axes, name: "temp", fill: -999.5 });
    const [found, wanted] = [attributesOf(source.attributes), attributesOf(META.attributes)];
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(wanted));
    await source.close?.();
  });

  it("goes into FITS as far as FITS has words for it", async () => {
    const t = {
      ...counting("int16", [4, 3, 4]),
      axes: META.axes,
      fill: -20,
      attributes: { units: "K", OBSERVER: "O'Hara", "no word": "x" },
    };
    await save("a.fits", t);
    const source = await openTensor(at("a.fits"));
    expect(source).toMatchObject({ axes: META.axes, fill: -20, attributes: { units: "K", OBSERVER: "O'Hara" } });
    await source.close?.();
  });

  it("keeps attributes of the file apart from those of the variable", async () => {
    const t = { ...counting("float32", [2, 3]), attributes: { units: "m", "/title": "all of it" } };
    for (const ending of ["nc", "nc4", "h5"]) {
      await save(`a.${ending}`, t);
      const source = await openTensor(at(`a.${ending}`));
      expect(source.attributes).toEqual(t.attributes);
      await source.close?.();
    }
  });

  it("turns numbers into texts that give the same numbers", () => {
    const values = Float32Array.of(0.1, 1e-45, 3.4028234663852886e38, -0.3333333432674408);
    const texts = attributeTexts(
      new Map<string, AttributeValue>([
        ["a b=c", { dtype: "float32", values }],
        ["__proto__", "x"],
      ]),
    );
    expect(texts["a b=c"]).toBe("0.1 1.4013e-45 3.4028235e+38 -0.33333334");
    expect(attributesOf(texts).get("a b=c")).toEqual({ dtype: "float32", values });
    expect(attributesOf(texts).get("__proto__")).toBe("x");
  });
});

it("sharded Zarr arrays are read, whole and damaged", async () => {
  // One shard of 4 x 6 values in inner chunks of 2 x 3: the chunks, then their places; one was never written.
  fs.mkdirSync(at("s.zarr/c/0"), { recursive: true });
  const inner = { chunk_shape: [2, 3], codecs: [{ name: "bytes", configuration: { endian: "little" } }] };
  const index = { index_codecs: [{ name: "bytes", configuration: { endian: "little" } }], index_location: "end" };
  const metadata = {
    ...{ zarr_format: 3, node_type: "array", shape: [4, 6], data_type: "int16", fill_value: -1, attributes: {} },
    chunk_grid: { name: "regular", configuration: { chunk_shape: [4, 6] } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    codecs: [{ name: "sharding_indexed", configuration: { ...inner, ...index } }],
  };
  fs.writeFileSync(at("s.zarr/zarr.json"), JSON.stringify(metadata));
  const chunks = [0, 1, 2].map((k) => new Uint8Array(Int16Array.from({ length: 6 }, (_, i) => 10 * k + i).buffer));
  const places = new BigUint64Array(8).fill(2n ** 64n - 1n);
  for (const k of [0, 1, 2]) places.set([BigInt(12 * k), 12n], 2 * k);
  const shard = Buffer.concat([...chunks, new Uint8Array(places.buffer)]);
  fs.writeFileSync(at("s.zarr/c/0/0"), shard);
  const read = async () => [...(await (await openTensor(at("s.zarr"))).read(1, 4)).data];
  expect(await read()).toEqual([3, 4, 5, 13, 14, 15, 20, 21, 22, -1, -1, -1, 23, 24, 25, -1, -1, -1]);
  for (const damaged of [shard.subarray(0, 50), Buffer.from(shard).fill(0xfe, 36, 40), new Uint8Array(0)]) {
    fs.writeFileSync(at("s.zarr/c/0/0"), damaged);
    await expect(read()).rejects.toBeInstanceOf(TempressError);
  }
});

describe("chunks packed by a codec of ours", () => {
  it.each(["zarr", "h5", "nc4"])("are written and read in .%s, within the bound", async (ending) => {
    const t = { ...emptyTensor("float32", [30, 20, 25]), axes: META.axes };
    t.data.forEach((_, i, all) => {
      (all as Float32Array)[i] = Math.sin(i / 50) + Math.cos(i / 3700);
    });
    const sink = await saveTensor(at(`a.${ending}`), t, {
      codec: { name: "tempress.tezip", configuration: { abs: 0.01 } },
    });
    await sink.write(t);
    await sink.close();
    const source = await openTensor(at(`a.${ending}`));
    expect(source).toMatchObject({ dtype: "float32", shape: [30, 20, 25], axes: META.axes });
    for (const [t0, t1] of [
      [0, 30],
      [7, 9],
    ] as const) {
      const { data } = await source.read(t0, t1);
      const wanted = frames(t, t0, t1).data as Float32Array;
      expect(Math.max(...(data as Float32Array).map((value, i) => Math.abs(value - wanted[i]!)))).toBeLessThanOrEqual(
        0.01,
      );
    }
    await source.close?.();
    const size = (path: string): number =>
      fs.statSync(path).isDirectory()
        ? fs.readdirSync(path).reduce((sum, name) => sum + size(join(path, name)), 0)
        : fs.statSync(path).size;
    expect(size(at(`a.${ending}`))).toBeLessThan(t.data.byteLength / 4);
  });

  it("is refused where there are no chunks, and for unknown codecs", async () => {
    const t = counting("float32", [2, 3]);
    const codec = { name: "tempress.tezip", configuration: {} };
    for (const name of ["a.npy", "a.nc", "a.tif"]) {
      await expect(saveTensor(at(name), t, { codec })).rejects.toMatchObject({ code: "unsupported" });
    }
    expect(fs.readdirSync(folder)).toEqual([]);
  });
});

describe("several variables in one file", () => {
  it("are chosen by name, in groups too, and listed where none is named", async () => {
    const h5 = await import("h5wasm/node");
    await h5.ready;
    const file = new h5.File(at("a.h5"), "w");
    file.create_group("g");
    for (const [name, value] of [
      ["g/u", 1],
      ["g/v", 2],
    ] as const) {
      file.create_dataset({ name, data: Float32Array.of(value, value), shape: [2], dtype: "<f" });
    }
    file.create_dataset({ name: "text", data: "hello" });
    file.close();
    await expect(openTensor(at("a.h5"))).rejects.toMatchObject({
      code: "invalid-argument",
      message: "the file holds 2 variables",
      hint: expect.stringContaining("there are /g/u (2 float32), /g/v (2 float32)"),
    });
    for (const path of [`${at("a.h5")}:/g/v`, `${at("a.h5")}:g/v`]) {
      const source = await openTensor(path);
      expect((await source.read(0, 1)).data[0]).toBe(2);
      await source.close?.();
    }
    const source = await openTensor(at("a.h5"), { variable: "g/u" });
    expect(source.name).toBe("g/u");
    await source.close?.();
    await expect(openTensor(at("a.h5"), { variable: "/g/w" })).rejects.toMatchObject({
      hint: expect.stringContaining("did you mean"),
    });
    await expect(openTensor(at("a.h5"), { variable: "text" })).rejects.toBeInstanceOf(TempressError);
    expect((await listVariables(at("a.h5")))?.map(({ name }) => name)).toEqual(["/g/u", "/g/v"]);
    await save("b.npy", counting("int8", [2]));
    await expect(openTensor(at("b.npy"), { variable: "x" })).rejects.toMatchObject({ hint: "leave --variable out" });
  });

  it("are written under a name of one's choice", async () => {
    const t = counting("int32", [3, 2]);
    for (const [name, path] of [
      ["a.h5", "g/h/v"],
      ["a.nc", "wind"],
      ["a.nc4", "g/wind"],
      ["a.zarr", "g/v"],
      ["a.npz", "v"],
      ["a.mat", "v"],
    ] as const) {
      await save(`${name}:${path}`, t);
      const source = await openTensor(`${at(name)}:${path}`);
      expect(source.name).toBe(path);
      expect((await source.read(0, 3)).data).toEqual(t.data);
      await source.close?.();
    }
    await expect(save("b.nc:g/v", t)).rejects.toMatchObject({ code: "invalid-argument" });
    await expect(save("b.h5:../v", t)).rejects.toMatchObject({ code: "invalid-argument" });
    await expect(save("b.zarr:.zattrs/v", t)).rejects.toMatchObject({ code: "invalid-argument" });
  });
});
