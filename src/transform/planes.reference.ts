/** Slow twin of kernels/transform/planes.ts: bit by bit, as the format's description says it. */
import type { BitReader, BitWriter } from "./bits.reference.ts";

/** One walk for both ways: `code` writes the bit it is given, or reads one and ignores what it is given. */
function walk(
  size: number,
  width: number,
  precision: number,
  budget: number,
  plane: (k: number) => { bit(i: number): number; set(i: number): void },
  code: (bit: number) => number,
): number {
  let n = 0;
  let bits = budget;
  for (let k = width - 1; k >= Math.max(0, width - precision) && bits > 0; k--) {
    const { bit, set } = plane(k);
    const known = Math.min(n, bits);
    for (let i = 0; i < known; i++) if (code(bit(i))) set(i);
    bits -= known;
    while (bits > 0 && n < size) {
      let more = 0;
      for (let i = n; i < size; i++) more |= bit(i);
      bits--;
      if (!code(more)) break;
      while (bits > 0 && n < size - 1) {
        bits--;
        if (code(bit(n))) break;
        n++;
      }
      set(n);
      n++;
    }
  }
  return bits;
}

/** Gives the bits of the budget that are left. */
export function encodePlanes(
  out: BitWriter,
  values: readonly bigint[],
  width: number,
  precision: number,
  budget: number,
): number {
  const plane = (k: number) => ({
    bit: (i: number) => Number((values[i]! >> BigInt(k)) & 1n),
    set: () => undefined,
  });
  return walk(values.length, width, precision, budget, plane, (bit) => {
    out.put(BigInt(bit), 1);
    return bit;
  });
}

/** Values of `size` unsigned integers; what was not written is 0. */
export function decodePlanes(
  bits: BitReader,
  size: number,
  width: number,
  precision: number,
  budget: number,
): { values: bigint[]; left: number } {
  const values = new Array<bigint>(size).fill(0n);
  const plane = (k: number) => ({
    bit: () => 0,
    set: (i: number) => {
      values[i]! |= 1n << BigInt(k);
    },
  });
  const left = walk(size, width, precision, budget, plane, () => Number(bits.take(1)));
  return { values, left };
}
