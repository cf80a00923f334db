import { float } from "../compressor/schema.ts";
import type { Metric, MetricKind } from "./metric.ts";
import { eachPlane } from "./planes.ts";
import { deviationOf, powerSpectra, radialSum, ratioOf } from "./power-spectrum.ts";

const OPTIONS = {
  "spectrum:tolerance": float(0.01, "how far the ratio may be from 1 up to the resolved wave number", {
    min: 0,
    stored: false,
  }),
};

/** Of the last two axes, plane by plane, added up. Values that do not count become the mean of their plane. */
export const spectrum: MetricKind<typeof OPTIONS> = {
  name: "spectrum",
  summary: "radial power spectrum: which scales are kept",
  options: OPTIONS,
  results: {
    "spectrum:original": "power of x in rings k = 0, 1, ...: waves over the shorter axis of a plane",
    "spectrum:decompressed": "power of y in the same rings",
    "spectrum:error": "power of x - y in the same rings",
    "spectrum:ratio": "decompressed / original",
    "spectrum:max_deviation": "largest |ratio - 1| from ring 1 on",
    "spectrum:resolved": "largest k for which |ratio - 1| <= tolerance in all rings from 1 to k",
  },
  keeps: "sums",
  create({ fill, options }): Metric {
    const tolerance = options["spectrum:tolerance"];
    let sums: Float64Array[] | undefined;
    const watch = eachPlane(fill, ({ shape, x, y, whole }) => {
      if (!whole) for (const side of [x, y]) fillWithMean(side);
      const power = powerSpectra(x, y, shape);
      const rings = [power.x, power.y, power.error].map((part) => radialSum(part, shape));
      sums ??= rings.map(({ length }) => new Float64Array(length));
      for (const [s, part] of rings.entries()) for (let k = 0; k < part.length; k++) sums[s]![k]! += part[k]!;
    });
    return {
      ...watch,
      results() {
        if (!sums) return {};
        const [x, y, error] = sums as [Float64Array, Float64Array, Float64Array];
        const ratio = ratioOf(x, y);
        const list = (data: Float64Array) => ({ dtype: "float64", shape: [data.length], data }) as const;
        let resolved = 0;
        while (resolved + 1 < ratio.length && Math.abs(ratio[resolved + 1]! - 1) <= tolerance) resolved++;
        return {
          "spectrum:original": list(x),
          "spectrum:decompressed": list(y),
          "spectrum:error": list(error),
          "spectrum:ratio": list(ratio),
          "spectrum:max_deviation": deviationOf(ratio),
          "spectrum:resolved": resolved,
        };
      },
    };
  },
};

function fillWithMean(values: Float64Array): void {
  let [sum, n] = [0, 0];
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    sum += value;
    n++;
  }
  const mean = n === 0 ? 0 : sum / n;
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i]!)) values[i] = mean;
}
