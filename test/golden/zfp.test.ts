/** Streams by native zfp 1.0.1 with what it restores from them: ours must be the same bytes, both ways. */
import { readFileSync } from "node:fs";
import { beforeAll, expect, it } from "vitest";
import { decodeZfpReference, encodeZfpReference } from "../../src/codecs/zfp.reference.ts";
import type { ZfpLayout, ZfpValues } from "../../src/codecs/zfp-array.ts";
import { decodeZfp } from "../../src/codecs/zfp-decode.ts";
import { encodeZfp } from "../../src/codecs/zfp-encode.ts";
import { looksLikeZfp, readZfpHeader } from "../../src/codecs/zfp-header.ts";
import { prepareZfp } from "../../src/codecs/zfp-kernel.ts";
import { type ZfpMode, type ZfpType, zfpParameters } from "../../src/codecs/zfp-parameters.ts";
import { DTYPES } from "../../src/tensor/dtype.ts";
import { needsShared, sharedFile } from "../optional.ts";

interface Case {
  readonly codec: string;
  readonly input: string;
  readonly dtype: ZfpType;
  readonly shape: readonly number[];
  readonly settings: ZfpMode;
  readonly stream: string;
  readonly decoded: string;
}

const read = (path: string) => new Uint8Array(readFileSync(sharedFile(`golden/${path}`)));

function patternsOf(bytes: Uint8Array, type: ZfpType): bigint[] {
  return type.endsWith("64")
    ? [...new BigInt64Array(bytes.slice().buffer)]
    : Array.from(new Int32Array(bytes.slice().buffer), BigInt);
}

needsShared("golden/manifest.json").describe("golden zfp streams", () => {
  beforeAll(prepareZfp);
  const { cases } = JSON.parse(new TextDecoder().decode(read("manifest.json"))) as { cases: Case[] };
  for (const { input, dtype, shape, settings, stream: file, decoded } of cases.filter(({ codec }) => codec === "zfp")) {
    it(file, () => {
      const raw = read(input);
      const native = read(file);
      const header = looksLikeZfp(native);
      const layout: ZfpLayout = { type: dtype, shape, parameters: zfpParameters(settings, dtype, shape.length) };
      if (header) expect(readZfpHeader(native)).toMatchObject(layout);
      const bit = header ? readZfpHeader(native).bits : 0;
      const values = new DTYPES[dtype].Array(raw.slice().buffer) as ZfpValues;
      expect(Buffer.compare(encodeZfp(layout, values, header), native)).toBe(0);
      const back = decodeZfp(layout, native, bit);
      expect(Buffer.compare(new Uint8Array(back.buffer), read(decoded))).toBe(0);
      // The twin is slow: it takes the smaller half.
      if (raw.length > 50_000) return;
      expect(Buffer.compare(encodeZfpReference(layout, patternsOf(raw, dtype), header), native)).toBe(0);
      expect(decodeZfpReference(layout, native, bit)).toEqual(patternsOf(read(decoded), dtype));
    });
  }
});
