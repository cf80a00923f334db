import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildWorker } from "../../test/support/worker-file.ts";
import { isTempressError } from "../errors.ts";
import { bytesOf, type Tensor, tensor } from "../tensor/tensor.ts";
import { openArchive } from "./archive.ts";
import { compress } from "./compress.ts";
import { decompress } from "./decompress.ts";

let clean: (() => void) | undefined;
beforeAll(async () => {
  clean = await buildWorker();
});
afterAll(() => clean?.());

function waves(): Tensor {
  const data = Float32Array.from({ length: 40 * 50 * 60 }, (_, i) => Math.sin(i / 50) * 100);
  return tensor("float32", [40, 50, 60], data);
}

describe("threads", () => {
  it.each(["noop", "zstd", "gzip"])("give the same bytes and values as one: %s", async (codec) => {
    const input = waves();
    const options = { codec, abs: 1e-3, window: 3 } as const;
    const one = await compress(input, options);
    for (const threads of [2, 3]) {
      const many = await compress(input, { ...options, threads });
      expect(Buffer.compare(many, one)).toBe(0);
      const back = await decompress(one, { threads });
      expect(Buffer.compare(bytesOf(back), bytesOf(input))).toBe(0);
    }
  });

  it("hand on the error of a worker", async () => {
    const bytes = await compress(waves(), { codec: "zstd", abs: 1, window: 3 });
    const { chunks } = await openArchive(bytes);
    bytes[chunks[7]!.offset + chunks[7]!.byteLength - 1]! ^= 1;
    const error = await decompress(bytes, { threads: 2 }).catch((thrown: unknown) => thrown);
    expect(isTempressError(error, "corrupt") && error.describe()).toMatch(/frames 21:24.*salvage/);
  });

  it("end when the archive is closed", async () => {
    const archive = await openArchive(await compress(waves(), { codec: "zstd", abs: 1, window: 3 }), { threads: 2 });
    await archive.readFrames(0, 12);
    const pending = archive.readFrames(0, 40).catch((thrown: unknown) => thrown);
    await archive.close();
    const late = await archive.readFrames(0, 40).catch((thrown: unknown) => thrown);
    expect(isTempressError(late)).toBe(true);
    await pending;
  });
});
