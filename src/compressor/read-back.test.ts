import { beforeAll, describe, expect, it } from "vitest";
import { isTempressError, TempressError } from "../errors.ts";
import { bytesOf, type Tensor, tensor } from "../tensor/tensor.ts";
import { openArchive } from "./archive.ts";
import type { Codec } from "./codec.ts";
import { compress } from "./compress.ts";
import { decompress } from "./decompress.ts";
import { codecs } from "./registry.ts";

function same(a: Tensor, b: Tensor): boolean {
  return a.dtype === b.dtype && a.shape.join() === b.shape.join() && Buffer.compare(bytesOf(a), bytesOf(b)) === 0;
}

describe("reading back", () => {
  const steps: Tensor = tensor(
    "float32",
    [4, 50],
    Float32Array.from({ length: 200 }, (_, i) => i),
  );

  beforeAll(async () => {
    const noop = await codecs.get("noop");
    /** Stores the values, the last one damaged; and says that it did not. */
    const encode: Codec["encode"] = (task, options) => {
      const { sections } = noop.encode(task, options);
      const bytes = sections[0]!.bytes.slice();
      bytes[bytes.length - 2]! ^= 128;
      return { sections: [{ name: "data", bytes }], decoded: task.frames };
    };
    const liar = { ...noop, name: "liar", id: 135, exactBits: false, encode };
    const decode = () => {
      throw new TempressError("corrupt", "no idea");
    };
    codecs.register(liar);
    codecs.register({ ...liar, name: "mute", id: 136, decode });
  });

  it("proves the promise on what the decoder gives, not on what the encoder says", async () => {
    await expect(decompress(await compress(steps, { codec: "liar", abs: 0.1 }))).rejects.toThrow(/checksum/);
    for (const how of [{ readBack: true }, { effort: "max" }] as const) {
      const bytes = await compress(steps, { codec: "liar", abs: 0.1, ...how });
      expect(same(await decompress(bytes), steps)).toBe(true);
      const { sections } = (await openArchive(bytes)).chunks[0]!;
      expect(sections.map(({ name }) => name)).toEqual(["data", "corrections"]);
    }
    const trusted = await compress(steps, { codec: "liar", abs: 0.1, effort: "max", readBack: false });
    await expect(decompress(trusted)).rejects.toThrow(/checksum/);
  });

  it("is an error where the decoder fails", async () => {
    const error = await compress(steps, { codec: "mute", abs: 0.1, readBack: true }).catch((thrown: unknown) => thrown);
    expect(isTempressError(error, "bound-broken") && error.message).toMatch(/"mute" is at fault: its decoder refuses/);
  });

  it("changes no byte of an honest codec's file", async () => {
    const field = tensor(
      "float32",
      [6, 20, 30],
      Float32Array.from({ length: 3600 }, (_, i) => Math.sin(i / 40)),
    );
    for (const codec of ["tezip", "sz3", "zfp", "zstd"]) {
      const options = { codec, rel: 1e-3, effort: "fast" } as const;
      const file = await compress(field, options);
      expect(Buffer.compare(await compress(field, { ...options, readBack: true }), file)).toBe(0);
    }
  });
});
