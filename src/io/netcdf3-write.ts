/** The header of a NetCDF-3 file of one variable; its values follow, big-endian, in C order. */
import { TempressError } from "../errors.ts";
import { DTYPES, type DType } from "../tensor/dtype.ts";
import { elementCount } from "../tensor/shape.ts";
import type { TensorSink } from "../tensor/source.ts";
import { type AttributeValue, attributesOf } from "./attributes.ts";
import type { TensorLike } from "./format.ts";
import { NETCDF_TYPES } from "./netcdf3-header.ts";
import { type ClosableSink, rawSink, swapped } from "./raw.ts";

/** What versions 1 and 2 hold; everything else needs version 5. */
const CLASSIC: readonly string[] = ["int8", "int16", "int32", "float32", "float64"];
const CHAR = 2;

class Writer {
  readonly #pieces: number[] = [];
  readonly wide: boolean;

  constructor(wide: boolean) {
    this.wide = wide;
  }

  u32(value: number): void {
    this.#pieces.push((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
  }

  u64(value: number): void {
    this.u32(Math.floor(value / 2 ** 32));
    this.u32(value % 2 ** 32);
  }

  count(value: number): void {
    if (this.wide) this.u64(value);
    else this.u32(value);
  }

  padded(bytes: Uint8Array): void {
    for (const byte of bytes) this.#pieces.push(byte);
    while (this.#pieces.length % 4 !== 0) this.#pieces.push(0);
  }

  name(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.count(bytes.length);
    this.padded(bytes);
  }

  list<T>(tag: number, items: readonly T[], item: (each: T) => void): void {
    this.u32(items.length === 0 ? 0 : tag);
    this.count(items.length);
    for (const each of items) item(each);
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#pieces);
  }
}

/** NetCDF's numeric type of a dtype; a bool is an unsigned byte. */
function typeOf(dtype: DType): number {
  const wanted = dtype === "bool" ? "uint8" : dtype;
  return Number(Object.entries(NETCDF_TYPES).find(([, each]) => each === wanted)![0]);
}

/** @throws TempressError "invalid-argument" for a name that NetCDF refuses. */
export function netcdf3Header(like: TensorLike, variable = like.name ?? "data", where = "NetCDF"): Uint8Array {
  const name = variable.replace(/^\/+/, "");
  if (name === "" || /[/\0]/.test(name)) {
    throw new TempressError("invalid-argument", `"${variable}" cannot be a variable of NetCDF-3`, {
      where,
      hint: "it has no groups: --variable NAME, or write .nc4",
    });
  }
  const { bytes: width } = DTYPES[like.dtype];
  const size = elementCount(like.shape) * width;
  const large = size > 2 ** 32 - 4 || like.shape.some((extent) => extent >= 2 ** 31);
  const wide = large || !CLASSIC.includes(like.dtype);
  const attributes = attributesOf(like.attributes);
  if (like.fill !== undefined && !attributes.has("_FillValue")) {
    const values = new DTYPES[like.dtype].Array(1);
    if (values instanceof BigInt64Array || values instanceof BigUint64Array) values[0] = BigInt(like.fill);
    else values[0] = like.fill;
    attributes.set("_FillValue", { dtype: like.dtype, values });
  }
  const own = [...attributes].filter(([key]) => !key.startsWith("/") && key !== "_Unsigned");
  const global = [...attributes].filter(([key]) => key.startsWith("/")).map(([key, value]) => [key.slice(1), value]);
  const names = axisNames(like);

  const header = (begin: number): Uint8Array => {
    const to = new Writer(wide);
    to.padded(Uint8Array.of(0x43, 0x44, 0x46, wide ? 5 : 2));
    to.count(0); // no records
    to.list(10, names, (axis) => {
      to.name(axis);
      to.count(like.shape[names.indexOf(axis)]!);
    });
    to.list(12, global as [string, AttributeValue][], (each) => attribute(to, each));
    to.list(11, [name], () => {
      to.name(name);
      to.count(names.length);
      names.forEach((_, k) => {
        to.count(k);
      });
      to.list(12, own, (each) => attribute(to, each));
      to.u32(typeOf(like.dtype));
      to.count(Math.ceil(size / 4) * 4);
      to.u64(begin);
    });
    return to.bytes();
  };
  return header(header(0).length);
}

function axisNames(like: TensorLike): string[] {
  const names: string[] = [];
  like.shape.forEach((_, k) => {
    let axis = like.axes?.[k]?.replaceAll(/[/\0]/g, "_") || `dim_${k}`;
    while (names.includes(axis)) axis += "_";
    names.push(axis);
  });
  return names;
}

function attribute(to: Writer, [name, value]: [string, AttributeValue]): void {
  to.name(name);
  if (typeof value === "string") {
    const bytes = new TextEncoder().encode(value);
    to.u32(CHAR);
    to.count(bytes.length);
    to.padded(bytes);
    return;
  }
  const { dtype, values } = to.wide || CLASSIC.includes(value.dtype) ? value : classic(value.values);
  to.u32(typeOf(dtype));
  to.count(values.length);
  const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  to.padded(swapped(raw, DTYPES[dtype].bytes));
}

/** Numbers of types that version 2 does not have: as int32 where they fit, else as float64. */
function classic(values: ArrayLike<number | bigint>): Exclude<AttributeValue, string> {
  const numbers = Array.from(values, Number);
  const fits = numbers.every((value) => Number.isInteger(value) && Math.abs(value) < 2 ** 31);
  return fits
    ? { dtype: "int32", values: Int32Array.from(numbers) }
    : { dtype: "float64", values: Float64Array.from(numbers) };
}

/** Writes header, values and the last padding. */
export async function netcdf3Sink(
  out: ClosableSink,
  like: TensorLike,
  variable: string | undefined,
  where: string,
): Promise<TensorSink> {
  if (like.shape.includes(0)) {
    throw new TempressError("unsupported", "NetCDF-3 has no empty axes", { where, hint: "write .nc4 or .npy" });
  }
  const { bytes: width } = DTYPES[like.dtype];
  const size = elementCount(like.shape) * width;
  await out.write(netcdf3Header(like, variable, where));
  const swapping: ClosableSink = {
    write: (bytes) => out.write(swapped(bytes, width)),
    async close() {
      await out.write(new Uint8Array((4 - (size % 4)) % 4));
      await out.close();
    },
    abort: () => out.abort?.(),
  };
  return rawSink(swapping, like, where);
}
