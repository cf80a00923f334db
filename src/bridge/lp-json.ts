/**
 * LibPressio's options as JSON. Doubles, texts, lists of texts and booleans are bare; all else is
 * `{"type": code, "value": ...}`, and an option without a value has the value null.
 */
import { TempressError } from "../errors.ts";

/** LibPressio's option types; the place in the list is the code. */
export const LP_TYPES = [
  "uint32",
  "int32",
  "float",
  "double",
  "string",
  "userptr",
  "unset",
  "strings",
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
export type LpType = (typeof LP_TYPES)[number];

/** LibPressio's element types; the place in the list is the code. */
export const LP_DTYPES = [
  "double",
  "float",
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
export type LpDType = (typeof LP_DTYPES)[number];

/** A tensor among options: extents fastest first, values as float64. */
export interface LpData {
  readonly dims: readonly number[];
  readonly dtype: LpDType;
  readonly values: readonly number[];
}

export type LpValue = number | string | boolean | readonly string[] | LpData;

/** Without `value` the option exists and is not set. */
export interface LpOption {
  readonly type: LpType;
  readonly value?: LpValue | undefined;
}

export type LpOptions = ReadonlyMap<string, LpOption>;

/** Texts above this size are no options of anybody. */
const LONGEST = 64 << 20;

/** @throws TempressError "protocol" for what LibPressio could not have written */
export function parseLpOptions(text: string, where = "--options"): LpOptions {
  if (text.length > LONGEST) throw wrong(where, `${text.length} characters are too many for options`);
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (cause) {
    throw wrong(where, `this is no JSON: ${(cause as Error).message}`);
  }
  if (!isObject(read)) throw wrong(where, "options are one JSON object");
  return new Map(Object.entries(read).map(([key, value]) => [key, optionOf(key, value, where)]));
}

function optionOf(key: string, value: unknown, where: string): LpOption {
  if (typeof value === "number") return { type: "double", value };
  if (typeof value === "boolean") return { type: "bool", value };
  if (typeof value === "string") return { type: "string", value };
  if (value === null) return { type: "unset" };
  if (Array.isArray(value)) return listOf(key, value, where);
  return typedOf(key, value as Record<string, unknown>, where);
}

function listOf(key: string, list: readonly unknown[], where: string): LpOption {
  if (list.length === 0) return { type: "unset" };
  if (list.every((item) => typeof item === "string")) return { type: "strings", value: list };
  const dims: number[] = [];
  for (let level: unknown = list; Array.isArray(level); level = level[0]) dims.push(level.length);
  const values = (list as unknown[]).flat(dims.length) as unknown[];
  const count = dims.reduce((product, extent) => product * extent, 1);
  if (dims.length > 8 || values.length !== count || !values.every((item) => typeof item === "number")) {
    throw wrong(where, `the list of ${key} is neither of texts nor a grid of numbers`);
  }
  return { type: "data", value: { dims, dtype: "double", values: values as number[] } };
}

function typedOf(key: string, { type: code, value }: Record<string, unknown>, where: string): LpOption {
  const type = LP_TYPES[code as number];
  if (typeof code !== "number" || type === undefined) throw wrong(where, `${key} has the type ${String(code)}`);
  if (value === null || value === undefined || type === "unset") return { type };
  const fits = () => {
    switch (type) {
      case "string":
        return typeof value === "string";
      case "strings":
        return Array.isArray(value) && value.every((item) => typeof item === "string");
      case "bool":
        return typeof value === "boolean";
      case "data":
        return isObject(value) && Array.isArray(value.dims) && Array.isArray(value.values);
      case "userptr":
        return false;
      default:
        return typeof value === "number";
    }
  };
  if (!fits()) throw wrong(where, `the value of ${key} is no ${type}`);
  return { type, value: type === "data" ? dataOf(key, value as Record<string, unknown>, where) : (value as LpValue) };
}

function dataOf(key: string, given: Record<string, unknown>, where: string): LpData {
  const { dims, values } = given as { dims: unknown[]; values: unknown[] };
  const dtype = LP_DTYPES[given.dtype as number];
  const whole = dims.every((extent) => Number.isSafeInteger(extent) && (extent as number) >= 0);
  const count = whole ? (dims as number[]).reduce((product, extent) => product * extent, 1) : -1;
  if (dtype === undefined || count !== values.length || !values.every((item) => typeof item === "number")) {
    throw wrong(where, `the data of ${key} do not fill their dims`);
  }
  return { dims: dims as number[], dtype, values: values as number[] };
}

/** What `parseLpOptions` reads back, and LibPressio too. */
export function formatLpOptions(options: LpOptions): string {
  const shown = [...options].map(([key, option]) => [key, jsonOf(option)]);
  return JSON.stringify(Object.fromEntries(shown));
}

function jsonOf({ type, value }: LpOption): unknown {
  const code = LP_TYPES.indexOf(type);
  // JSON has no number for infinities and NaN.
  if (value === undefined || (typeof value === "number" && !Number.isFinite(value))) return { type: code, value: null };
  // An empty list of texts cannot be told from nothing when it stands bare.
  if (type === "strings" && (value as readonly string[]).length === 0) return { type: code, value };
  if (type === "double" || type === "string" || type === "strings" || type === "bool") return value;
  if (type !== "data") return { type: code, value };
  const { dims, dtype, values } = value as LpData;
  // The form that every version reads.
  if (dtype === "double" && dims.length === 1 && values.length > 0) return values;
  return { type: code, value: { dims, dtype: LP_DTYPES.indexOf(dtype), values } };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrong(where: string, message: string): TempressError {
  return new TempressError("protocol", message, { where, hint: "write options as LibPressio's JSON" });
}
