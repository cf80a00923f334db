/**
 * Two-dimensional Fourier transform of a square grid, in binary64 with + - * / and square root only: the same bits on
 * every machine, which Math.sin does not promise.
 */
export class Fourier {
  readonly size: number;
  /** exp(-2 pi i k / size) */
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;
  readonly #order: Uint32Array;
  readonly #re: Float64Array;
  readonly #im: Float64Array;

  constructor(size: number) {
    if (size < 2 || (size & (size - 1)) !== 0) throw new Error("the size of a transform is a power of two");
    this.size = size;
    [this.#cos, this.#sin] = roots(size);
    const bits = Math.round(Math.log2(size));
    this.#order = Uint32Array.from({ length: size }, (_, i) => {
      let turned = 0;
      for (let b = 0; b < bits; b++) turned |= ((i >> b) & 1) << (bits - 1 - b);
      return turned;
    });
    this.#re = new Float64Array(size);
    this.#im = new Float64Array(size);
  }

  /** In place; `inverse` divides by the number of values. */
  transform(re: Float64Array, im: Float64Array, inverse: boolean): void {
    const n = this.size;
    for (let row = 0; row < n; row++) this.#line(re, im, row * n, 1, inverse);
    for (let column = 0; column < n; column++) this.#line(re, im, column, n, inverse);
    if (!inverse) return;
    const by = 1 / (n * n);
    for (let i = 0; i < re.length; i++) {
      re[i]! *= by;
      im[i]! *= by;
    }
  }

  #line(re: Float64Array, im: Float64Array, first: number, stride: number, inverse: boolean): void {
    const n = this.size;
    const [a, b] = [this.#re, this.#im];
    for (let i = 0; i < n; i++) {
      const from = first + this.#order[i]! * stride;
      a[i] = re[from]!;
      b[i] = im[from]!;
    }
    for (let half = 1; half < n; half *= 2) {
      const turn = n / (2 * half);
      for (let k = 0; k < half; k++) {
        const c = this.#cos[k * turn]!;
        const s = inverse ? -this.#sin[k * turn]! : this.#sin[k * turn]!;
        for (let i = k; i < n; i += 2 * half) {
          const j = i + half;
          const x = a[j]! * c - b[j]! * s;
          const y = a[j]! * s + b[j]! * c;
          a[j] = a[i]! - x;
          b[j] = b[i]! - y;
          a[i]! += x;
          b[i]! += y;
        }
      }
    }
    for (let i = 0; i < n; i++) {
      re[first + i * stride] = a[i]!;
      im[first + i * stride] = b[i]!;
    }
  }
}

/** The unit roots, by halving angles and multiplying. */
function roots(size: number): [Float64Array, Float64Array] {
  const [cos, sin] = [new Float64Array(size), new Float64Array(size)];
  cos[0] = 1;
  let [c, s] = [-1, 0]; // half a turn
  for (let step = size / 2; step >= 1; step /= 2) {
    // All multiples of 2 * step are known: those between are one step further.
    for (let k = step; k < size; k += 2 * step) {
      cos[k] = cos[k - step]! * c - sin[k - step]! * s;
      sin[k] = cos[k - step]! * s + sin[k - step]! * c;
    }
    const halved = Math.sqrt((1 + c) / 2);
    s = halved === 0 ? -1 : s / (2 * halved);
    c = halved;
  }
  return [cos, sin];
}
