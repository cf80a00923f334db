/** Slow twin of kernels/predict/adaptive.ts: a filter that keeps learning while it codes. All in float64. */
import type { Surroundings } from "./levels.reference.ts";

const RATE = 0.008;
/** Share of the newest error in the running means. */
const MEMORY = 0.03;

export class Learner {
  /** Of each tap; index 0, the base, has none. */
  readonly #weights: number[] = [];
  /** Running mean squared errors of the prediction as it is, and with the correction. */
  #plain = 0;
  #corrected = 0;
  #correction = 0;
  #power = 0;

  /** What is added to the prediction of a point: nothing while the plain prediction is the better one. */
  adapt({ differences }: Surroundings): number {
    this.#correction = 0;
    this.#power = 0;
    for (let k = 1; k < differences.length; k++) {
      const d = differences[k]!;
      this.#correction += (this.#weights[k] ?? 0) * d;
      this.#power += d * d;
    }
    return this.#corrected < this.#plain ? this.#correction : 0;
  }

  /** `error`: decoded value minus plain prediction, of the point last given to `adapt`. */
  learn({ differences }: Surroundings, error: number, step: number): void {
    const left = error - this.#correction;
    this.#plain += (error * error - this.#plain) * MEMORY;
    this.#corrected += (left * left - this.#corrected) * MEMORY;
    if (this.#power === 0) return;
    const gain = (RATE * left) / (this.#power + 4 * step * step);
    for (let k = 1; k < differences.length; k++) this.#weights[k] = (this.#weights[k] ?? 0) + gain * differences[k]!;
  }
}
