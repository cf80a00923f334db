import type { Tensor } from "../tensor/tensor.ts";
import { distinct } from "./distinct.ts";
import type { Metric, MetricKind, MetricResults } from "./metric.ts";

/** Shannon's entropy of the values as they are, in bits a value. All values count; NaN is one value. */
export const entropy: MetricKind = {
  name: "entropy",
  summary: "bits a value that the distribution of distinct values holds, before and after",
  options: {},
  results: {
    "entropy:input": "-sum of p log2 p over the distinct original values, bits",
    "entropy:decompressed": "the same of the decompressed values, bits",
  },
  keeps: "values",
  create(): Metric {
    let found: MetricResults = {};
    return {
      compare(original, decoded) {
        found = { "entropy:input": entropyOf(original), "entropy:decompressed": entropyOf(decoded) };
      },
      results: () => ({ ...found }),
    };
  },
};

function entropyOf({ data }: Tensor): number {
  let bits = 0;
  for (const { count } of distinct(data)) {
    const share = count / data.length;
    bits -= share * Math.log2(share);
  }
  // Not -0 where there is one value.
  return bits + 0;
}
