import { beforeAll, describe, expect, it } from "vitest";
import type { ByteSource } from "../tensor/source.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { encodeZfp } from "./zfp-encode.ts";
import { openZfp } from "./zfp-file.ts";
import { prepareZfp } from "./zfp-kernel.ts";
import { type ZfpMode, zfpParameters } from "./zfp-parameters.ts";
import { zfpWriter } from "./zfp-write.ts";
import { zfpyDecode, zfpyEncode } from "./zfpy.ts";

beforeAll(prepareZfp);

const MODES: ZfpMode[] = [{ rate: 9 }, { accuracy: 1e-3 }, { precision: 21 }, { reversible: true }];
/** Several slabs along the slowest axis. */
const SHAPES = [[1_100_003], [600, 1_200], [21, 270, 300], [9, 6, 150, 150]];

function field(shape: readonly number[]): Tensor<"float32"> {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return tensor(
    "float32",
    shape,
    Float32Array.from({ length: count }, (_, i) => Math.sin(i * 0.003)),
  );
}

function streamOf(input: Tensor<"float32">, mode: ZfpMode, header: boolean): Uint8Array {
  const parameters = zfpParameters(mode, "float32", input.shape.length);
  return encodeZfp({ type: "float32", shape: input.shape, parameters }, input.data, header);
}

/** Counts the bytes that are read. */
function counted(bytes: Uint8Array): ByteSource & { read(start: number, end: number): Uint8Array; total: number } {
  return {
    byteLength: bytes.length,
    total: 0,
    read(start, end) {
      this.total += end - start;
      return bytes.subarray(start, end);
    },
  };
}

async function collect(input: Tensor, parts: number, options: Parameters<typeof zfpWriter>[1]): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const writer = zfpWriter(input, options);
  const step = Math.ceil(input.data.length / parts);
  for (let at = 0; at < input.data.length; at += step) {
    const data = (input.data as Float32Array).subarray(at, at + step);
    pieces.push(...writer.write({ dtype: input.dtype, shape: [data.length], data } as Tensor));
  }
  pieces.push(writer.finish());
  return new Uint8Array(Buffer.concat(pieces));
}

describe("a bare zfp stream", () => {
  it("is read by frames in any order, and by box", async () => {
    for (const shape of SHAPES) {
      const input = field(shape);
      for (const mode of MODES) {
        const bytes = streamOf(input, mode, true);
        const file = await openZfp(bytes);
        expect(file).toMatchObject({ shape, dtype: "float32", hasHeader: true });
        const all = await file.read(0, shape[0]!);
        const frame = all.data.length / shape[0]!;
        const again = await openZfp(bytes);
        for (const [t0, t1] of [
          [shape[0]! - 1, shape[0]!],
          [2, 5],
          [5, shape[0]! - 2],
        ] as const) {
          expect(Buffer.compare(bytesIn(await again.read(t0, t1)), bytesIn(all, t0 * frame, t1 * frame))).toBe(0);
        }
        const origin = shape.map((extent) => Math.floor(extent / 3));
        const extent = shape.map((length) => Math.min(7, Math.ceil(length / 3)));
        const box = await file.readBox({ origin, extent });
        let at = 0;
        const walk = (axis: number, index: number): void => {
          if (axis === shape.length) {
            if (box.data[at++] !== all.data[index]) throw new Error(`value ${at - 1} of the box differs`);
            return;
          }
          for (let i = 0; i < extent[axis]!; i++) walk(axis + 1, index * shape[axis]! + origin[axis]! + i);
        };
        walk(0, 0);
      }
    }
  });

  it("of fixed rate gives a block for the bytes of a block", async () => {
    const input = field([64, 64, 64]);
    const source = counted(streamOf(input, { rate: 8 }, true));
    const file = await openZfp(source);
    source.total = 0;
    const part = await file.readBox({ origin: [60, 61, 62], extent: [1, 1, 2] });
    expect(source.total).toBeLessThanOrEqual(65);
    expect(part.data[0]).toBeCloseTo(input.data[(60 * 64 + 61) * 64 + 62]!, 1);
  });

  it("without header needs shape, dtype and mode, and takes no others where it has one", async () => {
    const input = field([8, 9, 10]);
    const bare = streamOf(input, { rate: 16 }, false);
    const known = { shape: [8, 9, 10], dtype: "float32", mode: { rate: 16 } } as const;
    const back = await (await openZfp(bare, known)).read(0, 8);
    expect(back.data.every((x, i) => Math.abs(Number(x) - input.data[i]!) < 0.01)).toBe(true);
    for (const missing of ["shape", "dtype", "mode"] as const) {
      await expect(openZfp(bare, { ...known, [missing]: undefined })).rejects.toThrow(`${missing} is not given`);
    }
    await expect(openZfp(bare, { ...known, dtype: "uint8" })).rejects.toMatchObject({ code: "invalid-argument" });
    await expect(openZfp(bare, { ...known, shape: [800, 9, 10] })).rejects.toMatchObject({ code: "truncated" });
    const full = streamOf(input, { rate: 16 }, true);
    await openZfp(full, known);
    for (const wrong of [{ dtype: "float64" }, { shape: [8, 9, 11] }, { mode: { rate: 15 } }] as const) {
      await expect(openZfp(full, wrong)).rejects.toMatchObject({ code: "invalid-argument" });
    }
  });

  it("refuses boxes outside the array, and reports a cut where it is met", async () => {
    const bytes = streamOf(field([8, 9, 10]), { accuracy: 1e-3 }, true);
    const file = await openZfp(bytes);
    await expect(file.read(3, 9)).rejects.toMatchObject({ code: "invalid-argument" });
    await expect(file.readBox({ origin: [0, 0], extent: [1, 1] })).rejects.toMatchObject({ code: "invalid-argument" });
    const cut = await openZfp(bytes.subarray(0, bytes.length - 16));
    await expect(cut.read(0, 8)).rejects.toMatchObject({ code: "truncated" });
  });
});

function bytesIn({ data }: Tensor, from = 0, to = data.length): Uint8Array {
  return new Uint8Array((data.subarray(from, to) as Float32Array).slice().buffer);
}

describe("writing a bare stream", () => {
  it("gives the same bytes however the values come", async () => {
    for (const shape of SHAPES.slice(0, 3)) {
      const input = field(shape);
      for (const mode of MODES) {
        for (const parts of [1, 7]) {
          const bytes = await collect(input, parts, { mode });
          expect(Buffer.compare(bytes, streamOf(input, mode, true)), JSON.stringify(mode)).toBe(0);
        }
      }
    }
  });

  it("measures what is promised", async () => {
    const input = field([40, 150, 150]);
    await collect(input, 3, { mode: { accuracy: 1e-3 }, abs: 1e-3 });
    await expect(collect(input, 3, { mode: { rate: 1 }, abs: 1e-3 })).rejects.toMatchObject({ code: "bound-broken" });
  });

  it("refuses what the stream would lose", async () => {
    const input = field([4, 5]);
    input.data[7] = Number.NaN;
    await expect(collect(input, 1, { mode: { rate: 8 } })).rejects.toThrow("NaN");
    const back = await (await openZfp(await collect(input, 1, { mode: { reversible: true } }))).read(0, 4);
    expect(back.data[7]).toBeNaN();
    const bytes = tensor("uint8", [6], Uint8Array.of(0, 1, 2, 3, 4, 255));
    await expect(collect(bytes, 1, { mode: { rate: 8 } })).rejects.toMatchObject({ code: "unsupported" });
    const wide = await (await openZfp(await collect(bytes, 1, { mode: { reversible: true } }))).read(0, 6);
    expect([wide.dtype, ...wide.data]).toEqual(["int32", 0, 1, 2, 3, 4, 255]);
  });
});

describe("zfpy", () => {
  it("encodes and decodes with numcodecs' parameters", async () => {
    const input = field([10, 11, 12]);
    for (const [config, mode] of [
      [{ mode: 2, rate: 8 }, { rate: 8 }],
      [{ mode: 3, precision: 20 }, { precision: 20 }],
      [{ mode: 4, tolerance: 0.01, rate: -1, precision: -1 }, { accuracy: 0.01 }],
      [{ mode: 5 }, { reversible: true }],
    ] as const) {
      const bytes = await zfpyEncode(input, config);
      expect(bytes).toEqual(streamOf(input, mode, true));
      const back = await zfpyDecode(bytes, { dtype: "float32", shape: [10, 11, 12] });
      expect(back.shape).toEqual([10, 11, 12]);
    }
    const bytes = await zfpyEncode(input, { mode: 5 });
    await expect(zfpyDecode(bytes, { dtype: "float64" })).rejects.toMatchObject({ code: "corrupt" });
    await expect(zfpyEncode(input, { mode: 4 })).rejects.toMatchObject({ code: "invalid-argument" });
    await expect(zfpyEncode(input, { mode: 1 })).rejects.toMatchObject({ code: "unsupported" });
  });
});
