/** Promises about all values together: the root of the mean of squared errors, over ordinary values. */
import type { Tensor } from "../tensor/tensor.ts";
import { eachChanged } from "./errors-at.ts";
import { scanRange } from "./range.ts";
import type { Bound } from "./spec.ts";
import type { Offender, Verdict } from "./verify.ts";

export interface MeanError {
  /** Sum of squared errors, in units of the bound's square, so that it stays within float64. */
  readonly squares: number;
  /** Ordinary values. */
  readonly count: number;
  /** Special values that did not keep their bits. */
  readonly lost: number;
  /** Values that are off by more than the bound. */
  readonly above: number;
}

const LISTED = 10;

export function rootOf({ squares, count }: MeanError, bound: Bound): number {
  return count === 0 ? 0 : Math.sqrt(squares / count) * bound.value;
}

/** How many values break the bound: if the mean does, those above it, for correcting them mends the mean. */
export function brokenOf(mean: MeanError): number {
  return mean.lost + (mean.squares > mean.count ? Math.max(1, mean.above) : 0);
}

/** Two parts of a tensor together. */
export function joinMeans(a: MeanError, b: MeanError): MeanError {
  return {
    squares: a.squares + b.squares,
    count: a.count + b.count,
    lost: a.lost + b.lost,
    above: a.above + b.above,
  };
}

export function verifyMean(
  original: Tensor,
  decoded: Tensor,
  bound: Bound,
  mask: Uint8Array | undefined,
  fill: number | undefined,
): Verdict {
  let [squares, lost, above] = [0, 0, 0];
  const worst: Offender[] = [];
  eachChanged(original, decoded, bound, mask, fill, (index, error, breaks) => {
    if (error === Infinity) lost++;
    else {
      squares += (error / bound.value) ** 2;
      if (error > bound.value) above++;
    }
    if (!breaks || (worst.length === LISTED && error <= worst[LISTED - 1]!.error)) return;
    worst.push({ index, original: original.data[index]!, decoded: decoded.data[index]!, error });
    worst.sort((a, b) => b.error - a.error);
    if (worst.length > LISTED) worst.pop();
  });
  const masked = mask ? mask.reduce((sum, one) => sum + one, 0) : 0;
  const mean = { squares, count: Math.max(0, scanRange(original, fill).finite - masked), lost, above };
  const broken = brokenOf(mean);
  return { maxError: lost > 0 ? Infinity : rootOf(mean, bound), broken, worst: broken > 0 ? worst : [], mean };
}
