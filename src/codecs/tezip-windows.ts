/** Dynamic windows (TEZIP's DWP): a new window where predicting from the frame before stops paying. */
import { frameLength } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * Frames (after 0) whose mean absolute change from the frame before exceeds `threshold` times their own mean
 * absolute deviation: a cut, a new scan, a restarted run. None for threshold 0, for 64-bit integers and for frames of
 * one value, which have no deviation.
 */
export function windowCuts(slab: Tensor, threshold: number): number[] {
  const { data } = slab;
  if (threshold <= 0 || data instanceof BigInt64Array || data instanceof BigUint64Array) return [];
  const length = frameLength(slab.shape);
  if (length < 2) return [];
  const cuts: number[] = [];
  for (let t = 1; t < slab.shape[0]!; t++) {
    const at = t * length;
    let sum = 0;
    let finite = 0;
    for (let i = 0; i < length; i++) {
      const v = data[at + i]!;
      if (Number.isFinite(v)) {
        sum += v;
        finite++;
      }
    }
    const mean = finite > 0 ? sum / finite : 0;
    let deviation = 0;
    let change = 0;
    for (let i = 0; i < length; i++) {
      const v = data[at + i]!;
      const before = data[at - length + i]!;
      if (!Number.isFinite(v) || !Number.isFinite(before)) continue;
      deviation += Math.abs(v - mean);
      change += Math.abs(v - before);
    }
    if (change > threshold * deviation) cuts.push(t);
  }
  return cuts;
}
