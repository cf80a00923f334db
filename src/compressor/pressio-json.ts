/**
 * LibPressio's JSON: doubles, texts, lists of texts, true and false stand bare; all else is
 * `{"type": CODE, "value": V}`, empty options have the value null. Shapes in it are fastest axis first.
 *
 * LibPressio passes 64-bit whole numbers through doubles; here they keep every digit, both ways.
 */
import { TempressError } from "../errors.ts";
import { DTYPES, type DType } from "../tensor/dtype.ts";
import { elementCount } from "../tensor/shape.ts";
import { emptyTensor, type Tensor } from "../tensor/tensor.ts";
import { castValue } from "./pressio-cast.ts";
import { PressioOptions } from "./pressio-options.ts";
import {
  PRESSIO_DTYPES,
  PRESSIO_TYPES,
  type PressioOption,
  type PressioType,
  type PressioValue,
  THREAD_SAFETY,
} from "./pressio-types.ts";

/** Types that JSON's own values stand for. */
const BARE: readonly PressioType[] = ["double", "charptr", "charptr[]", "bool"];
/** Nesting of lists that stands for a tensor: one level an axis. */
const MOST_LEVELS = 8;

/** One object of options; userptr and unset options have no text and are left out. */
export function optionsToJson(options: PressioOptions | Readonly<Record<string, unknown>>, indent = 0): string {
  const typed = options instanceof PressioOptions ? options : PressioOptions.from(options);
  const parts: string[] = [];
  for (const [key, option] of typed) {
    if (option.type === "userptr" || option.type === "unset") continue;
    parts.push(`${JSON.stringify(key)}:${indent > 0 ? " " : ""}${optionText(option)}`);
  }
  if (indent === 0 || parts.length === 0) return `{${parts.join(",")}}`;
  const margin = " ".repeat(indent);
  return `{\n${parts.map((part) => margin + part).join(",\n")}\n}`;
}

function optionText({ type, value }: PressioOption): string {
  const code = PRESSIO_TYPES.indexOf(type);
  if (value === undefined) return `{"type":${code},"value":null}`;
  // JSON has no NaN and no infinities: LibPressio writes null, which reads as empty.
  if (typeof value === "number" && !Number.isFinite(value)) return `{"type":${code},"value":null}`;
  if (BARE.includes(type)) return JSON.stringify(value);
  if (type === "dtype") return `{"type":${code},"value":${PRESSIO_DTYPES.indexOf(value as "bool")}}`;
  if (type === "threadsafety") return `{"type":${code},"value":${THREAD_SAFETY.indexOf(value as "single")}}`;
  if (type !== "data") return `{"type":${code},"value":${String(value)}}`;
  const { dtype, shape, data } = value as Tensor;
  const values = Array.from(data as Float64Array, (one) =>
    typeof one === "number" && !Number.isFinite(one) ? "null" : String(one),
  );
  const dims = [...shape].reverse().join(",");
  return `{"type":${code},"value":{"dims":[${dims}],"dtype":${PRESSIO_DTYPES.indexOf(dtype)},"values":[${values.join(",")}]}}`;
}

/**
 * Reads one object of options.
 * @throws TempressError "invalid-argument" that names the key
 */
export function optionsFromJson(text: string, where = "JSON"): PressioOptions {
  let parsed: unknown;
  try {
    parsed = JSON.parse(withLongNumbersMarked(text));
  } catch (cause) {
    throw new TempressError("invalid-argument", `this is no JSON: ${(cause as Error).message}`, { where, cause });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new TempressError("invalid-argument", "options are one JSON object", {
      where,
      hint: 'such as {"pressio:abs": 0.001}',
    });
  }
  const options = new PressioOptions();
  for (const [key, value] of Object.entries(parsed)) options.put(key, optionOf(key, value, where));
  return options;
}

function optionOf(key: string, value: unknown, where: string): PressioOption {
  const wrong = (why: string) => new TempressError("invalid-argument", `option ${key}: ${why}`, { where });
  const plain = unmarked(value);
  if (plain === null) return { type: "unset" };
  if (typeof plain === "number" || typeof plain === "bigint") return { type: "double", value: Number(plain) };
  if (typeof plain === "boolean") return { type: "bool", value: plain };
  if (typeof plain === "string") return { type: "charptr", value: plain };
  if (Array.isArray(plain)) {
    if (plain.length === 0) return { type: "unset" };
    if (plain.every((part) => typeof unmarked(part) === "string"))
      return { type: "charptr[]", value: plain as string[] };
    return { type: "data", value: nested(plain, wrong) };
  }
  const { type: code, value: inner } = plain as { type?: unknown; value?: unknown };
  const type = typeof code === "number" ? PRESSIO_TYPES[code] : undefined;
  if (type === undefined) throw wrong(`type code ${String(code)} is not one of 0 to ${PRESSIO_TYPES.length - 1}`);
  const given = unmarked(inner);
  if (given === undefined || given === null || type === "unset" || type === "userptr") return { type };
  if (type === "data") return { type, value: dataOf(given, wrong) };
  if (typeof given === "object" && !Array.isArray(given)) throw wrong("its value is an object");
  return { type, value: castValue(key, given as PressioValue, type, "explicit") };
}

type Wrong = (why: string) => TempressError;

function dataOf(value: unknown, wrong: Wrong): Tensor {
  const { dims, dtype: code, values } = value as { dims?: unknown; dtype?: unknown; values?: unknown };
  const name = typeof code === "number" ? PRESSIO_DTYPES[code] : undefined;
  if (name === undefined) throw wrong(`its data have the unknown dtype ${String(code)}`);
  if (!Array.isArray(dims) || !Array.isArray(values))
    throw wrong('data are {"dims": [...], "dtype": N, "values": [...]}');
  return filled(name === "byte" ? "uint8" : name, dims.reverse() as number[], values, wrong);
}

/** Lists in lists: extents slowest first, as they nest. */
function nested(lists: readonly unknown[], wrong: Wrong): Tensor {
  const shape: number[] = [];
  let level: unknown[] = [lists];
  while (Array.isArray(level[0])) {
    const [{ length }] = level as [unknown[]];
    if (shape.length === MOST_LEVELS) throw wrong(`its lists nest deeper than ${MOST_LEVELS}`);
    if (!level.every((part) => Array.isArray(part) && part.length === length))
      throw wrong("its lists differ in length");
    shape.push(length);
    level = level.flat() as unknown[];
  }
  return filled("float64", shape, level, wrong);
}

function filled(dtype: DType, shape: readonly number[], values: readonly unknown[], wrong: Wrong): Tensor {
  let count: number;
  try {
    count = elementCount(shape);
  } catch (cause) {
    throw wrong((cause as Error).message);
  }
  if (count !== values.length) throw wrong(`${values.length} values do not fill ${shape.join("x")}`);
  const wide = DTYPES[dtype].kind !== "float" && DTYPES[dtype].bytes === 8;
  const made = emptyTensor(dtype, shape);
  values.forEach((marked, i) => {
    const value = unmarked(marked);
    const numeric = value === null ? Number.NaN : value;
    if (typeof numeric !== "number" && typeof numeric !== "bigint") throw wrong(`value ${i} is no number`);
    if (wide && typeof numeric === "number" && !Number.isInteger(numeric)) throw wrong(`value ${i} is not whole`);
    const into = made.data as Float64Array;
    into[i] = (wide ? BigInt(numeric) : Number(numeric)) as number;
    const differs = wide ? BigInt(into[i]!) !== BigInt(numeric) : into[i] !== Number(numeric);
    if (DTYPES[dtype].kind !== "float" && differs) throw wrong(`value ${i} is no ${dtype}`);
  });
  return made;
}

/** A text that no JSON text starts with by accident, before the digits of a number that a double would round. */
const MARK = "\u0000whole number ";

function withLongNumbersMarked(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) =>
    /^-?\d{16,}$/.test(token) ? JSON.stringify(MARK + token) : token,
  );
}

function unmarked(value: unknown): unknown {
  return typeof value === "string" && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value;
}
