/**
 * Least squares that forgets: weights that would have predicted the values decoded so far best, the newest counting
 * most. With d a value's differences to its base and e its own,
 *
 *     R = keep R + share d d^T,      r = keep r + share e d,      every few values solve (R + RIDGE I) w = r
 *
 * by Cholesky's method. Only decoded values enter, so the decoder has the same weights. All in f64; sums over values and
 * over k run in order, so lanes and blocking change nothing.
 *
 * State: f64 R[34][34] (upper triangle), r[34], w[34], then the values since the last solution.
 *
 * Twin: src/predict/recursive-squares.reference.ts.
 */
export const MOST_TAPS: i32 = 34;
const LINE: usize = 8 * 34;
const RIGHT: usize = 34 * LINE;
const WEIGHTS: usize = RIGHT + LINE;
const SINCE: usize = WEIGHTS + LINE;
export const SQUARES_BYTES: i32 = (34 * 34 + 2 * 34 + 1) * 8;

/** Added to the diagonal: index steps squared. */
const RIDGE: f64 = 0.001;
/** A smaller pivot says that the taps depend on each other: the old weights stay. */
const LEAST_PIVOT: f64 = 1e-9;

/** The prediction's difference to the base. `differences`: f64[taps]. */
// @ts-ignore: decorator
@inline
export function squaresPredict(state: usize, differences: usize, taps: i32): f64 {
  let sum: f64 = 0;
  for (let k = 0; k < taps; k++) {
    sum += load<f64>(state + WEIGHTS + <usize>(k << 3)) * load<f64>(differences + <usize>(k << 3));
  }
  return sum;
}

/** `scratch`: (34 + 1) * 34 numbers. The numbers behind `differences` up to an even count must be zero. */
export function squaresLearn(state: usize, differences: usize, taps: i32, error: f64, keep: f64, share: f64, every: i32, scratch: usize): void {
  const keeps = f64x2.splat(keep);
  for (let i = 0; i < taps; i++) {
    const part = share * load<f64>(differences + <usize>(i << 3));
    const parts = f64x2.splat(part);
    const line = state + <usize>i * LINE;
    // From an even place on: what lies left of the triangle is never read.
    for (let j = i & ~1; j < taps; j += 2) {
      const at = line + <usize>(j << 3);
      v128.store(at, f64x2.add(f64x2.mul(v128.load(at), keeps), f64x2.mul(parts, v128.load(differences + <usize>(j << 3)))));
    }
    const right = state + RIGHT + <usize>(i << 3);
    store<f64>(right, load<f64>(right) * keep + part * error);
  }
  const since = load<i32>(state + SINCE) + 1;
  if (since < every) {
    store<i32>(state + SINCE, since);
    return;
  }
  store<i32>(state + SINCE, 0);
  solve(state, taps, scratch);
}

/** to[j] -= factor * from[j] for j from an even place on. */
// @ts-ignore: decorator
@inline
function subtract(to: usize, from: usize, factor: f64, first: i32, taps: i32): void {
  const factors = f64x2.splat(factor);
  for (let j = first & ~1; j < taps; j += 2) {
    const at = to + <usize>(j << 3);
    v128.store(at, f64x2.sub(v128.load(at), f64x2.mul(factors, v128.load(from + <usize>(j << 3)))));
  }
}

/** U^T U = R + RIDGE I, row by row; y, which becomes the solution, goes along as one more column. */
function solve(state: usize, taps: i32, scratch: usize): void {
  const y = scratch + 34 * LINE;
  memory.copy(scratch, state, RIGHT + LINE);
  for (let k = 0; k < taps; k++) {
    const line = scratch + <usize>k * LINE;
    const pivot = load<f64>(line + <usize>(k << 3)) + RIDGE;
    if (!(pivot > LEAST_PIVOT)) return;
    const root = sqrt(pivot);
    const roots = f64x2.splat(root);
    for (let j = (k + 1) & ~1; j < taps; j += 2) {
      const at = line + <usize>(j << 3);
      v128.store(at, f64x2.div(v128.load(at), roots));
    }
    store<f64>(line + <usize>(k << 3), root);
    const known = load<f64>(y + <usize>(k << 3)) / root;
    subtract(y, line, known, k + 1, taps);
    store<f64>(y + <usize>(k << 3), known);
    for (let i = k + 1; i < taps; i++) {
      subtract(scratch + <usize>i * LINE, line, load<f64>(line + <usize>(i << 3)), i, taps);
    }
  }
  for (let k = taps - 1; k >= 0; k--) {
    const weight = load<f64>(y + <usize>(k << 3)) / load<f64>(scratch + <usize>k * LINE + <usize>(k << 3));
    store<f64>(state + WEIGHTS + <usize>(k << 3), weight);
    for (let i = 0; i < k; i++) {
      const at = y + <usize>(i << 3);
      store<f64>(at, load<f64>(at) - load<f64>(scratch + <usize>i * LINE + <usize>(k << 3)) * weight);
    }
  }
}
