/**
 * CRC-32C (Castagnoli, reflected polynomial 0x82f63b78), sixteen bytes a step from sixteen tables of 256 words.
 * The tables are made once at run time, so the module carries no data.
 * Twin: src/container/crc32c.reference.ts.
 */
let tables: usize = 0;

/** Builds the tables (16 KiB) at `at`. */
export function crcTables(at: usize): void {
  tables = at;
  for (let i: u32 = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0x82f63b78 & (0 - (crc & 1)));
    store<u32>(at + (<usize>i << 2), crc);
  }
  for (let t: u32 = 1; t < 16; t++) {
    for (let i: u32 = 0; i < 256; i++) {
      const below = load<u32>(at + (<usize>((t - 1) * 256 + i) << 2));
      store<u32>(at + (<usize>(t * 256 + i) << 2), (below >> 8) ^ load<u32>(at + (<usize>(below & 255) << 2)));
    }
  }
}

// @ts-ignore: decorator
@inline
function entry(base: usize, table: usize, byte: u32): u32 {
  return load<u32>(base + (<usize>(byte & 255) << 2) + (table << 10));
}

/** The CRC of `length` bytes at `from`, continuing from `crc` (0 at the start). */
export function crc32c(from: usize, length: i32, crc: u32): u32 {
  const base = tables;
  let at = from;
  let state = ~crc;
  const end = from + <usize>length;
  const end16 = from + <usize>(length & ~15);
  while (at < end16) {
    const a = load<u32>(at) ^ state;
    const b = load<u32>(at, 4);
    const c = load<u32>(at, 8);
    const d = load<u32>(at, 12);
    state =
      entry(base, 15, a) ^ entry(base, 14, a >> 8) ^ entry(base, 13, a >> 16) ^ entry(base, 12, a >> 24) ^
      (entry(base, 11, b) ^ entry(base, 10, b >> 8) ^ entry(base, 9, b >> 16) ^ entry(base, 8, b >> 24)) ^
      (entry(base, 7, c) ^ entry(base, 6, c >> 8) ^ entry(base, 5, c >> 16) ^ entry(base, 4, c >> 24)) ^
      (entry(base, 3, d) ^ entry(base, 2, d >> 8) ^ entry(base, 1, d >> 16) ^ entry(base, 0, d >> 24));
    at += 16;
  }
  while (at < end) {
    state = (state >> 8) ^ load<u32>(base + (<usize>((state ^ load<u8>(at)) & 255) << 2));
    at++;
  }
  return ~state;
}
