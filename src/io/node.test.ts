import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TempressError } from "../errors.ts";
import { DTYPE_NAMES, type DType } from "../tensor/dtype.ts";
import { type TensorSink, tensorSource } from "../tensor/source.ts";
import { bytesOf, emptyTensor, frames, type Tensor } from "../tensor/tensor.ts";
import { formatByName } from "./by-extension.ts";
import { formats, registerFormat } from "./formats.ts";
import { createFile, openFile, removeTemporaryFiles } from "./node-file.ts";
import { openTensor, saveTensor } from "./node-open.ts";
import { openBytes } from "./node-stream.ts";

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "tempress-io-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);

function counting(dtype: DType, shape: number[]): Tensor {
  const t = emptyTensor(dtype, shape);
  bytesOf(t).forEach((_, i, all) => {
    all[i] = dtype === "bool" ? i & 1 : i % 120;
  });
  return t;
}

async function save(path: string, t: Tensor, options = {}): Promise<void> {
  const sink: TensorSink = await saveTensor(path, t, options);
  for (let f = 0; f < t.shape[0]!; f++) await sink.write(frames(t, f, f + 1));
  await sink.close();
}

describe("files", () => {
  it("appear when they are whole, and never replace another without force", async () => {
    const sink = createFile(at("a"));
    await sink.write(Uint8Array.of(1, 2));
    expect(fs.existsSync(at("a"))).toBe(false);
    expect(fs.readdirSync(folder)).toHaveLength(1);
    await sink.close();
    expect(fs.readdirSync(folder)).toEqual(["a"]);
    expect(() => createFile(at("a"))).toThrow("exists already");
    const again = createFile(at("a"), { force: true });
    await again.write(Uint8Array.of(3));
    expect([...fs.readFileSync(at("a"))]).toEqual([1, 2]);
    await again.close();
    expect([...fs.readFileSync(at("a"))]).toEqual([3]);
  });

  it("do not replace one that appeared while they were written", async () => {
    const sink = createFile(at("a"));
    await sink.write(Uint8Array.of(1));
    fs.writeFileSync(at("a"), "theirs");
    expect(() => sink.close()).toThrow("exists already");
    expect(fs.readdirSync(folder)).toEqual(["a"]);
    expect(fs.readFileSync(at("a"), "utf8")).toBe("theirs");
  });

  it("leave nothing when they are given up", async () => {
    const sink = createFile(at("a"));
    await sink.write(Uint8Array.of(1));
    await sink.abort?.();
    createFile(at("b"));
    removeTemporaryFiles();
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it("keep the mode of the file they replace", async () => {
    fs.writeFileSync(at("a"), "", { mode: 0o640 });
    await createFile(at("a"), { force: true }).close();
    expect(fs.statSync(at("a")).mode & 0o777).toBe(0o640);
  });

  it("give typed errors with a remedy", async () => {
    fs.writeFileSync(at("wind.f32"), "");
    const failing: [() => unknown, string, string][] = [
      [() => openFile(at("wnid.f32")), "no such file", "did you mean"],
      [() => openFile(at("no/such")), "no such file", "folder"],
      [() => openFile(folder), "folder", "name a file"],
      [() => openFile(at("wind.f32/x")), "not a folder", "check"],
      [() => createFile(folder), "folder", "name a file"],
      [() => createFile(at("no/such")), "folder to write into", "mkdir -p"],
      [() => createFile(at("x".repeat(300))), "too long", "shorter"],
    ];
    for (const [run, message, hint] of failing) {
      let error: unknown;
      try {
        run();
      } catch (e) {
        error = e;
      }
      expect(error).toBeInstanceOf(TempressError);
      expect(error).toMatchObject({ code: "io", message: expect.stringContaining(message) });
      expect((error as TempressError).hint).toContain(hint);
    }
    expect(fs.readdirSync(folder)).toEqual(["wind.f32"]);
  });

  it("give plain bytes, whose slice is a copy", async () => {
    fs.writeFileSync(at("a"), Uint8Array.of(1, 2, 3, 4, 5));
    const file = openFile(at("a"));
    const bytes = await file.read(1, 5);
    expect(Buffer.isBuffer(bytes)).toBe(false);
    expect(bytes.slice(1).byteOffset).toBe(0);
    await file.close?.();
  });

  it("are read by range, and not beyond their end", async () => {
    fs.writeFileSync(
      at("a"),
      Uint8Array.from({ length: 3 << 20 }, (_, i) => i % 251),
    );
    const file = openFile(at("a"));
    expect([...(await file.read(250, 253))]).toEqual([250, 0, 1]);
    expect((await file.read(0, 3 << 20)).at(-1)).toBe(((3 << 20) - 1) % 251);
    await expect(file.read(0, (3 << 20) + 1)).rejects.toThrow("outside the file");
    fs.truncateSync(at("a"), 5);
    expect(() => file.read(0, 6)).toThrow("became shorter");
    await file.close?.();
    await file.close?.();
  });

  it("may be pipes, which are read to their end", async () => {
    if (spawnSync("mkfifo", [at("pipe")]).status !== 0) throw new Error("mkfifo is missing");
    spawn("sh", ["-c", `(head -c 70000000 /dev/zero; printf x) > "$0"`, at("pipe")], { stdio: "ignore" });
    const source = await openBytes(at("pipe"));
    expect(source.byteLength).toBe(70_000_001);
    expect(Buffer.isBuffer(await source.read(0, 1))).toBe(false);
    expect([...(await source.read(69_999_999, 70_000_001))]).toEqual([0, 120]);
    await source.close?.();
    await expect(openBytes("/dev/zero", 1000)).rejects.toThrow("more than the 1000 bytes");
  });
});

describe("frames by name", () => {
  it("survive every format that can hold them", async () => {
    for (const dtype of DTYPE_NAMES) {
      const t = counting(dtype, [3, 4, 5]);
      for (const name of [`${dtype}_3x4x5.raw`, `${dtype}.npy`]) {
        await save(at(name), t);
        const source = await openTensor(at(name), name.endsWith("raw") ? { dtype } : {});
        expect(source).toMatchObject({ dtype, shape: [3, 4, 5] });
        expect(bytesOf(await source.read(0, 3))).toEqual(bytesOf(t));
        expect(bytesOf(await source.read(1, 2))).toEqual(bytesOf(frames(t, 1, 2)));
        await source.close?.();
      }
    }
  });

  it("go into a folder of PNG frames and back, and force replaces only such frames", async () => {
    const t = counting("uint16", [12, 4, 5, 3]);
    await save(at("frames/"), t);
    expect(fs.readdirSync(at("frames"))).toHaveLength(12);
    const source = await openTensor(at("frames"));
    expect(source.shape).toEqual([12, 4, 5, 3]);
    expect(bytesOf(await source.read(10, 12))).toEqual(bytesOf(frames(t, 10, 12)));
    await expect(save(at("frames"), t)).rejects.toThrow("exists already");
    await save(at("frames"), frames(t, 0, 2), { force: true });
    expect(fs.readdirSync(at("frames"))).toEqual(["frame_0000.png", "frame_0001.png"]);
    fs.writeFileSync(at("frames/notes.txt"), "mine");
    await expect(save(at("frames"), t, { force: true })).rejects.toThrow("notes.txt");
    expect(fs.readdirSync(folder)).toEqual(["frames"]);
  });

  it("one image is one PNG file, also from slabs of rows", async () => {
    const image = counting("uint8", [6, 5]);
    await save(at("a.png"), image);
    expect((await openTensor(at("a.png"))).shape).toEqual([1, 6, 5]);
    await expect(save(at("b.png"), counting("uint8", [2, 6, 5]))).rejects.toThrow("2 frames do not fit");
    const sink = await saveTensor(at("c.png"), image);
    await expect(sink.close()).rejects.toThrow("never came");
    expect(fs.readdirSync(folder)).toEqual(["a.png"]);
  });

  it("a name that lies is refused", async () => {
    const t = counting("float64", [2, 3]);
    await expect(save(at("a.f32"), t)).rejects.toThrow("float64");
    await expect(save(at("a_3x2.f64"), t)).rejects.toThrow("3x2");
    await save(at("a_2x3.f64"), t);
    await save(at("a.npy"), t);
    await expect(openTensor(at("a.npy"), { shape: [3, 2] })).rejects.toThrow("2x3, not 3x2");
    expect(fs.readdirSync(folder).sort()).toEqual(["a.npy", "a_2x3.f64"]);
  });

  it("an unknown ending lists the formats; shape and dtype make any file raw", async () => {
    fs.writeFileSync(at("a.grb"), new Uint8Array(6));
    await expect(openTensor(at("a.grb"))).rejects.toMatchObject({
      code: "unsupported",
      hint: expect.stringMatching(/formats are raw \(\.f32.*npy.*png/),
    });
    await expect(openTensor(at("missing.npy"))).rejects.toMatchObject({ code: "io" });
    await expect(openTensor(folder)).rejects.toThrow("no PNG frames");
    expect((await openTensor(at("a.grb"), { shape: [2, 3], dtype: "uint8" })).shape).toEqual([2, 3]);
    expect(() => formatByName("a.ny", { folder: false, rawGiven: false })).toThrow(
      expect.objectContaining({ hint: expect.stringContaining("did you mean .npy?") }),
    );
    fs.writeFileSync(at("b.raw"), new Uint8Array(8));
    await expect(openTensor(at("b.raw"))).rejects.toThrow("type of the raw values");
    await expect(openTensor(at("b.raw"), { dtype: "int16" })).rejects.toThrow("(4 values)");
  });

  it("a format of one's own joins the registry", async () => {
    registerFormat({
      name: "one",
      extensions: ["one"],
      summary: "a single value",
      open: async () => tensorSource(emptyTensor("int8", [1])),
    });
    fs.writeFileSync(at("x.one"), "");
    expect((await openTensor(at("x.one"))).dtype).toBe("int8");
    await expect(saveTensor(at("y.one"), { dtype: "int8", shape: [1] })).rejects.toThrow("only be read");
    expect(formats.names()).toContain("one");
    expect(() => formats.get("npi")).toThrow(expect.objectContaining({ hint: 'did you mean "npy"?' }));
    expect(() =>
      registerFormat({ name: ".x", extensions: [], summary: "", open: async () => Promise.reject() }),
    ).toThrow();
  });
});
