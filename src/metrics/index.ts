/** Metrics: observers of compression and decompression, under LibPressio's names. */
import type { Tensor } from "../tensor/tensor.ts";
import type { MetricSettings } from "./metric.ts";
import { metrics } from "./registry.ts";

export { composite } from "./composite.ts";
export type { Described, Metric, MetricKind, MetricSettings } from "./metric.ts";
export { metrics };

/**
 * Metrics of a finished compression, without running one.
 * @param compressedBytes size of the file
 * @throws TempressError "invalid-argument" for an unknown name
 */
export async function evaluateMetrics(
  names: readonly string[],
  original: Tensor,
  compressedBytes: number,
  decoded: Tensor,
  settings: MetricSettings = {},
): Promise<Record<string, number>> {
  // Nothing is timed here.
  const observer = await metrics.observe(
    names.filter((name) => name !== "time"),
    settings,
  );
  observer.beforeCompress?.(original);
  observer.afterCompress?.(original, compressedBytes);
  observer.beforeDecompress?.(compressedBytes);
  observer.compare?.(original, decoded);
  observer.afterDecompress?.(decoded);
  return observer.results();
}
