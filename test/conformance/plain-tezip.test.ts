/** FORMAT.md says enough of tezip: a decoder written from it alone gives the bytes that the program gives. */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import type { Effort } from "../../src/compressor/codec.ts";
import { compress } from "../../src/compressor/compress.ts";
import { decompress } from "../../src/compressor/decompress.ts";
import type { CompressOptions } from "../../src/compressor/options.ts";
import { DTYPES, type DType } from "../../src/tensor/dtype.ts";
import { bytesOf, type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { readPlainly } from "../support/plain-reader.ts";
import { decodeTezip, prepareTezip } from "../support/plain-tezip.ts";

/** Waves that move, with noise; big steps here and there for escapes. */
function field(dtype: DType, shape: readonly number[], scale: number): Tensor {
  const count = shape.reduce((product, extent) => product * extent, 1);
  const { Array: Values, bytes, kind } = DTYPES[dtype];
  const data = new Values(count);
  const width = shape.at(-1)!;
  let seed = 7;
  for (let i = 0; i < count; i++) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    const row = Math.floor(i / width);
    let v = Math.sin((i % width) / 5 + row / 11) + Math.cos(row / 7) + 2.5 + (seed / 2 ** 32) * 0.02;
    if (seed % 97 === 0) v += 1e3;
    if (seed % 131 === 0 && kind === "float") v = Number.NaN;
    v *= kind === "bool" ? 0.3 : scale;
    if (bytes === 8 && kind !== "float") (data as BigInt64Array)[i] = BigInt(Math.round(v));
    else (data as Float64Array)[i] = kind === "float" ? v : Math.round(v) % 2 ** (8 * bytes - 1);
  }
  return tensor(dtype, shape, data as Tensor["data"]);
}

async function bothAgree(t: Tensor, options: CompressOptions): Promise<void> {
  const file = await compress(t, options);
  const program = await decompress(file);
  const plain = readPlainly(file, decodeTezip);
  expect(Buffer.compare(plain.bytes, bytesOf(program)), JSON.stringify([t.dtype, t.shape, options])).toBe(0);
}

const SHAPES = [[37], [6, 19], [9, 11, 13], [10, 1, 7], [3, 4, 6, 9], [1, 1]];
const EFFORTS: readonly Effort[] = ["fast", "balanced", "max"];

beforeAll(prepareTezip);

/** Rows 20 to 51, columns 40 to 87 of the first frames of the wind sample: filters that are fitted, and learn. */
function wind(): Tensor {
  const all = new Float32Array(readFileSync(new URL("../../data/wind_24x73x144.f32", import.meta.url)).buffer);
  const shape = [6, 32, 48];
  const at = (i: number) => (Math.floor(i / 1536) * 73 + 20 + (Math.floor(i / 48) % 32)) * 144 + 40 + (i % 48);
  return tensor(
    "float32",
    shape,
    new Float32Array(6 * 32 * 48).map((_, i) => all[at(i)]!),
  );
}

/** A wave that moves through times, levels, rows and columns, with a little noise. */
function wave(
  dtype: "float32" | "float64" | "int64",
  shape: [number, number, number, number],
  scale: number,
  offset: number,
): Tensor {
  const [times, levels, rows, columns] = shape;
  const values: number[] = [];
  for (let t = 0; t < times; t++) {
    for (let z = 0; z < levels; z++) {
      for (let y = 0; y < rows; y++) {
        for (let x = 0; x < columns; x++) {
          const smooth = Math.sin(x / 5 + t / 3 + z / 4) * Math.cos(y / 6 - t / 5) + 0.3 * z;
          values.push(offset + scale * (smooth + (noise(y + 60 * t, x + 20 * z) / 500) * 0.02));
        }
      }
    }
  }
  if (dtype === "int64")
    return tensor(
      dtype,
      shape,
      BigInt64Array.from(values, (v) => BigInt(Math.round(v))),
    );
  return tensor(dtype, shape, dtype === "float32" ? Float32Array.from(values) : Float64Array.from(values));
}

/** Whole numbers that one of the fixed predictors of effort fast predicts exactly. */
function regular(of: (t: number, y: number, x: number) => number): Tensor {
  const data = new Int32Array(6 * 12 * 14).map((_, i) => of(Math.floor(i / 168), Math.floor(i / 14) % 12, i % 14));
  return tensor("int32", [6, 12, 14], data);
}
const noise = (a: number, b: number) => (Math.imul(a * 31 + b * 17 + 5, 2654435761) >>> 20) % 500;

describe.each(EFFORTS)("effort %s", (effort) => {
  it.each(["float32", "float64"] as const)("%s, every promise", async (dtype) => {
    const promises = [{ abs: 0.01 }, { abs: 3 }, { rel: 1e-6 }, { pwRel: 1e-3 }, { lossless: true }];
    for (const shape of SHAPES) {
      for (const promise of promises) await bothAgree(field(dtype, shape, 1), { effort, ...promise });
    }
  });

  it("winds, rough to fine", async () => {
    for (const abs of [0.5, 0.01, 1e-5]) await bothAgree(wind(), { effort, abs });
    await bothAgree(wind(), { effort, lossless: true });
  });

  it("what is predicted exactly", async () => {
    const shared = regular((t, y, x) => noise(y, x) + noise(t + 50, x) + noise(t + 90, y));
    const turns = regular((t, y, x) => noise(y + 40 * (t % 2), x));
    const still = regular((_, y, x) => noise(y, x));
    for (const t of [shared, turns, still]) await bothAgree(t, { effort, lossless: true });
  });

  it("lattices, and both orders", async () => {
    const t = field("float32", [12, 9, 10], 1);
    const tenths = tensor(
      "float32",
      t.shape,
      (t.data as Float32Array).map((v) => Math.round(10 * v) / 10),
    );
    for (const promise of [{ lossless: true }, { abs: 0.25 }]) await bothAgree(tenths, { effort, ...promise });
    for (const order of ["forward", "hierarchical"]) {
      await bothAgree(t, { effort, abs: 0.05, options: { "tezip:order": order } });
    }
  });

  it.each(["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"] as const)(
    "%s",
    async (dtype) => {
      for (const shape of [[8, 9, 10], [40]]) {
        const scale = DTYPES[dtype].bytes === 8 ? 1e14 : DTYPES[dtype].bytes === 1 ? 20 : 5e3;
        for (const promise of [{ lossless: true }, { abs: 2 }]) {
          await bothAgree(field(dtype, shape, scale), { effort, ...promise });
        }
        await bothAgree(field(dtype, shape, 10), { effort, abs: 1 });
      }
    },
  );

  it("levels in a wave, as numbers and as cells", async () => {
    await bothAgree(wave("float64", [5, 4, 12, 14], 1, 0), { effort, abs: 0.01 });
    await bothAgree(wave("float32", [5, 4, 12, 14], 1, 20), { effort, lossless: true });
    await bothAgree(wave("int64", [5, 3, 12, 14], 1e6, 0), { effort, abs: 10 });
  });
});
