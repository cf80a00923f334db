/**
 * A value that many places share exactly (land stored as 0, no rain, a saturated detector). Taking it out like a
 * fill value saves its codes, and keeps predictions beside it from being pulled towards it.
 */
import { DTYPES } from "./dtype.ts";
import type { Tensor } from "./tensor.ts";

const SAMPLES = 4096;
/** Share of the sample from which a map of its places costs less than its codes (measured: sea ice, rain). */
const SHARE = 1 / 16;

/** The most frequent value of floats when it is frequent enough; NaN and infinities are special anyway. */
export function commonValue({ data, dtype }: Tensor): number | undefined {
  if (DTYPES[dtype].kind !== "float" || data.length === 0) return undefined;
  const counts = new Map<number, number>();
  // An odd step, so that the sample does not stay in one column.
  const step = Math.max(1, Math.floor(data.length / SAMPLES)) | 1;
  let sampled = 0;
  for (let i = 0; i < data.length; i += step) {
    const value = data[i] as number;
    counts.set(value, (counts.get(value) ?? 0) + 1);
    sampled++;
  }
  let best: number | undefined;
  let most = Math.max(1, sampled * SHARE);
  for (const [value, count] of counts) {
    if (count > most && Number.isFinite(value)) {
      best = value;
      most = count;
    }
  }
  return best;
}
