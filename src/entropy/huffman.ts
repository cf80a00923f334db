/**
 * Huffman code over whole numbers, with the tree in the stream: SZ3's form. The tree is built and checked here; the
 * loops over symbols are kernels (kernels/entropy/huffman.ts).
 */
import type { ByteReader, ByteWriter } from "../container/cursor.ts";

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

/** Bytes of a child's number. */
function childBytes(nodeCount: number): 1 | 2 | 4 {
  return nodeCount <= 256 ? 1 : nodeCount <= 65536 ? 2 : 4;
}

export function writeTree(to: ByteWriter, { nodes, nodeCount }: HuffmanTree): void {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let node = 0; node < nodeCount; node++) {
    if (nodes[2 * node]! >= 0) continue;
    least = Math.min(least, nodes[2 * node + 1]!);
    most = Math.max(most, nodes[2 * node + 1]!);
  }
  const width = childBytes(nodeCount);
  const bytes = new Uint8Array(13 + nodeCount * (2 * width + 5));
  const view = new DataView(bytes.buffer);
  view.setInt32(0, least, true);
  view.setInt32(4, nodeCount);
  view.setInt32(8, (most - least + 2) >> 1);
  for (let node = 0; node < nodeCount; node++) {
    const leaf = nodes[2 * node]! < 0;
    for (const side of [0, 1]) {
      const at = 13 + (side * nodeCount + node) * width;
      const child = leaf ? 0 : nodes[2 * node + side]!;
      if (width === 1) view.setUint8(at, child);
      else if (width === 2) view.setUint16(at, child, true);
      else view.setUint32(at, child, true);
    }
    if (!leaf) continue;
    view.setInt32(13 + 2 * nodeCount * width + 4 * node, nodes[2 * node + 1]! - least, true);
    view.setUint8(13 + nodeCount * (2 * width + 4) + node, 1);
  }
  to.put(bytes);
}

/** @throws TempressError "corrupt" unless the nodes are one tree in preorder. */
export function readTree(from: ByteReader): HuffmanTree {
  const head = from.take(13);
  const view = new DataView(head.buffer, head.byteOffset, 13);
  const least = view.getInt32(0, true);
  const nodeCount = view.getInt32(4);
  if (nodeCount < 1 || nodeCount % 2 === 0) throw from.wrong(`a Huffman tree cannot have ${nodeCount} nodes`);
  if (head[12] !== 0) throw from.wrong("the Huffman tree is in big-endian order");
  const width = childBytes(nodeCount);
  const bytes = from.take(nodeCount * (2 * width + 5));
  const body = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const childOf = (node: number, side: number): number => {
    const at = (side * nodeCount + node) * width;
    return width === 1 ? body.getUint8(at) : width === 2 ? body.getUint16(at, true) : body.getUint32(at, true);
  };
  const nodes = new Int32Array(2 * nodeCount);
  const open: number[] = [];
  for (let node = 0; node < nodeCount; node++) {
    // In preorder a node follows its parent, or closes the right side of the last open one.
    if (node > 0) {
      const parent = nodes[2 * node - 2]! < 0 ? open.pop() : node - 1;
      const side = parent === node - 1 ? 0 : 1;
      if (parent === undefined || nodes[2 * parent + side] !== node) throw from.wrong("the Huffman tree is damaged");
    }
    const kind = body.getUint8(nodeCount * (2 * width + 4) + node);
    if (kind > 1) throw from.wrong("the Huffman tree is damaged");
    if (kind === 1) {
      nodes.set([-1, (body.getInt32(2 * nodeCount * width + 4 * node, true) + least) | 0], 2 * node);
    } else {
      nodes.set([childOf(node, 0), childOf(node, 1)], 2 * node);
      if (nodes[2 * node]! <= node || nodes[2 * node + 1]! <= node) throw from.wrong("the Huffman tree is damaged");
      open.push(node);
    }
  }
  if (open.length > 0) throw from.wrong("the Huffman tree is damaged");
  return { nodes, nodeCount };
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
