import { CALLS, type Metric, type MetricKind } from "./metric.ts";

/** Milliseconds as in LibPressio, though not whole ones: short runs keep their digits. */
export const time: MetricKind = {
  name: "time",
  summary: "milliseconds that compression and decompression took",
  options: {},
  results: {
    "time:compress": "duration of compression, ms",
    "time:decompress": "duration of decompression, ms",
    ...Object.fromEntries(CALLS.map((call) => [`time:${call}`, `duration of the latest ${call}, ms`])),
  },
  keeps: "sums",
  create(): Metric {
    const found: Record<string, number> = {};
    let compressing = 0;
    let decompressing = 0;
    const calling = new Map<string, number>();
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
      before(call) {
        calling.set(call, performance.now());
      },
      after(call) {
        found[`time:${call}`] = performance.now() - calling.get(call)!;
      },
      results: () => ({ ...found }),
    };
  },
};
