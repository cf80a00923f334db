/** The element types of the design. Stored and exchanged little-endian. */
export interface Arrays {
  float32: Float32Array;
  float64: Float64Array;
  int8: Int8Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  uint16: Uint16Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  bool: Uint8Array;
}

export type DType = keyof Arrays;
export type DTypeKind = "float" | "int" | "uint" | "bool";

interface ArrayConstructorOf<A> {
  new (length: number): A;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): A;
}

export interface DTypeInfo<D extends DType = DType> {
  readonly name: D;
  /** Number in the container header; never reused. */
  readonly id: number;
  readonly bytes: 1 | 2 | 4 | 8;
  readonly kind: DTypeKind;
  readonly Array: ArrayConstructorOf<Arrays[D]>;
}

function info<D extends DType>(
  name: D,
  id: number,
  bytes: 1 | 2 | 4 | 8,
  kind: DTypeKind,
  array: unknown,
): DTypeInfo<D> {
  return Object.freeze({ name, id, bytes, kind, Array: array as ArrayConstructorOf<Arrays[D]> });
}

export const DTYPES: { readonly [D in DType]: DTypeInfo<D> } = Object.freeze({
  float32: info("float32", 1, 4, "float", Float32Array),
  float64: info("float64", 2, 8, "float", Float64Array),
  int8: info("int8", 3, 1, "int", Int8Array),
  int16: info("int16", 4, 2, "int", Int16Array),
  int32: info("int32", 5, 4, "int", Int32Array),
  int64: info("int64", 6, 8, "int", BigInt64Array),
  uint8: info("uint8", 7, 1, "uint", Uint8Array),
  uint16: info("uint16", 8, 2, "uint", Uint16Array),
  uint32: info("uint32", 9, 4, "uint", Uint32Array),
  uint64: info("uint64", 10, 8, "uint", BigUint64Array),
  bool: info("bool", 11, 1, "bool", Uint8Array),
});

export const DTYPE_NAMES = Object.freeze(Object.keys(DTYPES) as DType[]);

/** Short names people write in file names and on the command line: f32, u8, i64, ... */
export const DTYPE_ALIASES: Readonly<Record<string, DType>> = Object.freeze({
  f32: "float32",
  f64: "float64",
  float: "float32",
  double: "float64",
  i8: "int8",
  i16: "int16",
  i32: "int32",
  i64: "int64",
  u8: "uint8",
  u16: "uint16",
  u32: "uint32",
  u64: "uint64",
});

export function isDType(name: string): name is DType {
  return Object.hasOwn(DTYPES, name);
}
