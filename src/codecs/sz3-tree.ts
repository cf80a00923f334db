/** A Huffman tree as SZ3's streams have it. */
import type { ByteReader, ByteWriter } from "../container/cursor.ts";
import type { HuffmanTree } from "../entropy/huffman.ts";

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
