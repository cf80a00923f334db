/**
 * Byte shuffle: the first bytes of all values, then the second bytes, and so on. Bytes of one significance are more
 * alike than neighbours within a value, which byte-wise compressors profit from.
 */
export function shuffle(bytes: Uint8Array, width: number): Uint8Array {
  if (width === 1) return bytes;
  const count = bytes.length / width;
  const out = new Uint8Array(bytes.length);
  for (let k = 0; k < width; k++) {
    const plane = k * count;
    for (let i = 0, from = k; i < count; i++, from += width) out[plane + i] = bytes[from]!;
  }
  return out;
}

/** The reverse of `shuffle`. */
export function unshuffle(bytes: Uint8Array, width: number): Uint8Array {
  if (width === 1) return bytes;
  const count = bytes.length / width;
  const out = new Uint8Array(bytes.length);
  for (let k = 0; k < width; k++) {
    const plane = k * count;
    for (let i = 0, into = k; i < count; i++, into += width) out[into] = bytes[plane + i]!;
  }
  return out;
}
