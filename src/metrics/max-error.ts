import { countedPairs } from "./counted.ts";
import type { Metric, MetricKind } from "./metric.ts";

export const maxError: MetricKind = {
  name: "max_error",
  summary: "the largest error and where it is",
  options: {},
  results: {
    "max_error:max_error": "largest |x - y|",
    "max_error:max_error_index": "where it is first reached, in C order",
  },
  keeps: "sums",
  create({ fill }): Metric {
    const pass = countedPairs(fill);
    let most = -1;
    let index = 0;
    return {
      compare(original, decoded) {
        pass(original, decoded, ({ count, d, at }) => {
          for (let i = 0; i < count; i++) {
            const error = Math.abs(d[i]!);
            // A value that became NaN is the worst there is.
            if (error <= most || Number.isNaN(most)) continue;
            most = error;
            index = at[i]!;
          }
        });
      },
      results: () => (most === -1 ? {} : { "max_error:max_error": most, "max_error:max_error_index": index }),
    };
  },
};
