import type { Metric, MetricResults } from "./metric.ts";

/**
 * Several metrics as one. The first sees the start of a step first and its end last, so put `time` last to time the
 * step alone. Adds LibPressio's rates (bytes a millisecond) when `size` and `time` are among them.
 */
export function composite(metrics: readonly Metric[]): Metric {
  const backwards = metrics.toReversed();
  return {
    beforeCompress(input) {
      for (const metric of metrics) metric.beforeCompress?.(input);
    },
    afterCompress(input, bytes) {
      for (const metric of backwards) metric.afterCompress?.(input, bytes);
    },
    beforeDecompress(bytes) {
      for (const metric of metrics) metric.beforeDecompress?.(bytes);
    },
    afterDecompress(output) {
      for (const metric of backwards) metric.afterDecompress?.(output);
    },
    before(call) {
      for (const metric of metrics) metric.before?.(call);
    },
    after(call) {
      for (const metric of backwards) metric.after?.(call);
    },
    beforeCompare(whole) {
      for (const metric of metrics) metric.beforeCompare?.(whole);
    },
    compare(original, decoded) {
      for (const metric of metrics) metric.compare?.(original, decoded);
    },
    results() {
      const all = Object.assign({}, ...metrics.map((m) => m.results())) as MetricResults;
      rate(all, "composite:compression_rate", "size:uncompressed_size", "time:compress");
      rate(all, "composite:decompression_rate", "size:decompressed_size", "time:decompress");
      rate(all, "composite:compression_rate_many", "size:uncompressed_size", "time:compress_many");
      rate(all, "composite:decompression_rate_many", "size:decompressed_size", "time:decompress_many");
      return all;
    },
  };
}

function rate(all: MetricResults, name: string, size: string, time: string): void {
  if (size in all && time in all) all[name] = Number(all[size]) / Number(all[time]);
}
