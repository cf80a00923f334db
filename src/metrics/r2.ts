import { addErrors, type ErrorSums, emptySums, pivotOf } from "./error-sums.ts";
import type { Metric, MetricKind } from "./metric.ts";

export const r2: MetricKind = {
  name: "r2",
  summary: "coefficient of determination: the share of the variance that is kept",
  options: {},
  results: { "r2:r2": "1 - sum of (x - y)^2 / sum of (x - mean of x)^2" },
  keeps: "sums",
  create({ fill }): Metric {
    let sums: ErrorSums | undefined;
    return {
      compare(original, decoded) {
        if (original.data.length === 0) return;
        sums ??= emptySums(pivotOf(original, fill));
        addErrors(sums, original, decoded, fill);
      },
      results(): Record<string, number> {
        if (!sums || sums.count === 0) return {};
        const { count, sum, squares, squaredErrors } = sums;
        const spread = squares - (sum * sum) / count;
        return { "r2:r2": squaredErrors === 0 ? 1 : 1 - squaredErrors / spread };
      },
    };
  },
};
