import type { Shape } from "../tensor/shape.ts";

/** Of Gaussian weights; windows are 11 x 11 (Wang et al. 2004, section III C). */
const SIGMA = 1.5;
const REACH = 5;
const WEIGHTS = Float64Array.from({ length: 2 * REACH + 1 }, (_, k) =>
  Math.exp(-((k - REACH) ** 2) / (2 * SIGMA ** 2)),
);

/** Sums with Gaussian weights around each place. NaN and what lies outside has no weight. */
function blurred(values: Float64Array, [height, width]: readonly [number, number]): Float64Array {
  const rows = new Float64Array(values.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      const first = Math.max(-REACH, -x);
      const last = Math.min(REACH, width - 1 - x);
      for (let k = first; k <= last; k++) sum += WEIGHTS[k + REACH]! * values[y * width + x + k]!;
      rows[y * width + x] = sum;
    }
  }
  const out = new Float64Array(values.length);
  for (let y = 0; y < height; y++) {
    for (let k = Math.max(-REACH, -y); k <= Math.min(REACH, height - 1 - y); k++) {
      const weight = WEIGHTS[k + REACH]!;
      const from = (y + k) * width;
      for (let x = 0; x < width; x++) out[y * width + x]! += weight * rows[from + x]!;
    }
  }
  return out;
}

/**
 * Local similarity at every place of a plane: luminance, contrast and structure in one, over Gaussian windows.
 * NaN where x is NaN. Constants are c1 and c2 of the formula.
 */
export function ssimMap(
  x: Float64Array,
  y: Float64Array,
  shape: readonly [number, number],
  c1: number,
  c2: number,
): Float64Array {
  const there = x.map((value, i) => (Number.isNaN(value) || Number.isNaN(y[i]!) ? 0 : 1));
  const of = (value: (i: number) => number) =>
    blurred(
      there.map((is, i) => (is === 0 ? 0 : value(i))),
      shape,
    );
  const weight = blurred(there, shape);
  const [sx, sy] = [of((i) => x[i]!), of((i) => y[i]!)];
  const [xx, yy, xy] = [of((i) => x[i]! ** 2), of((i) => y[i]! ** 2), of((i) => x[i]! * y[i]!)];
  return weight.map((w, i) => {
    if (there[i] === 0) return Number.NaN;
    const [mx, my] = [sx[i]! / w, sy[i]! / w];
    const [vx, vy, cov] = [xx[i]! / w - mx * mx, yy[i]! / w - my * my, xy[i]! / w - mx * my];
    return ((2 * mx * my + c1) * (2 * cov + c2)) / ((mx * mx + my * my + c1) * (vx + vy + c2));
  });
}

/** Mean of a map without the places whose window reaches beyond the plane; of all where none is inside. */
export function meanInside(map: Float64Array, shape: Shape): number {
  const [height, width] = shape as readonly [number, number];
  const inside = height > 2 * REACH && width > 2 * REACH;
  const margin = inside ? REACH : 0;
  let [sum, n] = [0, 0];
  for (let y = margin; y < height - margin; y++) {
    for (let x = margin; x < width - margin; x++) {
      const value = map[y * width + x]!;
      if (Number.isNaN(value)) continue;
      sum += value;
      n++;
    }
  }
  return n === 0 ? Number.NaN : sum / n;
}
