/**
 * NumPy's array file: magic, version, header length, a Python dictionary as text, then the values.
 * Versions 1 to 3 are read, either byte order; version 1 is written, with the header first, so that it streams.
 */
import { TempressError } from "../errors.ts";
import { DTYPES, type DType } from "../tensor/dtype.ts";
import { elementCount, formatShape, MAX_RANK } from "../tensor/shape.ts";
import { type ByteSource, type TensorSource, tensorSource } from "../tensor/source.ts";
import { tensorFromBytes } from "../tensor/tensor.ts";
import type { TensorLike } from "./format.ts";
import { fromFortran } from "./order.ts";
import { type RawLayout, rawSource, swapped } from "./raw.ts";

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** NumPy itself refuses longer headers as unsafe. */
const LONGEST_HEADER = 10_000;
/** Fortran order is transposed in memory; a larger array is refused. */
const LARGEST_FORTRAN = 2 ** 30;

const DTYPE_OF_CODE: Readonly<Record<string, DType>> = {
  f4: "float32",
  f8: "float64",
  i1: "int8",
  i2: "int16",
  i4: "int32",
  i8: "int64",
  u1: "uint8",
  u2: "uint16",
  u4: "uint32",
  u8: "uint64",
  b1: "bool",
};

export interface NpyHeader extends RawLayout {
  readonly offset: number;
  readonly bigEndian: boolean;
  readonly fortran: boolean;
}

/**
 * @throws TempressError "corrupt" or "truncated" for damage, "unsupported" for dtypes Tempress does not have.
 */
export async function readNpyHeader(bytes: ByteSource): Promise<NpyHeader> {
  const where = bytes.name ?? "npy data";
  const truncated = (): TempressError =>
    new TempressError("truncated", "the file ends inside its header", { where, hint: "copy or download it again" });
  const corrupt = (what: string): TempressError =>
    new TempressError("corrupt", `not a readable .npy header: ${what}`, { where, hint: "write it with numpy.save" });
  if (bytes.byteLength < 10) throw truncated();
  const start = await bytes.read(0, 10);
  if (MAGIC.some((byte, i) => start[i] !== byte)) throw corrupt("the magic bytes are missing");
  const version = start[6]!;
  if (version < 1 || version > 3) {
    throw new TempressError("unsupported", `.npy version ${version} is not known (1 to 3 are)`, { where });
  }
  const textAt = version === 1 ? 10 : 12;
  if (bytes.byteLength < textAt) throw truncated();
  const lengthBytes = await bytes.read(8, textAt);
  const length = lengthBytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
  if (length > LONGEST_HEADER) throw corrupt(`it claims ${length} bytes`);
  if (bytes.byteLength < textAt + length) throw truncated();
  const text = new TextDecoder().decode(await bytes.read(textAt, textAt + length));

  const descr = /'descr'\s*:\s*(?:'([^']*)'|([[(]))/.exec(text);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text);
  const extents = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(text);
  if (!descr) throw corrupt("no 'descr'");
  if (!order) throw corrupt("no 'fortran_order'");
  if (!extents) throw corrupt("no 'shape'");
  if (descr[2] !== undefined) {
    throw new TempressError("unsupported", "the array has several fields a value (a structured dtype)", {
      where,
      hint: "save one field: numpy.save(path, array['field'])",
    });
  }
  const [, mark, code] = /^([<>=|]?)([a-zA-Z]\d+)$/.exec(descr[1]!) ?? [];
  const dtype = code === undefined ? undefined : DTYPE_OF_CODE[code];
  if (dtype === undefined) {
    throw new TempressError("unsupported", `.npy dtype '${descr[1]}' has no counterpart here`, {
      where,
      hint: "convert it with array.astype, for example to 'float32'",
    });
  }
  const shape = [...extents[1]!.matchAll(/\d+/g)].map(([digits]) => Number(digits));
  // A NumPy scalar has no axes; here it is one frame of one value.
  if (shape.length === 0) shape.push(1);
  if (shape.length > MAX_RANK) {
    throw new TempressError("unsupported", `${shape.length} axes are more than ${MAX_RANK}`, {
      where,
      hint: "reshape the array",
    });
  }
  const count = elementCount(shape, where);
  const offset = textAt + length;
  const missing = offset + count * DTYPES[dtype].bytes - bytes.byteLength;
  if (missing > 0) {
    throw new TempressError("truncated", `${missing} bytes of ${formatShape(shape)} ${dtype} are missing`, {
      where,
      hint: "copy or download it again",
    });
  }
  if (missing < 0) {
    throw new TempressError("corrupt", `${-missing} bytes follow the array`, { where, hint: "save one array a file" });
  }
  return { dtype, shape, offset, bigEndian: mark === ">", fortran: order[1] === "True" };
}

export async function npySource(bytes: ByteSource): Promise<TensorSource> {
  const header = await readNpyHeader(bytes);
  // With at most one axis longer than 1 both orders are the same.
  const plain = !header.fortran || header.shape.filter((extent) => extent > 1).length < 2;
  return plain ? rawSource(bytes, header) : fortranSource(bytes, header);
}

async function fortranSource(bytes: ByteSource, header: NpyHeader): Promise<TensorSource> {
  const { dtype, shape, offset } = header;
  const width = DTYPES[dtype].bytes;
  const size = elementCount(shape) * width;
  const where = bytes.name ?? "npy data";
  if (size > LARGEST_FORTRAN) {
    throw new TempressError("unsupported", "the array is in Fortran order and too large to transpose in memory", {
      where,
      hint: "save it with numpy.save(path, numpy.ascontiguousarray(array))",
    });
  }
  const stored = await bytes.read(offset, offset + size);
  if (stored.byteLength !== size) {
    throw new TempressError("truncated", `reading gave ${stored.byteLength} of ${size} bytes`, { where });
  }
  const t = tensorFromBytes(
    dtype,
    shape,
    fromFortran(header.bigEndian ? swapped(stored, width) : stored, shape, width),
  );
  await bytes.close?.();
  return tensorSource(t);
}

/** A version 1 header, padded so that the values start at a multiple of 64 bytes. */
export function npyHeader(like: TensorLike): Uint8Array {
  const code = Object.keys(DTYPE_OF_CODE).find((key) => DTYPE_OF_CODE[key] === like.dtype)!;
  const mark = DTYPES[like.dtype].bytes === 1 ? "|" : "<";
  const extents = like.shape.length === 1 ? `${like.shape[0]},` : like.shape.join(", ");
  const text = `{'descr': '${mark}${code}', 'fortran_order': False, 'shape': (${extents}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const header = new TextEncoder().encode(`..........${text.padEnd(length - 1)}\n`);
  header.set([...MAGIC, 1, 0, length & 255, length >> 8]);
  return header;
}
