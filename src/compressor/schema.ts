import { TempressError } from "../errors.ts";
import { suggestion } from "../nearest.ts";
import { elementCount } from "../tensor/shape.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";

/**
 * Options are declared once, here as plain data: type, check, default, `--help`, docs, JSON and LibPressio's
 * introspection all derive from the declaration.
 */
export type OptionType = "int" | "float" | "bool" | "string" | "choice" | "numbers" | "strings" | "tensor";

export interface OptionSpec<T = unknown> {
  readonly type: OptionType;
  readonly default: T;
  readonly help: string;
  readonly unit?: string;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  /** Whether the value is recorded in the file. */
  readonly stored: boolean;
  /** Whether the text, or each of the texts, names a codec that this one wraps. */
  readonly child?: boolean;
}

export type OptionSchema = Readonly<Record<string, OptionSpec>>;
export type OptionValues<S extends OptionSchema> = { readonly [K in keyof S]: S[K]["default"] };

interface More {
  readonly unit?: string;
  readonly min?: number;
  readonly max?: number;
  readonly stored?: boolean;
}

export function int(fallback: number, help: string, more: More = {}): OptionSpec<number> {
  return { type: "int", default: fallback, help, stored: true, ...more };
}

export function float(fallback: number, help: string, more: More = {}): OptionSpec<number> {
  return { type: "float", default: fallback, help, stored: true, ...more };
}

export function bool(fallback: boolean, help: string, more: More = {}): OptionSpec<boolean> {
  return { type: "bool", default: fallback, help, stored: true, ...more };
}

export function choice<const C extends readonly string[]>(
  choices: C,
  fallback: C[number],
  help: string,
  more: More = {},
): OptionSpec<C[number]> {
  return { type: "choice", default: fallback, help, choices, stored: true, ...more };
}

export function string(fallback: string, help: string, more: More = {}): OptionSpec<string> {
  return { type: "string", default: fallback, help, stored: true, ...more };
}

/** Lists: texts separate them by commas. */
export function numbers(fallback: readonly number[], help: string, more: More = {}): OptionSpec<readonly number[]> {
  return { type: "numbers", default: fallback, help, stored: false, ...more };
}

export function strings(fallback: readonly string[], help: string, more: More = {}): OptionSpec<readonly string[]> {
  return { type: "strings", default: fallback, help, stored: false, ...more };
}

/** The codec that this one hands its values to. */
export function child(fallback: string, help: string): OptionSpec<string> {
  return { type: "string", default: fallback, help, stored: true, child: true };
}

/** Several codecs that this one hands its values to. */
export function children(fallback: readonly string[], help: string): OptionSpec<readonly string[]> {
  return { type: "strings", default: fallback, help, stored: true, child: true };
}

/** LibPressio's `data`. A text can say rows of numbers: "1,2;3,4" is 2x2. */
export function tensorOption(help: string): OptionSpec<Tensor | undefined> {
  return { type: "tensor", default: undefined, help, stored: false };
}

/** What a file can record. */
export type ScalarValue = number | boolean | string;
export type OptionValue = ScalarValue | readonly number[] | readonly string[] | Tensor;

/**
 * Values for every option: what was given, checked, and the defaults for the rest.
 * @throws TempressError "invalid-argument" for an unknown key (with the nearest one), a wrong type or range.
 */
export function checkOptions<S extends OptionSchema>(
  schema: S,
  given: Readonly<Record<string, unknown>> = {},
): OptionValues<S> {
  const values: Record<string, unknown> = {};
  for (const [key, spec] of Object.entries(schema)) values[key] = spec.default;
  for (const [key, value] of Object.entries(given)) {
    if (value !== undefined) values[key] = checkOption(key, specOf(schema, key), value);
  }
  return values as OptionValues<S>;
}

/** The value if its declaration allows it. */
export function checkOption(key: string, spec: OptionSpec, value: unknown): OptionValue {
  // LibPressio keeps lists of numbers as data.
  if (spec.type === "numbers" && isTensor(value) && value.shape.length === 1) {
    return checkOption(key, spec, Array.from(value.data as Float64Array, Number));
  }
  if (!HOLDS[spec.type](value)) throw refused(key, spec, value);
  if (typeof value === "number") {
    const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = spec;
    if (!Number.isFinite(value) || value < min || value > max) throw refused(key, spec, value);
    if (spec.type === "int" && !Number.isSafeInteger(value)) throw refused(key, spec, value);
  }
  if (spec.choices && !spec.choices.includes(value as string)) {
    throw refused(key, spec, value, suggestion(String(value), spec.choices));
  }
  return value as OptionValue;
}

const HOLDS: Readonly<Record<OptionType, (value: unknown) => boolean>> = {
  int: (value) => typeof value === "number",
  float: (value) => typeof value === "number",
  bool: (value) => typeof value === "boolean",
  string: (value) => typeof value === "string",
  choice: (value) => typeof value === "string",
  numbers: (value) => Array.isArray(value) && value.every((each) => Number.isFinite(each)),
  strings: (value) => Array.isArray(value) && value.every((each) => typeof each === "string"),
  tensor: (value) => isTensor(value) && value.data.length === elementCount(value.shape),
};

function isTensor(value: unknown): value is Tensor {
  return typeof value === "object" && value !== null && "dtype" in value && "shape" in value && "data" in value;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** The value that a text from a command line means; the whole text must be one. */
export function parseOption(key: string, spec: OptionSpec, text: string): OptionValue {
  if (spec.type === "int" || spec.type === "float") {
    const pattern = spec.type === "int" ? /^[+-]?\d+$/ : NUMBER;
    if (!pattern.test(text)) throw refused(key, spec, text);
    return checkOption(key, spec, Number(text));
  }
  if (spec.type === "numbers" || spec.type === "strings") {
    const words = text === "" ? [] : text.split(",").map((word) => word.trim());
    if (spec.type === "strings") return checkOption(key, spec, words);
    if (!words.every((word) => NUMBER.test(word))) throw refused(key, spec, text);
    return checkOption(key, spec, words.map(Number));
  }
  if (spec.type === "tensor") return checkOption(key, spec, parseRows(key, spec, text));
  if (spec.type !== "bool") return checkOption(key, spec, text);
  if (["true", "yes", "on", "1"].includes(text)) return true;
  if (["false", "no", "off", "0"].includes(text)) return false;
  throw refused(key, spec, text, "write true or false");
}

function parseRows(key: string, spec: OptionSpec, text: string): Tensor {
  const rows = text.split(";").map((row) => row.split(",").map((part) => part.trim()));
  const columns = rows[0]!.length;
  const wrong = rows.some((row) => row.length !== columns || row.some((part) => !NUMBER.test(part)));
  if (wrong) throw refused(key, spec, text, "write rows of numbers such as 1,2;3,4, or give a tensor in a program");
  const shape = rows.length === 1 ? [columns] : [rows.length, columns];
  return tensor("float64", shape, Float64Array.from(rows.flat(), Number));
}

/** `parseOption` for each key, with the schema's check of the keys. */
export function parseOptions(
  schema: OptionSchema,
  texts: Readonly<Record<string, string>>,
): Record<string, OptionValue> {
  return Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, parseOption(key, specOf(schema, key), text)]),
  );
}

/** What the file records: options that reach it and differ from their default. */
export function storedOptions(
  schema: OptionSchema,
  values: Readonly<Record<string, unknown>>,
): Record<string, ScalarValue> {
  const stored = Object.entries(schema).filter(([, spec]) => spec.stored);
  const changed = stored.filter(([key, spec]) => recorded(values[key]) !== recorded(spec.default));
  return Object.fromEntries(changed.map(([key]) => [key, recorded(values[key])]));
}

/** Lists are recorded as text. */
function recorded(value: unknown): ScalarValue {
  return Array.isArray(value) ? value.join(",") : (value as ScalarValue);
}

/** "whole number, 0 to 22", for help and errors. */
export function describeOption({ type, min, max, choices, unit, child }: OptionSpec): string {
  if (choices) return choices.join(" | ");
  const names: Readonly<Record<OptionType, string>> = {
    int: "whole number",
    float: "number",
    bool: "true or false",
    string: child ? "name of a codec" : "text",
    choice: "",
    numbers: "numbers, separated by commas",
    strings: child ? "names of codecs, separated by commas" : "names, separated by commas",
    tensor: "tensor; as text rows of numbers: 1,2;3,4",
  };
  const range =
    min !== undefined && max !== undefined
      ? `, ${min} to ${max}`
      : min !== undefined
        ? `, at least ${min}`
        : max !== undefined
          ? `, at most ${max}`
          : "";
  return `${names[type]}${range}${unit ? ` (${unit})` : ""}`;
}

function specOf(schema: OptionSchema, key: string): OptionSpec {
  const spec = Object.hasOwn(schema, key) ? schema[key] : undefined;
  if (spec) return spec;
  const keys = Object.keys(schema);
  throw new TempressError("invalid-argument", `there is no option "${key}"`, {
    where: "options",
    hint: keys.length === 0 ? "this codec has no options" : suggestion(key, keys),
  });
}

function refused(key: string, spec: OptionSpec, value: unknown, hint = `it takes: ${describeOption(spec)}`) {
  const shown = typeof value === "string" ? `"${value}"` : isTensor(value) ? "a tensor" : String(value);
  return new TempressError("invalid-argument", `option ${key} cannot be ${shown}`, { where: key, hint });
}
