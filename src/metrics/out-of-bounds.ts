import { int, type OptionSpec } from "../compressor/schema.ts";
import { allCounted } from "./counted.ts";
import type { Metric, MetricKind, MetricResults } from "./metric.ts";

const bound = (help: string): OptionSpec<number | undefined> => ({
  type: "float",
  default: undefined,
  help,
  min: 0,
  stored: false,
});
const OPTIONS = {
  "pressio:abs": bound("absolute bound: |x - y| <= bound"),
  "pressio:rel": bound("bound as a part of the value range"),
  "pressio:pw_rel": bound("bound as a part of each value: |x - y| <= bound * |x|"),
  "out_of_bounds:print_first_k": int(65536, "at most so many are listed", { min: 0, max: 2 ** 24, stored: false }),
};

/** With several bounds, values that break any of them. Without one there is no result. */
export const outOfBounds: MetricKind<typeof OPTIONS> = {
  name: "out_of_bounds",
  summary: "the values that break a bound: which, where, how far",
  options: OPTIONS,
  results: {
    "out_of_bounds:oob": "three rows: x, y and |x - y| of each value that breaks a bound",
    "out_of_bounds:index": "their places in C order",
    "tempress:out_of_bounds": "how many there are, listed or not",
  },
  keeps: "values",
  create({ fill, options }): Metric {
    const { "pressio:abs": abs, "pressio:rel": rel, "pressio:pw_rel": share } = options;
    const most = options["out_of_bounds:print_first_k"];
    let found: MetricResults = {};
    return {
      compare(original, decoded) {
        if (abs === undefined && rel === undefined && share === undefined) return;
        const { x, y, d, at, count } = allCounted(original, decoded, fill);
        let [least, largest] = [Infinity, -Infinity];
        if (rel !== undefined) {
          for (const value of x) {
            least = Math.min(least, value);
            largest = Math.max(largest, value);
          }
        }
        const limit = Math.min(abs ?? Infinity, rel === undefined ? Infinity : rel * (largest - least));
        const places: number[] = [];
        let broken = 0;
        for (let i = 0; i < count; i++) {
          const allowed = share === undefined ? limit : Math.min(limit, share * Math.abs(x[i]!));
          if (Math.abs(d[i]!) <= allowed) continue;
          if (broken++ < most) places.push(i);
        }
        const rows = [x, y, d.map(Math.abs)].flatMap((row) => places.map((i) => row[i]!));
        found = {
          "out_of_bounds:oob": { dtype: "float64", shape: [3, places.length], data: Float64Array.from(rows) },
          "out_of_bounds:index": {
            dtype: "uint64",
            shape: [places.length],
            data: BigUint64Array.from(places, (i) => BigInt(at[i]!)),
          },
          "tempress:out_of_bounds": broken,
        };
      },
      results: () => ({ ...found }),
    };
  },
};
