import { type Arrays, DTYPES, type DType } from "../tensor/dtype.ts";
import type { Metric, MetricKind } from "./metric.ts";

/** Shannon's entropy of the values as they are, in bits a value. Keeps a copy of all values until it is asked. */
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
    const inputs: Arrays[DType][] = [];
    const outputs: Arrays[DType][] = [];
    let dtype: DType = "float32";
    return {
      compare(original, decoded) {
        dtype = original.dtype;
        inputs.push(original.data.slice());
        outputs.push(decoded.data.slice());
      },
      results: () =>
        inputs.length === 0
          ? {}
          : { "entropy:input": entropyOf(inputs, dtype), "entropy:decompressed": entropyOf(outputs, dtype) },
    };
  },
};

function entropyOf(slabs: readonly Arrays[DType][], dtype: DType): number {
  const count = slabs.reduce((sum, { length }) => sum + length, 0);
  const sorted = new DTYPES[dtype].Array(count) as Float64Array;
  let at = 0;
  for (const slab of slabs) {
    sorted.set(slab as Float64Array, at);
    at += slab.length;
  }
  sorted.sort();
  let bits = 0;
  let start = 0;
  for (let i = 1; i <= count; i++) {
    // NaN counts as one value, like -0 and 0.
    if (i < count && (sorted[i] === sorted[start] || (Number.isNaN(sorted[i]) && Number.isNaN(sorted[start]))))
      continue;
    const share = (i - start) / count;
    bits -= share * Math.log2(share);
    start = i;
  }
  return bits;
}
