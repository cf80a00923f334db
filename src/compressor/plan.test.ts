import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkTiling } from "../container/reader.ts";
import { type Box, boxVolume } from "../tensor/box.ts";
import { CHUNK_BYTES, planChunks, WINDOW_BYTES } from "./plan.ts";

function check(shape: number[], window?: number): Box[] {
  const width = 4;
  const boxes = [...planChunks(shape, width, window).boxes()];
  const header = { dtype: "float32", shape, timeAxis: 0 } as unknown as Parameters<typeof checkTiling>[0];
  checkTiling(
    header,
    boxes.map((box) => ({ box, frames: [0, 0], offset: 0, byteLength: 0, maxError: 0, sections: [] })),
  );
  const limit = window === undefined ? CHUNK_BYTES : WINDOW_BYTES;
  for (const box of boxes) expect(boxVolume(box) * width).toBeLessThanOrEqual(limit);
  return boxes;
}

describe("chunk plan", () => {
  it("makes equal windows of whole frames", () => {
    expect(check([132, 73, 144])).toHaveLength(1);
    expect(check([500, 100, 100]).map(({ extent }) => extent[0])).toEqual([167, 167, 166]);
  });

  it("keeps a window that is asked for", () => {
    expect(check([10, 100, 100], 4).map(({ extent }) => extent[0])).toEqual([4, 4, 2]);
    expect(check([3, 2000, 2000], 2).map(({ extent }) => extent)).toEqual([
      [2, 2000, 2000],
      [1, 2000, 2000],
    ]);
  });

  it("splits frames that are too large", () => {
    expect(check([1, 32768, 32768])[0]).toEqual({ origin: [0, 0, 0], extent: [1, 64, 32768] });
    expect(check([2 ** 30])).toHaveLength(512);
    expect(check([2, 3, 4, 1000, 1000])).toHaveLength(2 * 3 * 2);
    expect(check([100, 3, 4000, 4000], 50).length).toBeGreaterThan(2);
  });

  it("gives an empty tensor no chunk", () => {
    for (const shape of [[0], [3, 0, 5], [0, 2]]) expect(check(shape)).toEqual([]);
  });

  it("tiles any shape", () => {
    const extent = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3000 }));
    fc.assert(
      fc.property(
        fc.array(extent, { minLength: 1, maxLength: 8 }),
        fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined }),
        (shape, window) => {
          const count = shape.reduce((product, length) => product * length, 1);
          if (count < 2 ** 31) check(shape, window);
        },
      ),
      { numRuns: 200 },
    );
  });
});
