/**
 * A filter that keeps learning while it codes (normalised least mean squares): it adds to the fitted prediction
 *
 *     correction = sum_k w_k * difference_k,      then  w += RATE * error * difference / (|difference|^2 + 4 step^2)
 *
 * over decoded values only, so that the decoder does the same. It is used where it has lately been the better of
 * the two. All in f64, in the order of k.
 *
 * State of one filter, f64[MAX_TAPS]: [0] mean squared error of the plain prediction, [1 .. taps-1] weights,
 * [63] mean squared error of the corrected one.
 */
const RATE: f64 = 0.008;
/** Share of the newest error in the two means. */
const MEMORY: f64 = 0.03;
const CORRECTED: usize = 63 * 8;
export const ADAPTIVE_BYTES: i32 = 64 * 8;

let correction: f64 = 0;
let power: f64 = 0;

/** What is added to the prediction of point j of the row. */
export function adapt<T>(state: usize, rows: usize, pitch: i32, count: i32, j: i32): f64 {
  const line = <usize>pitch * sizeof<T>();
  let at = rows + <usize>j * sizeof<T>();
  correction = 0;
  power = 0;
  for (let k = 1; k < count; k++) {
    at += line;
    const d = <f64>load<T>(at);
    correction += load<f64>(state + <usize>(k << 3)) * d;
    power += d * d;
  }
  return load<f64>(state, CORRECTED) < load<f64>(state) ? correction : 0;
}

/** `error`: decoded value minus plain prediction, of the point last given to `adapt`. */
export function learn<T>(state: usize, rows: usize, pitch: i32, count: i32, j: i32, error: f64, step: f64): void {
  const left = error - correction;
  const plain = load<f64>(state);
  const corrected = load<f64>(state, CORRECTED);
  store<f64>(state, plain + (error * error - plain) * MEMORY);
  store<f64>(state, corrected + (left * left - corrected) * MEMORY, CORRECTED);
  if (power == 0) return;
  const gain = (RATE * left) / (power + 4 * step * step);
  const line = <usize>pitch * sizeof<T>();
  let at = rows + <usize>j * sizeof<T>();
  for (let k = 1; k < count; k++) {
    at += line;
    const w = state + <usize>(k << 3);
    store<f64>(w, load<f64>(w) + gain * <f64>load<T>(at));
  }
}
