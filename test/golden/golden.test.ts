/**
 * Files of every released version, read for ever. For the current version a missing file is written; files that are
 * there are never rewritten: a stream that changes gets a new codec version, and the old files stay readable.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compress } from "../../src/compressor/compress.ts";
import { decompress } from "../../src/compressor/decompress.ts";
import { codecs } from "../../src/compressor/registry.ts";
import { openContainer } from "../../src/container/reader.ts";
import { byteSource } from "../../src/tensor/source.ts";
import { emptyTensor, type Tensor } from "../../src/tensor/tensor.ts";
import { offence } from "../support/keeps-promise.ts";

const folder = import.meta.dirname;
const { version } = JSON.parse(readFileSync(join(folder, "../../package.json"), "utf8")) as { version: string };
const FILL = 1e20;
/** Gaps come from NaN too. */
const PROMISE = { kind: "abs", abs: 0.05 } as const;

/** A moving wave with a coast of fill values and some gaps, from whole numbers only: the same on every machine. */
function original(): Tensor {
  const t = emptyTensor("float32", [10, 24, 30]);
  const data = t.data as Float32Array;
  for (let i = 0; i < data.length; i++) {
    const x = i % 30;
    const y = Math.floor(i / 30) % 24;
    const time = Math.floor(i / 720);
    const phase = (3 * x + 2 * y + 5 * time) % 64;
    data[i] = 280 + (phase * (64 - phase)) / 128 + ((Math.imul(i, 0x9e3779b1) >>> 24) - 128) / 1024;
    if (x + y < 12) data[i] = FILL;
    else if (i % 97 === 0) data[i] = Number.NaN;
  }
  return { ...t, axes: ["time", "lat", "lon"], name: "sst", attributes: { units: "K" } };
}

/** For codecs of 8-bit values: the wave in levels, its coast 255. */
function levels(): Tensor {
  const { data, shape, ...more } = original();
  const values = Uint8Array.from(data as Float32Array, (value) => (value < 1e9 ? Math.floor(8 * (value - 279)) : 255));
  return { ...more, dtype: "uint8", shape, data: values };
}

const current = join(folder, version);
for (const name of codecs.names()) {
  const path = join(current, `${name}.tpz`);
  if (existsSync(path)) continue;
  if (process.env.CI) throw new Error(`test/golden/${version}/${name}.tpz is missing; run the tests and commit it`);
  mkdirSync(current, { recursive: true });
  const single = (await codecs.get(name)).dtypes.includes("float32");
  const [values, fill] = single ? [original(), FILL] : [levels(), 255];
  writeFileSync(path, await compress(values, { codec: name, abs: single ? PROMISE.abs : 2, fill, window: 4 }));
}

const versions = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
describe.each(versions.map((entry) => entry.name))("files of version %s", (released) => {
  it.each(readdirSync(join(folder, released)))("%s", async (file) => {
    const bytes = new Uint8Array(readFileSync(join(folder, released, file)));
    const back = await decompress(bytes);
    const single = back.dtype === "float32";
    const [values, promise, fill] = single
      ? [original(), PROMISE, FILL]
      : [levels(), { kind: "abs", abs: 2 } as const, 255];
    expect(offence(values, back, promise, Math.fround(fill))).toBeUndefined();
    expect(back).toMatchObject({ axes: ["time", "lat", "lon"], name: "sst", attributes: { units: "K" } });
    const { header, chunks } = await openContainer(byteSource(bytes));
    expect(header).toMatchObject({ promise, fill, dtype: values.dtype });
    expect(chunks.length).toBeGreaterThan(1);
  });
});
