import { float, int } from "../compressor/schema.ts";
import { TempressError } from "../errors.ts";
import { elementCount, formatShape } from "../tensor/shape.ts";
import { allCounted } from "./counted.ts";
import type { Metric, MetricKind, MetricResults } from "./metric.ts";
import { deviationOf, powerSpectra, radialSum, ratioOf } from "./power-spectrum.ts";

const OPTIONS = {
  "nyx_power:k_max": int(10, "shells below this wave number are held against the tolerance", { min: 2, stored: false }),
  "nyx_power:tolerance": float(0.01, "how far the ratio may be from 1", { min: 0, stored: false }),
};
/** Five float64 arrays of a volume at a time. */
const MOST_VALUES = 2 ** 27;

/**
 * The matter power spectrum of cosmologists, of the overdensity x / mean - 1 over the last three axes: a compressed
 * density is good where P(k) is within 1 % for k < 10 (Jin et al. 2020, section 4). Volumes are averaged.
 */
export const nyxPower: MetricKind<typeof OPTIONS> = {
  name: "nyx_power",
  summary: "matter power spectrum test of cosmology: P(k) within 1 % for k < 10",
  options: OPTIONS,
  results: {
    "nyx_power:passed": "1 if |ratio - 1| <= tolerance in all shells 1 <= k < k_max, else 0",
    "nyx_power:max_deviation": "largest |ratio - 1| in these shells",
    "nyx_power:original": "P(k) of the overdensity of x in shells k = 0, 1, ...",
    "nyx_power:ratio": "P(k) of y / P(k) of x",
  },
  keeps: "values",
  create({ fill, options }): Metric {
    let found: MetricResults = {};
    return {
      compare(original, decoded) {
        const shape = original.shape.slice(-3);
        const volume = elementCount(shape);
        if (volume > MOST_VALUES) {
          throw new TempressError("unsupported", `the power spectrum of ${formatShape(shape)} needs too much memory`, {
            where: "nyx_power",
            hint: "use spectrum, which takes planes, or a part of the volume",
          });
        }
        let [x, y] = [new Float64Array(0), new Float64Array(0)];
        const all = allCounted(original, decoded, fill);
        for (let base = 0, k = 0; base < original.data.length; base += volume) {
          // What does not count has the mean density.
          const [a, b] = [new Float64Array(volume), new Float64Array(volume)];
          const first = k;
          let [sumX, sumY] = [0, 0];
          for (; k < all.count && all.at[k]! < base + volume; k++) {
            sumX += all.x[k]!;
            sumY += all.y[k]!;
          }
          const [meanX, meanY] = [sumX / (k - first), sumY / (k - first)];
          for (let i = first; i < k; i++) {
            a[all.at[i]! - base] = all.x[i]! / meanX - 1;
            b[all.at[i]! - base] = all.y[i]! / meanY - 1;
          }
          const power = powerSpectra(a, b, shape);
          x = added(x, radialSum(power.x, shape));
          y = added(y, radialSum(power.y, shape));
        }
        const ratio = ratioOf(x, y);
        const deviation = deviationOf(ratio, 1, options["nyx_power:k_max"]);
        found = {
          "nyx_power:passed": deviation <= options["nyx_power:tolerance"] ? 1 : 0,
          "nyx_power:max_deviation": deviation,
          "nyx_power:original": { dtype: "float64", shape: [x.length], data: x },
          "nyx_power:ratio": { dtype: "float64", shape: [ratio.length], data: ratio },
        };
      },
      results: () => ({ ...found }),
    };
  },
};

function added(sums: Float64Array<ArrayBuffer>, part: Float64Array): Float64Array<ArrayBuffer> {
  const to = sums.length === 0 ? new Float64Array(part.length) : sums;
  return to.map((sum, k) => sum + part[k]!);
}
