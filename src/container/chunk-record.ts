import type { SectionName } from "../compressor/codec.ts";
import { TempressError } from "../errors.ts";
import { type Box, sameBox } from "../tensor/box.ts";
import { crc32c } from "./crc32c.ts";
import { ByteReader, ByteWriter } from "./cursor.ts";
import * as layout from "./layout.ts";

export interface Section {
  readonly name: SectionName;
  readonly bytes: Uint8Array;
}

/** One chunk as it is written. `box` is in stored order. */
export interface EncodedChunk {
  readonly box: Box;
  readonly maxError: number;
  readonly valuesCrc: number;
  /** Of the bytes of all sections, where it is known: see `sectionsCrc`. */
  readonly storedCrc?: number;
  readonly sections: readonly Section[];
}

/** What the index knows of a chunk. */
export interface ChunkInfo {
  /** Range along the time axis. */
  readonly frames: readonly [number, number];
  readonly box: Box;
  readonly offset: number;
  readonly byteLength: number;
  /** Achieved maximum error, in the sense of the bound's kind. */
  readonly maxError: number;
  readonly sections: readonly { readonly name: SectionName; readonly byteLength: number }[];
}

/** A chunk read back, its stored bytes proven by their checksum. */
export interface StoredChunk {
  readonly info: ChunkInfo;
  readonly valuesCrc: number;
  readonly sections: ReadonlyMap<SectionName, Uint8Array>;
}

export function sectionsCrc(sections: readonly Section[]): number {
  return sections.reduce((crc, { bytes }) => crc32c(bytes, crc), 0);
}

/** Start and header of the chunk; its sections follow as they are. */
export function writeChunkHeader(chunk: EncodedChunk): Uint8Array {
  const rank = chunk.box.extent.length;
  const body = new ByteWriter();
  layout.chunkHeader(rank).write(body, {
    origin: chunk.box.origin,
    extent: chunk.box.extent,
    maxError: chunk.maxError,
    sections: chunk.sections.map(({ name, bytes }) => ({ name, byteLength: bytes.length })),
    storedCrc: chunk.storedCrc ?? sectionsCrc(chunk.sections),
    valuesCrc: chunk.valuesCrc,
  });
  const out = new ByteWriter();
  layout.chunkStart.write(out, { marker: null, flags: null, headerLength: body.length });
  out.put(body.written());
  layout.chunkHeaderEnd.write(out, { crc: crc32c(out.written()) });
  return out.written();
}

/** A chunk's header alone, at `offset` of the file; `bytes` may go on behind it. */
export function readChunkHeader(
  bytes: Uint8Array,
  offset: number,
  rank: number,
): { info: ChunkInfo; headerBytes: number; storedCrc: number; valuesCrc: number } {
  const from = new ByteReader(bytes, "chunk header", offset);
  const { headerLength } = layout.chunkStart.read(from);
  if (headerLength > layout.LIMITS.chunkHeader) throw from.wrong(`a chunk's header claims ${headerLength} bytes`);
  const start = from.at;
  from.skip(headerLength);
  const crc = crc32c(bytes.subarray(0, from.at));
  if (layout.chunkHeaderEnd.read(from).crc !== crc) throw from.wrong("a chunk's header is damaged (checksum differs)");
  const headerBytes = from.at;
  const body = new ByteReader(bytes.subarray(start, start + headerLength), "chunk header", offset + start);
  const values = layout.chunkHeader(rank).read(body);
  body.end();
  const { origin, extent, maxError, sections, storedCrc, valuesCrc } = values;
  const byteLength = sections.reduce((sum, section) => sum + section.byteLength, headerBytes);
  if (!Number.isSafeInteger(byteLength)) throw body.wrong(`a chunk claims ${byteLength} bytes`);
  const frames = [origin[0]!, origin[0]! + extent[0]!] as const;
  const info = { frames, box: { origin, extent }, offset, byteLength, maxError, sections };
  return { info, headerBytes, storedCrc, valuesCrc };
}

/** The whole chunk; `bytes` are those that the index (`wanted`) gives it. */
export function readChunk(bytes: Uint8Array, wanted: ChunkInfo): StoredChunk {
  const { info, headerBytes, storedCrc, valuesCrc } = readChunkHeader(bytes, wanted.offset, wanted.box.extent.length);
  const agrees =
    info.byteLength === wanted.byteLength &&
    sameBox(info.box, wanted.box) &&
    Object.is(info.maxError, wanted.maxError) &&
    info.sections.length === wanted.sections.length &&
    info.sections.every(({ name }, i) => name === wanted.sections[i]!.name);
  if (!agrees || bytes.length !== info.byteLength) throw damaged(wanted, "its header and the index disagree");
  if (crc32c(bytes.subarray(headerBytes)) !== storedCrc) throw damaged(wanted, "the checksum of its bytes differs");
  const sections = new Map<SectionName, Uint8Array>();
  let at = headerBytes;
  for (const { name, byteLength } of info.sections) {
    if (sections.has(name)) throw damaged(wanted, `section ${name} is there twice`);
    sections.set(name, bytes.subarray(at, at + byteLength));
    at += byteLength;
  }
  return { info, valuesCrc, sections };
}

export function chunkName({ frames, offset }: ChunkInfo): string {
  return `chunk of frames ${frames[0]}:${frames[1]} at byte ${offset}`;
}

function damaged(info: ChunkInfo, why: string): TempressError {
  return new TempressError("corrupt", `a chunk is damaged: ${why}`, {
    where: chunkName(info),
    hint: "other chunks stay readable: use --frames, or --salvage to restore what is whole",
  });
}
