import { beforeAll, describe, expect, it } from "vitest";
import { metrics } from "../metrics/registry.ts";
import { tensorSource } from "../tensor/source.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { openArchive } from "./archive.ts";
import { compress } from "./compress.ts";
import { verifyArchive } from "./verify.ts";

function field(): Tensor<"float32"> {
  return tensor(
    "float32",
    [6, 5, 4],
    Float32Array.from({ length: 120 }, (_, i) => Math.sin(i) * 10),
  );
}

describe("the proof of a file's promise", () => {
  const original = field();
  let file: Uint8Array;
  beforeAll(async () => {
    file = await compress(original, { rel: 0.01, codec: "noop", window: 2 });
  });

  it("holds for the original, over all chunks", async () => {
    const seen: number[] = [];
    const watch = (x: Tensor, y: Tensor): void => {
      seen.push(x.data.length);
      expect(y.data.length).toBe(x.data.length);
    };
    const report = await verifyArchive(tensorSource(original), await openArchive(file), { watch });
    expect(report).toMatchObject({ broken: 0, maxError: 0, values: 120, worst: [] });
    expect(seen.reduce((a, b) => a + b)).toBe(120);
  });

  it("lists the worst offenders of all chunks with their indices", async () => {
    const other = field();
    other.data[4 * 20 + 3 * 4 + 2]! += 3;
    other.data[7]! -= 5;
    const report = await verifyArchive(tensorSource(other), await openArchive(file));
    expect(report.broken).toBe(2);
    expect(report.worst.map(({ index }) => index)).toEqual([
      [0, 1, 3],
      [4, 3, 2],
    ]);
    expect(report.maxError).toBeCloseTo(5, 5);
  });

  it("resolves a relative promise by the original given, not by what the file says", async () => {
    const wider = field();
    wider.data[0] = 1000;
    const report = await verifyArchive(tensorSource(wider), await openArchive(file));
    expect(report.bound.value).toBeGreaterThan(10);
    expect(report.broken).toBe(1);
  });

  it("goes in the order of the values where time is another axis", async () => {
    const across = await compress(original, { lossless: true, codec: "noop", timeAxis: 1, window: 1 });
    const other = field();
    other.data[119] = 99;
    const report = await verifyArchive(tensorSource(other), await openArchive(across));
    expect(report.worst.map(({ index }) => index)).toEqual([[5, 4, 3]]);
    expect(report).toMatchObject({ values: 120, broken: 1 });
  });

  it("feeds metrics", async () => {
    const observer = await metrics.observe(["error_stat"]);
    const other = field();
    other.data[5]! += 1;
    await verifyArchive(tensorSource(other), await openArchive(file), { watch: (x, y) => observer.compare?.(x, y) });
    expect(observer.results()["error_stat:max_error"]).toBeCloseTo(1, 6);
  });

  it("refuses another shape or dtype", async () => {
    const flat = tensor("float32", [120], original.data);
    await expect(verifyArchive(tensorSource(flat), await openArchive(file))).rejects.toThrow(
      /120 float32.*6x5x4 float32/,
    );
  });

  it("takes empty tensors", async () => {
    const empty = tensor("uint8", [0, 3], new Uint8Array(0));
    const bytes = await compress(empty, { lossless: true, codec: "noop" });
    expect(await verifyArchive(tensorSource(empty), await openArchive(bytes))).toMatchObject({ broken: 0, values: 0 });
  });
});
