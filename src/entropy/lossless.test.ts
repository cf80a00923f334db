import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { TempressError } from "../errors.ts";
import { gzipCompress, gzipDecompress, prepareGzip, prepareZstd, zstdCompress, zstdDecompress } from "./lossless.ts";

const samples = {
  empty: new Uint8Array(0),
  one: Uint8Array.of(7),
  zeros: new Uint8Array(300_000),
  noise: Uint8Array.from({ length: 70_000 }, (_, i) => Math.imul(i, 2654435761) >>> 24),
};

// toEqual walks large arrays slowly.
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

beforeAll(prepareZstd);
beforeAll(prepareGzip);

describe.each(Object.entries(samples))("lossless: %s", (_, bytes) => {
  it.each([1, 9, 19])("zstd level %i", (level) => {
    expect(same(zstdDecompress(zstdCompress(bytes, level), bytes.length), bytes)).toBe(true);
  });
  it.each([1, 6, 9])("gzip level %i, as zlib reads it", (level) => {
    const packed = gzipCompress(bytes, level);
    expect(same(gunzipSync(packed), bytes)).toBe(true);
    expect(same(gzipDecompress(packed, bytes.length), bytes)).toBe(true);
    expect(same(gzipCompress(bytes, level), packed)).toBe(true);
  });
});

it("refuses streams of another size and damaged streams", () => {
  const { noise } = samples;
  const pairs = [
    [zstdCompress(noise, 3), zstdDecompress],
    [gzipCompress(noise, 6), gzipDecompress],
  ] as const;
  for (const [packed, decompress] of pairs) {
    for (const size of [0, noise.length - 1, noise.length + 1, 2 ** 30]) {
      expect(() => decompress(packed, size)).toThrow(TempressError);
    }
    for (const length of [0, 1, 5, 17, packed.length - 1]) {
      expect(() => decompress(packed.subarray(0, length), noise.length)).toThrow(TempressError);
    }
    for (let at = 0; at < 400; at++) {
      const flipped = packed.slice();
      flipped[at]! ^= 1 << (at % 8);
      try {
        expect(decompress(flipped, noise.length)).toHaveLength(noise.length);
      } catch (error) {
        expect(error).toBeInstanceOf(TempressError);
      }
    }
  }
});
