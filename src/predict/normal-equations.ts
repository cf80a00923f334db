/**
 * Least squares for one filter (encoder only). The kernel sums products of the original values; the filter will see
 * decoded ones, which carry quantisation noise of variance `noise` each. In differences to the base that noise is
 * shared (the base's) and own, so its expectation is added to the equations instead of coding a trial: the same as
 * ridge regression with a known weight.
 */
export interface Equations {
  /** Upper triangle, row-major; index 0 is the target, 1.. the differences of taps to the base. */
  readonly gram: Float64Array;
  /** Taps, base included. */
  readonly taps: number;
  /** Points summed. */
  readonly points: number;
}

const at = (gram: Float64Array, taps: number, a: number, b: number): number =>
  gram[Math.min(a, b) * taps + Math.max(a, b)]!;

/** Coefficients of taps 1.. (index 0 unused), or undefined when the equations do not determine them. */
export function solve({ gram, taps, points }: Equations, noise: number): Float64Array | undefined {
  const n = taps - 1;
  const lower = new Float64Array(n * n);
  const right = new Float64Array(n);
  const ridge = points * noise * 0.003;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) lower[i * n + j] = at(gram, taps, i + 1, j + 1) + points * noise;
    lower[i * n + i]! += points * noise + ridge + 1e-9 * at(gram, taps, i + 1, i + 1) + 1e-30;
    right[i] = gram[i + 1]! + points * noise;
  }
  // Cholesky, then two triangular solves.
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = lower[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= lower[i * n + k]! * lower[j * n + k]!;
      if (i !== j) lower[i * n + j] = sum / lower[j * n + j]!;
      else if (sum > 0) lower[i * n + i] = Math.sqrt(sum);
      else return undefined;
    }
  }
  const solution = new Float64Array(taps);
  for (let i = 0; i < n; i++) {
    let sum = right[i]!;
    for (let k = 0; k < i; k++) sum -= lower[i * n + k]! * solution[k + 1]!;
    solution[i + 1] = sum / lower[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = solution[i + 1]!;
    for (let k = i + 1; k < n; k++) sum -= lower[k * n + i]! * solution[k + 1]!;
    solution[i + 1] = sum / lower[i * n + i]!;
  }
  return solution.every(Number.isFinite) ? solution : undefined;
}

/** Mean squared prediction error on decoded values: of the originals, plus what the noise passes through the filter. */
export function meanSquare({ gram, taps, points }: Equations, coefficients: Float64Array, noise: number): number {
  let square = gram[0]!;
  let sum = 0;
  let own = 0;
  for (let a = 1; a < taps; a++) {
    const c = coefficients[a]!;
    if (c === 0) continue;
    square -= 2 * c * gram[a]!;
    for (let b = 1; b < taps; b++) square += c * coefficients[b]! * at(gram, taps, a, b);
    sum += c;
    own += c * c;
  }
  return Math.max(0, square) / points + noise * (own + (1 - sum) ** 2);
}

/** Bits of a value whose residual has this mean square, at quantiser step `step`: Gaussian at high rate, -> 0 at low. */
export function bitsOf(square: number, step: number): number {
  return 0.5 * Math.log2(1 + (12 * square) / (step * step));
}
