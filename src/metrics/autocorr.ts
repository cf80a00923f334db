import { int } from "../compressor/schema.ts";
import { countedPairs } from "./counted.ts";
import type { Metric, MetricKind } from "./metric.ts";

const OPTIONS = {
  "autocorr:autocorr_lags": int(100, "largest lag, in values in C order", { min: 0, max: 100_000, stored: false }),
};

/** Of the errors as one run in C order. Streams: it keeps sums and the last errors. */
export const autocorr: MetricKind<typeof OPTIONS> = {
  name: "autocorr",
  summary: "autocorrelation of the errors: white noise has none",
  options: OPTIONS,
  results: {
    "autocorr:autocorr": "for each lag k from 0: mean of (d[i] - m)(d[i + k] - m), divided by the variance of d",
  },
  keeps: "sums",
  create({ fill, options }): Metric {
    const lags = options["autocorr:autocorr_lags"];
    const pass = countedPairs(fill);
    const products = new Float64Array(lags + 1);
    const head: number[] = [];
    let recent = new Float64Array(0);
    let [n, sum] = [0, 0];
    return {
      compare(original, decoded) {
        pass(original, decoded, ({ count, d }) => {
          const run = new Float64Array(recent.length + count);
          run.set(recent);
          run.set(d.subarray(0, count), recent.length);
          for (let lag = 0; lag <= lags; lag++) {
            let part = 0;
            for (let i = Math.max(recent.length, lag); i < run.length; i++) part += run[i]! * run[i - lag]!;
            products[lag]! += part;
          }
          for (let i = 0; i < count; i++) {
            sum += d[i]!;
            if (head.length < lags) head.push(d[i]!);
          }
          n += count;
          recent = run.slice(Math.max(0, run.length - lags));
        });
      },
      results() {
        if (n === 0) return {};
        const mean = sum / n;
        const data = new Float64Array(Math.min(lags, n - 1) + 1);
        const variance = products[0]! / n - mean * mean;
        // Sums over all but the first, and all but the last `lag` errors.
        let [early, late] = [0, 0];
        for (let lag = 0; lag < data.length; lag++) {
          if (lag > 0) {
            early += head[lag - 1]!;
            late += recent[recent.length - lag]!;
          }
          const pairs = n - lag;
          const covariance = (products[lag]! - mean * (2 * sum - early - late)) / pairs + mean * mean;
          data[lag] = covariance / variance;
        }
        return { "autocorr:autocorr": { dtype: "float64", shape: [data.length], data } };
      },
    };
  },
};
