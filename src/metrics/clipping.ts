import type { OptionSpec } from "../compressor/schema.ts";
import { countedPairs } from "./counted.ts";
import type { Metric, MetricKind } from "./metric.ts";

const bound = (help: string): OptionSpec<number | undefined> => ({
  type: "float",
  default: undefined,
  help,
  min: 0,
  unit: "of the data",
  stored: false,
});
const OPTIONS = {
  "clipping:abs": bound("the absolute bound that errors are held against; goes before pressio:abs"),
  "pressio:abs": bound("absolute bound: |x - y| <= bound"),
};

/** Without a bound there is nothing to count, and no result. */
export const clipping: MetricKind<typeof OPTIONS> = {
  name: "clipping",
  summary: "how many values break an absolute bound",
  options: OPTIONS,
  results: { "clipping:clips": "how many values have |x - y| > bound" },
  keeps: "sums",
  create({ fill, options }): Metric {
    const limit = options["clipping:abs"] ?? options["pressio:abs"];
    const pass = countedPairs(fill);
    let clips = 0;
    return {
      compare(original, decoded) {
        if (limit === undefined) return;
        pass(original, decoded, ({ count, d }) => {
          for (let i = 0; i < count; i++) if (!(Math.abs(d[i]!) <= limit)) clips++;
        });
      },
      results: (): Record<string, number> => (limit === undefined ? {} : { "clipping:clips": clips }),
    };
  },
};
