/** Options of the codec: the targets of native tthresh under LibPressio's names. */
import { choice, float, type OptionValues } from "../compressor/schema.ts";
import type { PromiseOptions } from "../promise/from-options.ts";

export const tthreshOptions = {
  "tthresh:target_str": choice(
    ["eps", "rmse", "psnr"],
    "eps",
    "what target_value is: eps is the error's norm by the values' norm, psnr takes half the range as its peak",
  ),
  "tthresh:target_value": float(0, "the target; 0 leaves it to the promise", { min: 0 }),
};

/** Native's peak is half the range: 6.02 dB less than everywhere else. */
const HALF = 20 * Math.log10(2);

export function tthreshPromise(options: OptionValues<typeof tthreshOptions>): PromiseOptions | undefined {
  const value = options["tthresh:target_value"];
  if (value === 0) return undefined;
  const kind = options["tthresh:target_str"];
  return kind === "psnr" ? { psnr: value + HALF } : { [kind]: value };
}

/** The root of the mean squared error that a target allows for these values. */
export function rmseOfTarget(
  options: OptionValues<typeof tthreshOptions>,
  values: ArrayLike<number | bigint>,
): number | undefined {
  const promise = tthreshPromise(options);
  if (!promise) return undefined;
  if (promise.rmse !== undefined) return promise.rmse;
  let [least, most, squares] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i]);
    least = Math.min(least, value);
    most = Math.max(most, value);
    squares += value * value;
  }
  // A constant has no range: as near as sums in float64 come.
  if (promise.psnr !== undefined && most === least) return Math.abs(most) * 2 ** -50 || 1;
  if (promise.psnr !== undefined) return (most - least) * 10 ** (promise.psnr / -20);
  return promise.eps! * Math.sqrt(squares / values.length) || 1;
}
