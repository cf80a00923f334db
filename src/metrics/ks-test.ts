import { allCounted } from "./counted.ts";
import type { Metric, MetricKind, MetricResults } from "./metric.ts";

/**
 * Kolmogorov and Smirnov's test of whether x and y have one distribution. LibPressio 1.0.7 looks at its distance in
 * one point only, the least original value; `ks_test:` are those values, `tempress:` those over all points.
 */
export const ksTest: MetricKind = {
  name: "ks_test",
  summary: "Kolmogorov-Smirnov test: do both sides have one distribution?",
  options: {},
  results: {
    "ks_test:d": "distance of both cumulative distributions at the least x only, as LibPressio 1.0.7 takes it",
    "ks_test:pvalue": "probability of at least this d under one distribution",
    "tempress:ks_d": "largest distance of both cumulative distributions: the statistic of the test",
    "tempress:ks_pvalue": "probability of at least this distance under one distribution",
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
        const [first, largest] = distances(x, y);
        found = {
          "ks_test:d": first,
          "ks_test:pvalue": probability(first, count),
          "tempress:ks_d": largest,
          "tempress:ks_pvalue": probability(largest, count),
        };
      },
      results: () => ({ ...found }),
    };
  },
};

/** |F - G| at the least x, and the largest, of two sorted samples of one size. */
function distances(x: Float64Array, y: Float64Array): [number, number] {
  const n = x.length;
  let [i, j, largest, first] = [0, 0, 0, -1];
  while (i < n || j < n) {
    // NaN is sorted to the end and above all numbers.
    const next = i >= n ? y[j]! : j >= n || x[i]! <= y[j]! || Number.isNaN(y[j]!) ? x[i]! : y[j]!;
    const same = Number.isNaN(next) ? Number.isNaN : (value: number) => value === next;
    while (i < n && same(x[i]!)) i++;
    while (j < n && same(y[j]!)) j++;
    largest = Math.max(largest, Math.abs(i - j));
    if (first < 0 && i > 0) first = Math.abs(i - j);
  }
  return [first / n, largest / n];
}

/** Kolmogorov's distribution with Stephens' correction for finite samples (Numerical Recipes, section 14.3). */
function probability(d: number, count: number): number {
  const root = Math.sqrt(count / 2);
  const lambda = (root + 0.12 + 0.11 / root) * d;
  let sum = 0;
  for (let k = 1, sign = 2; k <= 100; k++, sign = -sign) {
    const term = sign * Math.exp(-2 * (k * lambda) ** 2);
    sum += term;
    if (Math.abs(term) <= 1e-12 * Math.abs(sum)) return Math.min(1, Math.max(0, sum));
  }
  // The series does not converge near 0, where the answer is 1.
  return 1;
}
