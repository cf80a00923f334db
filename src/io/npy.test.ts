import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { needsPython } from "../../test/optional.ts";
import { TempressError } from "../errors.ts";
import { DTYPE_NAMES } from "../tensor/dtype.ts";
import { byteSource } from "../tensor/source.ts";
import { bytesOf, emptyTensor } from "../tensor/tensor.ts";
import { npyHeader, npySource, readNpyHeader } from "./npy.ts";

function file(header: string, data: Uint8Array | number, version = 1): Uint8Array {
  const body = typeof data === "number" ? new Uint8Array(data) : data;
  const text = new TextEncoder().encode(`${header}\n`);
  const prefix = version === 1 ? 10 : 12;
  const out = new Uint8Array(prefix + text.length + body.length);
  out.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0, text.length & 255, text.length >> 8]);
  out.set(text, prefix);
  out.set(body, prefix + text.length);
  return out;
}

describe("npy", () => {
  it("writes headers that it reads, aligned to 64 bytes", async () => {
    for (const dtype of DTYPE_NAMES) {
      for (const shape of [[3], [0, 4], [2, 3, 4], [1, 1, 1, 1, 1, 1, 1, 2]]) {
        const values = emptyTensor(dtype, shape);
        bytesOf(values).forEach((_, i, all) => {
          all[i] = dtype === "bool" ? i & 1 : i;
        });
        const header = npyHeader(values);
        expect(header.length % 64).toBe(0);
        const source = await npySource(byteSource(Buffer.concat([header, bytesOf(values)])));
        expect(source).toMatchObject({ dtype, shape });
        expect(bytesOf(await source.read(0, shape[0]!))).toEqual(new Uint8Array(bytesOf(values)));
      }
    }
  });

  it("reads versions 2 and 3, big-endian values and scalars", async () => {
    const header = "{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }";
    for (const version of [1, 2, 3]) {
      const source = await npySource(byteSource(file(header, Uint8Array.of(1, 2, 255, 254), version)));
      expect([...(await source.read(0, 2)).data]).toEqual([258, -2]);
    }
    const scalar = file("{'descr': '|u1', 'fortran_order': False, 'shape': (), }", Uint8Array.of(7));
    expect((await npySource(byteSource(scalar))).shape).toEqual([1]);
  });

  it("transposes Fortran order", async () => {
    // a[t, y, x] = 100 t + 10 y + x, first axis fastest in the file
    const stored: number[] = [];
    for (let x = 0; x < 4; x++)
      for (let y = 0; y < 3; y++) for (let t = 0; t < 2; t++) stored.push(100 * t + 10 * y + x);
    const header = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 4), }";
    const source = await npySource(byteSource(file(header, Uint8Array.from(stored))));
    const second = await source.read(1, 2);
    expect([...second.data]).toEqual([100, 101, 102, 103, 110, 111, 112, 113, 120, 121, 122, 123]);
    const big = Uint8Array.from(stored.flatMap((v) => [0, v]));
    const swappedToo = await npySource(byteSource(file(header.replace("|u1", ">u2"), big)));
    expect([...(await swappedToo.read(1, 2)).data]).toEqual([...second.data]);
  });

  it.each([
    ["'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)", "structured dtype"],
    ["'descr': '<f2', 'fortran_order': False, 'shape': (1,)", "'<f2'"],
    ["'descr': '<c8', 'fortran_order': False, 'shape': (1,)", "'<c8'"],
    ["'descr': '|O', 'fortran_order': False, 'shape': (1,)", "'|O'"],
    ["'descr': '<f4', 'shape': (1,)", "fortran_order"],
    ["'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 1, 1, 1)", "9 axes"],
    ["'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)", "extent"],
    ["'descr': '<f4', 'fortran_order': False, 'shape': (900000, 900000, 900000)", "too many elements"],
    ["'descr': '<f4', 'fortran_order': False, 'shape': (5, 7)", "missing"],
    ["'descr': '<f4', 'fortran_order': False, 'shape': (1,)", "follow the array"],
  ])("refuses {%s}", async (header, message) => {
    await expect(npySource(byteSource(file(`{${header}, }`, 12)))).rejects.toThrow(message);
    await expect(npySource(byteSource(file(`{${header}, }`, 12)))).rejects.toBeInstanceOf(TempressError);
  });

  it("gives a typed error for every truncation and never reads outside after a flip", async () => {
    const values = emptyTensor("uint16", [2, 3]);
    const whole = Buffer.concat([npyHeader(values), bytesOf(values)]);
    for (let length = 0; length < whole.length; length++) {
      await expect(npySource(byteSource(whole.subarray(0, length)))).rejects.toBeInstanceOf(TempressError);
    }
    for (let at = 0; at < whole.length; at++) {
      const damaged = Uint8Array.from(whole);
      damaged[at]! ^= 0xff;
      const source = await npySource(byteSource(damaged)).catch((error: unknown) => error);
      if (source instanceof TempressError) continue;
      expect(source).toMatchObject({ dtype: "uint16", shape: [2, 3] });
    }
  });

  needsPython("numpy").it("agrees with NumPy", async () => {
    const program =
      "import numpy,sys; a=numpy.asfortranarray(numpy.arange(24).reshape(2,3,4).astype('>i4')); numpy.save(sys.stdout.buffer,a)";
    const source = await npySource(byteSource(spawnSync("python3", ["-c", program]).stdout));
    expect([...(await source.read(1, 2)).data]).toEqual(Array.from({ length: 12 }, (_, i) => i + 12));
    const header = npyHeader({ dtype: "bool", shape: [2] });
    const check = "import numpy,sys,io; a=numpy.load(io.BytesIO(sys.stdin.buffer.read())); print(a.dtype, a.shape)";
    const input = Buffer.concat([header, Uint8Array.of(1, 0)]);
    expect(String(spawnSync("python3", ["-c", check], { input }).stdout)).toBe("bool (2,)\n");
  });

  it("refuses a header longer than NumPy allows before reading it", async () => {
    const bytes = file("", 0, 2);
    bytes.set([255, 255, 255, 255], 8);
    await expect(readNpyHeader(byteSource(bytes))).rejects.toThrow("claims 4294967295 bytes");
  });
});
