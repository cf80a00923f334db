/**
 * The bits of a Huffman code over i32 symbols: counting, writing and reading. The tree is built and checked by the
 * host. Codes are written highest bit first.
 *
 * Twin: src/entropy/huffman.reference.ts.
 */

/** Adds the symbols' counts, u32 each, to `counts`; false when one is outside 0 ... limit - 1. */
export function huffmanCount(symbols: usize, count: i32, counts: usize, limit: i32): bool {
  const end = symbols + (<usize>count << 2);
  for (let p = symbols; p < end; p += 4) {
    const symbol = load<u32>(p);
    if (symbol >= <u32>limit) return false;
    const at = counts + (<usize>symbol << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
  return true;
}

/** `table`: for each symbol u64 code, then u64 length in bits (at most 64). Returns the bytes written. */
export function huffmanWrite(symbols: usize, count: i32, table: usize, to: usize): u32 {
  const end = symbols + (<usize>count << 2);
  let at = to;
  let held: u64 = 0;
  // Below 32 between symbols.
  let bits: u64 = 0;
  for (let p = symbols; p < end; p += 4) {
    const entry = table + (<usize>load<u32>(p) << 4);
    let length = load<u64>(entry, 8);
    let code = load<u64>(entry);
    if (length > 32) {
      held = (held << (length - 32)) | (code >> 32);
      bits += length - 32;
      if (bits >= 32) {
        bits -= 32;
        store<u32>(at, bswap<u32>(<u32>(held >> bits)));
        at += 4;
      }
      length = 32;
      code &= 0xffffffff;
    }
    held = (held << length) | code;
    bits += length;
    if (bits >= 32) {
      bits -= 32;
      store<u32>(at, bswap<u32>(<u32>(held >> bits)));
      at += 4;
    }
  }
  const rest = <usize>((bits + 7) >> 3);
  store<u32>(at, bswap<u32>(<u32>(held << (32 - bits))));
  return <u32>(at + rest - to);
}

/**
 * Reads `count` symbols. `nodes`: i32 left child or -1 - symbol index in a leaf, i32 right child or the leaf's symbol.
 * `quick`: for each start of `quickBits` bits, i32 node reached and i32 bits used. 64 bytes behind the code may be
 * read. False when the code ends before its symbols.
 */
export function huffmanRead(
  code: usize,
  codeBytes: u32,
  nodes: usize,
  quick: usize,
  quickBits: i32,
  symbols: usize,
  count: i32,
): bool {
  const total = <u64>codeBytes << 3;
  const end = symbols + (<usize>count << 2);
  const shift = <u64>(64 - quickBits);
  let position: u64 = 0;
  for (let p = symbols; p < end; p += 4) {
    const window = bswap<u64>(load<u64>(code + <usize>(position >> 3))) << (position & 7);
    const entry = quick + (<usize>(window >> shift) << 3);
    let node = nodes + (<usize>load<i32>(entry) << 3);
    position += <u64>load<i32>(entry, 4);
    while (load<i32>(node) >= 0) {
      if (position >= total) return false;
      const bit = (load<u8>(code + <usize>(position >> 3)) >> <u8>(7 - (position & 7))) & 1;
      node = nodes + (<usize>load<i32>(node + (<usize>bit << 2)) << 3);
      position++;
    }
    if (position > total) return false;
    store<i32>(p, load<i32>(node, 4));
  }
  return true;
}
