import type { Shape } from "../tensor/shape.ts";
import { forwardAll } from "./fft.ts";

/** |X|^2 of both sides and of their difference, in the shape of the data, frequency 0 first. */
export interface PowerPair {
  readonly shape: Shape;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly error: Float64Array;
}

/**
 * Power spectra of two real fields with any number of axes, by one complex transform of x + i y. Divided by the square
 * of the number of values, so that the power of all frequencies adds up to the mean square.
 */
export function powerSpectra(x: Float64Array, y: Float64Array, shape: Shape): PowerPair {
  const re = Float64Array.from(x);
  const im = Float64Array.from(y);
  forwardAll(re, im, shape);
  const n = re.length;
  const found = { shape, x: new Float64Array(n), y: new Float64Array(n), error: new Float64Array(n) };
  const scale = 1 / (4 * n * n);
  const index = shape.map(() => 0);
  for (let at = 0; at < n; at++) {
    // The place of the opposite frequency.
    let other = 0;
    for (let axis = 0; axis < shape.length; axis++) {
      const extent = shape[axis]!;
      other = other * extent + ((extent - index[axis]!) % extent);
    }
    const [a, b, c, d] = [re[at]!, im[at]!, re[other]!, im[other]!];
    const [xr, xi, yr, yi] = [a + c, b - d, b + d, c - a];
    found.x[at] = (xr * xr + xi * xi) * scale;
    found.y[at] = (yr * yr + yi * yi) * scale;
    found.error[at] = ((xr - yr) ** 2 + (xi - yi) ** 2) * scale;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]! += 1;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
  return found;
}

/**
 * Sum of the power in rings (shells) of equal width around frequency 0. Ring k holds wave numbers that round to k,
 * counted in waves over the shortest axis longer than 1; up to half its extent, beyond which corners are incomplete.
 */
export function radialSum(power: Float64Array, shape: Shape): Float64Array {
  const shortest = Math.min(...shape.filter((extent) => extent > 1));
  const rings = new Float64Array(Number.isFinite(shortest) ? Math.floor(shortest / 2) + 1 : 1);
  const squares = shape.map((extent) =>
    Float64Array.from({ length: extent }, (_, k) => ((Math.min(k, extent - k) / extent) * shortest) ** 2),
  );
  const index = shape.map(() => 0);
  for (let at = 0; at < power.length; at++) {
    let square = 0;
    for (let axis = 0; axis < shape.length; axis++) square += squares[axis]![index[axis]!]!;
    const ring = Math.round(Math.sqrt(square)) || 0;
    if (ring < rings.length) rings[ring]! += power[at]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]! += 1;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
  return rings;
}

/** y / x for each entry; 1 where both are 0. */
export function ratioOf(x: Float64Array, y: Float64Array): Float64Array {
  return x.map((power, k) => (power === 0 && y[k] === 0 ? 1 : y[k]! / power));
}

/** Largest |ratio - 1| of entries from `first` on, up to `end`. */
export function deviationOf(ratio: Float64Array, first = 1, end = ratio.length): number {
  let most = 0;
  for (let k = first; k < Math.min(end, ratio.length); k++) {
    const off = Math.abs(ratio[k]! - 1);
    // NaN must not go unseen.
    if (!(off <= most)) most = off;
  }
  return most;
}
