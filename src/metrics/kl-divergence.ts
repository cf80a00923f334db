import type { Tensor } from "../tensor/tensor.ts";
import { distinct } from "./distinct.ts";
import type { Metric, MetricKind, MetricResults } from "./metric.ts";

/** Over distinct values, as in LibPressio, whose answer is NaN where ours is Infinity: a value that one side lacks. */
export const klDivergence: MetricKind = {
  name: "kl_divergence",
  summary: "Kullback-Leibler divergence of the distributions of distinct values",
  options: {},
  results: {
    "kl_divergence:p_q": "sum of p ln(p / q), p of the original, q of the decompressed values; nats",
    "kl_divergence:q_p": "sum of q ln(q / p); nats",
  },
  keeps: "values",
  create(): Metric {
    let found: MetricResults = {};
    return {
      compare(original, decoded) {
        const [p, q] = [shares(original), shares(decoded)];
        found = { "kl_divergence:p_q": divergence(p, q), "kl_divergence:q_p": divergence(q, p) };
      },
      results: () => ({ ...found }),
    };
  },
};

function shares({ data }: Tensor): Map<number, number> {
  const found = new Map<number, number>();
  for (const { value, count } of distinct(data)) found.set(value, count / data.length);
  return found;
}

function divergence(p: ReadonlyMap<number, number>, q: ReadonlyMap<number, number>): number {
  let sum = 0;
  for (const [value, share] of p) {
    const other = q.get(value);
    if (other === undefined) return Infinity;
    sum += share * Math.log(share / other);
  }
  return sum;
}
