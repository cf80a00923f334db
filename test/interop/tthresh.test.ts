/**
 * Streams that native tthresh wrote. A few are kept here with what it decodes them to; all of them, with the input
 * they were made from, are beside the project.
 */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { tthresh } from "../../src/codecs/tthresh.ts";
import { tthreshBare } from "../../src/codecs/tthresh-bare.ts";
import type { TthreshType } from "../../src/codecs/tthresh-decode.ts";
import { tthreshOptions } from "../../src/codecs/tthresh-options.ts";
import { checkOptions } from "../../src/compressor/schema.ts";
import { crc32c } from "../../src/container/crc32c.ts";
import { bytesOf, type Tensor, tensorFromBytes } from "../../src/tensor/tensor.ts";
import { needsShared, sharedFile } from "../optional.ts";
import { readFolder, readKept } from "../support/tthresh-streams.ts";

beforeAll(() => tthresh.prepare());

const decode = (bytes: Uint8Array): Tensor => tthreshBare.read(bytes, { where: "stream" });

/** Largest difference as a part of the range of `x`, and the root of the mean squared one. */
function apart(x: Tensor, y: Tensor) {
  let [least, most, worst, squares, size] = [Infinity, -Infinity, 0, 0, 0];
  for (let i = 0; i < x.data.length; i++) {
    const value = Number(x.data[i]);
    const error = Math.abs(value - Number(y.data[i]));
    least = Math.min(least, value);
    most = Math.max(most, value);
    worst = Math.max(worst, error);
    squares += error * error;
    size += value * value;
  }
  const rmse = Math.sqrt(squares / x.data.length);
  return {
    worst: worst / (most - least),
    eps: Math.sqrt(squares / size),
    psnr: 20 * Math.log10((most - least) / 2 / rmse),
  };
}

describe("streams of native tthresh", () => {
  for (const { stream, dtype, shape, decodedCrc32c, decoded, bytes } of readFolder()) {
    it(`decodes ${stream}`, () => {
      const values = decode(bytes);
      expect(values).toMatchObject({ dtype, shape });
      if (decodedCrc32c !== undefined) expect(crc32c(bytesOf(values))).toBe(decodedCrc32c);
      else expect(apart(tensorFromBytes(dtype, shape, readKept(decoded!)), values).worst).toBeLessThan(1e-14);
    });
  }
});

interface Golden {
  readonly codec: string;
  readonly input: string;
  readonly dtype: TthreshType;
  readonly shape: readonly number[];
  readonly settings: { readonly eps?: number; readonly psnr?: number };
  readonly stream: string;
  readonly decoded: string;
}

needsShared("golden/tthresh").describe("the golden set of tthresh", () => {
  const read = (path: string) => new Uint8Array(readFileSync(sharedFile(`golden/${path}`)));
  const { cases } = JSON.parse(readFileSync(sharedFile("golden/manifest.json"), "utf8")) as { cases: Golden[] };
  const ours = cases.filter(({ codec }) => codec === "tthresh");

  it(`decodes all ${ours.length} streams as the native program does`, () => {
    for (const { stream, decoded, dtype, shape } of ours) {
      const values = decode(read(stream));
      const native = tensorFromBytes(dtype, shape, read(decoded));
      if (dtype === "float64") expect(apart(native, values).worst, stream).toBeLessThan(1e-14);
      else expect(Buffer.compare(bytesOf(values), bytesOf(native)), stream).toBe(0);
    }
  });

  it("reaches each target, in no more bytes than the native program where that reaches it", () => {
    for (const { stream, input, decoded, dtype, shape, settings } of ours) {
      const original = tensorFromBytes(dtype, shape, read(input));
      const [kind, target] = Object.entries(settings)[0] as ["eps" | "psnr", number];
      const options = { "tthresh:target_str": kind, "tthresh:target_value": target };
      const bytes = tthreshBare.write(original, undefined, checkOptions(tthreshOptions, options));
      const kept = (y: Tensor) =>
        kind === "eps" ? apart(original, y).eps <= target : apart(original, y).psnr >= target;
      expect(kept(decode(bytes)), stream).toBe(true);
      if (!kept(tensorFromBytes(dtype, shape, read(decoded)))) continue;
      expect(bytes.length, stream).toBeLessThan(1.02 * read(stream).length);
    }
  });
});
