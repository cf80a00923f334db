/** Twin of kernels/entropy/huffman.ts: bit by bit. */
import type { HuffmanCode, HuffmanTree } from "./huffman.ts";

export function countPlainly(symbols: readonly number[], limit: number): Uint32Array {
  const counts = new Uint32Array(limit);
  for (const symbol of symbols) counts[symbol]!++;
  return counts;
}

export function writePlainly(symbols: readonly number[], { table }: HuffmanCode): Uint8Array {
  const bits: number[] = [];
  for (const symbol of symbols) {
    const [low, high, length] = table.subarray(4 * symbol, 4 * symbol + 3) as unknown as [number, number, number];
    for (let bit = length - 1; bit >= 0; bit--) bits.push(bit < 32 ? (low >>> bit) & 1 : (high >>> (bit - 32)) & 1);
  }
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  bits.forEach((bit, i) => {
    bytes[i >> 3]! |= bit << (7 - (i & 7));
  });
  return bytes;
}

/** Undefined when the code ends before its symbols. */
export function readPlainly(code: Uint8Array, { nodes }: HuffmanTree, count: number): number[] | undefined {
  const symbols: number[] = [];
  let at = 0;
  while (symbols.length < count) {
    let node = 0;
    while (nodes[2 * node]! >= 0) {
      if (at >= 8 * code.length) return undefined;
      node = nodes[2 * node + ((code[at >> 3]! >> (7 - (at & 7))) & 1)]!;
      at++;
    }
    symbols.push(nodes[2 * node + 1]!);
  }
  return symbols;
}
