import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isTempressError, TempressError } from "../errors.ts";
import { type ByteSource, byteSource } from "../tensor/source.ts";
import type { EncodedChunk } from "./chunk-record.ts";
import { ByteReader, ByteWriter } from "./cursor.ts";
import { sizeOf, varint } from "./fields.ts";
import { type Header, unitAxes } from "./header.ts";
import * as layout from "./layout.ts";
import { openContainer, readStored, runInFrame } from "./reader.ts";
import { ContainerWriter, MemorySink } from "./writer.ts";

const header: Omit<Header, "version"> = {
  dtype: "float32",
  shape: [6, 4, 5],
  timeAxis: 0,
  promise: { kind: "abs_and_rel", abs: 0.5, rel: 1e-3 },
  bound: { kind: "abs", value: 0.25 },
  codec: { id: 200, name: "mine", version: 3 },
  effort: "max",
  options: { "mine:window": -7, "mine:ratio": 0.5, "mine:on": true, "mine:way": "down" },
};

function chunk(t0: number, t1: number, fill: number): EncodedChunk {
  return {
    box: { origin: [t0, 0, 0], extent: [t1 - t0, 4, 5] },
    maxError: fill / 10,
    valuesCrc: fill,
    sections: [
      { name: "side", bytes: Uint8Array.of(fill, fill) },
      { name: "codes", bytes: new Uint8Array(300).fill(fill) },
    ],
  };
}

async function file(of = header, chunks = [chunk(0, 2, 1), chunk(2, 5, 2), chunk(5, 6, 3)]): Promise<Uint8Array> {
  const sink = new MemorySink();
  const writer = new ContainerWriter(sink, of);
  await writer.begin();
  for (const one of chunks) await writer.chunk(one);
  expect(await writer.finish()).toBe(writer.byteLength);
  return sink.bytes();
}

function counting(bytes: Uint8Array): ByteSource & { ranges: [number, number][] } {
  const ranges: [number, number][] = [];
  const read = (start: number, end: number) => {
    ranges.push([start, end]);
    return bytes.subarray(start, end);
  };
  return { byteLength: bytes.length, name: "counted", ranges, read };
}

async function failure(work: () => Promise<unknown>): Promise<TempressError> {
  const error = await work().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(TempressError);
  return error as TempressError;
}

describe("container", () => {
  it("gives back header and chunks", async () => {
    const full = {
      ...header,
      timeAxis: 1,
      shape: [4, 6, 5],
      axes: ["y", "t", "x"],
      name: "wind",
      fill: 1e20,
      model: "00ff".repeat(16),
      attributes: { units: "m/s", "long name": "Wind\u2192", __proto__x: "" },
    };
    const source = byteSource(await file(full));
    const opened = await openContainer(source);
    expect(opened.header).toEqual({ ...full, version: 1 });
    expect(opened.chunks.map(({ frames }) => frames)).toEqual([
      [0, 2],
      [2, 5],
      [5, 6],
    ]);
    const stored = await readStored(source, opened.chunks[1]!);
    expect(stored.valuesCrc).toBe(2);
    expect(stored.sections.get("codes")).toEqual(new Uint8Array(300).fill(2));
    expect(stored.info).toEqual(opened.chunks[1]);
  });

  it("opens by reading head, index and trailer only, a chunk by reading its bytes only", async () => {
    const source = counting(await file());
    const { chunks, bytes } = await openContainer(source);
    const index = source.byteLength - bytes.index;
    for (const [start, end] of source.ranges) expect(end <= 256 || start >= index).toBe(true);
    source.ranges.length = 0;
    const { offset, byteLength } = chunks[1]!;
    await readStored(source, chunks[1]!);
    expect(source.ranges).toEqual([[offset, offset + byteLength]]);
  });

  it("notices every flipped bit outside sections when it opens, and inside when it reads", async () => {
    const bytes = await file();
    for (let at = 0; at < bytes.length; at++) {
      const flipped = bytes.slice();
      flipped[at]! ^= 1 << (at % 8);
      const source = byteSource(flipped);
      await failure(async () => {
        const { chunks } = await openContainer(source);
        for (const info of chunks) await readStored(source, info);
      });
    }
  });

  it("notices every truncation", async () => {
    const bytes = await file();
    for (let length = 0; length < bytes.length; length++) {
      const error = await failure(() => openContainer(byteSource(bytes.subarray(0, length))));
      expect(["truncated", "corrupt"]).toContain(error.code);
      expect(error.hint).toBeDefined();
    }
  });

  it("refuses a future version by name", async () => {
    const bytes = await file();
    bytes[8] = 2;
    const error = await failure(() => openContainer(byteSource(bytes)));
    expect(error.code).toBe("unsupported");
    expect(error.describe()).toContain("version 2");
  });

  it("finds the whole chunks when the index is lost", async () => {
    const bytes = await file();
    const { chunks } = await openContainer(byteSource(bytes));
    const cut = bytes.slice(0, chunks[2]!.offset + 100);
    const source = byteSource(cut);
    const salvaged = await openContainer(source, { salvage: true });
    expect(isTempressError(salvaged.lostIndex, "truncated")).toBe(true);
    expect(salvaged.chunks).toEqual(chunks.slice(0, 2));
    expect((await readStored(source, salvaged.chunks[0]!)).valuesCrc).toBe(1);
    cut[chunks[0]!.offset + 9]! ^= 4;
    expect((await openContainer(source, { salvage: true })).chunks).toEqual(chunks.slice(1, 2));
  });

  it("refuses chunks that overlap, leave gaps or are absurd", async () => {
    const cases = [
      [chunk(0, 2, 1), chunk(1, 6, 2)],
      [chunk(0, 2, 1), chunk(3, 6, 2)],
      [chunk(0, 5, 1)],
      [chunk(0, 6, 1), chunk(0, 6, 1)],
      [{ ...chunk(0, 6, 1), box: { origin: [0, 0, 0], extent: [6, 4, 4] } }],
      [{ ...chunk(0, 6, 1), box: { origin: [0, 0, 0], extent: [6, 2, 5] } }],
      [{ ...chunk(0, 6, 1), box: { origin: [0, 0, 0], extent: [6, 4, 0] } }],
      [{ ...chunk(0, 6, 1), box: { origin: [0, 0, 0], extent: [2 ** 45, 4, 5] } }],
      [],
    ];
    for (const chunks of cases) {
      const bytes = await file(header, chunks);
      expect((await failure(() => openContainer(byteSource(bytes)))).code).toBe("corrupt");
    }
    const huge = { ...header, shape: [2 ** 20, 2 ** 20, 5] };
    const box = { origin: [0, 0, 0], extent: huge.shape };
    const bytes = await file(huge, [{ ...chunk(0, 1, 1), box }]);
    expect((await failure(() => openContainer(byteSource(bytes)))).message).toContain("too large");
  });

  it("takes parts of frames in C order", async () => {
    const part = (t: number, y: number, rows: number): EncodedChunk => ({
      ...chunk(0, 1, y),
      box: { origin: [t, y, 0], extent: [1, rows, 5] },
    });
    const shape = [2, 4, 5];
    const parts = [part(0, 0, 3), part(0, 3, 1), part(1, 0, 2), part(1, 2, 2)];
    const opened = await openContainer(byteSource(await file({ ...header, shape }, parts)));
    expect(opened.chunks).toHaveLength(4);
    const swapped = await file({ ...header, shape }, [parts[1]!, parts[0]!, parts[2]!, parts[3]!]);
    await failure(() => openContainer(byteSource(swapped)));
  });
});

describe("fields", () => {
  it("keeps every whole number and finds its size", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const out = new ByteWriter();
        varint.write(out, value);
        expect(sizeOf(varint, value)).toBe(out.length);
        expect(varint.read(new ByteReader(out.written(), "test"))).toBe(value);
      }),
    );
  });

  it.each([
    ["padding", [0x80, 0x00]],
    ["too large", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
    ["no end", [0xff, 0xff]],
  ])("refuses a number with %s", (_, bytes) => {
    expect(() => varint.read(new ByteReader(Uint8Array.from(bytes), "test"))).toThrow(TempressError);
  });

  it("refuses a count that its bytes cannot hold before it allocates", () => {
    const out = new ByteWriter();
    varint.write(out, 0);
    varint.write(out, 1 << 20);
    expect(() => layout.index(3).read(new ByteReader(out.written(), "index"))).toThrow(/do not fit/);
  });
});

describe("geometry", () => {
  it("skips leading axes of extent 1 but the last", () => {
    expect([unitAxes([1, 1, 4]), unitAxes([3, 1]), unitAxes([1, 1]), unitAxes([1])]).toEqual([2, 0, 1, 0]);
  });
  it("knows which parts are runs", () => {
    expect(runInFrame([1, 0], [1, 5], [4, 5])).toEqual({ start: 5, length: 5 });
    expect(runInFrame([1, 2], [1, 2], [4, 5])).toEqual({ start: 7, length: 2 });
    expect(runInFrame([0, 2], [2, 2], [4, 5])).toBeUndefined();
    expect(runInFrame([], [], [])).toEqual({ start: 0, length: 1 });
  });
});
