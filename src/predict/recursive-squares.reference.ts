/**
 * Slow twin of kernels/predict/recursive-squares.ts: least squares over the values so far, the newest counting most.
 */
/** Added to the diagonal. */
const RIDGE = 0.001;
const LEAST_PIVOT = 1e-9;

export class RecursiveSquares {
  readonly #keep: number;
  readonly #every: number;
  /** Lower triangle of R, rows. */
  readonly #products: number[][];
  readonly #right: number[];
  #weights: number[];
  #since = 0;

  /** `keep`: what is left of old sums after a value. `every`: values between solutions. */
  constructor(taps: number, keep: number, every: number) {
    this.#keep = keep;
    this.#every = every;
    this.#products = Array.from({ length: taps }, (_, i) => new Array<number>(i + 1).fill(0));
    this.#right = new Array<number>(taps).fill(0);
    this.#weights = new Array<number>(taps).fill(0);
  }

  predict(differences: readonly number[]): number {
    return this.#weights.reduce((sum, weight, k) => sum + weight * differences[k]!, 0);
  }

  /** `error`: the value's own difference to the base. */
  learn(differences: readonly number[], error: number, share: number): void {
    this.#products.forEach((row, i) => {
      for (let j = 0; j <= i; j++) row[j] = row[j]! * this.#keep + share * differences[j]! * differences[i]!;
      this.#right[i] = this.#right[i]! * this.#keep + share * differences[i]! * error;
    });
    if (++this.#since < this.#every) return;
    this.#since = 0;
    this.#weights = this.#solution() ?? this.#weights;
  }

  /** Cholesky: R + RIDGE I = L L^T. Undefined where taps depend on each other. */
  #solution(): number[] | undefined {
    const L: number[][] = [];
    for (const [i, row] of this.#products.entries()) {
      L.push([]);
      for (let j = 0; j <= i; j++) {
        let sum = row[j]!;
        for (let k = 0; k < j; k++) sum -= L[i]![k]! * L[j]![k]!;
        if (j < i) L[i]![j] = sum / L[j]![j]!;
        else {
          sum += RIDGE;
          if (!(sum > LEAST_PIVOT)) return undefined;
          L[i]![j] = Math.sqrt(sum);
        }
      }
    }
    const y: number[] = [];
    this.#right.forEach((right, i) => {
      let sum = right;
      for (let k = 0; k < i; k++) sum -= L[i]![k]! * y[k]!;
      y.push(sum / L[i]![i]!);
    });
    const weights = y.slice();
    for (let i = y.length - 1; i >= 0; i--) {
      let sum = y[i]!;
      for (let k = y.length - 1; k > i; k--) sum -= L[k]![i]! * weights[k]!;
      weights[i] = sum / L[i]![i]!;
    }
    return weights;
  }
}
