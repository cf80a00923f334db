/** Section "side" of a wrapping codec: its own numbers, read with every check. */
import { ByteReader, ByteWriter } from "../../container/cursor.ts";
import type { DecodeTask, Encoded, SectionName } from "../codec.ts";

/** What `write` puts down. */
export function side(write: (out: ByteWriter) => void): Encoded["sections"][number] {
  const out = new ByteWriter();
  write(out);
  return { name: "side", bytes: out.written().slice() };
}

/** What `read` takes; nothing may be left over. */
export function readSide<T>(task: DecodeTask, read: (from: ByteReader) => T): T {
  const from = new ByteReader(task.section("side"), "section side");
  const found = read(from);
  from.end();
  return found;
}

export const part = (name: SectionName, bytes: Uint8Array): Encoded["sections"][number] => ({ name, bytes });

/** Several records in one section, each with its length before it. */
export function joined(name: SectionName, records: readonly Uint8Array[]): Encoded["sections"][number] {
  const out = new ByteWriter();
  for (const bytes of records) {
    out.varint(bytes.length);
    out.put(bytes);
  }
  return { name, bytes: out.written().slice() };
}

export function parted(task: DecodeTask, name: SectionName, count: number): Uint8Array[] {
  const from = new ByteReader(task.section(name), `section ${name}`);
  const records = Array.from({ length: count }, () => from.take(from.varint()));
  from.end();
  return records;
}
