/** TEZIP's command line on its own kinds of files: Keras' network, hickle's training data, folders of images. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { dispatch } from "../../src/cli/run.ts";
import { h5wasm } from "../../src/io/node-hdf5-file.ts";
import { decodePng } from "../../src/io/png-read.ts";
import { encodePng } from "../../src/io/png-write.ts";
import { random } from "../../src/neural/random.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { madeUpPredNet, modelJson, writeKeras } from "../support/keras-prednet.ts";

const [COUNT, HEIGHT, WIDTH] = [6, 18, 22];
let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);
/** Training listens to signals; the test's process shall end as before. */
const listening = { SIGINT: process.listeners("SIGINT"), SIGTERM: process.listeners("SIGTERM") };
const tezip = (...words: string[]) => dispatch(["tezip", ...words, "--json"], "test");

const level = (t: number, y: number, x: number, c: number) =>
  Math.round(127 + 60 * Math.sin((x + t) / 3) + 40 * Math.cos(y / 4) + 9 * c);

async function film(name: string, channels: number): Promise<void> {
  mkdirSync(at(name));
  for (let t = 0; t < COUNT; t++) {
    const data = Uint8Array.from({ length: HEIGHT * WIDTH * channels }, (_, i) => {
      const pixel = Math.floor(i / channels);
      return level(t, Math.floor(pixel / WIDTH), pixel % WIDTH, i % channels);
    });
    const shape = channels === 1 ? [HEIGHT, WIDTH] : [HEIGHT, WIDTH, channels];
    writeFileSync(at(name, `${10 + t}.png`), await encodePng(tensor("uint8", shape, data)));
  }
}

/** The largest difference of images of two folders. */
async function difference(one: string, other: string): Promise<number> {
  expect(readdirSync(at(other))).toEqual(readdirSync(at(one)));
  let most = 0;
  for (const name of readdirSync(at(one))) {
    const [a, b] = [await decodePng(readFileSync(at(one, name))), await decodePng(readFileSync(at(other, name)))];
    expect(b.shape).toEqual(a.shape);
    for (let i = 0; i < a.data.length; i++) most = Math.max(most, Math.abs(Number(a.data[i]) - Number(b.data[i])));
  }
  return most;
}

beforeAll(async () => {
  vi.spyOn(process.stdout, "write").mockReturnValue(true);
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  folder = mkdtempSync(join(tmpdir(), "tempress-tezip-"));
  await film("colour", 3);
  await film("grey", 1);
  mkdirSync(at("keras"));
  const net = madeUpPredNet([3, 4, 5], [3, 4, 5], random(3).next);
  writeKeras(await h5wasm(), at("keras", "prednet_weights.hdf5"), net, { whole: true, backend: "tensorflow" });
  writeFileSync(at("keras", "prednet_model.json"), modelJson(net));
});
afterAll(() => {
  for (const [signal, known] of Object.entries(listening)) {
    for (const listener of process.listeners(signal as NodeJS.Signals)) {
      if (!known.includes(listener)) process.removeListener(signal, listener);
    }
  }
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

describe("tempress tezip", () => {
  it.each([
    ["colour", ["-p", "0", "-w", "3", "-m", "abs", "-b", "2"], 2],
    ["grey", ["-p", "2", "-t", "0.01", "-m", "rel", "-b", "0.02", "-n"], 5],
    ["grey", ["-p", "1", "-w", "6", "-m", "absrel", "-b", "3", "0.5", "-v", "-f"], 3],
    ["colour", ["-p", "0", "-w", "2", "-m", "pwrel", "-b", "0"], 0],
  ] as const)("%s %j: there and back with Keras' network", async (images, flags, most) => {
    for (const made of ["out", "back"]) rmSync(at(made), { recursive: true, force: true });
    expect(await tezip("-c", at("keras"), at(images), at("out"), ...flags)).toBe(0);
    expect(readdirSync(at("out")).sort()).toEqual(["entropy.dat", "filename.txt", "key_frame.dat"]);
    expect(await tezip("-u", at("keras"), at("out"), at("back"))).toBe(0);
    expect(await difference(images, "back")).toBeLessThanOrEqual(most);
    await expect(tezip("-u", at("keras"), at("out"), at("back"))).rejects.toThrow(/not empty/);
  });

  it("exits with 1 where published arithmetic breaks its bound", async () => {
    const flags = ["-p", "0", "-w", "6", "-m", "abs", "-b", "2.7"];
    expect(await tezip("-c", "none", at("grey"), at("published"), ...flags, "--published")).toBe(1);
    expect(await tezip("-c", "none", at("grey"), at("repaired"), ...flags)).toBe(0);
  });

  it("writes nothing outside of its folder", async () => {
    await tezip("-c", "none", at("grey"), at("evil"), "-p", "0", "-w", "3", "-m", "abs", "-b", "1");
    const names = ["0", "../escaped.png", ...Array.from({ length: COUNT - 1 }, (_, t) => `${t}.png`)];
    writeFileSync(at("evil", "filename.txt"), names.join("\n"));
    await expect(tezip("-u", "none", at("evil"), at("evil-out"))).rejects.toThrow(/no name of an image/);
    expect(existsSync(at("escaped.png"))).toBe(false);
    expect(existsSync(at("evil-out"))).toBe(false);
  });

  it("names that were no PNG images get that ending", async () => {
    await tezip("-c", "none", at("grey"), at("jpg"), "-p", "0", "-w", "3", "-m", "abs", "-b", "0");
    const names = ["0", ...Array.from({ length: COUNT }, (_, t) => `${10 + t}.jpg`)];
    writeFileSync(at("jpg", "filename.txt"), names.join("\n"));
    expect(await tezip("-u", "none", at("jpg"), at("jpg-back"))).toBe(0);
    expect(await difference("grey", "jpg-back")).toBe(0);
  });

  it("trains on X_train.hkl, and compresses with what it learned", async () => {
    const library = await h5wasm();
    mkdirSync(at("hkl"));
    const images = new library.File(at("hkl", "X_train.hkl"), "w");
    const shape = [8, 16, 24, 3];
    const data = Uint8Array.from({ length: 8 * 16 * 24 * 3 }, (_, i) => {
      const pixel = Math.floor(i / 3);
      return level(Math.floor(pixel / 384), Math.floor(pixel / 24) % 16, pixel % 24, i % 3);
    });
    images.create_dataset({ name: "data", data, shape, dtype: "<B" });
    images.close();
    const sources = new library.File(at("hkl", "sources_train.hkl"), "w");
    const labels = Array.from({ length: 8 }, (_, t) => (t < 5 ? "train-a" : "train-b"));
    sources.create_dataset({ name: "data", data: labels, shape: [8], dtype: "S7" });
    sources.close();
    expect(await tezip("-l", at("learned"), at("hkl"), "--stack", "3,4", "--steps", "2")).toBe(0);
    await expect(tezip("-l", at("learned"), at("hkl"), "--stack", "3,4", "--steps", "2")).rejects.toThrow(/already/);
    expect(
      await tezip("-c", at("learned"), at("colour"), at("own"), "-p", "0", "-w", "3", "-m", "abs", "-b", "1"),
    ).toBe(0);
    expect(await tezip("-u", at("learned"), at("own"), at("own-back"))).toBe(0);
    expect(await difference("colour", "own-back")).toBeLessThanOrEqual(1);
  });

  it("says what is missing", async () => {
    const some = ["-c", "none", at("grey"), at("x")];
    await expect(tezip()).rejects.toThrow(/-l, -c and -u is missing/);
    await expect(tezip(...some, "-u", "a", "b", "c")).rejects.toThrow(/exclude/);
    await expect(tezip("-c", "none", at("grey"))).rejects.toThrow(/2 folders where 3/);
    await expect(tezip(...some)).rejects.toThrow(/mode -m/);
    await expect(tezip(...some, "-m", "abs")).rejects.toThrow(/takes 1 bound/);
    await expect(tezip(...some, "-m", "absrel", "-b", "1")).rejects.toThrow(/takes 2 bounds/);
    await expect(tezip(...some, "-m", "abs", "-b", "1")).rejects.toThrow(/warm-up -p/);
    await expect(tezip(...some, "-m", "abs", "-b", "1", "-p", "0")).rejects.toThrow(/-w or -t/);
    await expect(tezip(...some, "-m", "abs", "-b", "1", "-p", "6", "-w", "2")).rejects.toThrow(/leaves none/);
    await expect(
      tezip("-c", at("grey"), at("grey"), at("x"), "-m", "abs", "-b", "1", "-p", "0", "-w", "2"),
    ).rejects.toThrow(/no network/);
  });
});
