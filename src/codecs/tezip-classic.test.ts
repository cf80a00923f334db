/** TEZIP as published: quantiser, archive, codec. Small networks with made-up weights. */
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { openArchive } from "../compressor/archive.ts";
import { compress } from "../compressor/compress.ts";
import { decompress } from "../compressor/decompress.ts";
import { addModel } from "../compressor/models.ts";
import { isTempressError } from "../errors.ts";
import { graphOf } from "../neural/architecture.ts";
import { floatTensors, type NamedModel, readModel, writeModel } from "../neural/model-file.ts";
import { startWeights } from "../neural/weights.ts";
import { tensor } from "../tensor/tensor.ts";
import { type ArchiveBytes, readArchive, writeArchive } from "./tezip-classic-archive.ts";
import { compressImages, decompressImages, type Frames, type Images, prepareProgram } from "./tezip-classic-program.ts";
import { type ClassicBound, type Mode, quantize } from "./tezip-classic-quantize.ts";
import { symbolsOf, valuesOf } from "./tezip-classic-symbols.ts";

beforeAll(prepareProgram);

function modelBytes(stack: number[], seed: number): Uint8Array {
  const architecture = { kind: "prednet", stack, recurrent: stack, shortcut: false } as const;
  const graph = graphOf(architecture);
  const tensors = floatTensors(graph, startWeights(graph, seed));
  return writeModel({ architecture, normalisation: "range", tensors, plan: {}, recipe: {} });
}
const model = (stack: number[], seed = 1): NamedModel => readModel(modelBytes(stack, seed));
const COLOUR = model([3, 4, 5]);
const GREY = model([1, 4]);

/** Something that moves, with noise. */
function film(count: number, height: number, width: number, channels: number, seed = 1): Frames {
  const data = new Uint8Array(count * height * width * channels);
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / channels);
    const [x, y, t] = [pixel % width, Math.floor(pixel / width) % height, Math.floor(pixel / width / height)];
    const noise = (Math.imul(i + seed, 0x9e3779b1) >>> 28) - 8;
    data[i] = Math.max(0, Math.min(255, 120 + 60 * Math.sin((x + 2 * t) / 3) + 5 * y + 9 * (i % channels) + noise));
  }
  return { count, height, width, channels, data };
}
const images = (frames: Frames): Images => ({
  frames,
  names: Array.from({ length: frames.count }, (_, t) => `frame_${t}.png`),
});
const repaired = (mode: Mode, ...values: number[]): ClassicBound => ({ mode, values, arithmetic: "repaired" });
const published = (mode: Mode, ...values: number[]): ClassicBound => ({ mode, values, arithmetic: "published" });

describe("the quantiser", () => {
  const run = (differences: number[], bound: ClassicBound, originals = differences.map(() => 100)): number[] => {
    const values = Int16Array.from(differences);
    quantize(values, Uint8Array.from(originals), 1, bound);
    return [...values];
  };

  it("gives runs one value in the middle of what suits all", () => {
    expect(run([0, 1, 2, 9, 8], repaired("abs", 1))).toEqual([1, 1, 1, 8, 8]);
    expect(run([0, 1, 2, 9, 8], published("abs", 1))).toEqual([1, 1, 1, 8, 8]);
    expect(run([3, -4], repaired("abs", 0))).toEqual([3, -4]);
  });

  it("breaks fractions of levels as published, and not when it is repaired", () => {
    // -2.7..2.7 and 2.3..7.7 share 2.3..2.7: the middle is cut off to 2, three levels from 5.
    expect(run([0, 5], published("abs", 2.7))).toEqual([2, 2]);
    expect(run([0, 5], repaired("abs", 2.7))).toEqual([0, 5]);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -255, max: 255 }), { minLength: 1, maxLength: 60 }),
        fc.double({ min: 0, max: 9, noNaN: true }),
        (differences, bound) => {
          const out = run(differences, repaired("abs", bound));
          expect(out.every((value, i) => Math.abs(value - differences[i]!) <= bound)).toBe(true);
        },
      ),
    );
  });

  it("takes the range of one channel, and the value itself", () => {
    expect(run([0, 4, 0], repaired("rel", 0.02), [0, 200, 100])).toEqual([2, 2, 2]);
    expect(run([0, 4, 0], repaired("absrel", 2, 0.5), [0, 200, 100])).toEqual([2, 2, 2]);
    expect(run([0, 6, 2], repaired("pwrel", 0.04), [0, 100, 100])).toEqual([0, 4, 4]);
  });
});

it("symbols are differences of neighbours, ranks of them by frequency", () => {
  const values = Int16Array.of(5, 5, 5, 4, 4, 7);
  expect([...symbolsOf(values, false).symbols]).toEqual([5, 0, 0, 1, 0, -3]);
  const { symbols, table } = symbolsOf(values, true);
  expect([...table!]).toEqual([1600, 1595, 1599, 1603]);
  expect([...symbols]).toEqual([1, 0, 0, 2, 0, 3]);
  for (const ranked of [true, false]) expect(valuesOf(symbolsOf(values, ranked), "test")).toEqual(values);
});

describe("the archive", () => {
  const schedules = [
    { warmUp: 0, window: 3 },
    { warmUp: 2, window: 1 },
    { warmUp: 1, threshold: 0.01 },
  ];
  for (const schedule of schedules) {
    for (const bound of [
      repaired("abs", 0),
      repaired("abs", 2.5),
      repaired("rel", 0.013),
      repaired("absrel", 4, 0.02),
      repaired("pwrel", 0.03),
    ]) {
      it(`keeps ${bound.mode} ${bound.values} with ${JSON.stringify(schedule)}`, () => {
        for (const [frames, network] of [
          [film(7, 9, 13, 3), COLOUR],
          [film(7, 9, 13, 1), COLOUR],
          [film(7, 10, 13, 1), GREY],
          [film(5, 6, 6, 1), undefined],
        ] as const) {
          const made = compressImages(images(frames), network, bound, { ...schedule, ranked: frames.count !== 5 });
          expect(made.excess).toBeLessThanOrEqual(0);
          const back = decompressImages(made.files, network);
          expect(back.names).toEqual(images(frames).names);
          expect(back.frames.channels).toBe(frames.channels);
          const worst = back.frames.data.reduce(
            (most, value, i) => Math.max(most, Math.abs(value - frames.data[i]!)),
            0,
          );
          expect(worst).toBe(made.maxError);
        }
      });
    }
  }

  it("published arithmetic tells how far it is off; its decoder finds the same", () => {
    const frames = film(6, 16, 24, 1, 7);
    const made = compressImages(images(frames), undefined, published("abs", 2.7), {
      warmUp: 0,
      window: 6,
      ranked: true,
    });
    expect(made.excess).toBeCloseTo(0.3);
    const back = decompressImages(made.files, undefined).frames.data;
    expect(Math.max(...back.map((value, i) => Math.abs(value - frames.data[i]!)))).toBe(3);
  });

  it("keeps black key frames when repaired, and a last frame after the warm-up", () => {
    const frames = film(6, 8, 8, 1);
    frames.data.fill(0, 0, 64);
    frames.data.fill(0, 3 * 64, 4 * 64);
    for (const schedule of [
      { warmUp: 0, window: 3 },
      { warmUp: 5, window: 4 },
      { warmUp: 4, window: 2 },
    ]) {
      const { files } = compressImages(images(frames), GREY, repaired("abs", 0), { ...schedule, ranked: true });
      expect(decompressImages(files, GREY).frames.data).toEqual(frames.data);
    }
    const asPublished = () =>
      compressImages(images(frames), GREY, published("abs", 0), { warmUp: 0, window: 3, ranked: true });
    expect(asPublished).toThrow(/first frame is black/);
  });

  it("has the published layout", () => {
    const frames = film(3, 4, 4, 3);
    const { files } = compressImages(images(frames), undefined, repaired("abs", 1), {
      warmUp: 1,
      window: 2,
      ranked: false,
    });
    expect(new TextDecoder().decode(files["filename.txt"])).toBe("1\nframe_0.png\nframe_1.png\nframe_2.png\n");
    const { size, parts } = readArchive(files);
    expect({ ...size, warmUp: parts.warmUp, table: parts.table }).toEqual({
      count: 3,
      height: 4,
      width: 4,
      channels: 3,
      warmUp: 1,
      table: undefined,
    });
    expect([...parts.keys.subarray(0, 96)]).toEqual([...frames.data.subarray(0, 96)]);
    expect(parts.keys.subarray(96).every((value) => value === 0)).toBe(true);
  });

  it("refuses names that lead elsewhere", () => {
    const { files } = compressImages(images(film(2, 4, 4, 1)), undefined, repaired("abs", 1), {
      warmUp: 0,
      window: 2,
      ranked: true,
    });
    for (const name of ["../a.png", "/etc/a.png", "a/b.png", "a\\b.png", "..", "C:a.png", "a\u0000.png", ""]) {
      const names = new TextEncoder().encode(`0\n${name}\nframe_1.png\n`);
      expect(() => readArchive({ ...files, "filename.txt": names }), name).toThrow(/no name of an image|names for/);
    }
    const archive = readArchive(files);
    expect(() => writeArchive({ ...archive, names: ["../x.png", "b.png"] })).toThrow(/no name of an image/);
  });

  it("damage is a typed error or shows in no crash", () => {
    const { files } = compressImages(images(film(4, 8, 8, 1)), GREY, repaired("abs", 1), {
      warmUp: 0,
      window: 2,
      ranked: true,
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(files) as (keyof ArchiveBytes)[])),
        fc.nat(),
        fc.nat(255),
        (name, at, value) => {
          const bytes = files[name].slice();
          const place = at % bytes.length;
          bytes[place] = value;
          for (const damaged of [bytes, bytes.subarray(0, place)]) {
            try {
              expect(decompressImages({ ...files, [name]: damaged }, GREY).frames.data.length).toBe(256);
            } catch (error) {
              expect(isTempressError(error)).toBe(true);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("the codec", () => {
  const frames = film(9, 11, 17, 1);
  const grey = tensor("uint8", [9, 11, 17], frames.data as Uint8Array<ArrayBuffer>);
  const colour = tensor("uint8", [5, 9, 13, 3], film(5, 9, 13, 3).data as Uint8Array<ArrayBuffer>);
  const bytes = modelBytes([3, 4, 5], 1);
  const hash = addModel(bytes);

  it.each(["repaired", "published"])("%s keeps the promise, embedded and named", async (arithmetic) => {
    for (const embed of [true, false]) {
      for (const values of [grey, colour]) {
        for (const promise of [{ abs: 2 }, { pwRel: 0.03 }, { lossless: true }]) {
          const options = {
            "tezip_classic:model": hash,
            "tezip_classic:embed": embed,
            "tezip_classic:arithmetic": arithmetic,
            "tezip_classic:preprocess": 1,
          };
          const file = await compress(values, {
            codec: "tezip_classic",
            ...promise,
            options,
            window: 4,
            readBack: true,
          });
          const back = await decompress(file);
          const off = (i: number) => Math.abs(Number(back.data[i]) - Number(values.data[i]));
          const limit = (i: number) => promise.abs ?? (promise.pwRel ?? 0) * Number(values.data[i]);
          expect(values.data.every((_: number, i: number) => off(i) <= limit(i))).toBe(true);
        }
      }
    }
  });

  it("names a missing model by its hash, and refuses one that does not fit", async () => {
    const options = (model: string) => ({ "tezip_classic:model": model, "tezip_classic:key_every": 3 });
    const other = addModel(modelBytes([2, 3], 5));
    await expect(compress(grey, { codec: "tezip_classic", abs: 1, options: options(other) })).rejects.toThrow(
      /2 channels/,
    );
    await expect(compress(grey, { codec: "tezip_classic", abs: 1, options: options("nothing.tpm") })).rejects.toThrow(
      /no such file/,
    );
    const file = await compress(grey, { codec: "tezip_classic", abs: 1, options: options(hash) });
    const side = Buffer.from(hash, "hex");
    const at = Buffer.from(file).indexOf(side);
    expect(at).toBeGreaterThan(0);
    const archive = await openArchive(file);
    expect(archive.header.codec.name).toBe("tezip_classic");
  });
});
