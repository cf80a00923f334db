/** Fields to bytes and back. Every length is checked before it is believed; reserved bits and padding must be 0. */
import { TempressError } from "../errors.ts";
import {
  BODIES,
  FIELD_HEADER_BYTES,
  FIELDS,
  type FieldKind,
  type FieldName,
  HEADER_BYTES,
  INFO_ABOUT,
  INFO_TYPES,
  type Info,
  type InfoAbout,
  type InfoType,
  LIMITS,
  type Message,
  type Payload,
  type TypeName,
} from "./protocol.ts";

const BY_TAG = new Map<number, FieldName>();
for (const [name, { tag }] of Object.entries(FIELDS)) BY_TAG.set(tag, name as FieldName);

interface Allowed {
  readonly names: ReadonlySet<FieldName>;
  readonly required: readonly FieldName[];
}
const ALLOWED = new Map<TypeName, Allowed>();
for (const [type, list] of Object.entries(BODIES)) {
  const words = list.split(" ").filter((word) => word !== "");
  const names = words.map((word) => word.replace("!", "") as FieldName);
  const required = names.filter((_, i) => words[i]!.endsWith("!"));
  ALLOWED.set(type as TypeName, { names: new Set(names), required });
}

const INFO_HEADER_BYTES = 8;
const padded = (length: number) => (length + 7) & ~7;

export function protocolError(message: string, where: string): TempressError {
  return new TempressError("protocol", message, { where, hint: "docs/PROTOCOL.md says what a frame holds" });
}

// ---- to bytes

/** Where bodies are written; it grows to what the largest frame needed. */
let room = Buffer.alloc(16 << 10);

/** Makes sure of `more` bytes behind `at`. */
function ensure(at: number, more: number): void {
  if (at + more <= room.length) return;
  if (at + more > LIMITS.body + HEADER_BYTES) {
    throw new TempressError("limit", `a frame of more than ${LIMITS.body} bytes`, {
      where: "protocol",
      hint: "put tensors and files into shared memory",
    });
  }
  const larger = Buffer.alloc(Math.min(2 * (at + more), LIMITS.body + HEADER_BYTES));
  room.copy(larger, 0, 0, at);
  room = larger;
}

/** Writes one value at `at` and gives the end. */
function writeValue(kind: FieldKind, value: unknown, at: number): number {
  switch (kind) {
    case "u32":
      ensure(at, 4);
      return room.writeUInt32LE(value as number, at);
    case "u64":
      return writeU64s([value as number], at);
    case "u64s":
      return writeU64s(value as readonly number[], at);
    case "text":
      return writeText(value as string, at);
    case "bytes":
      return writeBytes(value as Uint8Array, at);
    case "payload":
      return writePayload(value as Payload, at);
    case "option": {
      const [key, text] = value as readonly [string, string];
      return writeText(text, writeText(`${key}\0`, at));
    }
    case "number": {
      const [key, number] = value as readonly [string, number];
      ensure(at, 8);
      return writeText(key, room.writeDoubleLE(number, at));
    }
    case "info":
      return writeInfo(value as Info, at);
  }
}

function writeText(text: string, at: number): number {
  ensure(at, 3 * text.length);
  return at + room.write(text, at, "utf8");
}

function writeBytes(bytes: Uint8Array, at: number): number {
  ensure(at, bytes.length);
  room.set(bytes, at);
  return at + bytes.length;
}

function writeU64s(values: readonly number[], at: number): number {
  ensure(at, 8 * values.length);
  let end = at;
  for (const value of values) {
    room.writeUInt32LE(value % 2 ** 32, end);
    end = room.writeUInt32LE(Math.floor(value / 2 ** 32), end + 4);
  }
  return end;
}

/** Segment (0: inline) and flags; then the bytes, or offset and length. */
function writePayload(payload: Payload, at: number): number {
  if ("bytes" in payload) return writeBytes(payload.bytes, writeU64s([0], at));
  ensure(at, 24);
  room.writeUInt32LE(payload.segment, at);
  room.writeUInt32LE(payload.flags, at + 4);
  return writeU64s([payload.offset, payload.length], at + 8);
}

/** About, type, whether there is a value, 0, length of the key (u32); key; each value ended by a 0 byte. */
function writeInfo({ about, type, key, values }: Info, at: number): number {
  ensure(at, INFO_HEADER_BYTES);
  room.writeUInt32LE(INFO_ABOUT[about] + (INFO_TYPES[type] << 8) + ((values ? 1 : 0) << 16), at);
  room.writeUInt32LE(Buffer.byteLength(key), at + 4);
  let end = writeText(key, at + INFO_HEADER_BYTES);
  for (const value of values ?? []) end = writeText(`${value}\0`, end);
  return end;
}

/** Writes the fields behind `start` bytes that the caller fills, and gives all of it. */
export function encodeFields(message: Message, start = 0): Buffer {
  let at = start;
  for (const name in message) {
    const value = message[name as FieldName] as unknown;
    if (value === undefined) continue;
    const { tag, kind, many } = FIELDS[name as FieldName] as { tag: number; kind: FieldKind; many?: true };
    if (many) for (const one of value as readonly unknown[]) at = writeField(tag, kind, one, at);
    else at = writeField(tag, kind, value, at);
  }
  ensure(at, 0);
  return Buffer.from(room.subarray(0, at));
}

function writeField(tag: number, kind: FieldKind, value: unknown, at: number): number {
  ensure(at, FIELD_HEADER_BYTES);
  const begin = at + FIELD_HEADER_BYTES;
  const end = writeValue(kind, value, begin);
  // The room may be another one by now.
  room.writeUInt32LE(tag, at);
  room.writeUInt32LE(end - begin, at + 4);
  const next = begin + padded(end - begin);
  ensure(end, next - end);
  room.fill(0, end, next);
  return next;
}

// ---- from bytes

/**
 * The fields of a frame's body. Payloads are views of `body`.
 * @throws TempressError "protocol" for anything that encodeFields would not write for this type
 */
export function decodeFields(type: TypeName, body: Buffer): Message {
  const { names, required } = ALLOWED.get(type)!;
  const found: Record<string, unknown> = {};
  let count = 0;
  for (let at = 0; at < body.length; ) {
    if (body.length - at < FIELD_HEADER_BYTES) throw protocolError("a field's header is cut off", type);
    const tag = body.readUInt16LE(at);
    const length = body.readUInt32LE(at + 4);
    const name = BY_TAG.get(tag);
    if (name === undefined || !names.has(name)) throw protocolError(`field ${tag} does not belong here`, type);
    if (body.readUInt16LE(at + 2) !== 0) throw protocolError("a reserved bit is set", `${type}.${name}`);
    at += FIELD_HEADER_BYTES;
    if (length > body.length - at) throw protocolError(`${length} bytes are announced, fewer are there`, type);
    const end = at + padded(length);
    if (end > body.length) throw protocolError("padding is cut off", `${type}.${name}`);
    for (let i = at + length; i < end; i++) {
      if (body[i] !== 0) throw protocolError("padding is not 0", `${type}.${name}`);
    }
    if (++count > LIMITS.fields) throw protocolError(`more than ${LIMITS.fields} fields`, type);
    const { kind, many } = FIELDS[name] as { kind: FieldKind; many?: true };
    const value = decodeValue(kind, body.subarray(at, at + length), `${type}.${name}`);
    if (many) {
      if (!Object.hasOwn(found, name)) found[name] = [];
      (found[name] as unknown[]).push(value);
    } else if (Object.hasOwn(found, name)) {
      throw protocolError("a field stands twice", `${type}.${name}`);
    } else found[name] = value;
    at = end;
  }
  for (const name of required) {
    if (!Object.hasOwn(found, name)) throw protocolError(`field ${name} is missing`, type);
  }
  return found as Message;
}

function decodeValue(kind: FieldKind, bytes: Buffer, where: string): unknown {
  switch (kind) {
    case "u32":
      return sized(bytes, 4, where).readUInt32LE(0);
    case "u64":
      return whole(sized(bytes, 8, where), 0, where);
    case "u64s":
      if (bytes.length % 8 !== 0) throw protocolError(`${bytes.length} bytes are no list of u64`, where);
      return Array.from({ length: bytes.length / 8 }, (_, i) => whole(bytes, 8 * i, where));
    case "text":
      return text(bytes, where);
    case "bytes":
      return bytes;
    case "payload":
      return decodePayload(bytes, where);
    case "option": {
      const split = bytes.indexOf(0);
      if (split < 0) throw protocolError("a key without a value", where);
      return [text(bytes.subarray(0, split), where), text(bytes.subarray(split + 1), where)];
    }
    case "number":
      if (bytes.length < 8) throw protocolError(`${bytes.length} bytes are no number`, where);
      return [text(bytes.subarray(8), where), bytes.readDoubleLE(0)];
    case "info":
      return decodeInfo(bytes, where);
  }
}

function sized(bytes: Buffer, length: number, where: string): Buffer {
  if (bytes.length === length) return bytes;
  throw protocolError(`${bytes.length} bytes instead of ${length}`, where);
}

function whole(bytes: Buffer, at: number, where: string): number {
  const value = Number(bytes.readBigUInt64LE(at));
  if (Number.isSafeInteger(value)) return value;
  throw protocolError(`${value} is too large a number`, where);
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function text(bytes: Buffer, where: string): string {
  let value: string;
  try {
    value = utf8.decode(bytes);
  } catch {
    throw protocolError("text is not UTF-8", where);
  }
  if (value.includes("\0")) throw protocolError("text holds a 0 byte", where);
  return value;
}

function decodePayload(bytes: Buffer, where: string): Payload {
  if (bytes.length < 8) throw protocolError("a payload without its header", where);
  const [segment, flags] = [bytes.readUInt32LE(0), bytes.readUInt32LE(4)];
  if (segment === 0) {
    if (flags !== 0) throw protocolError("an inline payload has no flags", where);
    return { bytes: bytes.subarray(8) };
  }
  sized(bytes, 24, where);
  if (flags > 3) throw protocolError(`flags ${flags} are unknown`, where);
  return { segment, flags, offset: whole(bytes, 8, where), length: whole(bytes, 16, where) };
}

function decodeInfo(bytes: Buffer, where: string): Info {
  if (bytes.length < INFO_HEADER_BYTES) throw protocolError("an entry without its header", where);
  const name = <T extends string>(table: Readonly<Record<T, number>>, number: number): T => {
    const found = (Object.keys(table) as T[]).find((key) => table[key] === number);
    if (found === undefined) throw protocolError(`${number} is unknown`, where);
    return found;
  };
  const keyEnd = INFO_HEADER_BYTES + bytes.readUInt32LE(4);
  if (keyEnd > bytes.length) throw protocolError("a key is cut off", where);
  const rest = bytes.subarray(keyEnd);
  if (rest.length > 0 && rest.at(-1) !== 0) throw protocolError("a value is not ended", where);
  const values: string[] = [];
  for (let at = 0; at < rest.length; ) {
    const end = rest.indexOf(0, at);
    values.push(text(rest.subarray(at, end), where));
    at = end + 1;
  }
  return {
    about: name<InfoAbout>(INFO_ABOUT, bytes[0]!),
    type: name<InfoType>(INFO_TYPES, bytes[1]!),
    key: text(bytes.subarray(INFO_HEADER_BYTES, keyEnd), where),
    values: bytes[2] === 1 ? values : undefined,
  };
}
