import { beforeAll, describe, expect, it } from "vitest";
import { compress } from "../compressor/compress.ts";
import { decompress } from "../compressor/decompress.ts";
import { checkOptions } from "../compressor/schema.ts";
import { ByteWriter } from "../container/cursor.ts";
import { zstdCompress, zstdDecompress } from "../entropy/lossless.ts";
import { TempressError } from "../errors.ts";
import { DTYPES } from "../tensor/dtype.ts";
import { elementCount } from "../tensor/shape.ts";
import { bytesOf, emptyTensor, frames, type Tensor } from "../tensor/tensor.ts";
import { sz3 } from "./sz3.ts";
import { readOuter, type Sz3Type, TYPES, writeConfig, writeOuter } from "./sz3-config.ts";
import { decodeSz3 } from "./sz3-decode.ts";
import { encodeSz3 } from "./sz3-encode.ts";
import { writeU64 } from "./sz3-quantizer.ts";
import { sz3Options, sz3Settings } from "./sz3-settings.ts";

beforeAll(() => sz3.prepare());

/** Whole numbers below 2^32, the same on every machine. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
}

/** A wave with noise; for integers over a good part of their range. */
function wave(dtype: Sz3Type, shape: readonly number[], seed = 1): Tensor {
  const t = emptyTensor(dtype, shape);
  const next = numbers(seed);
  const { kind, bytes } = DTYPES[dtype];
  const scale = kind === "float" ? 1 : bytes === 1 ? 60 : 10000;
  const offset = kind === "uint" ? scale + 1 : 0;
  let at = 0;
  for (let i = 0; i < t.data.length; i++) {
    at += ((next() >>> 16) - 32768) / 2 ** 20;
    const value = scale * (Math.sin(i / 9) * 0.7 + 0.3 * Math.sin(at)) + offset;
    t.data[i] = bytes === 8 && kind !== "float" ? BigInt(Math.round(value)) : value;
  }
  return t;
}

function encode(values: Tensor, abs: number, given: Record<string, unknown> = {}) {
  return encodeSz3(values, sz3Settings(values, abs, checkOptions(sz3Options, given)));
}

function worst(a: Tensor, b: Tensor): number {
  let most = 0;
  for (let i = 0; i < a.data.length; i++) {
    const x = a.data[i]!;
    const y = b.data[i]!;
    const off = typeof x === "bigint" ? Number(x - (y as bigint)) : x - (y as number);
    most = Math.max(most, Math.abs(off));
  }
  return most;
}

const ALGORITHMS = ["ALGO_INTERP_LORENZO", "ALGO_INTERP", "ALGO_LORENZO_REG", "ALGO_NOPRED", "ALGO_LOSSLESS"];

describe("SZ3's streams", () => {
  for (const dtype of TYPES) {
    it(`keep the bound for ${dtype}, all algorithms, one to four axes`, () => {
      const abs = DTYPES[dtype].kind === "float" ? 1e-3 : 3;
      for (const shape of [[1], [2], [777], [19, 23], [7, 8, 13], [3, 5, 4, 6], [2, 2, 2, 2], [1, 40, 1, 7]]) {
        for (const algorithm of ALGORITHMS) {
          const values = wave(dtype, shape);
          const { bytes, decoded } = encode(values, abs, { "sz3:algorithm_str": algorithm, "sz3:lorenzo2": true });
          const back = decodeSz3(bytes, dtype);
          const told = `${algorithm} ${shape.join("x")}`;
          expect(Buffer.compare(bytesOf(back), bytesOf(decoded)), told).toBe(0);
          expect(worst(values, back), told).toBeLessThanOrEqual(abs);
        }
      }
    });
  }

  it("keep the bound over the whole range of integers, where SZ3's own sums wrap", () => {
    for (const dtype of ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"] as const) {
      const values = emptyTensor(dtype, [31, 40]);
      const words = new Uint32Array(values.data.buffer);
      const next = numbers(7);
      for (let i = 0; i < words.length; i++) words[i] = next();
      for (const algorithm of ALGORITHMS) {
        for (const abs of [1, 90, 1000]) {
          const { bytes } = encode(values, abs, { "sz3:algorithm_str": algorithm });
          expect(worst(values, decodeSz3(bytes, dtype)), `${dtype} ${algorithm} ${abs}`).toBeLessThanOrEqual(abs);
        }
      }
    }
  });

  it("take every option", () => {
    const values = wave("float32", [20, 33, 41]);
    for (const given of [
      { "sz3:intrep_algo_str": "INTERP_ALGO_LINEAR", "sz3:interp_direction": 3 },
      { "sz3:interp_anchor_stride": 8, "sz3:interp_alpha": -1 },
      { "sz3:interp_anchor_stride": 0, "sz3:interp_alpha": 1.1, "sz3:interp_beta": 3 },
      { "sz3:algorithm_str": "ALGO_LORENZO_REG", "sz3:lorenzo": false, "sz3:block_size": 7 },
      { "sz3:algorithm_str": "ALGO_LORENZO_REG", "sz3:regression": false, "sz3:lorenzo2": true },
      { "sz3:algorithm_str": "ALGO_LORENZO_REG", "sz3:regression": false },
      { "sz3:quant_bin_size": 20 },
      { "sz3:error_bound_mode_str": "REL", "sz3:rel_error_bound": 1e-4 },
      { "sz3:error_bound_mode_str": "PSNR", "sz3:psnr_error_bound": 80 },
      { "sz3:error_bound_mode_str": "NORM", "sz3:l2_norm_error_bound": 0.5 },
      { "sz3:error_bound_mode_str": "ABS_AND_REL", "sz3:abs_error_bound": 1e-4, "sz3:rel_error_bound": 1e-2 },
      { "sz3:error_bound_mode_str": "ABS_OR_REL", "sz3:abs_error_bound": 1e-4, "sz3:rel_error_bound": 1e-5 },
    ]) {
      const algorithm = "sz3:algorithm_str" in given ? {} : { "sz3:algorithm_str": "ALGO_INTERP" };
      const { bytes, decoded } = encode(values, 1e-3, { ...algorithm, ...given });
      const back = decodeSz3(bytes, "float32");
      expect(Buffer.compare(bytesOf(back), bytesOf(decoded)), JSON.stringify(given)).toBe(0);
      expect(worst(values, back), JSON.stringify(given)).toBeLessThanOrEqual(1e-3);
    }
  });

  it("refuse what would be wrong", () => {
    const values = wave("float32", [13, 14]);
    const alone = { "sz3:algorithm_str": "ALGO_LORENZO_REG", "sz3:lorenzo": false, "sz3:block_size": 6 };
    expect(() => encode(values, 1e-3, alone)).toThrow(TempressError);
    expect(() => encode(values, 1e-3, { "sz3:interp_direction": 2 })).toThrow(TempressError);
    expect(() => encode(values, 1e-3, { "sz3:interp_anchor_stride": 12 })).toThrow(TempressError);
    expect(() => encode(emptyTensor("float32", [0]), 1e-3)).toThrow(TempressError);
    expect(() => encode(emptyTensor("float32", [2, 2, 2, 2, 2]), 1e-3)).toThrow(TempressError);
    expect(() => sz3Settings(values, undefined, checkOptions(sz3Options))).toThrow(TempressError);
  });

  it("of several threads are read", () => {
    const values = wave("float32", [7, 20, 30]);
    for (const threads of [1, 2, 3, 7]) {
      const stream = threaded(values, threads, 1e-3);
      expect(worst(values, decodeSz3(stream, "float32"))).toBeLessThanOrEqual(1e-3);
    }
  });
});

/** What SZ3 built with OpenMP writes: parts along the slowest axis. */
function threaded(values: Tensor, threads: number, abs: number): Uint8Array {
  const slices = values.shape[0]!;
  const parts = Array.from({ length: threads }, (_, t) => {
    const part = frames(values, Math.floor((t * slices) / threads), Math.floor(((t + 1) * slices) / threads));
    return readOuter(encode({ ...part, data: part.data.slice() as Float32Array }, abs).bytes, "part");
  });
  const payload = new ByteWriter();
  payload.u32(threads);
  for (const { config } of parts) payload.put(writeConfig({ ...config, openmp: true }));
  for (const part of parts) writeU64(payload, part.payload.length);
  for (const part of parts) payload.put(part.payload);
  const { config } = parts[0]!;
  const outer = { ...config, dims: values.shape, algorithm: "INTERP_LORENZO", openmp: true } as const;
  return writeOuter({ config: outer, payload: payload.written().slice() });
}

describe("damaged SZ3 streams", () => {
  const streams: [Sz3Type, Uint8Array][] = [];
  beforeAll(() => {
    for (const algorithm of ALGORITHMS) {
      for (const shape of [[300], [7, 8, 9]]) {
        streams.push(["float32", encode(wave("float32", shape), 0.01, { "sz3:algorithm_str": algorithm }).bytes]);
      }
    }
    streams.push(["int64", encode(wave("int64", [90, 5]), 4, { "sz3:algorithm_str": "ALGO_LORENZO_REG" }).bytes]);
    streams.push(["float32", threaded(wave("float32", [7, 8, 9]), 3, 0.01)]);
  });

  /** Values or a typed error; of the right size at any rate. */
  function attempt(bytes: Uint8Array, type: Sz3Type): void {
    try {
      const values = decodeSz3(bytes, type);
      expect(values.data.length).toBe(elementCount(values.shape));
    } catch (error) {
      expect(error).toBeInstanceOf(TempressError);
    }
  }

  it("cut at every byte give a typed error", () => {
    for (const [type, bytes] of streams) {
      for (let length = 0; length < bytes.length; length++) {
        expect(() => decodeSz3(bytes.slice(0, length), type), `${length}`).toThrow(TempressError);
      }
    }
  });

  it("that claim a huge array in few bytes are not believed, unless the caller knows the shape", () => {
    const flat = emptyTensor("float32", [4, 5]);
    const { config, payload } = readOuter(encode(flat, 0.1, { "sz3:algorithm_str": "ALGO_NOPRED" }).bytes, "stream");
    for (const dims of [[2 ** 27], [2 ** 14, 2 ** 14], [2 ** 40], [2 ** 13, 2 ** 13, 2 ** 13, 2 ** 13]]) {
      const stream = writeOuter({ config: { ...config, dims }, payload });
      expect(() => decodeSz3(stream, "float32")).toThrow(/too many to believe/);
    }
    const other = writeOuter({ config: { ...config, dims: [40] }, payload });
    expect(() => decodeSz3(other, "float32")).toThrow(TempressError);
    expect(() => decodeSz3(other, "float32", "stream", [5, 8])).toThrow(/holds 40 values/);
  });

  it("with flipped bits, before and after zstd, give values or a typed error", () => {
    const next = numbers(3);
    for (const [type, bytes] of streams) {
      for (let bit = 0; bit < 8 * bytes.length; bit += bytes.length > 600 ? 1 + (next() % 9) : 1) {
        const copy = bytes.slice();
        copy[bit >> 3]! ^= 1 << (bit & 7);
        attempt(copy, type);
      }
    }
    for (const [type, bytes] of streams.slice(0, -1)) {
      for (let round = 0; round < 400; round++) attempt(flippedInside(bytes, next), type);
    }
  });
});

/** The stream with up to three bytes changed in what zstd holds. */
function flippedInside(bytes: Uint8Array, next: () => number): Uint8Array {
  const { config, payload } = readOuter(bytes, "stream");
  const inner = innerOf(payload);
  // The head is where it hurts.
  const reach = next() % 2 === 0 ? Math.min(inner.length, 160) : inner.length;
  for (let i = 0; i <= next() % 3; i++) inner[next() % reach] = next() % 3 === 0 ? 255 : next();
  const to = new ByteWriter();
  writeU64(to, inner.length);
  to.put(zstdCompress(inner, 1));
  return writeOuter({ config, payload: to.written().slice() });
}

function innerOf(payload: Uint8Array): Uint8Array {
  const size = new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
  return zstdDecompress(payload.subarray(8), size);
}

describe("codec sz3", () => {
  it("brings what it cannot code in its own type back within bound and range", async () => {
    for (const dtype of ["uint8", "int8", "uint16", "uint32", "uint64"] as const) {
      const values = wave(dtype, [9, 30, 40]);
      const file = await compress(values, { codec: "sz3", abs: 2 });
      expect(worst(values, await decompress(file))).toBeLessThanOrEqual(2);
      expect(file.length).toBeLessThan(values.data.byteLength);
    }
  });

  it("refuses a promise relative to each value", async () => {
    await expect(compress(wave("float32", [9]), { codec: "sz3", pwRel: 0.1 })).rejects.toThrow(TempressError);
  });

  it("takes the promise of its own options, but not a second one", async () => {
    const values = wave("float32", [9, 30, 40]);
    const relative = { "sz3:error_bound_mode_str": "REL", "sz3:rel_error_bound": 1e-3 };
    for (const [options, most] of [
      [{ "sz3:abs_error_bound": 1e-4 }, 1e-4],
      [relative, 2e-3],
      [{ ...relative, "sz3:error_bound_mode_str": "ABS_AND_REL", "sz3:abs_error_bound": 1 }, 2e-3],
    ] as const) {
      const file = await compress(values, { codec: "sz3", options });
      expect(worst(values, await decompress(file))).toBeLessThanOrEqual(most);
    }
    const both = compress(values, { codec: "sz3", abs: 1, options: { "sz3:abs_error_bound": 1 } });
    await expect(both).rejects.toThrow(TempressError);
    const psnr = { "sz3:error_bound_mode_str": "PSNR", "sz3:psnr_error_bound": 80 };
    await expect(compress(values, { codec: "sz3", options: psnr })).rejects.toThrow(TempressError);
    const file = await compress(values, { codec: "sz3", abs: 1, options: psnr });
    expect(worst(values, await decompress(file))).toBeLessThanOrEqual(1e-3);
  });
});
