/** A part of a byte source as a source of its own. */
import type { ByteSource } from "../tensor/source.ts";

export function partOf(bytes: ByteSource, start: number, end: number, name = bytes.name ?? "part"): ByteSource {
  return {
    byteLength: end - start,
    name,
    read: (from, to) => bytes.read(start + from, start + to),
    close: () => bytes.close?.(),
  };
}
