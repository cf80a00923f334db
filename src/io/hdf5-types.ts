/** Types and attributes of HDF5 as ours. */
import type { Attribute, Dataset, Metadata } from "h5wasm";
import { DTYPES, type DType } from "../tensor/dtype.ts";
import type { AttributeNumbers, AttributeValue } from "./attributes.ts";

/** HDF5's numbers for classes of types. */
const INTEGER = 0;
const FLOAT = 1;
const STRING = 3;
const ENUM = 8;
const WORDS: Readonly<Record<number, string>> = {
  [STRING]: "text",
  5: "opaque",
  6: "compound",
  7: "reference",
  10: "array",
  9: "variable length",
};

/** Our dtype, or a word for a type that has no counterpart here. */
export function dtypeOf(type: Metadata): DType | { readonly other: string } {
  const { size } = type;
  if (type.type === INTEGER && [1, 2, 4, 8].includes(size)) {
    return `${type.signed ? "int" : "uint"}${8 * size}` as DType;
  }
  if (type.type === FLOAT && (size === 4 || size === 8)) return `float${8 * size}` as DType;
  // What h5py makes of NumPy's bool.
  const members = type.enum_type?.members;
  if (type.type === ENUM && size === 1 && members && Object.keys(members).sort().join() === "FALSE,TRUE") return "bool";
  if (type.type === ENUM && [1, 2, 4, 8].includes(size)) return `${type.signed ? "int" : "uint"}${8 * size}` as DType;
  return { other: WORDS[type.type] ?? (type.type === FLOAT ? `float${8 * size}` : "unknown type") };
}

/** h5wasm's word for a dtype: "<f" for float32. */
export function h5TypeOf(dtype: DType): string {
  const letters = { float32: "f", float64: "d", int8: "b", int16: "h", int32: "i", int64: "q" };
  const unsigned = { uint8: "B", uint16: "H", uint32: "I", uint64: "Q", bool: "B" };
  return `<${{ ...letters, ...unsigned }[dtype]}`;
}

/** What libraries keep for themselves; it is made anew when a file is written. */
const INTERNAL =
  /^(CLASS|NAME|DIMENSION_LIST|REFERENCE_LIST|DIMENSION_LABELS|_Netcdf4(Dimid|Coordinates)|_nc3_strict|_NCProperties|type|base_type|np_dtype|HICKLE_VERSION|HICKLE_PYTHON_VERSION)$/;

/** An attribute's value, undefined for kinds that are not carried. */
export function attributeValue(name: string, attribute: Attribute): AttributeValue | undefined {
  if (INTERNAL.test(name)) return undefined;
  const { metadata } = attribute;
  const dtype = dtypeOf(metadata);
  if (metadata.type === STRING) {
    const { value } = attribute;
    return Array.isArray(value) ? value.map(String).join("\n") : value === null ? "" : String(value);
  }
  if (typeof dtype === "object" || metadata.vlen) return undefined;
  const { value } = attribute;
  if (value === null) return undefined;
  const { Array: Values } = DTYPES[dtype];
  if (ArrayBuffer.isView(value)) return { dtype, values: value as AttributeNumbers };
  if (typeof value !== "number" && typeof value !== "bigint" && typeof value !== "boolean") return undefined;
  const one = new Values(1) as Float64Array;
  one[0] = (typeof value === "boolean" ? Number(value) : value) as number;
  return { dtype, values: one };
}

/**
 * Writes one.
 * @param fixed as netCDF and hickle write it: texts of fixed length, a number as a list of one. Otherwise as h5py does
 */
export function putAttribute(
  on: Pick<Dataset, "create_attribute">,
  name: string,
  value: AttributeValue,
  fixed: boolean,
): void {
  if (typeof value !== "string") {
    const scalar = value.values.length === 1 && !fixed;
    on.create_attribute(name, value.values as Float64Array, scalar ? [] : [value.values.length], h5TypeOf(value.dtype));
  } else if (fixed) {
    on.create_attribute(name, value, [], `S${Math.max(1, new TextEncoder().encode(value).length)}`);
  } else on.create_attribute(name, value);
}
