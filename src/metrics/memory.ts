import { CALLS, type Metric, type MetricKind } from "./metric.ts";

const WATCHED = [
  "compress",
  "decompress",
  ...CALLS.filter((call) => !call.startsWith("get_c") && call !== "get_documentation"),
];

/** Bytes of this process in memory; pages cannot know, and give no results. */
function resident(): number | undefined {
  const host = globalThis as { process?: { memoryUsage?: { rss?: () => number } } };
  return host.process?.memoryUsage?.rss?.();
}

export const memory: MetricKind = {
  name: "memory",
  summary: "growth of the process's memory by each call (Node)",
  options: {},
  results: Object.fromEntries(WATCHED.map((call) => [`memory:${call}`, `growth of resident memory by ${call}, bytes`])),
  keeps: "sums",
  create(): Metric {
    const before = new Map<string, number | undefined>();
    const found: Record<string, number> = {};
    const start = (call: string): void => {
      before.set(call, resident());
    };
    const end = (call: string): void => {
      const [first, last] = [before.get(call), resident()];
      if (first !== undefined && last !== undefined) found[`memory:${call}`] = Math.max(0, last - first);
    };
    return {
      beforeCompress: () => start("compress"),
      afterCompress: () => end("compress"),
      beforeDecompress: () => start("decompress"),
      afterDecompress: () => end("decompress"),
      before: (call) => start(call),
      after: (call) => {
        if (WATCHED.includes(call)) end(call);
      },
      results: () => ({ ...found }),
    };
  },
};
