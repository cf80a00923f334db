import { allCounted } from "./counted.ts";
import type { Metric, MetricKind, MetricResults } from "./metric.ts";

export const wasserstein: MetricKind = {
  name: "wasserstein",
  summary: "earth mover's distance of the distributions of values",
  options: {},
  results: {
    "wasserstein:distance": "mean |x_(i) - y_(i)| of both sides sorted, in units of the data",
    "wasserstein:relative": "distance / range of x",
  },
  keeps: "values",
  create({ fill }): Metric {
    let found: MetricResults = {};
    return {
      compare(original, decoded) {
        const { x, y, count } = allCounted(original, decoded, fill);
        if (count === 0) return;
        x.sort();
        y.sort();
        let sum = 0;
        for (let i = 0; i < count; i++) sum += Math.abs(x[i]! - y[i]!);
        const distance = sum / count;
        found = {
          "wasserstein:distance": distance,
          "wasserstein:relative": distance === 0 ? 0 : distance / (x[count - 1]! - x[0]!),
        };
      },
      results: () => ({ ...found }),
    };
  },
};
