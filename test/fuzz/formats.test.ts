/** Damaged, truncated and lying files of every format: values or a typed error, in bounded memory and time. */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TempressError } from "../../src/errors.ts";
import { openTensor, saveTensor } from "../../src/io/index.ts";
import { listVariables } from "../../src/io/node-open.ts";
import { elementCount } from "../../src/tensor/shape.ts";
import { emptyTensor, type Tensor } from "../../src/tensor/tensor.ts";

let folder: string;
beforeAll(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "tempress-fuzz-formats-"));
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const SHAPE = [4, 5, 6];

function sample(): Tensor {
  const t = emptyTensor("float32", SHAPE);
  t.data.forEach((_, i, all) => {
    (all as Float32Array)[i] = Math.sin(i / 5);
  });
  return { ...t, axes: ["t", "y", "x"], name: "v", attributes: { units: "K" } };
}

/** Nothing but a typed error may come; frames may be other values, since most formats have no checksums. */
async function tried(path: string): Promise<TempressError | undefined> {
  try {
    await listVariables(path);
    const source = await openTensor(path);
    try {
      const count = elementCount(source.shape);
      // A lie that a format cannot know is a lie: nobody reads so much at once.
      if (count <= 1 << 20) await source.read(0, source.shape[0]!);
      else if (count / source.shape[0]! <= 1 << 20) await source.read(0, 1);
    } finally {
      await source.close?.();
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof TempressError)) throw error;
    expect(error.message.length).toBeGreaterThan(0);
    return error;
  }
}

const FILES = ["nc", "nc4", "h5", "hkl", "npz", "csv", "fits", "tif", "mat"] as const;

describe.each(FILES)(".%s", (ending) => {
  let whole: Uint8Array;
  const path = (): string => join(folder, `damaged.${ending}`);

  beforeAll(async () => {
    const sink = await saveTensor(join(folder, `whole.${ending}`), sample());
    await sink.write(sample());
    await sink.close();
    whole = fs.readFileSync(join(folder, `whole.${ending}`));
    expect(await tried(join(folder, `whole.${ending}`))).toBeUndefined();
  });

  it("cut off anywhere", async () => {
    const step = Math.max(1, Math.floor(whole.length / 60));
    let errors = 0;
    for (let length = 0; length < whole.length; length += step) {
      fs.writeFileSync(path(), whole.subarray(0, length));
      if (await tried(path())) errors++;
    }
    // A text may end anywhere between two rows, and FITS pads its last block.
    expect(errors).toBeGreaterThan(20);
  });

  it("with bytes changed", async () => {
    const from = ending === "h5" || ending === "nc4" || ending === "hkl" ? 60 : 120;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.double({ min: 0, max: 0.9999, noNaN: true }), fc.integer({ min: 0, max: 255 })), {
          minLength: 1,
          maxLength: 4,
        }),
        async (changes) => {
          const damaged = Uint8Array.from(whole);
          // Headers stand at the beginning: most changes fall there.
          for (const [place, value] of changes) damaged[Math.floor(place * place * whole.length)] = value;
          fs.writeFileSync(path(), damaged);
          await tried(path());
        },
      ),
      { numRuns: from },
    );
  }, 60_000);

  it("of random bytes behind its first ones", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 0, max: 200 }), async (bytes, kept) => {
        fs.writeFileSync(path(), Buffer.concat([whole.subarray(0, kept), bytes]));
        await tried(path());
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});

describe(".zarr", () => {
  const store = (): string => join(folder, "damaged.zarr");

  async function fresh(): Promise<void> {
    const sink = await saveTensor(store(), sample(), { force: true });
    await sink.write(sample());
    await sink.close();
  }

  it("with chunks cut off, changed or too long", async () => {
    await fresh();
    const chunk = join(store(), "v/c/0/0/0");
    const whole = fs.readFileSync(chunk);
    for (let length = 0; length < whole.length; length += 37) {
      fs.writeFileSync(chunk, whole.subarray(0, length));
      expect(await tried(store()), `${length} bytes`).toBeInstanceOf(TempressError);
    }
    fs.writeFileSync(chunk, Buffer.concat([whole, whole]));
    expect(await tried(store())).toBeInstanceOf(TempressError);
  });

  it("with metadata that lie or are none", async () => {
    await fresh();
    const file = join(store(), "v/zarr.json");
    const good = fs.readFileSync(file, "utf8");
    const changed = (change: (metadata: Record<string, unknown>) => void): string => {
      const metadata = JSON.parse(good) as Record<string, unknown>;
      change(metadata);
      return JSON.stringify(metadata);
    };
    const grid = (chunk_shape: unknown) => ({ name: "regular", configuration: { chunk_shape } });
    for (const text of [
      "",
      "{",
      "null",
      "[]",
      good.slice(0, good.length / 2),
      changed((m) => Object.assign(m, { shape: [4, 5, 2 ** 52] })),
      changed((m) => Object.assign(m, { shape: [-4, 5, 6] })),
      changed((m) => Object.assign(m, { shape: "4x5x6" })),
      changed((m) => Object.assign(m, { shape: [4, 5] })),
      changed((m) => Object.assign(m, { chunk_grid: grid([4, 5, 2 ** 40]) })),
      changed((m) => Object.assign(m, { chunk_grid: grid([0, 5, 6]) })),
      changed((m) => Object.assign(m, { chunk_grid: grid([4, 5]) })),
      changed((m) => Object.assign(m, { chunk_grid: undefined })),
      changed((m) => Object.assign(m, { data_type: "complex64" })),
      changed((m) => Object.assign(m, { data_type: "float64" })),
      changed((m) => Object.assign(m, { codecs: [{ name: "unheard" }] })),
      changed((m) => Object.assign(m, { codecs: 5 })),
      changed((m) => Object.assign(m, { codecs: [{ name: "bytes" }, { name: "gzip", configuration: { level: 1 } }] })),
      changed((m) => Object.assign(m, { zarr_format: 9 })),
    ]) {
      fs.writeFileSync(file, text);
      expect(await tried(store()), text.slice(0, 300)).toBeInstanceOf(TempressError);
    }
    for (let i = 0; i < 60; i++) {
      const at = Math.floor((i / 60) * good.length);
      fs.writeFileSync(file, `${good.slice(0, at)}${'0{]"9-'[i % 6]}${good.slice(at + 1)}`);
      await tried(store());
    }
  });

  it("never leaves its folder", async () => {
    await fresh();
    const { FolderStore } = await import("../../src/io/node-zarr-store.ts");
    await expect(new FolderStore(store()).get("/../../whole.nc")).rejects.toBeInstanceOf(TempressError);
    await expect(new FolderStore(store()).set("/../x", new Uint8Array(1))).rejects.toBeInstanceOf(TempressError);
  });
});
