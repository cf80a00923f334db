/**
 * The header of NetCDF-3 files: dimensions, attributes, variables, and where each variable's values begin. Versions 1
 * (classic), 2 (64-bit offsets) and 5 (64-bit counts, unsigned and 64-bit types).
 */
import { TempressError } from "../errors.ts";
import { DTYPES, type DType } from "../tensor/dtype.ts";
import type { ByteSource } from "../tensor/source.ts";
import type { AttributeNumbers, AttributeValue } from "./attributes.ts";
import { swapped } from "./raw.ts";

const DIMENSIONS = 10;
const VARIABLES = 11;
const ATTRIBUTES = 12;
const CHAR = 2;

/** By the number of the type in the file. */
export const NETCDF_TYPES: Readonly<Record<number, DType | "char">> = {
  1: "int8",
  2: "char",
  3: "int16",
  4: "int32",
  5: "float32",
  6: "float64",
  7: "uint8",
  8: "uint16",
  9: "uint32",
  10: "int64",
  11: "uint64",
};

export interface NetcdfVariable {
  readonly name: string;
  readonly dtype: DType | "char";
  readonly dimensions: readonly number[];
  readonly attributes: ReadonlyMap<string, AttributeValue>;
  /** First byte of its values, or of those of its first record. */
  readonly begin: number;
}

export interface NetcdfHeader {
  readonly version: 1 | 2 | 5;
  /** Length of the record dimension; undefined where the writer was still at work ("streaming"). */
  readonly records: number | undefined;
  /** Length 0 is the record dimension. */
  readonly dimensions: readonly { readonly name: string; readonly length: number }[];
  readonly attributes: ReadonlyMap<string, AttributeValue>;
  readonly variables: readonly NetcdfVariable[];
}

/** Whether a NetCDF-3 file begins so. */
export function isNetcdf3(first: Uint8Array): boolean {
  return first[0] === 0x43 && first[1] === 0x44 && first[2] === 0x46 && [1, 2, 5].includes(first[3]!);
}

const FIRST_BYTES = 1 << 16;
/** A longer header is no header. */
const LONGEST = 1 << 26;

class Ends extends Error {}

/**
 * Reads no more of the file than the header takes, and a little.
 * @throws TempressError "corrupt" for what no writer makes, "truncated" when the file ends in its header
 */
export async function readNetcdfHeader(bytes: ByteSource): Promise<NetcdfHeader> {
  const where = bytes.name ?? "NetCDF data";
  for (let length = Math.min(FIRST_BYTES, bytes.byteLength); ; length = Math.min(4 * length, bytes.byteLength)) {
    try {
      return parse(new Cursor(await bytes.read(0, length), where), where);
    } catch (error) {
      if (!(error instanceof Ends)) throw error;
      if (length === bytes.byteLength) {
        const hint = "copy or download it again";
        throw new TempressError("truncated", "the file ends inside its header", { where, hint });
      }
      if (length > LONGEST) throw corrupt(`its header is longer than ${LONGEST} bytes`, where);
    }
  }
}

function corrupt(what: string, where: string): TempressError {
  return new TempressError("corrupt", `not a readable NetCDF-3 file: ${what}`, { where });
}

/** Big-endian numbers, padded names and lists. */
class Cursor {
  at = 4;
  wide = false;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #where: string;

  constructor(bytes: Uint8Array, where: string) {
    this.#bytes = bytes;
    this.#where = where;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  first(): Uint8Array {
    return this.take(0, 4);
  }

  private take(from: number, length: number): Uint8Array {
    if (from + length > this.#bytes.length) throw new Ends();
    return this.#bytes.subarray(from, from + length);
  }

  u32(): number {
    this.take(this.at, 4);
    this.at += 4;
    return this.#view.getUint32(this.at - 4);
  }

  u64(): number {
    const value = this.u32() * 2 ** 32 + this.u32();
    if (!Number.isSafeInteger(value)) throw corrupt(`a count of ${value}`, this.#where);
    return value;
  }

  count(): number {
    return this.wide ? this.u64() : this.u32();
  }

  /** `length` bytes and padding to a multiple of 4. */
  padded(length: number): Uint8Array {
    if (length > LONGEST) throw corrupt(`a text of ${length} bytes`, this.#where);
    const found = this.take(this.at, length);
    this.at += Math.ceil(length / 4) * 4;
    return found;
  }

  name(): string {
    return new TextDecoder().decode(this.padded(this.count()));
  }

  /** A list begins with its tag and count; an absent one has 0 for both. */
  list<T>(tag: number, item: () => T): T[] {
    const found = this.u32();
    const count = this.count();
    if (found === 0 && count === 0) return [];
    if (found !== tag) throw corrupt(`list ${found} where ${tag} was expected`, this.#where);
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(item());
    return items;
  }
}

function parse(from: Cursor, where: string): NetcdfHeader {
  const first = from.first();
  if (!isNetcdf3(first)) throw corrupt("the first bytes are not CDF", where);
  const version = first[3] as NetcdfHeader["version"];
  from.wide = version === 5;
  const high = from.u32();
  const streaming = from.wide ? from.u32() === 0xffffffff && high === 0xffffffff : high === 0xffffffff;
  if (from.wide) from.at -= 8;
  else from.at -= 4;
  let records: number | undefined;
  if (streaming) from.at += from.wide ? 8 : 4;
  else records = from.count();
  const dimensions = from.list(DIMENSIONS, () => ({ name: from.name(), length: from.count() }));
  const attributes = () => new Map(from.list(ATTRIBUTES, () => attribute(from, where)));
  const global = attributes();
  const variables = from.list(VARIABLES, (): NetcdfVariable => {
    const name = from.name();
    const rank = from.count();
    if (rank > 1024) throw corrupt(`${name} has ${rank} dimensions`, where);
    const ids = Array.from({ length: rank }, () => from.count());
    const strange = ids.find((id) => id >= dimensions.length);
    if (strange !== undefined) throw corrupt(`${name} has dimension ${strange} of ${dimensions.length}`, where);
    const own = attributes();
    const dtype = typed(from.u32(), where);
    from.count(); // its size, which does not hold for large variables
    const begin = version === 1 ? from.u32() : from.u64();
    return { name, dtype: unsigned(dtype, own), dimensions: ids, attributes: own, begin };
  });
  return { version, records, dimensions, attributes: global, variables };
}

function typed(number: number, where: string): DType | "char" {
  const found = NETCDF_TYPES[number];
  if (found === undefined) throw corrupt(`type ${number} does not exist`, where);
  return found;
}

/** NetCDF-3 has no unsigned types; an attribute says so. */
function unsigned(dtype: DType | "char", attributes: ReadonlyMap<string, AttributeValue>): DType | "char" {
  return attributes.get("_Unsigned") === "true" && /^int/.test(dtype) ? (`u${dtype}` as DType) : dtype;
}

function attribute(from: Cursor, where: string): [string, AttributeValue] {
  const name = from.name();
  const type = from.u32();
  const dtype = typed(type, where);
  const count = from.count();
  if (type === CHAR || dtype === "char") {
    return [name, new TextDecoder().decode(from.padded(count)).replace(/\0+$/, "")];
  }
  const { bytes, Array: Values } = DTYPES[dtype];
  const raw = swapped(from.padded(count * bytes), bytes);
  return [name, { dtype, values: new Values(raw.buffer, 0, count) as AttributeNumbers }];
}
