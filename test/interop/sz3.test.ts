/**
 * Streams that native SZ3 3.3.2 wrote. A few are kept here with the checksum of what SZ3 decodes them to; all of
 * them, with the input they were made from, are beside the project.
 */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { sz3 } from "../../src/codecs/sz3.ts";
import type { Sz3Type } from "../../src/codecs/sz3-config.ts";
import { readOuter } from "../../src/codecs/sz3-config.ts";
import { decodeSz3 } from "../../src/codecs/sz3-decode.ts";
import { encodeSz3, type Sz3Encoded } from "../../src/codecs/sz3-encode.ts";
import { sz3Options, sz3Settings } from "../../src/codecs/sz3-settings.ts";
import { checkOptions } from "../../src/compressor/schema.ts";
import { crc32c } from "../../src/container/crc32c.ts";
import { zstdDecompress } from "../../src/entropy/lossless.ts";
import { bytesOf, type Tensor, tensorFromBytes } from "../../src/tensor/tensor.ts";
import { needsShared, sharedFile } from "../optional.ts";

beforeAll(() => sz3.prepare());

interface Kept {
  readonly stream: string;
  readonly dtype: Sz3Type;
  readonly shape: readonly number[];
  readonly algorithm: string;
  readonly decodedCrc32c: number;
}

const folder = new URL("./sz3/", import.meta.url);
const kept = JSON.parse(readFileSync(new URL("manifest.json", folder), "utf8")) as Kept[];

describe("streams of native SZ3", () => {
  for (const { stream, dtype, shape, decodedCrc32c } of kept) {
    it(`decodes ${stream} bit by bit`, () => {
      const values = decodeSz3(readFileSync(new URL(stream, folder)), dtype);
      expect(values.shape).toEqual(shape);
      expect(crc32c(bytesOf(values))).toBe(decodedCrc32c);
    });
  }
});

interface Golden {
  readonly codec: string;
  readonly input: string;
  readonly dtype: Sz3Type;
  readonly shape: readonly number[];
  readonly settings: { readonly algorithm: string; readonly abs?: number };
  readonly stream: string;
  readonly decoded: string;
}

function encode(values: Tensor, { algorithm, abs }: Golden["settings"]): Sz3Encoded {
  const options = checkOptions(sz3Options, { "sz3:algorithm_str": `ALGO_${algorithm}` });
  return encodeSz3(values, sz3Settings(values, abs ?? 1e-3, options));
}

/** What zstd was given. */
function beforeZstd(stream: Uint8Array): Uint8Array {
  const { payload } = readOuter(stream, "stream");
  const size = new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
  return zstdDecompress(payload.subarray(8), size);
}

needsShared("golden/sz3").describe("the golden set of SZ3", () => {
  const read = (path: string) => new Uint8Array(readFileSync(sharedFile(`golden/${path}`)));
  const { cases } = JSON.parse(readFileSync(sharedFile("golden/manifest.json"), "utf8")) as { cases: Golden[] };
  const ours = cases.filter(({ codec }) => codec === "sz3");

  it(`decodes all ${ours.length} streams bit by bit`, () => {
    for (const { stream, decoded, dtype } of ours) {
      const values = decodeSz3(read(stream), dtype);
      expect(Buffer.compare(bytesOf(values), read(decoded)), stream).toBe(0);
    }
  });

  it("writes the same bytes, up to what another zstd makes of them", () => {
    let identical = 0;
    for (const { stream, input, dtype, shape, settings } of ours) {
      const native = read(stream);
      const { bytes, decoded } = encode(tensorFromBytes(dtype, shape, read(input)), settings);
      if (Buffer.compare(bytes, native) === 0) identical++;
      expect(Buffer.compare(beforeZstd(bytes), beforeZstd(native)), stream).toBe(0);
      expect(Buffer.compare(bytesOf(decodeSz3(bytes, dtype)), bytesOf(decoded)), stream).toBe(0);
    }
    // The native files come from zstd 1.5.4.
    expect(identical).toBeGreaterThanOrEqual(118);
  });
});
