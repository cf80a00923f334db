import { describe, expect, it } from "vitest";
import { isTempressError } from "../errors.ts";
import { DTYPES, type DType } from "../tensor/dtype.ts";
import { byteSource } from "../tensor/source.ts";
import { bytesOf, emptyTensor, tensor } from "../tensor/tensor.ts";
import { rawSink, rawSource, swapped } from "./raw.ts";
import { parseRawName, RAW_EXTENSIONS, rawExtension } from "./raw-name.ts";

function caught(run: () => unknown): { code: string; hint: string | undefined; message: string } {
  try {
    run();
  } catch (error) {
    if (isTempressError(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("the name of a raw file", () => {
  it.each([
    ["wind_132x73x144.f32", "float32", [132, 73, 144]],
    ["/a/b.c/pde-100x256.d64", "float64", [100, 256]],
    ["12x34_seq_21X264X542.U8", "uint8", [21, 264, 542]],
    ["counts.bin", undefined, undefined],
    ["run2x3a.i16", "int16", undefined],
    ["1x2x3x4x5x6x7x8x9.u64", "uint64", undefined],
    ["mask.bool", "bool", undefined],
  ])("%s", (name, dtype, shape) => expect(parseRawName(name)).toEqual({ dtype, shape }));

  it("has an ending for every dtype", () => {
    for (const dtype of Object.keys(DTYPES) as DType[]) {
      expect(parseRawName(`x.${rawExtension(dtype)}`).dtype).toBe(dtype);
      expect(RAW_EXTENSIONS).toContain(rawExtension(dtype));
    }
  });
});

describe("raw values", () => {
  const values = tensor(
    "int16",
    [3, 2, 2],
    Int16Array.from({ length: 12 }, (_, i) => i - 5),
  );

  it("reads only the range of frames asked for", async () => {
    const asked: [number, number][] = [];
    const bytes = byteSource(bytesOf(values), "v.i16");
    const source = rawSource(
      {
        ...bytes,
        read: (a, b) => {
          asked.push([a, b]);
          return bytes.read(a, b);
        },
      },
      { dtype: "int16", shape: [3, 2, 2] },
    );
    const part = await source.read(1, 3);
    expect(part.shape).toEqual([2, 2, 2]);
    expect([...part.data]).toEqual([-1, 0, 1, 2, 3, 4, 5, 6]);
    expect([...(await source.readPart!(2, 1, 3)).data]).toEqual([4, 5]);
    expect(asked).toEqual([
      [8, 24],
      [18, 22],
    ]);
  });

  it("reads big-endian values and odd offsets without touching the source", async () => {
    for (const [dtype, { bytes: width }] of Object.entries(DTYPES)) {
      const plain = Uint8Array.from({ length: 4 * width }, (_, i) => i + 1);
      const big = new Uint8Array(1 + plain.length);
      big.set(swapped(plain, width), 1);
      const copy = big.slice();
      const layout = { dtype: dtype as DType, shape: [2, 2], offset: 1, bigEndian: true };
      const read = await rawSource(byteSource(big), layout).read(0, 2);
      expect(bytesOf(read)).toEqual(plain);
      expect(big).toEqual(copy);
    }
  });

  it("says which shape or dtype would fit a file of the wrong size", () => {
    const source = (size: number) => () =>
      rawSource(byteSource(new Uint8Array(size)), { dtype: "float32", shape: [3, 2, 2] });
    expect(caught(source(64))).toMatchObject({ code: "invalid-argument", hint: "this size fits --shape 4x2x2" });
    expect(caught(source(12)).hint).toContain("--dtype int8");
    expect(caught(source(7)).hint).toContain("check --shape and --dtype");
  });

  it("takes empty tensors", async () => {
    const source = rawSource(byteSource(new Uint8Array(0)), { dtype: "float64", shape: [0, 5] });
    expect((await source.read(0, 0)).data.length).toBe(0);
  });

  it("says so when a file shrinks while it is read", async () => {
    const bytes = { byteLength: 48, read: () => new Uint8Array(3) };
    await expect(rawSource(bytes, { dtype: "float32", shape: [3, 2, 2] }).read(0, 1)).rejects.toThrow(/3 of 16 bytes/);
  });

  it("writes slabs and refuses too few, too many and other dtypes", async () => {
    const open = () => {
      const log: string[] = [];
      const out = {
        write: (bytes: Uint8Array) => void log.push(`write ${bytes.length}`),
        close: () => void log.push("close"),
        abort: () => void log.push("abort"),
      };
      return { log, sink: rawSink(out, { dtype: "int16", shape: [3, 2, 2] }, "v") };
    };
    const good = open();
    await good.sink.write(values);
    await good.sink.close();
    expect(good.log).toEqual(["write 24", "close"]);
    const few = open();
    await expect(few.sink.close()).rejects.toThrow(/never came/);
    expect(few.log).toEqual(["abort"]);
    const many = open();
    await many.sink.write(values);
    await expect(many.sink.write(values)).rejects.toThrow(/more values/);
    await expect(open().sink.write(emptyTensor("uint8", [3, 2, 2]))).rejects.toThrow(/uint8/);
  });
});
