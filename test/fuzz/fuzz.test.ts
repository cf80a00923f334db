import { describe, expect, it } from "vitest";
import { openArchive } from "../../src/compressor/archive.ts";
import { compress } from "../../src/compressor/compress.ts";
import { decompress } from "../../src/compressor/decompress.ts";
import { codecs } from "../../src/compressor/registry.ts";
import { openContainer } from "../../src/container/reader.ts";
import { TempressError } from "../../src/errors.ts";
import { byteSource } from "../../src/tensor/source.ts";
import { bytesOf, type Tensor } from "../../src/tensor/tensor.ts";
import { fields } from "../support/fields.ts";
import { type Anatomy, reseal } from "../support/reseal.ts";

async function anatomy(bytes: Uint8Array): Promise<Anatomy> {
  const { chunks, bytes: sizes } = await openContainer(byteSource(bytes));
  return { head: sizes.header, chunks, index: sizes.index };
}

/** The values, or the typed error; anything else fails the test. */
async function outcome(bytes: Uint8Array, salvage = false): Promise<Tensor | TempressError> {
  try {
    return await decompress(bytes, { salvage });
  } catch (error) {
    if (error instanceof TempressError) {
      expect(error.message.length).toBeGreaterThan(0);
      return error;
    }
    throw error;
  }
}

function isSame(got: Tensor | TempressError, original: Tensor): boolean {
  if (got instanceof TempressError) return false;
  return Buffer.compare(bytesOf(got), bytesOf(original)) === 0;
}

/** One small file of each kind of field; lossy codecs get a bound, so that all their stages run. */
async function samples(codec: string): Promise<{ name: string; bytes: Uint8Array; values: Tensor }[]> {
  const found = [];
  const single = (await codecs.get(codec)).dtypes.includes("float32");
  for (const { name, tensor, fill } of fields(single ? "float32" : "uint8", [4, 5, 6])) {
    if (name === "all fill" || name === "large") continue;
    for (const effort of ["fast", "balanced", "max"] as const) {
      if (effort !== "balanced" && name !== "smooth" && name !== "nasty") continue;
      const bytes = await compress(tensor, { codec, abs: single ? 0.25 : 2, fill, effort, window: 3 });
      found.push({ name: `${name}, ${effort}`, bytes, values: await decompress(bytes) });
    }
  }
  return found;
}

for (const codec of codecs.names()) {
  describe(`damaged files of ${codec}`, () => {
    it("truncated at every byte", async () => {
      for (const { name, bytes } of await samples(codec)) {
        for (let length = 0; length < bytes.length; length++) {
          const got = await outcome(bytes.subarray(0, length));
          expect(got, `${name}, ${length} bytes`).toBeInstanceOf(TempressError);
          await outcome(bytes.subarray(0, length), true);
        }
      }
    });

    it("every byte changed", async () => {
      for (const { name, bytes, values } of await samples(codec)) {
        for (let at = 0; at < bytes.length; at++) {
          for (const change of [1 << (at % 8), 0xff]) {
            const damaged = bytes.slice();
            damaged[at]! ^= change;
            const got = await outcome(damaged);
            expect(got instanceof TempressError || isSame(got, values), `${name}, byte ${at}`).toBe(true);
            await outcome(damaged, true);
          }
        }
      }
    });

    it("every byte changed and every checksum made right again", async () => {
      const before = process.resourceUsage().maxRSS;
      for (const { name, bytes, values } of await samples(codec)) {
        const parts = await anatomy(bytes);
        for (let at = 0; at < bytes.length; at++) {
          for (const change of [1 << (at % 8), 0x80, 0xff]) {
            const damaged = bytes.slice();
            damaged[at]! ^= change;
            reseal(damaged, parts);
            const got = await outcome(damaged);
            if (got instanceof TempressError) continue;
            // What the header says about shape, names and type may change; values may not change unnoticed.
            const told = `${name}, byte ${at}`;
            expect(Buffer.compare(bytesOf(got), bytesOf(values)), told).toBe(0);
          }
        }
      }
      const grown = (process.resourceUsage().maxRSS - before) / 1024;
      expect(grown, "MiB").toBeLessThan(700);
    });

    it("sections of random bytes", async () => {
      for (const { bytes } of await samples(codec)) {
        const parts = await anatomy(bytes);
        for (let seed = 1; seed <= 60; seed++) {
          const damaged = bytes.slice();
          let state = seed;
          for (const { offset, byteLength, sections } of parts.chunks) {
            let at = offset + byteLength;
            for (const { byteLength: length } of sections) at -= length;
            const from = seed % 3 === 0 ? at + ((seed * 7) % Math.max(1, offset + byteLength - at)) : at;
            for (let i = from; i < offset + byteLength; i++) {
              state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
              damaged[i] = state >>> 24;
            }
          }
          reseal(damaged, parts);
          const got = await outcome(damaged);
          if (!(got instanceof TempressError)) expect((await openArchive(damaged)).shape).toEqual(got.shape);
        }
      }
    });
  });
}
