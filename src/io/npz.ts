/** NumPy's `.npz`: a ZIP archive of `.npy` files, stored (read by range) or deflated (read whole). */
import { inflateSync, Zip, ZipPassThrough } from "fflate";
import { TempressError } from "../errors.ts";
import { DTYPES } from "../tensor/dtype.ts";
import { elementCount } from "../tensor/shape.ts";
import { type ByteSource, byteSource, type TensorSink, type TensorSource } from "../tensor/source.ts";
import type { TensorLike } from "./format.ts";
import { npyHeader, npySource, readNpyHeader } from "./npy.ts";
import { partOf } from "./part.ts";
import { crc32 } from "./png-parts.ts";
import { type ClosableSink, rawSink } from "./raw.ts";
import { chooseVariable, type VariableInfo } from "./variables.ts";

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const STORED = 0;
const DEFLATED = 8;
/** Deflate makes at most 1032 bytes of one; a larger claim lies. */
const MOST_DEFLATED = 1032;
const LARGEST_DEFLATED = 2 ** 31;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly offset: number;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function corrupt(where: string, what: string): TempressError {
  return new TempressError("corrupt", `not a readable .npz archive: ${what}`, { where, hint: "copy it again" });
}

/** The archive's list, which stands at its end. */
async function entriesOf(bytes: ByteSource, where: string): Promise<Entry[]> {
  const tailStart = Math.max(0, bytes.byteLength - END_BYTES - 65535);
  const tail = await bytes.read(tailStart, bytes.byteLength);
  const view = viewOf(tail);
  let at = tail.length - END_BYTES;
  while (at >= 0 && view.getUint32(at, true) !== END) at--;
  if (at < 0) throw corrupt(where, "its list is missing");
  let [count, length, start] = [
    view.getUint16(at + 10, true),
    view.getUint32(at + 12, true),
    view.getUint32(at + 16, true),
  ];
  if ((count === 0xffff || start === 0xffffffff || length === 0xffffffff) && at >= 20) {
    const record = Number(view.getBigUint64(at - 12, true));
    if (view.getUint32(at - 20, true) !== 0x07064b50 || record + 56 > bytes.byteLength)
      throw corrupt(where, "its list");
    const wide = viewOf(await bytes.read(record, record + 56));
    [count, length, start] = [32, 40, 48].map((offset) => Number(wide.getBigUint64(offset, true))) as [
      number,
      number,
      number,
    ];
  }
  if (start + length > bytes.byteLength || count * 46 > length) throw corrupt(where, "its list lies outside the file");
  const list = await bytes.read(start, start + length);
  const entries: Entry[] = [];
  for (let from = 0, i = 0; i < count; i++) {
    if (from + 46 > list.length) throw corrupt(where, "its list is cut off");
    const [entry, next] = readEntry(list, from, where);
    if (entry.offset + 30 > bytes.byteLength || entry.packed > bytes.byteLength)
      throw corrupt(where, `${entry.name} lies outside the file`);
    entries.push(entry);
    from = next;
  }
  return entries;
}

function readEntry(list: Uint8Array, from: number, where: string): [Entry, number] {
  const view = viewOf(list);
  if (view.getUint32(from, true) !== ENTRY) throw corrupt(where, "its list is damaged");
  const [nameLength, extraLength, commentLength] = [28, 30, 32].map((at) => view.getUint16(from + at, true)) as [
    number,
    number,
    number,
  ];
  const extraAt = from + 46 + nameLength;
  const next = extraAt + extraLength + commentLength;
  if (next > list.length) throw corrupt(where, "its list is cut off");
  const name = new TextDecoder().decode(list.subarray(from + 46, extraAt));
  let [packed, size, offset] = [
    view.getUint32(from + 20, true),
    view.getUint32(from + 24, true),
    view.getUint32(from + 42, true),
  ];
  for (let at = extraAt; at + 4 <= extraAt + extraLength; ) {
    const [tag, bytes] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    // ZIP64: 8 bytes for each of these that is all ones.
    if (tag === 1) {
      let field = at + 4;
      const wide = (value: number): number => {
        if (value !== 0xffffffff || field + 8 > Math.min(at + 4 + bytes, list.length)) return value;
        field += 8;
        return Number(view.getBigUint64(field - 8, true));
      };
      size = wide(size);
      packed = wide(packed);
      offset = wide(offset);
    }
    at += 4 + bytes;
  }
  const [flags, method, crc] = [
    view.getUint16(from + 8, true),
    view.getUint16(from + 10, true),
    view.getUint32(from + 16, true),
  ];
  if (flags & 1) throw new TempressError("unsupported", `${name} is encrypted`, { where });
  return [{ name, method, crc, packed, size, offset }, next];
}

/** One `.npy` file of the archive. */
async function openEntry(bytes: ByteSource, entry: Entry, where: string): Promise<ByteSource> {
  const local = viewOf(await bytes.read(entry.offset, entry.offset + 30));
  if (local.getUint32(0, true) !== LOCAL) throw corrupt(where, `${entry.name} does not begin where the list says`);
  const start = entry.offset + 30 + local.getUint16(26, true) + local.getUint16(28, true);
  if (start + entry.packed > bytes.byteLength) throw corrupt(where, `${entry.name} lies outside the file`);
  const inside = partOf(bytes, start, start + entry.packed, `${where}:${nameOf(entry)}`);
  if (entry.method === STORED) return inside;
  if (entry.method !== DEFLATED) {
    throw new TempressError("unsupported", `${entry.name} is packed by method ${entry.method}`, { where });
  }
  if (entry.size > entry.packed * MOST_DEFLATED + 64 || entry.size > LARGEST_DEFLATED) {
    throw corrupt(where, `${entry.name} claims ${entry.size} bytes`);
  }
  let values: Uint8Array;
  try {
    values = inflateSync(await inside.read(0, entry.packed), { out: new Uint8Array(entry.size) });
  } catch (cause) {
    throw new TempressError("corrupt", `${entry.name} does not unpack`, { where, hint: "copy it again", cause });
  }
  if (values.length !== entry.size || crc32(values) !== entry.crc) throw corrupt(where, `${entry.name} is damaged`);
  return { ...byteSource(values, inside.name), close: () => bytes.close?.() };
}

const nameOf = ({ name }: Entry): string => name.replace(/\.npy$/, "");

async function describe(bytes: ByteSource, where: string): Promise<(VariableInfo & { entry: Entry })[]> {
  const entries = (await entriesOf(bytes, where)).filter(({ name }) => name.endsWith(".npy"));
  const found: (VariableInfo & { entry: Entry })[] = [];
  for (const entry of entries) {
    // Types without a counterpart here are listed, and refused when they are opened.
    const header = await openEntry(bytes, entry, where)
      .then(readNpyHeader)
      .catch((error: unknown) => {
        if (error instanceof TempressError && error.code === "unsupported") return undefined;
        throw error;
      });
    const about = header
      ? { shape: header.shape, dtype: header.dtype }
      : { shape: [], dtype: "other", secondary: true };
    found.push({ name: nameOf(entry), entry, ...about });
  }
  return found;
}

export async function npzVariables(bytes: ByteSource): Promise<VariableInfo[]> {
  return (await describe(bytes, bytes.name ?? "npz data")).map(({ entry, ...info }) => info);
}

/** @throws TempressError "corrupt" for damage, "invalid-argument" that lists the arrays where none is named. */
export async function npzSource(bytes: ByteSource, wanted?: string): Promise<TensorSource> {
  const where = bytes.name ?? "npz data";
  const { entry } = chooseVariable(await describe(bytes, where), wanted, where);
  return { ...(await npySource(await openEntry(bytes, entry, where))), name: nameOf(entry) };
}

/** Writes one array, stored, so that it can be read by range. */
export function npzSink(out: ClosableSink, like: TensorLike, variable: string | undefined, where: string): TensorSink {
  if (elementCount(like.shape) * DTYPES[like.dtype].bytes > 2 ** 32 - 2 ** 16) {
    throw new TempressError("unsupported", "an .npz archive of 4 GiB and more is not written", {
      where,
      hint: "write .npy",
    });
  }
  const pending: Uint8Array[] = [];
  const zip = new Zip((_, piece) => void pending.push(piece));
  const file = new ZipPassThrough(`${(variable ?? like.name ?? "data").replace(/^\/+/, "")}.npy`);
  zip.add(file);
  file.push(npyHeader(like));
  const flush = async (): Promise<void> => {
    for (const piece of pending.splice(0)) await out.write(piece);
  };
  const body: ClosableSink = {
    async write(bytes) {
      file.push(bytes);
      await flush();
    },
    async close() {
      file.push(new Uint8Array(0), true);
      zip.end();
      await flush();
      await out.close();
    },
    abort: () => out.abort?.(),
  };
  return rawSink(body, like, where);
}
