/**
 * MATLAB's MAT-files of version 5: a list of elements (type, length, bytes), each a matrix or a deflated one. Values
 * are in Fortran order and may be stored in a smaller type than the array's. The array is in memory as a whole.
 */
import { Unzlib, zlibSync } from "fflate";
import { TempressError } from "../errors.ts";
import { DTYPES, type DType } from "../tensor/dtype.ts";
import { elementCount, formatShape, MAX_RANK, type Shape } from "../tensor/shape.ts";
import { type ByteSource, type TensorSink, type TensorSource, tensorSource } from "../tensor/source.ts";
import { bytesOf, type Tensor, tensorFromBytes } from "../tensor/tensor.ts";
import type { TensorLike } from "./format.ts";
import { frameSink } from "./frame-sink.ts";
import { fromFortran, toFortran } from "./order.ts";
import { type ClosableSink, swapped } from "./raw.ts";
import { chooseVariable, type VariableInfo } from "./variables.ts";

const HEADER = 128;
const MATRIX = 14;
const DEFLATED = 15;
/** Elements of numbers by their type's number. */
const STORED: Readonly<Record<number, DType>> = {
  ...{ 1: "int8", 2: "uint8", 3: "int16", 4: "uint16", 5: "int32", 6: "uint32", 7: "float32", 9: "float64" },
  ...{ 12: "int64", 13: "uint64" },
};
/** Arrays by their class's number. */
const CLASSES: Readonly<Record<number, string>> = {
  ...{ 1: "cell", 2: "struct", 3: "object", 4: "text", 5: "sparse", 6: "float64", 7: "float32", 8: "int8", 9: "uint8" },
  ...{ 10: "int16", 11: "uint16", 12: "int32", 13: "uint32", 14: "int64", 15: "uint64", 16: "function", 17: "opaque" },
};
const LOGICAL = 0x200;
const COMPLEX = 0x800;
/** An element's length is 32 bits; memory for reading it, inflating it and turning it. */
const LARGEST = 2 ** 31;
const MOST_DEFLATED = 1032;
/** What a matrix says about itself before its values: flags, extents, a name. */
const ABOUT_BYTES = 4096;

interface Element {
  readonly type: number;
  readonly start: number;
  readonly length: number;
}

interface Matrix extends VariableInfo {
  readonly element: Element;
  readonly complex: boolean;
  /** Where the values' element begins in the matrix. */
  readonly valuesAt: number;
}

function corrupt(where: string, what: string, code: "corrupt" | "truncated" = "corrupt"): TempressError {
  return new TempressError(code, `not a readable MAT-file: ${what}`, { where });
}

async function elementsOf(bytes: ByteSource, where: string): Promise<{ big: boolean; elements: Element[] }> {
  if (bytes.byteLength < HEADER) throw corrupt(where, "it ends inside its header", "truncated");
  const head = await bytes.read(0, HEADER);
  const mark = String.fromCharCode(head[126]!, head[127]!);
  if (mark !== "IM" && mark !== "MI") {
    const old = "version 4 files, and others, have no such mark";
    throw corrupt(where, `the mark of version 5 is missing (${old})`);
  }
  const big = mark === "MI";
  const elements: Element[] = [];
  for (let at = HEADER; at + 8 <= bytes.byteLength; ) {
    const view = viewOf(await bytes.read(at, at + 8));
    const [type, length] = [view.getUint32(0, !big), view.getUint32(4, !big)];
    if (at + 8 + length > bytes.byteLength) throw corrupt(where, `an element at byte ${at} is cut off`, "truncated");
    if (type !== MATRIX && type !== DEFLATED && STORED[type] === undefined && type > 18) {
      throw corrupt(where, `an element at byte ${at} has type ${type}`);
    }
    if (type === MATRIX || type === DEFLATED) elements.push({ type, start: at + 8, length });
    // Deflated elements are not padded.
    at += 8 + (type === DEFLATED ? length : Math.ceil(length / 8) * 8);
  }
  return { big, elements };
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** At most the first `most` bytes of a deflated element. */
function inflated(packed: Uint8Array, most: number, where: string): Uint8Array {
  const pieces: Uint8Array[] = [];
  let total = 0;
  const stream = new Unzlib((piece) => {
    pieces.push(piece);
    total += piece.length;
  });
  try {
    const step = 1 << 16;
    for (let at = 0; at < packed.length && total < most; at += step) {
      stream.push(packed.subarray(at, at + step));
    }
  } catch (cause) {
    throw new TempressError("corrupt", "a compressed element does not unpack", { where, cause });
  }
  const out = new Uint8Array(Math.min(total, most));
  let at = 0;
  for (const piece of pieces) {
    if (at >= out.length) break;
    out.set(piece.subarray(0, out.length - at), at);
    at += piece.length;
  }
  return out;
}

/** zlib's checksum, which fflate does not look at. */
function adler32(bytes: Uint8Array): number {
  let [low, high] = [1, 0];
  for (let at = 0; at < bytes.length; ) {
    // The sums stay exact for so many bytes.
    for (const end = Math.min(bytes.length, at + 3800); at < end; at++) {
      low += bytes[at]!;
      high += low;
    }
    low %= 65521;
    high %= 65521;
  }
  return ((high << 16) | low) >>> 0;
}

/** One sub-element: its tag is 8 bytes, or 4 with up to 4 bytes of data beside it. */
function subElement(bytes: Uint8Array, at: number, big: boolean, where: string) {
  if (at + 8 > bytes.length) throw corrupt(where, "a matrix is cut off", "truncated");
  const view = viewOf(bytes);
  const word = view.getUint32(at, !big);
  const small = word >>> 16;
  if (small !== 0) {
    if (small > 4) throw corrupt(where, `a small element of ${small} bytes`);
    return { type: word & 0xffff, start: at + 4, length: small, next: at + 8 };
  }
  const length = view.getUint32(at + 4, !big);
  return { type: word, start: at + 8, length, next: at + 8 + Math.ceil(length / 8) * 8 };
}

/** The bytes of a matrix: all of them, or what it says about itself. */
async function matrixBytes(bytes: ByteSource, element: Element, big: boolean, whole: boolean, where: string) {
  const most = whole ? element.length : Math.min(element.length, ABOUT_BYTES);
  if (element.type === MATRIX) return await bytes.read(element.start, element.start + most);
  const packed = await bytes.read(
    element.start,
    element.start + (whole ? element.length : Math.min(element.length, 1 << 16)),
  );
  const first = inflated(packed, ABOUT_BYTES + 8, where);
  if (first.length < 8 || viewOf(first).getUint32(0, !big) !== MATRIX)
    throw corrupt(where, "a compressed element holds no matrix");
  const length = viewOf(first).getUint32(4, !big);
  if (!whole) return first.subarray(8);
  if (length > LARGEST || length > element.length * MOST_DEFLATED + 64)
    throw corrupt(where, `a matrix claims ${length} bytes`);
  const unpacked = inflated(packed, length + 8, where);
  const all = unpacked.subarray(8);
  if (all.length < length) throw corrupt(where, "a compressed element is cut off", "truncated");
  if (adler32(unpacked) !== viewOf(packed).getUint32(packed.length - 4))
    throw corrupt(where, "a compressed element is damaged");
  return all;
}

async function describe(bytes: ByteSource, where: string): Promise<{ big: boolean; matrices: Matrix[] }> {
  const { big, elements } = await elementsOf(bytes, where);
  const matrices: Matrix[] = [];
  for (const element of elements) {
    const about = await matrixBytes(bytes, element, big, false, where);
    const view = viewOf(about);
    const flags = subElement(about, 0, big, where);
    if (flags.length !== 8 || flags.next > about.length) throw corrupt(where, "a matrix without flags");
    const bits = view.getUint32(flags.start, !big);
    const kind = CLASSES[bits & 0xff] ?? "unknown class";
    const extents = subElement(about, flags.next, big, where);
    const rank = extents.length / 4;
    if (kind === "opaque" || kind === "function") continue;
    if (!Number.isInteger(rank) || rank < 2 || extents.next > about.length)
      throw corrupt(where, `a matrix of ${rank} axes`);
    const shape = Array.from({ length: rank }, (_, k) => view.getInt32(extents.start + 4 * k, !big));
    const name = subElement(about, extents.next, big, where);
    if (name.start + name.length > about.length) throw corrupt(where, "a name is cut off");
    const text = new TextDecoder("latin1").decode(about.subarray(name.start, name.start + name.length));
    const dtype = (bits & LOGICAL) !== 0 && kind === "uint8" ? "bool" : kind;
    matrices.push({
      ...{ name: text, shape, dtype, element, complex: (bits & COMPLEX) !== 0, valuesAt: name.next },
      secondary: !Object.hasOwn(DTYPES, dtype) || rank > MAX_RANK,
    });
  }
  return { big, matrices };
}

export async function matlabVariables(bytes: ByteSource): Promise<VariableInfo[]> {
  const { matrices } = await describe(bytes, bytes.name ?? "MAT data");
  return matrices.map(({ element, complex, valuesAt, ...info }) => info);
}

/** @throws TempressError "unsupported" for cells, structures, texts, sparse and complex arrays. */
export async function matlabSource(bytes: ByteSource, wanted?: string): Promise<TensorSource> {
  const file = bytes.name ?? "MAT data";
  const { big, matrices } = await describe(bytes, file);
  const { name, shape, dtype, complex, element, valuesAt } = chooseVariable(matrices, wanted, file);
  const where = `${file}:${name}`;
  if (complex || !Object.hasOwn(DTYPES, dtype)) {
    throw new TempressError("unsupported", `a ${complex ? "complex" : dtype} array is not taken`, { where });
  }
  const size = elementCount(shape, where) * DTYPES[dtype as DType].bytes;
  if (size > LARGEST) throw corrupt(where, `it claims ${size} bytes`);
  const matrix = await matrixBytes(bytes, element, big, true, where);
  const values = subElement(matrix, valuesAt, big, where);
  const stored = STORED[values.type];
  const count = elementCount(shape, where);
  if (
    stored === undefined ||
    values.length !== count * DTYPES[stored].bytes ||
    values.start + values.length > matrix.length
  ) {
    throw corrupt(where, `its values do not fill ${formatShape(shape)}`);
  }
  const raw = matrix.slice(values.start, values.start + values.length);
  const t = wider(tensorFromBytes(stored, shape, big ? swapped(raw, DTYPES[stored].bytes) : raw), dtype as DType);
  await bytes.close?.();
  const turned = fromFortran(bytesOf(t), shape, DTYPES[t.dtype].bytes);
  return { ...tensorSource(tensorFromBytes(dtype as DType, shape, turned)), name };
}

/** MATLAB stores whole numbers of a double array in the smallest type that holds them. */
function wider(t: Tensor, dtype: DType): Tensor {
  if (t.dtype === dtype) return t;
  const { Array: Values, bytes, kind } = DTYPES[dtype];
  const out = new Values(t.data.length);
  const big = bytes === 8 && kind !== "float";
  for (let i = 0; i < out.length; i++) (out as unknown as unknown[])[i] = big ? BigInt(t.data[i]!) : Number(t.data[i]);
  return { ...t, dtype, data: out };
}

function element(type: number, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(8 + Math.ceil(data.length / 8) * 8);
  viewOf(out).setUint32(0, type, true);
  viewOf(out).setUint32(4, data.length, true);
  out.set(data, 8);
  return out;
}

const words = (...values: number[]): Uint8Array => new Uint8Array(Int32Array.from(values).buffer);

/** A deflated element of one array. An array of one axis becomes a column. */
export function matlabFile(t: Tensor, name: string): Uint8Array[] {
  const shape: Shape = t.shape.length === 1 ? [t.shape[0]!, 1] : t.shape;
  const wanted = t.dtype === "bool" ? "uint8" : t.dtype;
  const numberOf = (table: Readonly<Record<number, string>>): number =>
    Number(Object.entries(table).find(([, each]) => each === wanted)![0]);
  const flags = numberOf(CLASSES) | (t.dtype === "bool" ? LOGICAL : 0);
  const values = toFortran(bytesOf(t), shape, DTYPES[t.dtype].bytes);
  const parts = [
    element(6, words(flags, 0)),
    element(5, words(...shape)),
    element(1, new TextEncoder().encode(name)),
    element(numberOf(STORED), values),
  ];
  const body = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  const packed = zlibSync(element(MATRIX, body), { level: 6 });
  const header = new Uint8Array(HEADER).fill(32, 0, 116);
  header.set(new TextEncoder().encode("MATLAB 5.0 MAT-file, written by Tempress"));
  header.set([0, 1, 0x49, 0x4d], 124);
  const tag = words(DEFLATED, packed.length);
  return [header, tag, packed];
}

/** @throws TempressError "unsupported" for what a MAT-file of version 5 cannot hold. */
export function matlabSink(
  out: ClosableSink,
  like: TensorLike,
  variable: string | undefined,
  where: string,
): TensorSink {
  const size = elementCount(like.shape, where) * DTYPES[like.dtype].bytes;
  if (size > LARGEST - 2 ** 16 || like.shape.some((extent) => extent >= LARGEST)) {
    throw new TempressError("unsupported", "an array of 2 GiB and more does not fit into a MAT-file of version 5", {
      where,
      hint: "write .h5",
    });
  }
  const asked = (variable ?? like.name ?? "data").replace(/^\/+/, "");
  // MATLAB takes letters, digits and underscores, 63 of them.
  const name = asked
    .replace(/[^A-Za-z0-9_]/g, "_")
    .replace(/^(?![A-Za-z])/, "x")
    .slice(0, 63);
  return frameSink(like, where, Math.max(1, like.shape[0]!), {
    async group(whole) {
      for (const piece of matlabFile(whole, name)) await out.write(piece);
    },
    close: () => out.close(),
    abort: () => out.abort?.(),
  });
}
