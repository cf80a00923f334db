/**
 * Every field of a `.tpz` file, declared once. FORMAT.md is the normative text around these tables; a test
 * regenerates its tables from here.
 */
import { SECTIONS } from "../compressor/codec.ts";
import { DTYPES, type DType } from "../tensor/dtype.ts";
import { MAX_RANK } from "../tensor/shape.ts";
import {
  bytes,
  constant,
  enumeration,
  f64,
  flag,
  list,
  optional,
  perAxis,
  record,
  reserved,
  signed,
  text,
  u8,
  u32,
  union,
  varint,
} from "./fields.ts";

export const CONTAINER_VERSION = 1;

/** Limits that a reader checks before it allocates. */
export const LIMITS = {
  /** Bytes of the header. */
  header: 1 << 20,
  /** Bytes of a chunk's header. */
  chunkHeader: 1 << 12,
  /** Bytes of one chunk's decoded values. */
  chunkValues: 2 ** 30,
  /** Sections of a chunk. */
  sections: 64,
  /** Chunks of a file. */
  chunks: 1 << 20,
} as const;

/** The first byte is no text; the line ends and the control-Z catch transfers that change them. */
export const MAGIC = [0x89, 0x54, 0x50, 0x5a, 0x0d, 0x0a, 0x1a, 0x0a] as const;
export const CHUNK_MARKER = [0xc5, 0x54, 0x50, 0x43] as const;
export const END_MARKER = [0xe5, 0x54, 0x50, 0x5a] as const;

const NAME = 256;
export const extension = record("extension", {
  tag: { type: varint, help: "what it is; even: a reader that does not know it must refuse the file, odd: skip it" },
  data: { type: bytes(1 << 16), help: "its content" },
});
export const extensions = list(extension, 0, 256);

export const dtypeIds = enumeration(
  "dtype",
  Object.fromEntries(Object.values(DTYPES).map(({ name, id }) => [name, id])) as Record<DType, number>,
);
export const effortIds = enumeration("effort", { fast: 0, balanced: 1, max: 2 });
export const sectionIds = enumeration("section name", SECTIONS);

const abs = { type: f64, help: "absolute bound in the unit of the data" };
const rel = { type: f64, help: "bound as a part of the range of the finite, non-fill values" };
const pwRel = { type: f64, help: "bound as a part of each value's magnitude" };

export const promiseUnion = union("promise", {
  lossless: { id: 0, fields: {} },
  abs: { id: 1, fields: { abs } },
  rel: { id: 2, fields: { rel } },
  pw_rel: { id: 3, fields: { pwRel } },
  abs_and_rel: { id: 4, fields: { abs, rel } },
  eps: { id: 5, fields: { eps: { type: f64, help: "sqrt(sum (x - y)^2 / sum x^2) over all ordinary values" } } },
  rmse: { id: 6, fields: { rmse: { type: f64, help: "sqrt(mean (x - y)^2) over all ordinary values" } } },
  psnr: { id: 7, fields: { psnr: { type: f64, help: "20 log10(range / rmse), dB" } } },
});

export const boundUnion = union("bound", {
  lossless: { id: 0, fields: {} },
  abs: { id: 1, fields: { value: { type: f64, help: "|x - y| <= value" } } },
  pw_rel: { id: 2, fields: { value: { type: f64, help: "|x - y| <= value * |x|" } } },
  rmse: { id: 3, fields: { value: { type: f64, help: "sqrt(mean (x - y)^2) <= value, in every chunk" } } },
});

export const optionUnion = union("option value", {
  int: { id: 0, fields: { value: { type: signed, help: "a whole number" } } },
  float: { id: 1, fields: { value: { type: f64, help: "a number" } } },
  bool: { id: 2, fields: { value: { type: flag, help: "yes or no" } } },
  text: { id: 3, fields: { value: { type: text(1 << 12), help: "a text" } } },
});

export const option = record("option", {
  key: { type: text(NAME), help: "full name, with the codec's prefix" },
  value: { type: optionUnion, help: "its value" },
});

export const attribute = record("attribute", {
  key: { type: text(NAME), help: "name" },
  value: { type: text(1 << 18), help: "content" },
});

export const prefix = record("prefix", {
  magic: { type: constant(MAGIC), help: "says what the file is" },
  version: { type: u8, help: `container version, ${CONTAINER_VERSION}; a reader refuses a higher one` },
  flags: { type: reserved, help: "reserved, zero" },
  headerLength: { type: varint, help: `bytes of the header, at most ${LIMITS.header}` },
});

export const header = record("header", {
  dtype: { type: dtypeIds, help: "type of the values" },
  shape: { type: list(varint, 1, MAX_RANK), help: "extents as people see them, slowest axis first" },
  timeAxis: { type: u8, help: "the axis that is time; the stored order has it first" },
  axes: { type: list(text(NAME), 0, MAX_RANK), help: "names of the axes, all or none" },
  name: { type: text(NAME), help: "name of the tensor, empty if none" },
  promise: { type: promiseUnion, help: "what was asked" },
  bound: { type: boundUnion, help: "what that means for one value of this tensor" },
  fill: { type: optional(f64), help: "fill value kept exactly and left out of the range" },
  codecId: { type: u8, help: "codec; 128..255 are codecs of one's own" },
  codecName: { type: text(NAME), help: "its name; for 128..255 it finds the codec, otherwise it is for messages" },
  codecVersion: { type: varint, help: "version of the codec's stream; a reader refuses a higher one" },
  effort: { type: effortIds, help: "effort spent; for information" },
  options: { type: list(option, 0, 256), help: "codec options that differ from their default; for information" },
  model: { type: optional(bytes(64)), help: "SHA-256 of the model that decoding needs" },
  attributes: { type: list(attribute, 0, 4096), help: "texts carried from the source" },
  extensions: { type: extensions, help: "room for later; none are defined" },
});

export const headerEnd = record("end of the header", {
  crc: { type: u32, help: "CRC-32C of the prefix and the header" },
});

export const chunkStart = record("start of a chunk", {
  marker: { type: constant(CHUNK_MARKER), help: "lets `salvage` find chunks when the index is lost" },
  flags: { type: reserved, help: "reserved, zero" },
  headerLength: { type: varint, help: `bytes of the chunk's header, at most ${LIMITS.chunkHeader}` },
});

export const section = record("section", {
  name: { type: sectionIds, help: "which" },
  byteLength: { type: varint, help: "its bytes" },
});

const shared = (rank: number) =>
  ({
    origin: { type: perAxis(rank), help: "first index of the chunk's box along each stored axis" },
    extent: { type: perAxis(rank), help: "extent of the box along each stored axis, at least 1" },
    maxError: { type: f64, help: "achieved maximum error: |x - y| (pw_rel: divided by |x|; rmse: the chunk's)" },
    sections: { type: list(section, 0, LIMITS.sections), help: "the byte strings of the chunk, in stored order" },
  }) as const;

export const chunkHeader = (rank: number) =>
  record("header of a chunk", {
    ...shared(rank),
    storedCrc: { type: u32, help: "CRC-32C of all section bytes" },
    valuesCrc: { type: u32, help: "CRC-32C of the decoded values: little-endian, C order of the box" },
  });

export const chunkHeaderEnd = record("end of a chunk's header", {
  crc: { type: u32, help: "CRC-32C of the chunk from its marker to here" },
});

export const indexEntry = (rank: number) =>
  record("index entry", {
    offset: { type: varint, help: "the chunk's first byte in the file" },
    byteLength: { type: varint, help: "bytes of the chunk: start, header and sections" },
    ...shared(rank),
  });

export const index = (rank: number) =>
  record("index", {
    frames: { type: varint, help: "extent of the time axis; where the header differs (appended files), this holds" },
    chunks: { type: list(indexEntry(rank), 0, LIMITS.chunks), help: "every chunk, in file order" },
    extensions: { type: extensions, help: "room for later; none are defined" },
  });

export const trailer = record("trailer", {
  indexLength: { type: u32, help: "bytes of the index, which stands directly before the trailer" },
  crc: { type: u32, help: "CRC-32C of the index and of `indexLength`" },
  end: { type: constant(END_MARKER), help: "a file without it is truncated" },
});
