/**
 * Fits a causal filter (kernels/predict/causal.ts) to a sample of indices by least squares in which each sample is
 * weighted by the size of residuals around it: bits grow with the logarithm of a residual relative to that size, since
 * contexts know it. Encoder only.
 *
 * A sample is 28 numbers (float32): differences of the 27 places to the index above, in the order of the filter's
 * weights without the index above itself, then the difference of the value to be predicted.
 */
export const SAMPLE: i32 = 28;
const SAMPLE_BYTES: usize = 112;
const TARGET: i32 = 27;
/** Places in the plane itself; nine more for each past plane. */
const OWN: i32 = 9;

/** `count` samples from an index of a row on; `past1`, `past2`: its place in the past planes, or 0. */
export function sampleRow(
  row: usize,
  past1: usize,
  past2: usize,
  stride: i32,
  count: i32,
  samples: usize,
): void {
  const bytes = <usize>stride << 2;
  const above = row - bytes;
  // Places of planes that are not there stay 0.
  memory.fill(samples, 0, <usize>count * SAMPLE_BYTES);
  column(row - 4, above, count, samples, 0);
  column(row - 8, above, count, samples, 1);
  column(above - 8, above, count, samples, 2);
  column(above - 4, above, count, samples, 3);
  column(above + 4, above, count, samples, 4);
  column(above + 8, above, count, samples, 5);
  for (let x: usize = 0; x < 3; x++) column(above - bytes - 4 + 4 * x, above, count, samples, 6 + <i32>x);
  for (let k: usize = 0; k < 9; k++) {
    const offset = (k / 3) * bytes - bytes + 4 * (k % 3) - 4;
    if (past1) column(past1 + offset, above, count, samples, OWN + <i32>k);
    if (past2) column(past2 + offset, above, count, samples, OWN + 9 + <i32>k);
  }
  column(row, above, count, samples, TARGET);
}

function column(place: usize, above: usize, count: i32, samples: usize, k: i32): void {
  let out = samples + (<usize>k << 2);
  for (let i: usize = 0, end = <usize>count << 2; i < end; i += 4) {
    store<f32>(out, <f32>(load<i32>(place + i) - load<i32>(above + i)));
    out += SAMPLE_BYTES;
  }
}

/** What is left of sample `v` after the filter. */
// @ts-ignore: decorator
@inline
function residual(v: usize, weights: usize): f64 {
  let sum = f64x2.splat(0);
  for (let k: usize = 0; k < 26; k += 2) {
    const pair = f64x2.promote_low_f32x4(v128.load64_zero(v + (k << 2)));
    sum = f64x2.add(sum, f64x2.mul(pair, v128.load(weights + (k << 3))));
  }
  const rest = load<f64>(weights, 208) * <f64>load<f32>(v, 104);
  return <f64>load<f32>(v, 108) - rest - f64x2.extract_lane(sum, 0) - f64x2.extract_lane(sum, 1);
}

/** Half of log2(1 + 4 e^2), summed over every `stride`th sample: about the bits that residuals e cost. */
export function filterCost(samples: usize, count: i32, stride: i32, weights: usize): f64 {
  let product: f64 = 1;
  let exponent: i64 = 0;
  for (let i = 0; i < count; i += stride) {
    const e = residual(samples + <usize>i * SAMPLE_BYTES, weights);
    product *= 1 + 4 * e * e;
    // Keeps the product a number: its exponent is taken out as it grows.
    if (product > 1e150) {
      const bits = reinterpret<i64>(product);
      exponent += (bits >> 52) - 1023;
      product = reinterpret<f64>((bits & 0xfffffffffffff) | (<i64>1023 << 52));
    }
  }
  const bits = reinterpret<i64>(product);
  const f = reinterpret<f64>((bits & 0xfffffffffffff) | (<i64>1023 << 52)) - 1;
  return 0.5 * (<f64>(exponent + (bits >> 52) - 1023) + f * (1.34 - 0.34 * f));
}

/**
 * Weighted sum of squared residuals (with those of rounding) over every `stride`th sample: half the logarithm of it
 * says what filters cost, where contexts know the size of residuals that the weights hold.
 */
export function weightedError(samples: usize, count: i32, stride: i32, filter: usize, weights: usize): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < count; i += stride) {
    const e = residual(samples + <usize>i * SAMPLE_BYTES, filter);
    sum += load<f64>(weights + (<usize>i << 3)) * (e * e + 1.0 / 12.0);
  }
  return sum;
}

/** Mean of |residual|, in lattice steps. */
export function meanResidual(samples: usize, count: i32, weights: usize): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < count; i++) sum += abs(residual(samples + <usize>i * SAMPLE_BYTES, weights));
  return sum / <f64>count;
}

/** Samples on either side that say what size a residual has. */
const AROUND: i32 = 3;

/**
 * Weights of samples, float64: 1 / (1/4 + s^2) with s the mean size of the residuals that `filter` leaves around
 * each. `sizes`: room for as many numbers and 6 more.
 */
export function weighSamples(samples: usize, count: i32, filter: usize, sizes: usize, weights: usize): void {
  const first = sizes + 8 * AROUND;
  for (let i = -AROUND; i < count + AROUND; i++) {
    const at = max(0, min(count - 1, i));
    store<f64>(first + (<usize>i << 3), abs(residual(samples + <usize>at * SAMPLE_BYTES, filter)));
  }
  for (let i = 0; i < count; i++) {
    let sum: f64 = 0;
    for (let k: usize = 0; k <= <usize>(2 * AROUND); k++) sum += load<f64>(sizes + ((<usize>i + k) << 3));
    const mean = sum / <f64>(2 * AROUND + 1);
    store<f64>(weights + (<usize>i << 3), 1 / (0.25 + mean * mean));
  }
}

/**
 * Weighted sums of products of the first `taps` places and the target: upper triangle, 28 float64 a row, then two rows
 * of scratch (28 * 30 in all).
 */
export function sumProducts(samples: usize, count: i32, weights: usize, taps: i32, sums: usize): void {
  memory.fill(sums, 0, <usize>(SAMPLE * SAMPLE * 8));
  const width = <usize>(SAMPLE * 8);
  const row = sums + <usize>SAMPLE * width;
  const end = <usize>taps << 3;
  // Two samples at once; the last of an odd number with one of weight 0.
  for (let i = 0; i < count; i += 2) {
    const v = samples + <usize>i * SAMPLE_BYTES;
    const both = i + 1 < count;
    const weight0 = load<f64>(weights + (<usize>i << 3));
    const weight1 = both ? load<f64>(weights + (<usize>i << 3), 8) : 0;
    const next = both ? v + SAMPLE_BYTES : v;
    for (let k: usize = 0; k < width; k += 16) {
      v128.store(row + k, f64x2.promote_low_f32x4(v128.load64_zero(v + (k >> 1))));
      v128.store(row + width + k, f64x2.promote_low_f32x4(v128.load64_zero(next + (k >> 1))));
    }
    for (let k: usize = 0; k < end; k += 8) {
      const scaled0 = f64x2.splat(weight0 * load<f64>(row + k));
      const scaled1 = f64x2.splat(weight1 * load<f64>(row + width + k));
      const into = sums + (k >> 3) * width;
      let l = k & ~15;
      while (l < width) {
        const sum = f64x2.add(f64x2.mul(scaled0, v128.load(row + l)), f64x2.mul(scaled1, v128.load(row + width + l)));
        v128.store(into + l, f64x2.add(v128.load(into + l), sum));
        // The last pair of a row holds the target.
        l = l + 16 < end ? l + 16 : l < width - 16 ? width - 16 : width;
      }
    }
  }
}

/**
 * Weights of the first `taps` places from `products` (of at least as many taps), by Cholesky with a small ridge; the
 * other places get 0. `sums`: room for 28 * 28 float64.
 */
export function solveFilter(products: usize, taps: i32, sums: usize, weights: usize): void {
  memory.copy(sums, products, <usize>(SAMPLE * SAMPLE * 8));
  const width = <usize>(SAMPLE * 8);
  let trace: f64 = 0;
  for (let i: usize = 0; i < <usize>taps; i++) trace += load<f64>(sums + i * width + (i << 3));
  const ridge = (1e-7 * trace) / taps + 1e-9;
  // Upper triangular factor, row by row.
  for (let i: usize = 0; i < <usize>taps; i++) {
    const row = sums + i * width;
    store<f64>(row + (i << 3), load<f64>(row + (i << 3)) + ridge);
    for (let k: usize = 0; k < i; k++) {
      const before = sums + k * width;
      const factor = load<f64>(before + (i << 3));
      for (let j: usize = i; j < <usize>taps; j++) {
        store<f64>(row + (j << 3), load<f64>(row + (j << 3)) - factor * load<f64>(before + (j << 3)));
      }
    }
    const pivot = sqrt(max<f64>(load<f64>(row + (i << 3)), 1e-300));
    for (let j: usize = i; j < <usize>taps; j++) store<f64>(row + (j << 3), load<f64>(row + (j << 3)) / pivot);
  }
  for (let i: usize = 0; i < <usize>taps; i++) {
    let sum = load<f64>(sums + i * width + <usize>(TARGET * 8));
    for (let k: usize = 0; k < i; k++) sum -= load<f64>(sums + k * width + (i << 3)) * load<f64>(weights + (k << 3));
    store<f64>(weights + (i << 3), sum / load<f64>(sums + i * width + (i << 3)));
  }
  for (let i = taps - 1; i >= 0; i--) {
    const row = sums + <usize>i * width;
    let sum = load<f64>(weights + (<usize>i << 3));
    for (let k = i + 1; k < taps; k++) sum -= load<f64>(row + (<usize>k << 3)) * load<f64>(weights + (<usize>k << 3));
    store<f64>(weights + (<usize>i << 3), sum / load<f64>(row + (<usize>i << 3)));
  }
  for (let k = taps; k < TARGET; k++) store<f64>(weights + (<usize>k << 3), 0);
}
