import { int } from "../compressor/schema.ts";
import { correlationMap, type LagSums, lagSums } from "./error-autocorrelation.ts";
import type { Metric, MetricKind } from "./metric.ts";
import { eachPlane } from "./planes.ts";

const OPTIONS = {
  "error_autocorrelation_map:lags": int(16, "largest distance, in grid points", { min: 1, max: 512, stored: false }),
};

/** Errors that are alike in places near each other show blocks, edges or ghosts; white ones show one point. */
export const errorAutocorrelationMap: MetricKind<typeof OPTIONS> = {
  name: "error_autocorrelation_map",
  summary: "correlation of errors at every distance in the plane, and from plane to plane",
  options: OPTIONS,
  results: {
    "error_autocorrelation_map:map": "mean product of errors at distance (dy, dx) / that at (0, 0); -lags first",
    "error_autocorrelation_map:largest": "largest of |map| besides (0, 0)",
    "error_autocorrelation_map:at": "dy and dx of that",
    "error_autocorrelation_map:next_plane": "correlation of errors at the same place of one plane and the next",
  },
  keeps: "sums",
  create({ fill, options }): Metric {
    const lags = options["error_autocorrelation_map:lags"];
    const side = 2 * lags + 1;
    const sums: LagSums = { products: new Float64Array(side * side), pairs: new Float64Array(side * side) };
    const next = { products: 0, before: 0, after: 0 };
    let last: Float64Array | undefined;
    const watch = eachPlane(fill, ({ shape, x, y }) => {
      const errors = x.map((value, i) => value - y[i]!);
      const part = lagSums(errors, shape, lags);
      for (let k = 0; k < side * side; k++) {
        sums.products[k]! += part.products[k]!;
        sums.pairs[k]! += part.pairs[k]!;
      }
      for (let i = 0; last && i < errors.length; i++) {
        const [a, b] = [last[i]!, errors[i]!];
        if (Number.isNaN(a * b)) continue;
        next.products += a * b;
        next.before += a * a;
        next.after += b * b;
      }
      last = errors;
    });
    return {
      ...watch,
      results() {
        if (!last) return {};
        const map = correlationMap(sums);
        const middle = (map.length - 1) / 2;
        let at = middle - 1;
        for (const [k, value] of map.entries()) if (k !== middle && Math.abs(value) > Math.abs(map[at]!)) at = k;
        const place = Float64Array.of(Math.floor(at / side) - lags, (at % side) - lags);
        return {
          "error_autocorrelation_map:map": { dtype: "float64", shape: [side, side], data: map },
          "error_autocorrelation_map:largest": Math.abs(map[at]!),
          "error_autocorrelation_map:at": { dtype: "float64", shape: [2], data: place },
          "error_autocorrelation_map:next_plane":
            next.products === 0 ? 0 : next.products / Math.sqrt(next.before * next.after),
        };
      },
    };
  },
};
