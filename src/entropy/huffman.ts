/**
 * Huffman code over whole numbers. The tree is built here; the loops over symbols are in kernels/entropy/huffman.ts.
 */

/** Bits that the decoder looks up at once. */
export const QUICK_BITS = 11;

/** A tree in preorder: node 0 is the root, a left child follows its parent. */
export interface HuffmanTree {
  /** Two words a node: both children, or -1 and the symbol of a leaf. */
  readonly nodes: Int32Array;
  readonly nodeCount: number;
}

/** A tree and, for each symbol from 0 on, four words: code low and high, length in bits, 0. */
export interface HuffmanCode extends HuffmanTree {
  readonly table: Uint32Array;
  /** Of all symbols together. */
  readonly bits: number;
}

/**
 * The code that SZ3 builds from how often each symbol occurs. Which of several optimal trees it is follows from
 * SZ3's heap, step by step.
 */
export function buildHuffman(counts: Uint32Array): HuffmanCode {
  const symbols: number[] = [];
  for (let symbol = 0; symbol < counts.length; symbol++) if (counts[symbol] !== 0) symbols.push(symbol);
  const leaves = symbols.length;
  const frequency = new Float64Array(2 * leaves);
  const left = new Int32Array(2 * leaves).fill(-1);
  const right = new Int32Array(2 * leaves);
  const heap = new Heap(frequency, leaves);
  for (let leaf = 0; leaf < leaves; leaf++) {
    frequency[leaf] = counts[symbols[leaf]!]!;
    heap.insert(leaf);
  }
  for (let node = leaves; node < 2 * leaves - 1; node++) {
    left[node] = heap.remove();
    right[node] = heap.remove();
    frequency[node] = frequency[left[node]!]! + frequency[right[node]!]!;
    heap.insert(node);
  }
  return number({ symbols, left, right, frequency }, counts.length);
}

/** Binary min-heap by frequency; slot 0 is not used. */
class Heap {
  readonly #frequency: Float64Array;
  readonly #slots: Int32Array;
  #size = 0;

  constructor(frequency: Float64Array, room: number) {
    this.#frequency = frequency;
    this.#slots = new Int32Array(room + 1);
  }

  insert(node: number): void {
    const own = this.#frequency[node]!;
    let slot = ++this.#size;
    while (slot > 1 && this.#frequency[this.#slots[slot >> 1]!]! > own) {
      this.#slots[slot] = this.#slots[slot >> 1]!;
      slot >>= 1;
    }
    this.#slots[slot] = node;
  }

  remove(): number {
    const slots = this.#slots;
    const least = slots[1]!;
    const node = slots[this.#size--]!;
    const own = this.#frequency[node]!;
    let slot = 1;
    for (let child = 2; child <= this.#size; child = 2 * slot) {
      if (child < this.#size && this.#frequency[slots[child + 1]!]! < this.#frequency[slots[child]!]!) child++;
      if (own <= this.#frequency[slots[child]!]!) break;
      slots[slot] = slots[child]!;
      slot = child;
    }
    slots[slot] = node;
    return least;
  }
}

interface Unnumbered {
  readonly symbols: readonly number[];
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly frequency: Float64Array;
}

/** Numbers the nodes in preorder and reads the codes off. */
function number({ symbols, left, right, frequency }: Unnumbered, limit: number): HuffmanCode {
  const nodeCount = 2 * symbols.length - 1;
  const nodes = new Int32Array(2 * nodeCount);
  const table = new Uint32Array(4 * limit);
  let bits = 0;
  // Nodes to visit: node, parent's word that gets its number, code low, code high, length.
  const stack = [nodeCount - 1, -1, 0, 0, 0];
  for (let next = 0; next < nodeCount; next++) {
    const length = stack.pop()!;
    const high = stack.pop()!;
    const low = stack.pop()!;
    const word = stack.pop()!;
    const node = stack.pop()!;
    if (word >= 0) nodes[word] = next;
    if (left[node]! < 0) {
      nodes.set([-1, symbols[node]!], 2 * next);
      table.set([low, high, length, 0], 4 * symbols[node]!);
      bits += length * frequency[node]!;
    } else {
      const high2 = ((high << 1) | (low >>> 31)) >>> 0;
      const low2 = (low << 1) >>> 0;
      stack.push(right[node]!, 2 * next + 1, (low2 | 1) >>> 0, high2, length + 1);
      stack.push(left[node]!, 2 * next, low2, high2, length + 1);
    }
  }
  return { nodes, nodeCount, table, bits };
}

/** For every start of `QUICK_BITS` bits: the node that it leads to, and how many of the bits that takes. */
export function quickTable({ nodes }: HuffmanTree): Int32Array {
  const table = new Int32Array(2 << QUICK_BITS);
  for (let start = 0; start < 1 << QUICK_BITS; start++) {
    let node = 0;
    let used = 0;
    while (used < QUICK_BITS && nodes[2 * node]! >= 0) {
      node = nodes[2 * node + ((start >> (QUICK_BITS - 1 - used)) & 1)]!;
      used++;
    }
    table.set([node, used], 2 * start);
  }
  return table;
}
