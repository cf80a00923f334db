import { strings } from "../compressor/schema.ts";
import type { MetricKind } from "./metric.ts";
import { metrics } from "./registry.ts";

const OPTIONS = { "composite:plugins": strings(["size", "time"], "the metrics that are joined") };

/** LibPressio's name for several metrics as one; `metrics.observe` joins them anyway. */
export const together: MetricKind<typeof OPTIONS> = {
  name: "composite",
  summary: "several metrics as one, and rates from size and time",
  options: OPTIONS,
  results: {
    "composite:compression_rate": "uncompressed bytes / time:compress, bytes a millisecond",
    "composite:decompression_rate": "decompressed bytes / time:decompress, bytes a millisecond",
    "composite:compression_rate_many": "uncompressed bytes / time:compress_many, bytes a millisecond",
    "composite:decompression_rate_many": "decompressed bytes / time:decompress_many, bytes a millisecond",
  },
  keeps: "sums",
  create({ fill, options }) {
    return metrics.observe(
      options["composite:plugins"].filter((name) => name !== "composite"),
      { fill },
    );
  },
};
