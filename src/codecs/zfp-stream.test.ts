import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { zfpCases } from "../../test/support/zfp-cases.ts";
import { TempressError } from "../errors.ts";
import { decodeZfpReference, encodeZfpReference } from "./zfp.reference.ts";
import { slabFrames, type ZfpLayout, type ZfpValues } from "./zfp-array.ts";
import { decodeZfp } from "./zfp-decode.ts";
import { encodeZfp, zfpEncoder } from "./zfp-encode.ts";
import { fitsHeader, readZfpHeader, writeZfpHeader } from "./zfp-header.ts";
import { prepareZfp } from "./zfp-kernel.ts";
import { type ZfpMode, type ZfpParameters, type ZfpType, zfpParameters } from "./zfp-parameters.ts";

beforeAll(prepareZfp);

function patternsOf(values: ZfpValues): bigint[] {
  const wide = values.BYTES_PER_ELEMENT === 8;
  return wide
    ? [...new BigInt64Array(values.buffer, values.byteOffset, values.length)]
    : Array.from(new Int32Array(values.buffer, values.byteOffset, values.length), BigInt);
}

describe("kernel and twin", () => {
  it("write the same bytes and restore the same bits", () => {
    const property = fc.property(zfpCases([30, 9, 6, 5]), fc.boolean(), ({ layout, values }, header) => {
      const stream = encodeZfp(layout, values, header);
      expect(stream).toEqual(encodeZfpReference(layout, patternsOf(values), header));
      const bit = header ? readZfpHeader(stream).bits : 0;
      expect(patternsOf(decodeZfp(layout, stream, bit))).toEqual(decodeZfpReference(layout, stream, bit));
    });
    fc.assert(property, { numRuns: 200 });
  });
});

function layoutOf(type: ZfpType, shape: readonly number[], mode: ZfpMode): ZfpLayout {
  return { type, shape, parameters: zfpParameters(mode, type, shape.length) };
}

describe("streams", () => {
  it("of arrays of many slabs are those of their parts in a row", () => {
    for (const shape of [[1_200_001], [1300, 1001], [13, 401, 403]]) {
      for (const mode of [{ rate: 7 }, { accuracy: 1e-3 }, { reversible: true }] as ZfpMode[]) {
        const layout = layoutOf("float32", shape, mode);
        const count = shape.reduce((product, extent) => product * extent, 1);
        const values = Float32Array.from({ length: count }, (_, i) => Math.sin(i * 0.001) + ((i * 7919) % 13) * 0.01);
        expect(slabFrames(layout)).toBeLessThan(shape[0]!);
        const whole = encodeZfp(layout, values, true);
        const encoder = zfpEncoder(layout, true);
        const pieces = [encoder.write(values), encoder.finish()].flat();
        expect(Buffer.compare(Buffer.concat(pieces), whole)).toBe(0);
        const back = decodeZfp(layout, whole, 96);
        if ("reversible" in mode) expect(Buffer.compare(Buffer.from(back.buffer), Buffer.from(values.buffer))).toBe(0);
        else expect(back.every((x, i) => Math.abs(Number(x) - values[i]!) < ("rate" in mode ? 0.1 : 1e-3))).toBe(true);
      }
    }
  });

  it("restore every bit in reversible mode", () => {
    const values = Float32Array.of(
      Number.NaN,
      -0,
      0,
      Number.POSITIVE_INFINITY,
      1e-45,
      -1e38,
      3,
      Number.NEGATIVE_INFINITY,
    );
    new Uint32Array(values.buffer)[0] = 0x7fc12345;
    const layout = layoutOf("float32", [2, 4], { reversible: true });
    const back = decodeZfp(layout, encodeZfp(layout, values, false), 0);
    expect(new Uint32Array(back.buffer)).toEqual(new Uint32Array(values.buffer));
  });
});

describe("the header", () => {
  it("says shape, type and mode, in its short and its long form", () => {
    const modes: ZfpMode[] = [
      { rate: 8 },
      { rate: 64 },
      { precision: 20 },
      { precision: 64 },
      { accuracy: 0 },
      { accuracy: 1e-3 },
      { reversible: true },
      { minbits: 3, maxbits: 700, maxprec: 40, minexp: -20 },
    ];
    for (const mode of modes) {
      for (const shape of [[4_000_000_000], [16_777_216, 3], [65_536, 1, 7], [4096, 4096, 1, 2]]) {
        const layout = layoutOf("float64", shape, mode);
        const { bytes, bits } = writeZfpHeader("float64", shape, layout.parameters);
        expect(readZfpHeader(new Uint8Array([...bytes, 0]))).toEqual({ ...layout, bits });
      }
    }
  });

  it("refuses what it cannot say", () => {
    const { parameters } = layoutOf("int32", [1], { reversible: true });
    for (const shape of [[2 ** 24 + 1, 1], [65_537, 1, 1], [1, 4097, 1, 1], [1, 1, 1, 1, 1], [2 ** 32 + 1]]) {
      expect(fitsHeader(shape)).toBe(false);
      expect(() => writeZfpHeader("int32", shape, parameters)).toThrow(TempressError);
    }
  });
});

describe("parameters", () => {
  it("round a tolerance down to a power of two", () => {
    const minexp = (accuracy: number) => zfpParameters({ accuracy }, "float64", 3).minexp;
    expect([1, 0.001, 2 ** -10, 1e30, 5e-324, 0].map(minexp)).toEqual([0, -10, -10, 99, -1074, -1074]);
  });

  it("give blocks of floats room for their start", () => {
    expect(zfpParameters({ rate: 0.1 }, "float32", 2).maxbits).toBe(9);
    expect(zfpParameters({ rate: 0.1 }, "float64", 2).maxbits).toBe(12);
  });

  it("that no stream can have are refused", () => {
    const expert = (minbits: number, maxbits: number, maxprec: number, minexp: number): ZfpParameters => {
      return { minbits, maxbits, maxprec, minexp };
    };
    const bad: ZfpMode[] = [
      { rate: 0 },
      { rate: Number.NaN },
      { rate: 1e9 },
      { precision: -1 },
      { precision: 2.5 },
      { accuracy: -1 },
      { accuracy: Number.POSITIVE_INFINITY },
      expert(2, 1, 64, 0),
      expert(1, 8, 64, 0),
      expert(1, 100, 65, 0),
      expert(1, 40_000, 64, 0),
      expert(9, 400, 64, -1075),
    ];
    for (const mode of bad)
      expect(() => zfpParameters(mode, "float32", 3), JSON.stringify(mode)).toThrow(TempressError);
  });
});

describe("damaged streams", () => {
  const layout = layoutOf("float32", [9, 10, 11], { accuracy: 1e-2 });
  const values = Float32Array.from({ length: 990 }, (_, i) => Math.sin(i * 0.05));
  /** What decoding does: nothing but values or a typed error. */
  const attempt = (act: () => unknown): TempressError | undefined => {
    try {
      act();
      return undefined;
    } catch (error) {
      expect(error).toBeInstanceOf(TempressError);
      return error as TempressError;
    }
  };
  const decodeFile = (bytes: Uint8Array) => {
    const header = readZfpHeader(bytes);
    return decodeZfp(header, bytes, header.bits);
  };

  it("cut at any byte are truncated", () => {
    const stream = encodeZfp(layout, values, true);
    // The last word is filled up with zeros that no block needs.
    for (let length = 0; length < stream.length - 8; length++) {
      const error = attempt(() => decodeFile(stream.subarray(0, length)));
      expect(error?.code, `${length} of ${stream.length} bytes`).toBe("truncated");
    }
  });

  it("with any bit flipped give values or a typed error", () => {
    for (const mode of [{ accuracy: 1e-2 }, { rate: 6 }, { reversible: true }] as ZfpMode[]) {
      const stream = encodeZfp(layoutOf("float32", [5, 6, 7], mode), values.subarray(0, 210) as ZfpValues, true);
      for (let bit = 0; bit < stream.length * 8; bit++) {
        const flipped = stream.slice();
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        attempt(() => decodeFile(flipped));
      }
    }
  });

  it("of random bytes give values or a typed error, whatever they are read as", () => {
    const property = fc.property(
      fc.uint8Array({ minLength: 0, maxLength: 600 }),
      zfpCases([200, 30, 12, 6]),
      (bytes, { layout }) => void attempt(() => decodeZfp(layout, bytes, 0)),
    );
    fc.assert(property, { numRuns: 300 });
  });

  it("that claim more than they can hold are refused before memory is taken", () => {
    for (const shape of [[2 ** 32], [2 ** 24, 2 ** 24], [65_536, 65_536, 65_536], [4096, 4096, 4096, 4096]]) {
      const { bytes } = writeZfpHeader("float64", shape, layout.parameters);
      const file = new Uint8Array(10_000);
      file.set(bytes);
      expect(attempt(() => decodeFile(file))?.code).toMatch(/truncated|invalid-argument/);
    }
  });
});
