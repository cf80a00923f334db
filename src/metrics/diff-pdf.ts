import { int } from "../compressor/schema.ts";
import { allCounted } from "./counted.ts";
import type { Metric, MetricKind, MetricResults } from "./metric.ts";

const OPTIONS = {
  "diff_pdf:intervals": int(2000, "how many intervals", { min: 1, max: 10_000_000, stored: false }),
};

export const diffPdf: MetricKind<typeof OPTIONS> = {
  name: "diff_pdf",
  summary: "histogram of the differences",
  options: OPTIONS,
  results: {
    "diff_pdf:histogram": "how many differences x - y are in each interval, from min_diff up",
    "diff_pdf:interval": "width of an interval: (max_diff - min_diff) / intervals",
    "diff_pdf:min_diff": "least x - y",
    "diff_pdf:max_diff": "largest x - y",
  },
  keeps: "values",
  create({ fill, options }): Metric {
    const intervals = options["diff_pdf:intervals"];
    let found: MetricResults = {};
    return {
      compare(original, decoded) {
        const { d, count } = allCounted(original, decoded, fill);
        if (count === 0) return;
        let [least, most] = [Infinity, -Infinity];
        for (const each of d) {
          // Values that became NaN or infinite are in no interval.
          if (!Number.isFinite(each)) continue;
          if (each < least) least = each;
          if (each > most) most = each;
        }
        if (least > most) return;
        // The range of two finite numbers may be infinite.
        const width = most - least < Infinity ? (most - least) / intervals : most / intervals - least / intervals;
        const counts = new BigUint64Array(intervals);
        for (const each of d) {
          // Without a range all are in the first.
          if (!Number.isFinite(each)) continue;
          const at = width > 0 ? Math.min(intervals - 1, Math.floor((each - least) / width)) : 0;
          counts[at]!++;
        }
        found = {
          "diff_pdf:histogram": { dtype: "uint64", shape: [intervals], data: counts },
          "diff_pdf:interval": width,
          "diff_pdf:min_diff": least,
          "diff_pdf:max_diff": most,
        };
      },
      results: () => ({ ...found }),
    };
  },
};
