import { deflateSync } from "node:zlib";
import { PNG } from "pngjs";
import { describe, expect, it } from "vitest";
import { TempressError } from "../errors.ts";
import { byteSource } from "../tensor/source.ts";
import { bytesOf, emptyTensor, type Tensor } from "../tensor/tensor.ts";
import { imageSource, naturalCompare, pngFrameShape } from "./images.ts";
import { decodePng } from "./png-read.ts";
import { encodePng } from "./png-write.ts";

function noise(dtype: "uint8" | "uint16", shape: number[]): Tensor {
  const frame = emptyTensor(dtype, shape);
  let state = 1;
  bytesOf(frame).forEach((_, i, all) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    all[i] = state >>> 24;
  });
  return frame;
}

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function chunk(type: string, data: Uint8Array): Buffer {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, "latin1");
  out.set(data, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length);
  return out;
}

/** A PNG from its header fields and the filtered rows. */
function png(
  width: number,
  height: number,
  depth: number,
  type: number,
  rows: Uint8Array,
  more: Buffer[] = [],
  lace = 0,
) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, type, 0, 0, lace], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    ...more,
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

describe("PNG frames", () => {
  it.each([
    ["uint8", [5, 7]],
    ["uint16", [5, 7]],
    ["uint8", [3, 4, 3]],
    ["uint16", [3, 4, 3]],
    ["uint16", [1, 1]],
  ] as const)("%s %j comes back bit for bit", async (dtype, shape) => {
    const frame = noise(dtype, [...shape]);
    const back = await decodePng(await encodePng(frame));
    expect(back.dtype).toBe(dtype);
    expect(back.shape).toEqual(shape);
    expect(bytesOf(back)).toEqual(bytesOf(frame));
  });

  it("agrees with pngjs both ways", async () => {
    for (const dtype of ["uint8", "uint16"] as const) {
      for (const shape of [
        [33, 21],
        [9, 10, 3],
      ]) {
        const frame = noise(dtype, shape);
        // A smooth half, so that every filter is chosen somewhere.
        frame.data.forEach((_, i, all) => {
          if (i < all.length / 2) (all as Uint8Array)[i] = (i * i) >> 5;
        });
        const theirs = PNG.sync.read(Buffer.from(await encodePng(frame)), { skipRescale: true });
        const channels = shape[2] ?? 1;
        frame.data.forEach((value, i) => {
          expect(theirs.data[Math.floor(i / channels) * 4 + (i % channels)]).toBe(value);
        });
        const colorType = channels === 3 ? 2 : 0;
        const [height, width] = shape as [number, number];
        const image = Object.assign(new PNG(), { width, height, data: Buffer.from(frame.data.slice().buffer) });
        const bitDepth = dtype === "uint16" ? 16 : 8;
        const bytes = PNG.sync.write(image, { colorType, inputColorType: colorType, inputHasAlpha: false, bitDepth });
        expect(bytesOf(await decodePng(bytes))).toEqual(bytesOf(frame));
      }
    }
  });

  it("expands palettes and small depths, drops opaque alpha, refuses transparency", async () => {
    const palette = chunk("PLTE", Uint8Array.of(1, 2, 3, 40, 50, 60));
    const indexed = await decodePng(png(2, 1, 8, 3, Uint8Array.of(0, 1, 0), [palette]));
    expect([indexed.shape, [...indexed.data]]).toEqual([
      [1, 2, 3],
      [40, 50, 60, 1, 2, 3],
    ]);
    const bits = await decodePng(png(4, 1, 1, 0, Uint8Array.of(0, 0b1010_0000)));
    expect([...bits.data]).toEqual([255, 0, 255, 0]);
    const alpha = await decodePng(png(1, 1, 8, 6, Uint8Array.of(0, 9, 8, 7, 255)));
    expect([...alpha.data]).toEqual([9, 8, 7]);
    await expect(decodePng(png(1, 1, 8, 6, Uint8Array.of(0, 9, 8, 7, 254)))).rejects.toThrow("transparent");
  });

  it("checks sizes before decoding", async () => {
    await expect(decodePng(png(60000, 60000, 8, 2, new Uint8Array(9)))).rejects.toThrow("cannot be in");
    await expect(decodePng(png(0, 5, 8, 0, new Uint8Array(9)))).rejects.toThrow("0 x 5");
    await expect(decodePng(png(1, 1, 3, 0, new Uint8Array(9)))).rejects.toThrow("does not exist");
    await expect(decodePng(png(1, 1, 8, 0, Uint8Array.of(0, 1), [], 1))).rejects.toThrow("interlaced");
    await expect(decodePng(png(2, 2, 8, 0, Uint8Array.of(0, 1)))).rejects.toThrow("fewer image data");
    await expect(decodePng(png(1, 1, 8, 0, new Uint8Array(1 << 20)))).rejects.toThrow("more image data");
    await expect(decodePng(png(1, 1, 8, 0, Uint8Array.of(5, 1)))).rejects.toThrow("filter 5");
    await expect(decodePng(png(1, 1, 8, 3, Uint8Array.of(0, 9)))).rejects.toThrow("palette");
  });

  it("gives a typed error for every truncation and flip, or the same values", async () => {
    const frame = noise("uint8", [4, 5]);
    const whole = await encodePng(frame);
    for (let length = 0; length < whole.length; length++) {
      await expect(decodePng(whole.subarray(0, length))).rejects.toBeInstanceOf(TempressError);
    }
    for (let at = 0; at < whole.length; at++) {
      const damaged = Uint8Array.from(whole);
      damaged[at]! ^= 0xff;
      const read = await decodePng(damaged).catch((error: unknown) => error);
      if (!(read instanceof TempressError)) expect(bytesOf(read as Tensor), `flip at ${at}`).toEqual(bytesOf(frame));
    }
  });

  it("stacks frames and refuses frames that differ", async () => {
    const list = [noise("uint8", [2, 3]), emptyTensor("uint8", [2, 3]), noise("uint8", [2, 3])];
    const files = await Promise.all(list.map(async (f, i) => byteSource(await encodePng(f), `f${i}.png`)));
    const source = await imageSource(files, "folder");
    expect(source.shape).toEqual([3, 2, 3]);
    expect((await source.read(1, 3)).data).toEqual(Uint8Array.of(0, 0, 0, 0, 0, 0, ...(list[2]!.data as Uint8Array)));
    const odd = byteSource(await encodePng(noise("uint16", [2, 3])), "odd.png");
    await expect(imageSource([...files, odd], "folder")).rejects.toThrow(/2x3 uint16.*2x3 uint8/);
  });

  it("sorts names as people count", () => {
    const names = ["f10.png", "f2.png", "f01.png", "f1.png", "a2b10", "a2b9", "b"];
    expect(names.sort(naturalCompare)).toEqual(["a2b9", "a2b10", "b", "f01.png", "f1.png", "f2.png", "f10.png"]);
  });

  it("says which tensors are no images", () => {
    expect(pngFrameShape("uint8", [4, 5], "x")).toEqual([4, 5]);
    expect(pngFrameShape("uint16", [9, 4, 5, 3], "x")).toEqual([4, 5, 3]);
    expect(() => pngFrameShape("float32", [9, 4, 5], "x")).toThrow("not float32");
    for (const shape of [[4], [9, 4, 5, 4], [9, 0, 5]])
      expect(() => pngFrameShape("uint8", shape, "x")).toThrow("images");
  });
});
