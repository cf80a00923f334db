/** Symbols in WebAssembly memory to a Huffman tree and code bytes in a stream, and back: SZ3's order of fields. */
import type { ByteReader, ByteWriter } from "../container/cursor.ts";
import { buildHuffman, QUICK_BITS, quickTable } from "../entropy/huffman.ts";
import type { KernelModule } from "../wasm/instance.ts";
import type { Sz3Exports } from "../wasm/sz3.generated.ts";
import { readU64, writeU64 } from "./sz3-quantizer.ts";
import { readTree, writeTree } from "./sz3-tree.ts";

export interface SymbolList {
  /** Of i32. */
  readonly address: number;
  readonly count: number;
  /** Symbols are 0 ... limit - 1. */
  readonly limit: number;
}

/** Tree, then (where `counted`) the number of symbols, then the length of the code and the code. */
export function writeSymbols(
  to: ByteWriter,
  { exports, arena, memory }: KernelModule<Sz3Exports>,
  { address, count, limit }: SymbolList,
  counted: boolean,
): void {
  const mark = arena.mark();
  const counts = arena.alloc(4 * limit);
  new Uint32Array(memory.buffer, counts, limit).fill(0);
  exports.huffmanCount(address, count, counts, limit);
  const code = buildHuffman(new Uint32Array(memory.buffer, counts, limit));
  writeTree(to, code);
  if (counted) writeU64(to, count);
  const table = arena.alloc(4 * code.table.length);
  const bytes = arena.alloc(Math.ceil(code.bits / 8));
  new Uint32Array(memory.buffer, table, code.table.length).set(code.table);
  const length = exports.huffmanWrite(address, count, table, bytes);
  writeU64(to, length);
  to.put(new Uint8Array(memory.buffer, bytes, length));
  arena.release(mark);
}

/** Reads `count` symbols to `address`; the stream repeats the count where `counted`. */
export function readSymbols(
  from: ByteReader,
  { exports, arena, memory }: KernelModule<Sz3Exports>,
  { address, count }: Omit<SymbolList, "limit">,
  counted: boolean,
): void {
  const tree = readTree(from);
  if (counted) {
    const stated = readU64(from);
    if (stated !== count) throw from.wrong(`${stated} codes for ${count} values`);
  }
  const length = readU64(from);
  const code = from.take(length);
  if (tree.nodeCount === 1) {
    if (length !== 0) throw from.wrong("there is a code for a single symbol");
    new Int32Array(memory.buffer, address, count).fill(tree.nodes[1]!);
    return;
  }
  // Every symbol takes a bit at least.
  if (count > 8 * length) throw from.wrong(`${length} bytes of code cannot hold ${count} symbols`);
  const mark = arena.mark();
  const nodes = arena.alloc(4 * tree.nodes.length);
  const quick = arena.alloc(8 << QUICK_BITS);
  const bytes = arena.alloc(length);
  new Int32Array(memory.buffer, nodes, tree.nodes.length).set(tree.nodes);
  new Int32Array(memory.buffer, quick, 2 << QUICK_BITS).set(quickTable(tree));
  new Uint8Array(memory.buffer, bytes, length).set(code);
  const enough = exports.huffmanRead(bytes, length, nodes, quick, QUICK_BITS, address, count);
  arena.release(mark);
  if (!enough) throw from.wrong("the Huffman code ends before its symbols");
}
