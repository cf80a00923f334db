import { float } from "../compressor/schema.ts";
import { countedPairs } from "./counted.ts";
import type { Metric, MetricKind } from "./metric.ts";

const OPTIONS = {
  "spatial_error:threshold": float(0.01, "share of the value that an error may have", { min: 0, stored: false }),
};

/**
 * LibPressio's percentage takes the error with its sign, (x - y) / x, so that about half of all large errors are not
 * seen. `percent` is that value; the one without sign stands beside it.
 */
export const spatialError: MetricKind<typeof OPTIONS> = {
  name: "spatial_error",
  summary: "percentage of values whose relative error is above a threshold",
  options: OPTIONS,
  results: {
    "spatial_error:percent": "percentage of values with (x - y) / x > threshold, with its sign as in LibPressio",
    "tempress:spatial_error_percent": "percentage of values with |x - y| / |x| > threshold",
  },
  keeps: "sums",
  create({ fill, options }): Metric {
    const threshold = options["spatial_error:threshold"];
    const pass = countedPairs(fill);
    let [signed, unsigned, n] = [0, 0, 0];
    return {
      compare(original, decoded) {
        pass(original, decoded, ({ count, x, d }) => {
          n += count;
          for (let i = 0; i < count; i++) {
            // No error is no share of 0; another error of 0 is beyond all shares.
            const share = d[i] === 0 ? 0 : d[i]! / x[i]!;
            if (share > threshold) signed++;
            if (!(Math.abs(share) <= threshold)) unsigned++;
          }
        });
      },
      results: (): Record<string, number> =>
        n === 0
          ? {}
          : {
              "spatial_error:percent": (100 * signed) / n,
              "tempress:spatial_error_percent": (100 * unsigned) / n,
            },
    };
  },
};
