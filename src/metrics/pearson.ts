import { DTYPES } from "../tensor/dtype.ts";
import { fillNumber, pivotOf } from "./error-sums.ts";
import type { Metric, MetricKind } from "./metric.ts";

/**
 * Pearson's correlation of original and decompressed values and its square. Leaves out what error_stat leaves out;
 * without variation on either side it is not defined and NaN.
 */
export const pearson: MetricKind = {
  name: "pearson",
  summary: "correlation of the original and decompressed values",
  options: {},
  results: {
    "pearson:r": "covariance of x and y divided by both standard deviations",
    "pearson:r2": "its square",
  },
  keeps: "sums",
  create({ fill }): Metric {
    // Sums around one value of the data, so that they keep their digits.
    let pivot: number | undefined;
    const total = { n: 0, x: 0, y: 0, xx: 0, yy: 0, xy: 0 };
    return {
      compare(original, decoded) {
        if (original.data.length === 0) return;
        pivot ??= pivotOf(original, fill);
        const named = fillNumber(original.dtype, fill);
        // 0 and -0 differ in floats only.
        const isFill = DTYPES[original.dtype].kind === "float" ? Object.is : (a: number, b: number) => a === b;
        let [n, sx, sy, sxx, syy, sxy] = [0, 0, 0, 0, 0, 0];
        for (let i = 0; i < original.data.length; i++) {
          const value = Number(original.data[i]);
          if (!(Math.abs(value) < Infinity) || (value === named && isFill(value, named))) continue;
          const x = value - pivot;
          const y = Number(decoded.data[i]) - pivot;
          n++;
          sx += x;
          sy += y;
          sxx += x * x;
          syy += y * y;
          sxy += x * y;
        }
        total.n += n;
        total.x += sx;
        total.y += sy;
        total.xx += sxx;
        total.yy += syy;
        total.xy += sxy;
      },
      results() {
        const { n, x, y, xx, yy, xy } = total;
        if (n === 0) return {};
        const r = (n * xy - x * y) / Math.sqrt((n * xx - x * x) * (n * yy - y * y));
        return { "pearson:r": r, "pearson:r2": r * r };
      },
    };
  },
};
