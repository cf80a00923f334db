/**
 * Slow twin of kernels/entropy/log-odds.ts: the logistic function 1 / (1 + e^-x) and the natural logarithm, from tables
 * that are made by + - * / alone.
 */
const CELLS = 64;
const MOST = 32;
const MANTISSAS = 128;
const LN2 = Math.LN2;

/** At x = -32, -32 + 1/64, ..., 32, and the last one again. */
const LOGISTICS = logisticTable();
/** c = 1 + (i + 1/2) / 128: 1 / c and ln c. */
const LOGARITHMS = Array.from({ length: MANTISSAS }, (_, i) => {
  const c = 1 + (i + 0.5) / MANTISSAS;
  return { inverse: 1 / c, logarithm: nearOne(c) };
});

function logisticTable(): number[] {
  const half = MOST * CELLS;
  const table: number[] = [];
  // e^(1/64) in float64; its powers by repeated multiplication.
  const base = 1.0157477085866857;
  let power = 1;
  for (let i = 0; i <= half; i++) {
    table[half + i] = power / (1 + power);
    table[half - i] = 1 / (1 + power);
    power *= base;
  }
  return [...table, table[2 * half]!];
}

/** ln c = 2 (z + z^3 / 3 + ... + z^21 / 21), z = (c - 1) / (c + 1). */
function nearOne(c: number): number {
  const z = (c - 1) / (c + 1);
  let sum = 0;
  let term = z;
  for (let k = 1; k <= 21; k += 2) {
    sum += term / k;
    term *= z * z;
  }
  return 2 * sum;
}

export function logistic(x: number): number {
  const t = (Math.max(-MOST, Math.min(MOST, x)) + MOST) * CELLS;
  const i = Math.trunc(t);
  const low = LOGISTICS[i]!;
  return low + (LOGISTICS[i + 1]! - low) * (t - i);
}

/** Of a positive normal number. */
export function logarithm(x: number): number {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, x);
  const head = bits.getUint32(0);
  const exponent = (head >>> 20) - 1023;
  const { inverse, logarithm: near } = LOGARITHMS[(head >>> 13) & 127]!;
  bits.setUint32(0, (head & 0xfffff) | 0x3ff00000);
  const r = bits.getFloat64(0) * inverse - 1;
  return exponent * LN2 + near + (r - 0.5 * r * r);
}
