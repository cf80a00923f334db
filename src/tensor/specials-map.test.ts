import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isTempressError } from "../errors.ts";
import { decodeMapReference, encodeMapReference } from "./specials.reference.ts";
import { decodeMap, encodeMap, type MapShape, MOST_SYMBOLS, mapShape } from "./specials-map.ts";

interface Case {
  readonly shape: MapShape;
  readonly symbols: number;
  readonly map: Uint8Array;
}

const extent = fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 20 }));

/** Maps of runs, in which rows and slices repeat, as masks do. */
const cases: fc.Arbitrary<Case> = fc
  .record({
    frames: fc.integer({ min: 1, max: 4 }),
    slices: fc.integer({ min: 1, max: 3 }),
    rows: extent,
    cols: extent,
  })
  .chain((shape) =>
    fc.oneof(fc.constantFrom(1, 2, 3, MOST_SYMBOLS), fc.integer({ min: 1, max: MOST_SYMBOLS })).chain((symbols) => {
      const { frames, slices, rows, cols } = shape;
      const row = fc
        .array(
          fc.tuple(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: symbols })), fc.integer({ min: 1, max: 6 })),
          {
            minLength: cols,
            maxLength: cols,
          },
        )
        .map((runs) => runs.flatMap(([symbol, n]) => Array<number>(n).fill(symbol)).slice(0, cols));
      return fc
        .tuple(
          fc.array(row, { minLength: 1, maxLength: 6 }),
          fc.array(fc.nat({ max: 11 }), { minLength: frames * slices * rows, maxLength: frames * slices * rows }),
        )
        .map(([kinds, picks]) => {
          const map = new Uint8Array(frames * slices * rows * cols);
          picks.forEach((pick, r) => {
            // Often the row of the frame before.
            const before = r - slices * rows;
            if (pick > 5 && before >= 0) map.copyWithin(r * cols, before * cols, (before + 1) * cols);
            else map.set(kinds[pick % kinds.length]!, r * cols);
          });
          return { shape, symbols, map };
        });
    }),
  );

describe("the map of special values", () => {
  it("has the same bytes as its twin gives, and comes back", () => {
    fc.assert(
      fc.property(cases, ({ shape, symbols, map }) => {
        const bytes = encodeMap(map, shape, symbols);
        expect(bytes).toEqual(encodeMapReference(map, shape, symbols));
        const decoded = decodeMap(bytes, shape, symbols);
        expect(decoded.map).toEqual(map);
        expect(decoded.count).toBe(map.filter((symbol) => symbol > 0).length);
        expect(decodeMapReference(bytes, shape, symbols)).toEqual(map);
      }),
      { numRuns: 300 },
    );
  });

  it("reads any bytes as its twin does, or says that they are damaged", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), cases, (bytes, { shape, symbols }) => {
        const wanted = decodeMapReference(bytes, shape, symbols);
        let got: Uint8Array | undefined;
        try {
          got = decodeMap(bytes, shape, symbols).map;
        } catch (error) {
          if (!isTempressError(error, "corrupt")) throw error;
        }
        expect(got).toEqual(wanted);
      }),
      { numRuns: 200 },
    );
  });

  it("grows its output for maps that do not compress", () => {
    let state = 1;
    const map = Uint8Array.from({ length: 400_000 }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state >>> 20) % 64;
    });
    for (const shape of [mapShape([400_000]), mapShape([4, 10, 100, 100])]) {
      const bytes = encodeMap(map, shape, 63);
      expect(bytes.length).toBeGreaterThan(290_000);
      expect(decodeMap(bytes, shape, 63).map.every((symbol, i) => symbol === map[i])).toBe(true);
    }
  });

  it("pays for a static mask once", () => {
    const frame = Uint8Array.from({ length: 64 * 64 }, (_, i) => ((i % 64) + (i >> 6) * 0.7 > 60 ? 1 : 0));
    const still = (frames: number) => {
      const map = new Uint8Array(frames * frame.length);
      for (let t = 0; t < frames; t++) map.set(frame, t * frame.length);
      return encodeMap(map, mapShape([frames, 64, 64]), 1).length;
    };
    expect(still(500)).toBeLessThan(still(1) + 10);
  });
});
