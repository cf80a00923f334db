import type { Metric, MetricKind } from "./metric.ts";

/** Milliseconds as in LibPressio, though not whole ones: short runs keep their digits. */
export const time: MetricKind = {
  name: "time",
  summary: "milliseconds that compression and decompression took",
  keys: ["time:compress", "time:decompress"],
  create(): Metric {
    const found: Record<string, number> = {};
    let compressing = 0;
    let decompressing = 0;
    return {
      beforeCompress() {
        compressing = performance.now();
      },
      afterCompress() {
        found["time:compress"] = performance.now() - compressing;
      },
      beforeDecompress() {
        decompressing = performance.now();
      },
      afterDecompress() {
        found["time:decompress"] = performance.now() - decompressing;
      },
      results: () => ({ ...found }),
    };
  },
};
