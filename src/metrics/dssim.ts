import type { Metric, MetricKind } from "./metric.ts";
import { eachPlane } from "./planes.ts";
import { meanInside, ssimMap } from "./ssim-map.ts";

/** Steps that values of 0 to 1 are rounded to, and both constants (Baker et al. 2022, section 3). */
const STEPS = 255;
const C = 1e-8;

/**
 * The data SSIM of climate research (Baker et al. 2022): both fields together scaled to 0 to 1, rounded to 256 steps,
 * compared in Gaussian windows of 11 x 11 in the last two axes. Windows that reach beyond the field do not count.
 */
export const dssim: MetricKind = {
  name: "dssim",
  summary: "data SSIM of climate research, plane by plane",
  options: {},
  results: {
    "dssim:dssim": "mean over all planes; Baker et al. ask for 0.99995 at least",
    "dssim:min": "that of the worst plane",
    "dssim:min_plane": "number of that plane",
  },
  keeps: "sums",
  create({ fill }): Metric {
    let [sum, n, least, where] = [0, 0, Infinity, 0];
    const watch = eachPlane(fill, ({ number, shape, x, y }) => {
      const value = ofPlane(x, y, shape);
      if (Number.isNaN(value)) return;
      sum += value;
      n++;
      if (value < least) [least, where] = [value, number];
    });
    return {
      ...watch,
      results: (): Record<string, number> =>
        n === 0 ? {} : { "dssim:dssim": sum / n, "dssim:min": least, "dssim:min_plane": where },
    };
  },
};

function ofPlane(x: Float64Array, y: Float64Array, shape: readonly [number, number]): number {
  let [least, most] = [Infinity, -Infinity];
  for (const side of [x, y]) {
    for (const value of side) {
      if (value < least) least = value;
      if (value > most) most = value;
    }
  }
  const range = most - least;
  // Fields of one value, equal on both sides.
  if (range === 0) return 1;
  const scaled = (side: Float64Array) => side.map((value) => Math.round(((value - least) / range) * STEPS) / STEPS);
  return meanInside(ssimMap(scaled(x), scaled(y), shape, C, C), shape);
}
