import type { Metric, MetricKind } from "./metric.ts";

/**
 * Gaps |x[i + 1] - x[i]| of neighbours in C order, of the original. LibPressio 1.0.7 takes other pairs (of data with
 * one axis only the first pair), so its values differ.
 */
export const dataGap: MetricKind = {
  name: "data_gap",
  summary: "differences of neighbours in the original: how rough it is",
  options: {},
  results: {
    "data_gap:max_gap": "largest |x[i + 1] - x[i]| in C order",
    "data_gap:min_gap": "least of them",
    "data_gap:mean_gap": "their mean",
  },
  keeps: "sums",
  create(): Metric {
    let [most, least, sum, n] = [-Infinity, Infinity, 0, 0];
    let last = Number.NaN;
    return {
      compare({ data }) {
        for (let i = 0; i < data.length; i++) {
          const value = Number(data[i]);
          const gap = Math.abs(value - last);
          last = value;
          // Neither the first value nor neighbours of NaN and infinities have a gap.
          if (!(gap < Infinity)) continue;
          if (gap > most) most = gap;
          if (gap < least) least = gap;
          sum += gap;
          n++;
        }
      },
      results: (): Record<string, number> =>
        n === 0 ? {} : { "data_gap:max_gap": most, "data_gap:min_gap": least, "data_gap:mean_gap": sum / n },
    };
  },
};
