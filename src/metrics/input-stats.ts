import type { Described, Metric, MetricKind, MetricResults } from "./metric.ts";

const SIDES = ["compress_input", "compress_output", "decompress_input", "decompress_output"] as const;

/** LibPressio's prefix has no s: "input_stat:". Extents are slowest first, as everywhere in Tempress. */
export const inputStats: MetricKind = {
  name: "input_stats",
  summary: "types and extents of what went in and came out",
  options: {},
  results: Object.fromEntries(
    SIDES.flatMap((side) => [
      [`input_stat:${side}_dims`, `extents of the ${side.replace("_", "ion's ")}, slowest axis first`],
      [`input_stat:${side}_types`, `dtype of the ${side.replace("_", "ion's ")}`],
    ]),
  ),
  keeps: "sums",
  create(): Metric {
    const found: MetricResults = {};
    const note = (
      side: (typeof SIDES)[number],
      { dtype, shape }: { dtype: string; shape: Described["shape"] },
    ): void => {
      const data = Float64Array.from(shape);
      found[`input_stat:${side}_dims`] = { dtype: "float64", shape: [data.length], data };
      found[`input_stat:${side}_types`] = [dtype];
    };
    const file = (bytes: number) => ({ dtype: "byte", shape: [bytes] });
    return {
      beforeCompress: (input) => note("compress_input", input),
      afterCompress: (_, bytes) => note("compress_output", file(bytes)),
      beforeDecompress: (bytes) => note("decompress_input", file(bytes)),
      afterDecompress: (output) => note("decompress_output", output),
      results: () => ({ ...found }),
    };
  },
};
