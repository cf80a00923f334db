import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fillsFor, tensors } from "../../test/nasty-tensors.ts";
import { needsShared, sharedFile } from "../../test/optional.ts";
import { isTempressError } from "../errors.ts";
import { fillPattern } from "./fill.ts";
import { isSpecial, patternAt } from "./scan.reference.ts";
import { frameLength } from "./shape.ts";
import { findSpecials, readSpecials } from "./specials.ts";
import { bytesOf, type Tensor, tensor, tensorFromBytes } from "./tensor.ts";

const withFill = tensors.chain((t) => fc.tuple(fc.constant(t), fillsFor(t)));

/** A copy whose special values are gone, as a codec would give it back. */
function blank(t: Tensor): Tensor {
  return { ...t, data: t.data.slice() };
}

describe("findSpecials and readSpecials", () => {
  it("bring every special value back bit for bit, on every type and rank", () => {
    fc.assert(
      fc.property(withFill, ([t, fill]) => {
        const named = fill === undefined ? undefined : fillPattern(t.dtype, fill);
        const wanted = Array.from({ length: t.data.length }, (_, i) => (isSpecial(t, i, named) ? 1 : 0));
        const before = bytesOf(t).slice();
        const { frames, mask, bytes } = findSpecials(t, fill);
        expect(bytesOf(t)).toEqual(before);
        if (!wanted.includes(1)) {
          expect(frames).toBe(t);
          expect(mask).toBeUndefined();
          expect(bytes).toBeUndefined();
          return;
        }
        expect([...mask!]).toEqual(wanted);
        const back = readSpecials(bytes!, t.dtype, t.shape);
        expect(back.mask).toEqual(mask);
        const into = blank(frames);
        back.restore(into);
        expect(bytesOf(into)).toEqual(before);
      }),
      { numRuns: 600 },
    );
  });

  it("put ordinary values of the same frame in their place", () => {
    fc.assert(
      fc.property(withFill, ([t, fill]) => {
        const named = fill === undefined ? undefined : fillPattern(t.dtype, fill);
        const { frames, mask } = findSpecials(t, fill);
        if (!mask) return;
        const step = frameLength(t.shape);
        for (let i = 0; i < mask.length; i++) {
          if (!mask[i]) {
            expect(patternAt(frames, i)).toEqual(patternAt(t, i));
            continue;
          }
          const from = i - (i % step);
          const ordinary = Array.from({ length: step }, (_, k) => from + k).filter((k) => !mask[k]);
          const source = ordinary.filter((k) => k < i).at(-1) ?? ordinary[0];
          if (source === undefined) expect(Number(frames.data[i])).toBe(0);
          else expect(patternAt(frames, i)).toEqual(patternAt(t, source));
          if (named && source === undefined) continue;
          expect(isSpecial(frames, i, named)).toBe(false);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("find nothing under lossless, in empty tensors and in integers without a fill", () => {
    const t = tensor("float32", [3], Float32Array.of(Number.NaN, -0, 1));
    expect(findSpecials(t, undefined, true)).toEqual({ frames: t, mask: undefined, bytes: undefined });
    const empty = tensor("float64", [0, 4], new Float64Array(0));
    expect(findSpecials(empty, 1).frames).toBe(empty);
    const whole = tensor("int16", [2], Int16Array.of(1, 2));
    expect(findSpecials(whole).frames).toBe(whole);
    expect(() => findSpecials(whole, 1e9)).toThrow(/int16/);
  });

  it("store thousands of different denormals raw, and frequent patterns by number", () => {
    const words = new Uint32Array(20_000);
    for (let i = 0; i < words.length; i++) words[i] = i % 2 === 0 ? 1 + i * 7 : i % 4 === 1 ? 0x7fc00000 : 0x3f800000;
    const t = tensor("float32", [20, 1000], new Float32Array(words.buffer));
    const { bytes, frames } = findSpecials(t);
    expect(bytes!.length).toBeLessThan(10_000 * 4 + 1000);
    const into = blank(frames);
    readSpecials(bytes!, "float32", t.shape).restore(into);
    expect(bytesOf(into)).toEqual(bytesOf(t));
  });

  it("answer every truncation and flip with a typed error or a mask of the right size", () => {
    const data = Float32Array.from({ length: 600 }, (_, i) => (i % 60 < 20 ? Number.NaN : i % 37 === 0 ? -0 : i));
    data[300] = 1e-40;
    data[301] = 3e-41;
    const { bytes } = findSpecials(tensor("float32", [10, 60], data));
    const attempt = (damagedBytes: Uint8Array) => {
      try {
        const back = readSpecials(damagedBytes, "float32", [10, 60]);
        expect(back.mask.length).toBe(600);
        back.restore(tensor("float32", [10, 60], new Float32Array(600)));
        return true;
      } catch (error) {
        if (!isTempressError(error, "corrupt") && !isTempressError(error, "truncated")) throw error;
        return false;
      }
    };
    for (let cut = 0; cut < bytes!.length; cut++) expect(attempt(bytes!.slice(0, cut)), `cut at ${cut}`).toBe(false);
    expect(attempt(Uint8Array.of(...bytes!, 0))).toBe(false);
    for (let at = 0; at < bytes!.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const flipped = bytes!.slice();
        flipped[at]! ^= 1 << bit;
        attempt(flipped);
      }
    }
    expect(attempt(bytes!)).toBe(true);
  });

  it("read any bytes at all without a crash", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), tensors, (bytes, t) => {
        try {
          readSpecials(bytes, t.dtype, t.shape).restore(blank(t));
        } catch (error) {
          if (!isTempressError(error)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
});

const SHARED = sharedFile("data/");

needsShared("data/").describe("masks of real fields (../shared)", () => {
  // Most bytes each may take; measured, and a little more: coasts, a climatology, a 4-D climatology.
  const fields: [string, number[], number | undefined, number][] = [
    ["nemo_sst_nan_3x330x360.f32", [3, 330, 360], undefined, 1010],
    ["nemo_sst_fill1e20_3x330x360.f32", [3, 330, 360], 1e20, 1010],
    ["coads_sst_nan_12x90x180.f32", [12, 90, 180], undefined, 2010],
    ["ocean_atlas_temp_12x10x90x180.f32", [12, 10, 90, 180], -1e34, 850],
  ];
  for (const [name, shape, fill, most] of fields) {
    it(`${name} in ${most} bytes`, () => {
      const t = tensorFromBytes("float32", shape, new Uint8Array(readFileSync(new URL(name, SHARED))));
      const { frames, bytes } = findSpecials(t, fill);
      expect(bytes!.length).toBeLessThanOrEqual(most);
      const into = blank(frames);
      readSpecials(bytes!, "float32", shape).restore(into);
      expect(Buffer.compare(bytesOf(into), bytesOf(t))).toBe(0);
    });
  }
});
