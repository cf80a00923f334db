/** Slow twin of kernels/transform/block-float.ts. `width` 32 is float32, 64 is float64. */

const rounded = (x: number, width: number) => (width === 32 ? Math.fround(x) : x);
export const biasOf = (width: number) => (width === 32 ? 127 : 1023);

/** e with 2^(e-1) <= largest |value| < 2^e; see the kernel for zeros, tiny values and infinities. */
export function blockExponent(block: readonly number[], width: number): number {
  let most = 0;
  for (const value of block) if (Math.abs(value) > most) most = Math.abs(value);
  if (most === 0) return -biasOf(width);
  if (most === Number.POSITIVE_INFINITY) return 0;
  let e = 1 - biasOf(width);
  while (e < 1024 && most >= 2 ** e) e++;
  return e;
}

export function toIntegers(block: readonly number[], width: number, exponent: number): bigint[] {
  const scale = rounded(2 ** (width - 2 - exponent), width);
  return block.map((value) => {
    const x = rounded(scale * value, width);
    return Math.abs(x) < 2 ** (width - 1) ? BigInt(Math.trunc(x)) : -(1n << BigInt(width - 1));
  });
}

export function toFloats(integers: readonly bigint[], width: number, exponent: number): number[] {
  const scale = rounded(2 ** (exponent + 2 - width), width);
  return integers.map((i) => rounded(scale * rounded(Number(i), width), width));
}

/** The IEEE patterns as signed integers. */
export function patterns(block: readonly number[], width: number): bigint[] {
  if (width === 64) return [...new BigInt64Array(Float64Array.from(block).buffer)];
  return Array.from(new Int32Array(Float32Array.from(block).buffer), BigInt);
}

/** Patterns to integers in the order of the values, or back. */
export function turnNegatives(integers: readonly bigint[], width: number): bigint[] {
  return integers.map((i) => (i < 0n ? i ^ ((1n << BigInt(width - 1)) - 1n) : i));
}
