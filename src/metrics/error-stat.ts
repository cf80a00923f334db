import { addErrors, type ErrorSums, emptySums, pivotOf } from "./error-sums.ts";
import type { Metric, MetricKind } from "./metric.ts";

/**
 * LibPressio's error_stat, with its arithmetic. Values that are NaN or infinite in the original and the fill value
 * are left out, as under its `mask` metric: `error_stat:n` counts the rest. So values without those agree with
 * LibPressio, and with them psnr is a number where its is NaN. -0 and denormals count like all others.
 *
 * Errors of 0 count as 0 and infinite psnr also where the values have no range.
 */
export const errorStat: MetricKind = {
  name: "error_stat",
  summary: "errors and values: extremes, means, mse, psnr",
  options: {},
  results: {
    "error_stat:n": "how many values count",
    "error_stat:value_min": "least original value",
    "error_stat:value_max": "largest original value",
    "error_stat:value_range": "value_max - value_min",
    "error_stat:value_mean": "mean of the original values",
    "error_stat:value_std": "standard deviation of the original values, divided by n",
    "error_stat:min_error": "least |x - y|",
    "error_stat:max_error": "largest |x - y|",
    "error_stat:error_range": "max_error - min_error",
    "error_stat:average_error": "mean of |x - y|",
    "error_stat:average_difference": "mean of x - y",
    "error_stat:difference_range": "largest x - y minus least x - y",
    "error_stat:min_rel_error": "min_error / value_range",
    "error_stat:max_rel_error": "max_error / value_range",
    "error_stat:min_pw_rel_error": "least |x - y| / |x| where x is not 0",
    "error_stat:max_pw_rel_error": "largest |x - y| / |x| where x is not 0",
    "error_stat:mse": "mean of (x - y)^2",
    "error_stat:rmse": "square root of mse",
    "error_stat:psnr": "-20 log10(rmse / value_range), dB",
    "tempress:excluded": "how many values do not count: NaN, infinite or fill in the original",
    "tempress:excluded_changed": "how many of those came back with other bits",
  },
  keeps: "sums",
  create({ fill }): Metric {
    let sums: ErrorSums | undefined;
    let seen = 0;
    return {
      compare(original, decoded) {
        if (original.data.length === 0) return;
        sums ??= emptySums(pivotOf(original, fill));
        seen += original.data.length;
        addErrors(sums, original, decoded, fill);
      },
      results: () => (sums ? statistics(sums, seen) : {}),
    };
  },
};

function statistics(s: ErrorSums, seen: number): Record<string, number> {
  const { count: n } = s;
  // How many values were left out, and whether they came back bit for bit.
  const found: Record<string, number> = {
    "error_stat:n": n,
    "tempress:excluded": seen - n,
    "tempress:excluded_changed": s.changed,
  };
  if (n === 0) return found;
  const range = s.mostX - s.leastX;
  const mse = s.squaredErrors / n;
  const relative = (error: number) => (error === 0 ? 0 : error / range);
  Object.assign(found, {
    "error_stat:value_min": s.leastX,
    "error_stat:value_max": s.mostX,
    "error_stat:value_range": range,
    "error_stat:value_mean": s.pivot + s.sum / n,
    "error_stat:value_std": Math.sqrt(Math.max(0, (s.squares - (s.sum * s.sum) / n) / n)),
    "error_stat:min_error": s.leastE,
    "error_stat:max_error": s.mostE,
    "error_stat:error_range": s.mostE - s.leastE,
    "error_stat:average_error": s.errors / n,
    "error_stat:average_difference": s.differences / n,
    "error_stat:difference_range": s.mostD - s.leastD,
    "error_stat:min_rel_error": relative(s.leastE),
    "error_stat:max_rel_error": relative(s.mostE),
    "error_stat:mse": mse,
    "error_stat:rmse": Math.sqrt(mse),
    "error_stat:psnr": mse === 0 ? Infinity : -20 * Math.log10(Math.sqrt(mse) / range),
  });
  // Shares of zeros do not exist.
  if (s.leastP <= s.mostP || Number.isNaN(s.mostP)) {
    found["error_stat:min_pw_rel_error"] = s.leastP;
    found["error_stat:max_pw_rel_error"] = s.mostP;
  }
  return found;
}
