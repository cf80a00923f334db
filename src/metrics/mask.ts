import { strings, tensorOption } from "../compressor/schema.ts";
import { TempressError } from "../errors.ts";
import { DTYPES } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Metric, MetricKind, MetricResults } from "./metric.ts";
import { metrics } from "./registry.ts";

const OPTIONS = {
  "mask:mask": tensorOption("which values count: not 0; as many values as the data. Without it all count"),
  "mask:metrics": strings(["error_stat"], "metrics of the values that count"),
};

/** Other metrics see only the values that count, as data with one axis. */
export const mask: MetricKind<typeof OPTIONS> = {
  name: "mask",
  summary: "other metrics, of the values that a mask leaves",
  options: OPTIONS,
  results: { "mask:*": "results of mask:metrics, with this prefix: mask:error_stat:psnr" },
  keeps: "sums",
  async create({ fill, options }): Promise<Metric> {
    const marks = options["mask:mask"]?.data;
    const names = options["mask:metrics"];
    if (names.includes("mask")) {
      throw new TempressError("invalid-argument", "a mask cannot watch itself", {
        where: "mask:metrics",
        hint: "name the metrics that are to see the values",
      });
    }
    const child = await metrics.observe(names, { fill });
    let at = 0;
    const begin = ({ dtype }: Pick<Tensor, "dtype">, total: number): void => {
      if (marks && marks.length !== total) {
        throw new TempressError("invalid-argument", `the mask has ${marks.length} values, the data ${total}`, {
          where: "mask:mask",
          hint: "give one value for each value of the data",
        });
      }
      const count = marks ? Array.from(marks as Uint8Array).filter(Boolean).length : total;
      child.beforeCompare?.({ dtype, shape: [count] });
      at = 0;
    };
    let begun = false;
    return {
      beforeCompare(whole) {
        begun = true;
        begin(
          whole,
          whole.shape.reduce((product, extent) => product * extent, 1),
        );
      },
      compare(original, decoded) {
        if (!begun) begin(original, original.data.length);
        begun = true;
        const here = marks?.subarray(at, at + original.data.length);
        at += original.data.length;
        child.compare?.(left(original, here), left(decoded, here));
      },
      results(): MetricResults {
        return Object.fromEntries(Object.entries(child.results()).map(([key, value]) => [`mask:${key}`, value]));
      },
    };
  },
};

function left({ dtype, data }: Tensor, marks: Tensor["data"] | undefined): Tensor {
  if (!marks) return { dtype, shape: [data.length], data };
  let count = 0;
  for (let i = 0; i < marks.length; i++) if (marks[i]) count++;
  const kept = new DTYPES[dtype].Array(count) as Float64Array;
  for (let i = 0, k = 0; i < marks.length; i++) if (marks[i]) kept[k++] = data[i] as number;
  return { dtype, shape: [count], data: kept as Tensor["data"] };
}
