import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { decodeFastReference, encodeFastReference, type Parts } from "../../src/codecs/tezip-fast.reference.ts";
import { decodeFast, encodeFast, fastKernels } from "../../src/codecs/tezip-fast.ts";
import { type FastSide, groupCount, readFastSide } from "../../src/codecs/tezip-fast-side.ts";
import type { DecodeTask, Effort, Encoded } from "../../src/compressor/codec.ts";
import { ByteReader } from "../../src/container/cursor.ts";
import { SYMBOLS } from "../../src/entropy/contexts.ts";
import { prepareZstd } from "../../src/entropy/lossless.ts";
import { frequenciesOf, readWeights, weightsOf, writeWeights } from "../../src/entropy/rans.reference.ts";
import { isTempressError } from "../../src/errors.ts";
import { causalPlanes } from "../../src/predict/causal.ts";
import { BitReader, BitWriter, refine, restore } from "../../src/quantize/refine.reference.ts";
import { type Arrays, DTYPES, type DType } from "../../src/tensor/dtype.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { randomOf } from "./fields.ts";

beforeAll(async () => {
  await fastKernels.ready();
});

interface Options {
  readonly mask?: Uint8Array;
  readonly effort?: Effort;
}

function encode(frames: Tensor, bound: number, { mask, effort = "fast" }: Options = {}): Encoded {
  return encodeFast({ frames, bound: { kind: "abs", value: bound }, effort, ...(mask ? { mask } : {}) });
}

function bytesIn(encoded: Encoded, name: string): Uint8Array {
  return encoded.sections.find((section) => section.name === name)!.bytes;
}

function taskOf(frames: Tensor, encoded: Encoded, changed: Record<string, Uint8Array> = {}): DecodeTask {
  const section = (name: string) => changed[name] ?? bytesIn(encoded, name);
  return {
    dtype: frames.dtype,
    shape: frames.shape,
    bound: { kind: "abs", value: 0 },
    section,
    has: (name) => encoded.sections.some((s) => s.name === name),
  };
}

/** Side information and streams of a chunk that is stored as indices. */
function takenApart(
  frames: Tensor,
  encoded: Encoded,
  stored = 0,
): { side: FastSide; streams: [Parts, Parts]; rest: Uint8Array } {
  const reader = new ByteReader(bytesIn(encoded, "side"), "side");
  expect(reader.u8()).toBe(stored);
  const side = readFastSide(reader, frames.dtype, causalPlanes(frames.shape));
  reader.end();
  const [c0, l0, e0, c1, l1, e1] = side.lengths as [number, number, number, number, number, number];
  const codes = bytesIn(encoded, "codes");
  const escapes = bytesIn(encoded, "escapes");
  expect(codes.length).toBe(c0 + c1 + l0 + l1);
  const part = (bytes: Uint8Array, start: number, length: number) => bytes.slice(start, start + length);
  return {
    side,
    streams: [
      { codes: part(codes, 0, c0), low: part(codes, c0 + c1, l0), escapes: part(escapes, 0, e0) },
      { codes: part(codes, c0, c1), low: part(codes, c0 + c1 + l0, l1), escapes: part(escapes, e0, e1) },
    ],
    rest: escapes.slice(e0 + e1),
  };
}

/** Kernels and twins make the same streams and the same values; every value keeps the bound. */
function bothWays(frames: Tensor, bound: number, options: Options = {}): FastSide {
  const encoded = encode(frames, bound, options);
  const { side, streams } = takenApart(frames, encoded);
  const chunk = { dtype: frames.dtype, shape: frames.shape, side };
  const slow = encodeFastReference(frames.data, chunk);
  expect(slow.streams).toEqual(streams);
  const decoded = decodeFast(taskOf(frames, encoded));
  const { mask } = options;
  const kept = new Set(slow.kept.filter((i) => !mask?.[i]));
  const plain = decodeFastReference(streams, chunk);
  for (let i = 0; i < decoded.data.length; i++) {
    const wanted = kept.has(i) ? frames.data[i]! : plain[i]!;
    if (!Object.is(decoded.data[i], wanted)) expect([i, decoded.data[i]]).toEqual([i, wanted]);
    if (!Object.is(decoded.data[i], encoded.decoded!.data[i])) expect(i).toBe("the same in the encoder");
    if (mask?.[i]) continue;
    const error = Math.abs(Number(decoded.data[i]) - Number(frames.data[i]));
    if (!(error <= bound)) expect([i, error]).toEqual([i, bound]);
  }
  expect(writeWeights(readWeights(side.weights, groupCount(side.groups) * (side.fractions ? 3 : 1))!)).toEqual(
    side.weights,
  );
  return side;
}

/** A moving wave with noise; `size` is its height, `noise` that of what cannot be predicted. */
function field(dtype: DType, shape: readonly number[], size: number, noise: number, seed = 1): Tensor {
  const count = shape.reduce((all, extent) => all * extent, 1);
  const random = randomOf(seed);
  const width = shape.at(-1)!;
  const height = shape.at(-2) ?? 1;
  const data = new DTYPES[dtype].Array(count);
  const { kind, bytes } = DTYPES[dtype];
  const middle = kind === "uint" ? size * 1.2 : 0;
  for (let i = 0; i < count; i++) {
    const t = Math.floor(i / (width * height));
    const v = middle + size * Math.sin((i % width) / 9 + t / 5 + (Math.floor(i / width) % height) / 7);
    const noisy = v + noise * (random() - 0.5);
    if (kind !== "float" && bytes === 8) (data as BigInt64Array)[i] = BigInt(Math.round(noisy));
    else (data as Float64Array)[i] = kind === "float" ? noisy : Math.round(noisy);
  }
  return tensor(dtype, shape, data as Arrays[DType]);
}

describe("chunks of effort fast, by kernels and by twins", () => {
  const shapes = [[1], [7], [40], [3, 5], [9, 33], [2, 6, 8], [5, 9, 17], [3, 4, 5, 21], [2, 2, 3, 4, 6], [6, 1, 11]];
  for (const shape of shapes) it(shape.join("x"), () => void bothWays(field("float32", shape, 50, 3), 0.4));

  it("distances from the rounded prediction, or not", () => {
    const frames = field("float32", [6, 20, 40], 50, 2);
    expect(bothWays(frames, 1).fractions).toBe(true);
    expect(bothWays(frames, 0.01).fractions).toBe(false);
  });

  it("coarse filters for indices of a wide range, low bits and escapes", () => {
    const frames = field("float64", [5, 16, 40], 1e6, 1e4);
    const side = bothWays(frames, 0.5);
    expect(side.shift).toBe(6);
    expect(side.scale).toBeGreaterThan(0);
  });

  it("fitted filters over both past planes, with and without levels", () => {
    const turning = field("float32", [30, 24, 40], 50, 0.5);
    const still = field("float32", [8, 4, 24, 40], 50, 0.5);
    for (const frames of [turning, still]) expect(bothWays(frames, 0.05).filters[3]!.fixed).toBe(false);
    bothWays(turning, 0.05, { effort: "max" });
  });

  it("planes of which some rows have indices of more than 16 bits", () => {
    const frames = field("float32", [8, 24, 40], 40, 0.5);
    // From the middle of the fourth plane to that of the sixth.
    for (let i = 3.5 * 960; i < 5.5 * 960; i++) frames.data[i] = 3 * Number(frames.data[i]);
    const side = bothWays(frames, 0.0012);
    expect(side.shift).toBe(12);
    expect(side.filters[3]!.fixed).toBe(false);
  });

  it("rows longer than a run of the kernel", () => {
    bothWays(field("float32", [2, 3, 2500], 50, 1), 0.1);
  });

  for (const dtype of ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float64"] as const) {
    it(dtype, () => {
      const frames = field(dtype, [4, 9, 21], 40, 9);
      for (const bound of [0, 1, 3]) if (bound > 0 || dtype !== "float64") bothWays(frames, bound);
    });
  }

  it("64-bit integers at both ends of their range", () => {
    const near = (start: bigint) => BigInt64Array.from({ length: 60 }, (_, i) => start + BigInt((i * 7919) % 100));
    bothWays(tensor("int64", [3, 4, 5], near(-(2n ** 63n))), 2);
    bothWays(tensor("int64", [3, 4, 5], near(2n ** 63n - 100n)), 2);
    const high = BigUint64Array.from({ length: 60 }, (_, i) => 2n ** 64n - 1n - BigInt((i * 7919) % 100));
    bothWays(tensor("uint64", [60], high), 4);
  });

  it("values that no index holds, and values that do not matter", () => {
    const frames = field("float32", [4, 10, 20], 50, 1);
    frames.data[0] = 1e30;
    frames.data[20] = -1e30;
    frames.data[311] = 3e38;
    const mask = new Uint8Array(frames.data.length);
    mask[20] = 1;
    mask.fill(1, 400, 430);
    bothWays(frames, 0.2);
    bothWays(frames, 0.2, { mask });
  });

  it("anything that fast-check thinks of", () => {
    const spec = fc.record({
      dtype: fc.constantFrom<DType>("float32", "float64", "int16", "uint8", "int32"),
      shape: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 }),
      size: fc.double({ min: 1, max: 100, noNaN: true }),
      noise: fc.double({ min: 0, max: 50, noNaN: true }),
      bound: fc.double({ min: 0.01, max: 30, noNaN: true }),
      seed: fc.integer({ min: 1, max: 1e6 }),
    });
    fc.assert(
      fc.property(spec, ({ dtype, shape, size, noise, bound, seed }) => {
        bothWays(field(dtype, shape, size, noise, seed), bound);
      }),
      { numRuns: 150 },
    );
  });

  it("real winds", () => {
    const file = new URL("../../data/wind_24x73x144.f32", import.meta.url);
    const bytes = readFileSync(file);
    const all = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    const frames = tensor("float32", [4, 73, 144], all.slice(0, 4 * 73 * 144));
    for (const bound of [0.44, 0.0044]) bothWays(frames, bound);
  });
});

describe("lossless chunks of effort fast, by kernels and by twins", () => {
  /** The same bits come back, and the twin puts and takes the same places. */
  function lossless(frames: Tensor, { mask, effort = "fast" }: Options = {}): number {
    const covered = mask ? { mask } : {};
    const encoded = encodeFast({ frames, bound: { kind: "lossless", value: 0 }, effort, ...covered });
    expect(bytesIn(encoded, "side")[0]).toBe(2);
    const { side, rest } = takenApart(frames, encoded, 2);
    const { indices } = encodeFastReference(frames.data, { dtype: frames.dtype, shape: frames.shape, side });
    const bits = new BitWriter();
    const stray = new Set<number>();
    indices.forEach((index, i) => {
      if (mask?.[i]) return;
      if (!refine(frames.data[i]!, index, side.lattice, frames.dtype, bits)) stray.add(i);
    });
    const data = bytesIn(encoded, "data");
    expect(bits.bytes()).toEqual(data);
    expect(rest[0]).toBe(Math.min(stray.size, 127));
    const reader = new BitReader(data);
    const decoded = decodeFast({ ...taskOf(frames, encoded), ...covered });
    for (let i = 0; i < indices.length; i++) {
      if (mask?.[i]) continue;
      const plain = restore(indices[i]!, side.lattice, frames.dtype, reader);
      if (!stray.has(i) && !Object.is(plain, frames.data[i])) expect([i, plain]).toEqual([i, frames.data[i]]);
      if (!Object.is(decoded.data[i], frames.data[i])) expect([i, decoded.data[i]]).toEqual([i, frames.data[i]]);
    }
    return encoded.sections.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  for (const dtype of ["float32", "float64"] as const) {
    it(`${dtype}: narrow and wide cells, around zero and far from it`, () => {
      const frames = field(dtype, [6, 20, 30], 5, 1);
      lossless(frames);
      lossless(frames, { effort: "max" });
      frames.data.forEach((v, i) => {
        frames.data[i] = Number(v) + 1000;
      });
      lossless(frames);
      lossless(field(dtype, [8, 30, 40], 1e-5, 1e-9));
      lossless(field(dtype, [4, 16, 500], 3, 0.01));
    });

    it(`${dtype}: tiny values, zeros and stray ones`, () => {
      const frames = field(dtype, [5, 20, 30], 5, 1);
      const least = dtype === "float32" ? 2 ** -126 : 2 ** -1022;
      const odd = [0, least, -least, 1e-20, -1e-20, 1e-30, 1e30, -1e30, 3e38, 1e-7, -1e-7];
      for (const [k, v] of odd.entries()) frames.data[37 * (k + 1)] = v;
      lossless(frames);
      const mask = new Uint8Array(frames.data.length);
      mask.fill(1, 70, 120);
      mask[37 * 9] = 1;
      lossless(frames, { mask });
    });
  }

  it("64-bit integers of a wide range", () => {
    for (const dtype of ["int64", "uint64"] as const) lossless(field(dtype, [6, 20, 30], 2 ** 50, 2 ** 40));
  });

  it("anything that fast-check thinks of", () => {
    const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }), {
      minLength: 40,
      maxLength: 80,
    });
    fc.assert(
      fc.property(values, fc.boolean(), (list, single) => {
        const usual = list.map((v) => (v === 0 || Math.abs(v) < 1e-30 ? 0 : v));
        // Long enough a row of ordinary values that the chunk does not count as noise.
        const all = [...Array.from({ length: 400 }, (_, i) => 1e5 * Math.sin(i / 40) + (i % 7) / 3), ...usual];
        const data = single ? Float32Array.from(all) : Float64Array.from(all);
        lossless(tensor(single ? "float32" : "float64", [data.length], data));
      }),
      { numRuns: 60 },
    );
  });

  it("noise is stored as it is", async () => {
    await prepareZstd();
    const random = randomOf(3);
    const noise = Uint32Array.from({ length: 4000 }, () => random() * 2 ** 24 * 100 + 0x20000000);
    const frames = tensor("float32", [4000], new Float32Array(noise.buffer));
    const encoded = encodeFast({ frames, bound: { kind: "lossless", value: 0 }, effort: "fast" });
    expect(bytesIn(encoded, "side")[0]).toBe(1);
    expect(decodeFast(taskOf(frames, encoded)).data).toEqual(frames.data);
  });

  it("damage: data cut, lengthened, or for a type without cells", () => {
    const frames = field("float32", [5, 20, 30], 5, 1);
    const encoded = encodeFast({ frames, bound: { kind: "lossless", value: 0 }, effort: "fast" });
    const data = bytesIn(encoded, "data");
    for (const wrong of [data.slice(0, 0), data.slice(0, 100), data.slice(0, -1), Uint8Array.of(...data, 0)]) {
      expect(() => decodeFast(taskOf(frames, encoded, { data: wrong }))).toThrow(/data/);
    }
    const whole = field("int32", [5, 20, 30], 5, 1);
    expect(() => decodeFast(taskOf(whole, encoded))).toThrow(/cells/);
  });
});

describe("sizes", () => {
  it("a chunk whose values are all alike but one costs next to nothing", () => {
    const data = new Float32Array(64 * 64 * 30).fill(7.25);
    data[5000] = 9;
    const encoded = encode(tensor("float32", [30, 64, 64], data), 0.01);
    const bits = (8 * encoded.sections.reduce((sum, { bytes }) => sum + bytes.length, 0)) / data.length;
    expect(bits).toBeLessThan(0.02);
  });

  const native = new URL("../../../shared/data/navywind_uwnd_132x73x144.f32", import.meta.url);
  it.skipIf(!existsSync(native))("is a third smaller than SZ3's on monthly winds (needs ../shared)", () => {
    const bytes = readFileSync(native);
    const data = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    const encoded = encode(tensor("float32", [132, 73, 144], data), 0.044092891693115234);
    const size = encoded.sections.reduce((sum, section) => sum + section.bytes.length, 0);
    expect(size).toBeLessThan(735698 / 1.28);
  });
});

describe("damage", () => {
  const frames = field("float32", [5, 12, 30], 50, 3);

  function attempt(section: string, change: (bytes: Uint8Array) => Uint8Array): unknown {
    const encoded = encode(frames, 0.3);
    try {
      decodeFast(taskOf(frames, encoded, { [section]: change(bytesIn(encoded, section)) }));
      return undefined;
    } catch (error) {
      return error;
    }
  }

  for (const section of ["side", "codes", "escapes"]) {
    it(`cut anywhere: ${section}`, () => {
      const { length } = bytesIn(encode(frames, 0.3), section);
      for (let keep = 0; keep < length; keep += Math.ceil(length / 60)) {
        const error = attempt(section, (bytes) => bytes.slice(0, keep));
        expect(isTempressError(error), `${keep} of ${length}: ${error}`).toBe(true);
      }
    });

    it(`any byte changed: ${section}`, () => {
      const { length } = bytesIn(encode(frames, 0.3), section);
      for (let at = 0; at < length; at += Math.ceil(length / 100)) {
        const error = attempt(section, (bytes) => bytes.map((byte, i) => (i === at ? byte ^ 0x55 : byte)));
        // A change may give other values; the container's checksum of the values tells.
        if (error !== undefined) expect(isTempressError(error), `byte ${at}: ${error}`).toBe(true);
      }
    });
  }

  it("bytes left over", () => {
    for (const section of ["side", "codes", "escapes"]) {
      const error = attempt(section, (bytes) => Uint8Array.of(...bytes, 0));
      expect(isTempressError(error, "corrupt"), `${section}: ${error}`).toBe(true);
    }
  });

  it("empty chunks have no indices", () => {
    const empty = tensor("float32", [0, 3], new Float32Array(0));
    const encoded = encode(field("float32", [2, 3], 1, 1), 0.1);
    expect(() => decodeFast(taskOf(empty, encoded))).toThrow(/empty/);
  });
});

describe("tables", () => {
  it("frequencies add up to 4096 and leave nothing out", () => {
    const counts = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1e6 })), {
      minLength: SYMBOLS,
      maxLength: SYMBOLS,
    });
    fc.assert(
      fc.property(counts, (list) => {
        if (!list.some((count) => count > 0)) return;
        const weights = weightsOf(list);
        expect(readWeights(writeWeights([weights]), 1)).toEqual([weights]);
        const frequencies = frequenciesOf(weights);
        expect(frequencies.reduce((sum, frequency) => sum + frequency, 0)).toBe(4096);
        for (const [s, count] of list.entries()) expect(frequencies[s]! > 0).toBe(count > 0);
      }),
    );
  });
});
