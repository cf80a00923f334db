/**
 * e^y, the same on every machine: only + - * / of doubles in a fixed order, where `Math.exp` may differ in the last
 * digit from engine to engine. Good to about 1e-15 of the result.
 */
const { LOG2E } = Math;
/** ln 2 in two parts: the first has so few digits that its multiples are exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

const word = new DataView(new ArrayBuffer(8));

/** 2^k for whole k of -1022 to 1023. */
function powerOfTwo(k: number): number {
  word.setUint32(4, 0, true);
  word.setUint16(6, (k + 1023) << 4, true);
  word.setUint32(0, 0, true);
  return word.getFloat64(0, true);
}

export function exponential(y: number): number {
  if (!(y > -745)) return 0;
  if (y > 709.78) return Number.POSITIVE_INFINITY;
  const k = Math.floor(y * LOG2E + 0.5);
  const r = y - k * LN2_HIGH - k * LN2_LOW;
  let series = 1;
  for (let n = 14; n >= 1; n--) series = 1 + (series * r) / n;
  const half = Math.floor(k / 2);
  return series * powerOfTwo(half) * powerOfTwo(k - half);
}
