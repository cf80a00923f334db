import { describe, expect, it } from "vitest";
import { TempressError } from "../errors.ts";
import { tensor } from "../tensor/tensor.ts";
import { compressBare, decompressBare } from "./bare.ts";
import { codecs } from "./registry.ts";

const values = tensor(
  "float32",
  [1, 40, 1, 50],
  Float32Array.from({ length: 2000 }, (_, i) => (i % 50) * 0.25 + Math.floor(i / 50)),
);

describe("bare files", () => {
  it("are found by their ending", () => {
    expect(codecs.forBare("sz")).toBe("sz3");
    expect(codecs.forBare("tpz")).toBeUndefined();
  });

  it("of sz3 keep an absolute, a relative or no error", async () => {
    for (const [promise, most] of [
      [{ abs: 0.1 }, 0.1],
      [{ rel: 1e-3 }, 51.25e-3],
      [{ lossless: true }, 0],
    ] as const) {
      const bytes = await compressBare("sz3", values, promise);
      const back = await decompressBare("sz3", bytes, { dtype: "float32", shape: values.shape, where: "memory" });
      expect(back.shape).toEqual(values.shape);
      const errors = values.data.map((x, i) => Math.abs(x - (back.data[i] as number)));
      expect(Math.max(...errors)).toBeLessThanOrEqual(most);
    }
  });

  it("refuse what they cannot hold or tell", async () => {
    const bytes = await compressBare("sz3", values, {}, { "sz3:abs_error_bound": 0.5 });
    const read = (hint: object) => decompressBare("sz3", bytes, { where: "memory", ...hint });
    await expect(read({})).rejects.toThrow(TempressError);
    await expect(read({ dtype: "bool" })).rejects.toThrow(TempressError);
    await expect(read({ dtype: "float32", shape: [50, 40] })).rejects.toThrow(TempressError);
    expect((await read({ dtype: "float32" })).shape).toEqual([40, 50]);
    await expect(compressBare("sz3", values, {})).rejects.toThrow(TempressError);
    await expect(compressBare("sz3", values, { pwRel: 0.1 })).rejects.toThrow(TempressError);
    await expect(compressBare("zstd", values, { lossless: true })).rejects.toThrow(TempressError);
  });
});
