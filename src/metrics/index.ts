/** Metrics: observers of compression and decompression, under LibPressio's names. */
import type { Tensor } from "../tensor/tensor.ts";
import type { MetricResults } from "./metric.ts";
import { metrics, type ObserverSettings } from "./registry.ts";

export { composite } from "./composite.ts";
export { correlationMap, type LagSums, lagSums } from "./error-autocorrelation.ts";
export { type ErrorHistogram, errorHistogram } from "./error-histogram.ts";
export { Fft, forwardAll } from "./fft.ts";
export { type FrameDrift, frameDrift } from "./frame-drift.ts";
export { type GradientErrors, gradientErrors, gradientLength } from "./gradient.ts";
export type {
  Call,
  Described,
  Keeps,
  Metric,
  MetricKind,
  MetricResults,
  MetricSettings,
  MetricValue,
} from "./metric.ts";
export { deviationOf, type PowerPair, powerSpectra, radialSum, ratioOf } from "./power-spectrum.ts";
export type { ObserverSettings } from "./registry.ts";
export { meanInside, ssimMap } from "./ssim-map.ts";
export { metrics };

/**
 * Metrics of a finished compression, without running one.
 * @param compressedBytes size of the file
 * @throws TempressError "invalid-argument" for an unknown name or option
 */
export async function evaluateMetrics(
  names: readonly string[],
  original: Tensor,
  compressedBytes: number,
  decoded: Tensor,
  settings: ObserverSettings = {},
): Promise<MetricResults> {
  // Nothing is timed here.
  const observer = await metrics.observe(
    names.filter((name) => name !== "time" && name !== "phases"),
    settings,
  );
  observer.beforeCompress?.(original);
  observer.afterCompress?.(original, compressedBytes);
  observer.beforeDecompress?.(compressedBytes);
  observer.beforeCompare?.(original);
  observer.compare?.(original, decoded);
  observer.afterDecompress?.(decoded);
  return observer.results();
}
