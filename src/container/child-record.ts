/** A codec's result inside the section of a codec that wraps it: which codec, under which bound, and its sections. */
import type { SectionName } from "../compressor/codec.ts";
import type { Bound } from "../promise/spec.ts";
import { ByteReader, ByteWriter } from "./cursor.ts";
import { list, record, text, u8, varint } from "./fields.ts";
import { boundUnion, LIMITS, section } from "./layout.ts";

export const childRecord = record("values of a wrapped codec", {
  codecId: { type: u8, help: "codec; 128..255 are codecs of one's own" },
  codecName: { type: text(256), help: "its name where the id is 128..255, else empty" },
  codecVersion: { type: varint, help: "version of its stream; a reader refuses a higher one" },
  bound: { type: boundUnion, help: "what it kept" },
  sections: { type: list(section, 0, LIMITS.sections), help: "its byte strings, which follow in this order" },
});

export interface ChildRecord {
  readonly codec: { readonly id: number; readonly name: string; readonly version: number };
  readonly bound: Bound;
  readonly sections: readonly { readonly name: SectionName; readonly bytes: Uint8Array }[];
}

export function writeChild({ codec, bound, sections }: ChildRecord): Uint8Array {
  const out = new ByteWriter();
  childRecord.write(out, {
    codecId: codec.id,
    codecName: codec.id < 128 ? "" : codec.name,
    codecVersion: codec.version,
    bound,
    sections: sections.map(({ name, bytes }) => ({ name, byteLength: bytes.length })),
  });
  for (const { bytes } of sections) out.put(bytes);
  return out.written().slice();
}

/** Throws `corrupt` unless the bytes are one record and nothing more. */
export function readChild(bytes: Uint8Array, part: string): ChildRecord {
  const from = new ByteReader(bytes, part);
  const { codecId, codecName, codecVersion, bound, sections } = childRecord.read(from);
  if (bound.kind !== "lossless" && !(bound.value >= 0 && bound.value < Infinity))
    throw from.wrong("its bound is no bound");
  const read = sections.map(({ name, byteLength }) => ({ name, bytes: from.take(byteLength) }));
  from.end();
  return {
    codec: { id: codecId, name: codecName, version: codecVersion },
    bound: bound.kind === "lossless" ? { kind: "lossless", value: 0 } : bound,
    sections: read,
  };
}
