import { forwardAll } from "./fft.ts";

/** Sums of products of errors at each distance (dy, dx) of a plane, and how many pairs there were. */
export interface LagSums {
  /** (2 lags + 1)^2, distance (-lags, -lags) first. */
  readonly products: Float64Array;
  readonly pairs: Float64Array;
}

/**
 * Correlation of errors of one plane with themselves at a distance, by way of two Fourier transforms. Errors that are
 * NaN do not count.
 * @param mean what is taken off all errors
 */
export function lagSums(errors: Float64Array, shape: readonly [number, number], lags: number, mean = 0): LagSums {
  const [height, width] = shape;
  // Zeros beside the plane keep its ends apart.
  const wide = [padded(height, lags), padded(width, lags)] as const;
  const n = wide[0] * wide[1];
  const [re, im] = [new Float64Array(n), new Float64Array(n)];
  // Errors of the size of their presence, so that neither drowns the other.
  const most = largest(errors, mean);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const error = errors[y * width + x]! - mean;
      if (Number.isNaN(error)) continue;
      // Two correlations at once: of the errors and of their presence, one in each part.
      re[y * wide[1] + x] = most === 0 ? 0 : error / most;
      im[y * wide[1] + x] = 1;
    }
  }
  forwardAll(re, im, wide);
  const [a, b] = [new Float64Array(n), new Float64Array(n)];
  for (let y = 0; y < wide[0]; y++) {
    for (let x = 0; x < wide[1]; x++) {
      const at = y * wide[1] + x;
      const other = ((wide[0] - y) % wide[0]) * wide[1] + ((wide[1] - x) % wide[1]);
      const [p, q, r, s] = [re[at]!, im[at]!, re[other]!, im[other]!];
      // Powers of both parts; they are even, so their transforms are real and stay apart.
      a[at] = ((p + r) ** 2 + (q - s) ** 2) / 4;
      b[at] = ((q + s) ** 2 + (r - p) ** 2) / 4;
    }
  }
  forwardAll(a, b, wide);
  const side = 2 * lags + 1;
  const [products, pairs] = [new Float64Array(side * side), new Float64Array(side * side)];
  for (let dy = -lags; dy <= lags; dy++) {
    for (let dx = -lags; dx <= lags; dx++) {
      const from = ((dy + wide[0]) % wide[0]) * wide[1] + ((dx + wide[1]) % wide[1]);
      const to = (dy + lags) * side + dx + lags;
      products[to] = most === 0 ? 0 : (a[from]! / n) * most * most;
      pairs[to] = Math.max(0, Math.round(b[from]! / n));
    }
  }
  return { products, pairs };
}

function largest(errors: Float64Array, mean: number): number {
  let most = 0;
  for (const error of errors) most = Math.max(most, Math.abs(error - mean) || 0);
  return most;
}

/** A power of two, which transforms fastest. */
function padded(extent: number, lags: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(extent + lags, 2 * lags + 1)));
}

/** Mean product at each distance divided by that at distance 0; 0 where there are no pairs or no errors. */
export function correlationMap({ products, pairs }: LagSums): Float64Array {
  const middle = (products.length - 1) / 2;
  const variance = products[middle]! / pairs[middle]!;
  return products.map((sum, k) => (pairs[k] === 0 || !(variance > 0) ? 0 : sum / pairs[k]! / variance));
}
