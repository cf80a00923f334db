/** LibPressio's option types and what holds their values. */
import { TempressError } from "../errors.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** In the order of LibPressio's type codes, which its JSON carries. */
export const PRESSIO_TYPES = [
  "uint32",
  "int32",
  "float",
  "double",
  "charptr",
  "userptr",
  "unset",
  "charptr[]",
  "data",
  "uint8",
  "int8",
  "uint16",
  "int16",
  "uint64",
  "int64",
  "bool",
  "dtype",
  "threadsafety",
] as const;
export type PressioType = (typeof PRESSIO_TYPES)[number];

/** Element types by LibPressio's codes; `byte` is what it calls compressed bytes. */
export const PRESSIO_DTYPES = [
  "float64",
  "float32",
  "uint8",
  "uint16",
  "uint32",
  "uint64",
  "int8",
  "int16",
  "int32",
  "int64",
  "byte",
  "bool",
] as const;
export const THREAD_SAFETY = ["single", "serialized", "multiple"] as const;

/** 64-bit whole numbers beyond 2^53 are bigints; `data` is a tensor in C order. */
export type PressioValue = number | bigint | string | boolean | readonly string[] | Tensor;

export interface PressioOption {
  readonly type: PressioType;
  /** Absent: typed and empty. */
  readonly value?: PressioValue | undefined;
}

export type KeyState = "set" | "exists" | "absent";

/** The type that a bare value has: as LibPressio reads JSON, but whole numbers stay doubles until they are cast. */
export function typeOf(value: unknown): PressioType {
  if (typeof value === "number") return "double";
  if (typeof value === "bigint") return value >= 0n ? "uint64" : "int64";
  if (typeof value === "string") return "charptr";
  if (typeof value === "boolean") return "bool";
  if (Array.isArray(value) && value.every((part) => typeof part === "string")) return "charptr[]";
  if (typeof value === "object" && value !== null && "dtype" in value && "shape" in value) return "data";
  throw new TempressError("invalid-argument", `no option can hold ${String(value)}`, {
    where: "options",
    hint: "it takes numbers, texts, true or false, lists of texts, and tensors",
  });
}

export function isOption(value: unknown): value is PressioOption {
  if (typeof value !== "object" || value === null || !("type" in value)) return false;
  return PRESSIO_TYPES.includes((value as PressioOption).type);
}
