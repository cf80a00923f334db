import { int, strings } from "../compressor/schema.ts";
import { TempressError } from "../errors.ts";
import type { Metric, MetricKind, MetricResults } from "./metric.ts";
import { metrics } from "./registry.ts";

const EVENTS = ["compress", "decompress", "compress_many", "decompress_many"];
const OPTIONS = {
  "historian:metrics": strings(["size", "time"], "metrics whose results are written down"),
  "historian:events": strings(["compress", "decompress"], `after which calls: ${EVENTS.join(", ")}`),
  "historian:idx": int(0, "number of the first entry", { min: 0, stored: false }),
};

export const historian: MetricKind<typeof OPTIONS> = {
  name: "historian",
  summary: "results of other metrics after every call, one entry each",
  options: OPTIONS,
  results: { "historian:*": "results of historian:metrics after each call: historian:0:size:compressed_size" },
  keeps: "sums",
  async create({ fill, options }): Promise<Metric> {
    const events = options["historian:events"];
    const stray = events.find((event) => !EVENTS.includes(event));
    if (stray !== undefined) {
      throw new TempressError("invalid-argument", `there is no event "${stray}"`, {
        where: "historian:events",
        hint: `they are ${EVENTS.join(", ")}`,
      });
    }
    const child = await metrics.observe(
      options["historian:metrics"].filter((name) => name !== "historian"),
      { fill },
    );
    const found: MetricResults = {};
    let index = options["historian:idx"];
    const write = (event: string): void => {
      if (!events.includes(event)) return;
      for (const [key, value] of Object.entries(child.results())) found[`historian:${index}:${key}`] = value;
      index++;
    };
    return {
      ...child,
      afterCompress(input, bytes) {
        child.afterCompress?.(input, bytes);
        write("compress");
      },
      afterDecompress(output) {
        child.afterDecompress?.(output);
        write("decompress");
      },
      after(call) {
        child.after?.(call);
        write(call);
      },
      results: () => ({ ...found }),
    };
  },
};
