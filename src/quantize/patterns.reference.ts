/**
 * Slow twin of the lossless points in kernels/codecs/levels.ts: the bits of a float as an integer in the order of the
 * numbers, so that near numbers have near integers, and the next float is one further.
 */

/** -0 and NaN count as 0: neither is coded, and a prediction may be anything. */
export function orderedPattern(x: number, wide: boolean): bigint {
  if (Number.isNaN(x)) return 0n;
  const view = new DataView(new ArrayBuffer(8));
  if (wide) view.setFloat64(0, Math.abs(x));
  else view.setFloat32(4, Math.abs(x));
  const size = view.getBigInt64(0);
  return x < 0 ? -size : size;
}

/** The way back. Only the type's own bits count: a damaged difference may lead beyond them. */
export function fromOrderedPattern(n: bigint, wide: boolean): number {
  const bits = wide ? 64 : 32;
  const sign = n < 0n ? 1n << BigInt(bits - 1) : 0n;
  const pattern = BigInt.asUintN(bits, n < 0n ? -n : n) | sign;
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, pattern);
  return wide ? view.getFloat64(0) : view.getFloat32(4);
}

/** `to` less `from`, as a signed 64-bit number. */
export function patternDifference(to: number, from: number, wide: boolean): bigint {
  return BigInt.asIntN(64, orderedPattern(to, wide) - orderedPattern(from, wide));
}

export function patternAfter(from: number, difference: bigint, wide: boolean): number {
  return fromOrderedPattern(BigInt.asIntN(64, orderedPattern(from, wide) + difference), wide);
}
