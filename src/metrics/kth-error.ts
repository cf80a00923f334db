import { float } from "../compressor/schema.ts";
import { allCounted } from "./counted.ts";
import type { Metric, MetricKind, MetricResults } from "./metric.ts";

const OPTIONS = {
  "kth_error:k": float(0.5, "which of the sorted errors: 0 is the least, 0.5 the median, 1 the largest", {
    min: 0,
    max: 1,
    stored: false,
  }),
};

export const kthError: MetricKind<typeof OPTIONS> = {
  name: "kth_error",
  summary: "the error that a share k of all values does not exceed",
  options: OPTIONS,
  results: { "kth_error:kth_error": "entry floor(k n) of the sorted |x - y|, the last one where k is 1" },
  keeps: "values",
  create({ fill, options }): Metric {
    let found: MetricResults = {};
    return {
      compare(original, decoded) {
        const { d, count } = allCounted(original, decoded, fill);
        if (count === 0) return;
        const errors = d.map(Math.abs).sort();
        found = { "kth_error:kth_error": errors[Math.min(count - 1, Math.floor(options["kth_error:k"] * count))]! };
      },
      results: () => ({ ...found }),
    };
  },
};
