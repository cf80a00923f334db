import type { Effort } from "../compressor/codec.ts";
import { TempressError } from "../errors.ts";
import type { Bound, PromiseSpec } from "../promise/spec.ts";
import type { DType } from "../tensor/dtype.ts";
import { elementCount, formatShape, type Shape } from "../tensor/shape.ts";
import { crc32c } from "./crc32c.ts";
import { ByteReader, ByteWriter } from "./cursor.ts";
import type { ValuesOf } from "./fields.ts";
import * as layout from "./layout.ts";

export type OptionValue = number | boolean | string;

/** What a file says about itself. */
export interface Header {
  readonly version: number;
  readonly dtype: DType;
  /** As people see it, slowest axis first; the stored order has `timeAxis` first. */
  readonly shape: Shape;
  readonly timeAxis: number;
  readonly axes?: readonly string[];
  readonly name?: string;
  readonly promise: PromiseSpec;
  readonly bound: Bound;
  readonly fill?: number;
  readonly codec: { readonly id: number; readonly name: string; readonly version: number };
  readonly effort: Effort;
  /** Options that differ from their default. */
  readonly options: Readonly<Record<string, OptionValue>>;
  /** SHA-256, in hexadecimal, of the model that decoding needs. */
  readonly model?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** The first bytes of a file hold prefix and header of nearly every file. */
export const HEAD_GUESS = 256;

export function writeHeader(header: Omit<Header, "version">): Uint8Array {
  const body = new ByteWriter();
  layout.header.write(body, toFields(header));
  if (body.length > layout.LIMITS.header) {
    throw new TempressError("invalid-argument", `the header takes ${body.length} bytes`, {
      where: "attributes",
      hint: `at most ${layout.LIMITS.header} bytes; carry fewer or shorter attributes`,
    });
  }
  const out = new ByteWriter();
  layout.prefix.write(out, {
    magic: null,
    version: layout.CONTAINER_VERSION,
    flags: null,
    headerLength: body.length,
  });
  out.put(body.written());
  layout.headerEnd.write(out, { crc: crc32c(out.written()) });
  return out.written().slice();
}

/** Bytes of prefix, header and its checksum, told from the first bytes of the file. */
export function headLength(first: Uint8Array, fileLength: number, name: string): number {
  const from = new ByteReader(first, name);
  if (first.length < layout.MAGIC.length && first.every((byte, i) => byte === layout.MAGIC[i])) throw truncated(name);
  if (!layout.MAGIC.every((byte, i) => first[i] === byte)) {
    throw new TempressError("corrupt", "this is not a Tempress file", {
      where: name,
      hint: "it does not begin with the bytes 89 'TPZ' 0D 0A 1A 0A; was it changed by a text-mode transfer?",
    });
  }
  const version = first[layout.MAGIC.length];
  if (version !== undefined && version > layout.CONTAINER_VERSION) {
    throw new TempressError("unsupported", `container version ${version} is newer than this program`, {
      where: name,
      hint: `this program reads versions up to ${layout.CONTAINER_VERSION}; install a newer tempress`,
    });
  }
  let values: ValuesOf<typeof layout.prefix.fields>;
  try {
    values = layout.prefix.read(from);
  } catch (cause) {
    throw first.length < 20 ? truncated(name, cause) : cause;
  }
  if (values.version !== layout.CONTAINER_VERSION) throw from.wrong(`container version ${values.version} never was`);
  if (values.headerLength > layout.LIMITS.header) throw from.wrong(`the header claims ${values.headerLength} bytes`);
  const length = from.at + values.headerLength + layout.headerEnd.min;
  if (length > fileLength) throw truncated(name);
  return length;
}

/** `head` is prefix, header and checksum, as long as `headLength` said. */
export function readHeader(head: Uint8Array): Header {
  const from = new ByteReader(head, "header");
  const start = head.length - layout.headerEnd.min;
  from.at = start;
  if (layout.headerEnd.read(from).crc !== crc32c(head.subarray(0, start))) {
    throw new TempressError("corrupt", "the header is damaged (its checksum differs)", {
      where: "header",
      hint: "fetch the file again; without its header nothing can be read",
    });
  }
  const body = new ByteReader(head.subarray(0, start), "header");
  const { version } = layout.prefix.read(body);
  const values = layout.header.read(body);
  body.end();
  return fromFields(version, values, body);
}

function truncated(name: string, cause?: unknown): TempressError {
  return new TempressError("truncated", "the file ends inside its header", {
    where: name,
    hint: "fetch the file again",
    cause,
  });
}

type HeaderFields = ValuesOf<typeof layout.header.fields>;

function toFields(header: Omit<Header, "version">): HeaderFields {
  return {
    dtype: header.dtype,
    shape: header.shape,
    timeAxis: header.timeAxis,
    axes: header.axes ?? [],
    name: header.name ?? "",
    promise: header.promise,
    bound: header.bound,
    fill: header.fill,
    codecId: header.codec.id,
    codecName: header.codec.name,
    codecVersion: header.codec.version,
    effort: header.effort,
    options: Object.entries(header.options).map(([key, value]) => ({ key, value: optionValue(value) })),
    model: header.model === undefined ? undefined : fromHex(header.model),
    attributes: Object.entries(header.attributes ?? {}).map(([key, value]) => ({ key, value })),
    extensions: [],
  };
}

function fromFields(version: number, fields: HeaderFields, from: ByteReader): Header {
  let count: number;
  try {
    count = elementCount(fields.shape, "header");
  } catch (cause) {
    throw cause instanceof TempressError ? from.wrong(cause.message) : cause;
  }
  const rank = fields.shape.length;
  if (count > Number.MAX_SAFE_INTEGER / 8) throw from.wrong(`shape ${formatShape(fields.shape)} is beyond 2^53 bytes`);
  if (fields.timeAxis >= rank) throw from.wrong(`time axis ${fields.timeAxis} of a tensor of rank ${rank}`);
  if (fields.axes.length !== 0 && fields.axes.length !== rank) {
    throw from.wrong(`${fields.axes.length} axis names for rank ${rank}`);
  }
  for (const value of boundNumbers(fields)) {
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) throw from.wrong(`a bound is ${value}`);
  }
  refuseUnknown(fields.extensions, from);
  return {
    version,
    dtype: fields.dtype,
    shape: Object.freeze([...fields.shape]),
    timeAxis: fields.timeAxis,
    ...(fields.axes.length > 0 ? { axes: fields.axes } : {}),
    ...(fields.name === "" ? {} : { name: fields.name }),
    promise: fields.promise,
    bound: fields.bound.kind === "lossless" ? { kind: "lossless", value: 0 } : fields.bound,
    ...(fields.fill === undefined ? {} : { fill: fields.fill }),
    codec: { id: fields.codecId, name: fields.codecName, version: fields.codecVersion },
    effort: fields.effort,
    options: Object.fromEntries(fields.options.map(({ key, value }) => [key, value.value])),
    ...(fields.model === undefined ? {} : { model: toHex(fields.model) }),
    ...(fields.attributes.length === 0
      ? {}
      : { attributes: Object.fromEntries(fields.attributes.map(({ key, value }) => [key, value])) }),
  };
}

function boundNumbers({ promise, bound }: HeaderFields): number[] {
  return [...Object.values(promise), ...Object.values(bound)].filter((value) => typeof value === "number");
}

/** Extensions with an even tag change the meaning of the file: reading on would be guessing. */
export function refuseUnknown(extensions: readonly { readonly tag: number }[], from: ByteReader): void {
  const needed = extensions.find(({ tag }) => tag % 2 === 0);
  if (needed === undefined) return;
  throw new TempressError("unsupported", `the file needs extension ${needed.tag}, which this program does not know`, {
    where: from.part,
    hint: "install a newer tempress",
  });
}

function optionValue(value: OptionValue): HeaderFields["options"][number]["value"] {
  if (typeof value === "boolean") return { kind: "bool", value };
  if (typeof value === "string") return { kind: "text", value };
  const whole = Number.isSafeInteger(value) && Math.abs(value) < 2 ** 52 && !Object.is(value, -0);
  return whole ? { kind: "int", value } : { kind: "float", value };
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

/** Extents in stored order: the time axis first, the others as they were. */
export function storedShape(header: Pick<Header, "shape" | "timeAxis">): number[] {
  const { shape, timeAxis } = header;
  return [shape[timeAxis]!, ...shape.filter((_, axis) => axis !== timeAxis)];
}

/** Leading stored axes of extent 1, which frames and codecs do not see; the last axis always stays. */
export function unitAxes(stored: Shape): number {
  let count = 0;
  while (count < stored.length - 1 && stored[count] === 1) count++;
  return count;
}
