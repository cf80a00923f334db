import { describe, expect, it } from "vitest";
import { decompress } from "../../src/compressor/decompress.ts";
import type { EncodedChunk } from "../../src/container/chunk-record.ts";
import type { Header } from "../../src/container/header.ts";
import * as layout from "../../src/container/layout.ts";
import { ContainerWriter, MemorySink } from "../../src/container/writer.ts";
import { TempressError } from "../../src/errors.ts";

/** Files that are well formed, with right checksums, and claim absurd things. */
const plain: Omit<Header, "version"> = {
  dtype: "float32",
  shape: [4, 4],
  timeAxis: 0,
  promise: { kind: "lossless" },
  bound: { kind: "lossless", value: 0 },
  codec: { id: 1, name: "noop", version: 1 },
  effort: "balanced",
  options: {},
};

const codecIds = { noop: 1, zstd: 2, gzip: 3 } as const;
const GIB = 2 ** 30;

function chunk(origin: number[], extent: number[], bytes = new Uint8Array(20)): EncodedChunk {
  return { box: { origin, extent }, maxError: 0, valuesCrc: 0, sections: [{ name: "data", bytes }] };
}

async function refusal(header: Omit<Header, "version">, chunks: EncodedChunk[]): Promise<TempressError> {
  const sink = new MemorySink();
  const writer = new ContainerWriter(sink, header);
  await writer.begin();
  for (const one of chunks) await writer.chunk(one);
  await writer.finish();
  const before = process.memoryUsage();
  const error = await decompress(sink.bytes()).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const after = process.memoryUsage();
  expect(error).toBeInstanceOf(TempressError);
  // Nothing near the claimed size was taken.
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(64 << 20);
  return error as TempressError;
}

describe("absurd claims", () => {
  it.each(Object.entries(codecIds))("a chunk of a gibibyte in 20 bytes: %s", async (name, id) => {
    const shape = [2 ** 28];
    await refusal({ ...plain, shape, codec: { id, name, version: 1 } }, [chunk([0], shape)]);
  });

  it.each(Object.entries(codecIds))("16 gibibytes in 64 such chunks: %s", async (name, id) => {
    const parts = 64;
    const each = GIB / 4;
    const shape = [parts * each];
    const chunks = Array.from({ length: parts }, (_, i) => chunk([i * each], [each]));
    await refusal({ ...plain, shape, codec: { id, name, version: 1 } }, chunks);
  });

  it("extents whose product is beyond all numbers", async () => {
    for (const shape of [
      [2 ** 52, 2 ** 52],
      [2 ** 53 - 1, 1, 1],
      [2 ** 30, 2 ** 30, 0, 2 ** 30],
    ]) {
      const error = await refusal({ ...plain, shape }, [
        chunk(
          shape.map(() => 0),
          shape,
        ),
      ]);
      expect(error.code).toBe("corrupt");
    }
  });

  it("axis names, a codec or a bound that cannot be", async () => {
    const whole = [chunk([0, 0], [4, 4])];
    await refusal({ ...plain, axes: ["x"] }, whole);
    expect((await refusal({ ...plain, codec: { id: 77, name: "lost", version: 1 } }, whole)).code).toBe("unsupported");
    expect((await refusal({ ...plain, codec: { id: 1, name: "noop", version: 2 } }, whole)).code).toBe("unsupported");
    expect((await refusal({ ...plain, bound: { kind: "abs", value: Number.NaN } }, whole)).code).toBe("corrupt");
  });

  it("the same section twice, or none", async () => {
    const one = { name: "data", bytes: new Uint8Array(64) } as const;
    await refusal(plain, [{ ...chunk([0, 0], [4, 4]), sections: [one, one] }]);
    await refusal(plain, [{ ...chunk([0, 0], [4, 4]), sections: [] }]);
  });

  it("a header above its limit is not written", async () => {
    const attributes = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`note ${i}`, "x".repeat(200_000)]));
    const work = new ContainerWriter(new MemorySink(), { ...plain, attributes });
    expect(() => work.begin()).toThrow(TempressError);
    expect(layout.LIMITS.header).toBe(1 << 20);
  });
});
