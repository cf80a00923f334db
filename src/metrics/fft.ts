/**
 * Discrete Fourier transform of any length: radix 2 (Cooley and Tukey 1965), and for other lengths a convolution with
 * a chirp (Bluestein 1970). For analysis only: it uses Math.sin, which may differ by a bit between machines.
 */
export class Fft {
  readonly length: number;
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;
  readonly #chirp: { readonly inner: Fft; readonly re: Float64Array; readonly im: Float64Array } | undefined;
  readonly #work: { readonly re: Float64Array; readonly im: Float64Array } | undefined;

  constructor(length: number) {
    this.length = length;
    const power = 2 ** Math.ceil(Math.log2(Math.max(1, length)));
    if (power === length) {
      this.#cos = Float64Array.from({ length: length / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / length));
      this.#sin = Float64Array.from({ length: length / 2 }, (_, k) => -Math.sin((2 * Math.PI * k) / length));
      return;
    }
    // exp(-i pi k^2 / n); k^2 modulo 2 n keeps the angle's digits.
    const angle = (k: number) => (Math.PI * ((k * k) % (2 * length))) / length;
    this.#cos = Float64Array.from({ length }, (_, k) => Math.cos(angle(k)));
    this.#sin = Float64Array.from({ length }, (_, k) => -Math.sin(angle(k)));
    const inner = new Fft(2 ** Math.ceil(Math.log2(2 * length - 1)));
    const re = new Float64Array(inner.length);
    const im = new Float64Array(inner.length);
    for (let k = 0; k < length; k++) {
      const places = k === 0 ? [0] : [k, inner.length - k];
      for (const at of places) {
        re[at] = this.#cos[k]!;
        im[at] = -this.#sin[k]!;
      }
    }
    inner.forward(re, im);
    this.#chirp = { inner, re, im };
    this.#work = { re: new Float64Array(inner.length), im: new Float64Array(inner.length) };
  }

  /** In place, without scaling: X[k] = sum of x[n] exp(-2 pi i k n / length). */
  forward(re: Float64Array, im: Float64Array): void {
    if (this.#chirp) this.#bluestein(re, im);
    else this.#radix2(re, im);
  }

  #radix2(re: Float64Array, im: Float64Array): void {
    const n = this.length;
    for (let i = 1, j = 0; i < n; i++) {
      let bit = n >> 1;
      for (; j & bit; bit >>= 1) j ^= bit;
      j ^= bit;
      if (i >= j) continue;
      [re[i], re[j]] = [re[j]!, re[i]!];
      [im[i], im[j]] = [im[j]!, im[i]!];
    }
    for (let half = 1; half < n; half *= 2) {
      const step = n / (2 * half);
      for (let start = 0; start < n; start += 2 * half) {
        for (let k = 0; k < half; k++) {
          const [c, s] = [this.#cos[k * step]!, this.#sin[k * step]!];
          const a = start + k;
          const b = a + half;
          const [x, y] = [re[b]! * c - im[b]! * s, re[b]! * s + im[b]! * c];
          re[b] = re[a]! - x;
          im[b] = im[a]! - y;
          re[a]! += x;
          im[a]! += y;
        }
      }
    }
  }

  #bluestein(re: Float64Array, im: Float64Array): void {
    const { inner, re: cr, im: ci } = this.#chirp!;
    const { re: a, im: b } = this.#work!;
    a.fill(0);
    b.fill(0);
    for (let k = 0; k < this.length; k++) {
      const [c, s] = [this.#cos[k]!, this.#sin[k]!];
      a[k] = re[k]! * c - im[k]! * s;
      b[k] = re[k]! * s + im[k]! * c;
    }
    inner.forward(a, b);
    for (let k = 0; k < inner.length; k++) {
      const [x, y] = [a[k]!, b[k]!];
      // Conjugated, so that a second forward transform is the inverse one.
      a[k] = x * cr[k]! - y * ci[k]!;
      b[k] = -(x * ci[k]! + y * cr[k]!);
    }
    inner.forward(a, b);
    for (let k = 0; k < this.length; k++) {
      const [x, y] = [a[k]! / inner.length, -b[k]! / inner.length];
      const [c, s] = [this.#cos[k]!, this.#sin[k]!];
      re[k] = x * c - y * s;
      im[k] = x * s + y * c;
    }
  }
}

/** Transforms along every axis in turn, in place. */
export function forwardAll(re: Float64Array, im: Float64Array, shape: readonly number[]): void {
  let step = 1;
  for (const extent of shape.toReversed()) {
    const fft = new Fft(extent);
    if (step === 1) {
      for (let at = 0; at < re.length; at += extent)
        fft.forward(re.subarray(at, at + extent), im.subarray(at, at + extent));
    } else alongColumns(fft, re, im, step);
    step *= extent;
  }
}

function alongColumns(fft: Fft, re: Float64Array, im: Float64Array, step: number): void {
  const { length } = fft;
  const a = new Float64Array(length);
  const b = new Float64Array(length);
  for (let block = 0; block < re.length; block += length * step) {
    for (let column = block; column < block + step; column++) {
      for (let k = 0, at = column; k < length; k++, at += step) {
        a[k] = re[at]!;
        b[k] = im[at]!;
      }
      fft.forward(a, b);
      for (let k = 0, at = column; k < length; k++, at += step) {
        re[at] = a[k]!;
        im[at] = b[k]!;
      }
    }
  }
}
