import { describe, expect, it } from "vitest";
import type { DType } from "../tensor/dtype.ts";
import { emptyTensor, type Tensor } from "../tensor/tensor.ts";
import { windowCuts } from "./tezip-windows.ts";

/** Waves that move by a little from frame to frame, and turn into other waves at each of `cuts`. */
function moving(dtype: DType, times: number, cuts: readonly number[]): Tensor {
  const frames = emptyTensor(dtype, [times, 12, 16]);
  const data = frames.data as Float32Array;
  const scale = dtype === "float32" || dtype === "float64" ? 1 : 50;
  for (let i = 0; i < data.length; i++) {
    const t = Math.floor(i / 192);
    const scene = cuts.filter((cut) => cut <= t).length;
    const [y, x] = [Math.floor(i / 16) % 12, i % 16];
    data[i] = scale * (2 + Math.sin(0.4 * x + 2 * scene + 0.05 * t) * Math.cos((0.3 + 0.4 * scene) * y));
  }
  return frames;
}

describe("windowCuts", () => {
  it("finds planted cuts and nothing else", () => {
    for (const dtype of ["float32", "float64", "uint8", "int16"] as const) {
      expect(windowCuts(moving(dtype, 20, [7, 13]), 0.5)).toEqual([7, 13]);
      expect(windowCuts(moving(dtype, 20, []), 0.5)).toEqual([]);
    }
  });

  it("cuts at the first frame after 0 and at the last", () => {
    expect(windowCuts(moving("float32", 9, [1, 8]), 0.5)).toEqual([1, 8]);
  });

  it("does not look where the threshold is 0, nor at 64-bit integers", () => {
    expect(windowCuts(moving("float32", 20, [7]), 0)).toEqual([]);
    const wide = emptyTensor("int64", [3, 4]);
    wide.data.set([9n, 9n, 9n, 9n], 4);
    expect(windowCuts(wide, 0.1)).toEqual([]);
  });

  it("leaves frames that stand still together, and parts flat ones that differ", () => {
    const still = emptyTensor("float32", [5, 3, 3]);
    expect(windowCuts(still, 0.1)).toEqual([]);
    (still.data as Float32Array).fill(4, 27);
    expect(windowCuts(still, 0.1)).toEqual([3]);
  });

  it("leaves a series of single values whole: it has no variation within a frame", () => {
    const series = emptyTensor("float64", [60]);
    series.data.set(Array.from({ length: 60 }, (_, i) => Math.sin(i)));
    expect(windowCuts(series, 0.5)).toEqual([]);
    expect(windowCuts({ ...series, shape: [60, 1] }, 0.5)).toEqual([]);
  });

  it("sees past values that are no numbers", () => {
    const frames = moving("float32", 12, [5]);
    const data = frames.data as Float32Array;
    for (let i = 0; i < data.length; i += 5) data[i] = i % 2 === 0 ? Number.NaN : Infinity;
    expect(windowCuts(frames, 0.5)).toEqual([5]);
    data.fill(Number.NaN);
    expect(windowCuts(frames, 0.5)).toEqual([]);
  });

  it("takes chunks of any rank, of one frame and of none", () => {
    const lines = moving("float64", 15, [6]);
    expect(windowCuts({ ...lines, shape: [15, 192] }, 0.5)).toEqual([6]);
    expect(windowCuts({ ...lines, shape: [15, 2, 3, 4, 8] }, 0.5)).toEqual([6]);
    expect(windowCuts(moving("float32", 1, []), 0.5)).toEqual([]);
    expect(windowCuts(emptyTensor("float32", [0, 3]), 0.5)).toEqual([]);
  });
});
