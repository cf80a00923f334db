/**
 * Attributes of files (units, scale_factor, _FillValue, ...) as texts, which is what a `.tpz` carries, and back to the
 * types they had. Types of the numeric ones are kept in one more text, `tempress:types`: "_FillValue=f32 flags=u8".
 * Names that begin with "/" belong to the whole file, not to the variable.
 */
import { DTYPES, type DType, isDType } from "../tensor/dtype.ts";
import { integerLimits } from "../tensor/fill.ts";

export type AttributeNumbers = Float32Array | Float64Array | IntegerArray | BigInt64Array | BigUint64Array;
type IntegerArray = Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array;

export type AttributeValue = string | { readonly dtype: DType; readonly values: AttributeNumbers };
export type Attributes = ReadonlyMap<string, AttributeValue>;
export type AttributeTexts = Readonly<Record<string, string>>;

const TYPES_KEY = "tempress:types";
/** Longer lists are data, not descriptions, and would fill the header. */
const MOST_NUMBERS = 1024;
const LONGEST_TEXT = 1 << 16;
/** What all attributes of one tensor may take: the header of a `.tpz` has a limit of 1 MiB. */
const LONGEST_TOGETHER = 1 << 19;

/** Texts of what can be carried; lists and texts that are too long are left out. */
export function attributeTexts(attributes: Attributes): AttributeTexts {
  const texts: Record<string, string> = {};
  const types: string[] = [];
  let room = LONGEST_TOGETHER;
  for (const [name, value] of attributes) {
    if (name === "" || name === TYPES_KEY) continue;
    if (typeof value !== "string" && value.values.length > MOST_NUMBERS) continue;
    const text = typeof value === "string" ? value : numbersText(value.values);
    room -= 4 * (name.length + text.length);
    if (text.length > LONGEST_TEXT || room < 0) continue;
    Object.defineProperty(texts, name, { value: text, enumerable: true, configurable: true, writable: true });
    if (typeof value !== "string") types.push(`${encodeURIComponent(name)}=${value.dtype}`);
  }
  if (types.length > 0) texts[TYPES_KEY] = types.join(" ");
  return texts;
}

/** The attributes with their types; a text that does not fit the type it is said to have stays a text. */
export function attributesOf(texts: AttributeTexts | undefined): Map<string, AttributeValue> {
  const attributes = new Map<string, AttributeValue>();
  const types = new Map<string, DType>();
  for (const word of (texts?.[TYPES_KEY] ?? "").split(" ")) {
    const at = word.indexOf("=");
    const dtype = word.slice(at + 1);
    if (at > 0 && isDType(dtype)) types.set(decoded(word.slice(0, at)), dtype);
  }
  for (const [name, text] of Object.entries(texts ?? {})) {
    if (name === TYPES_KEY) continue;
    const dtype = types.get(name);
    const values = dtype === undefined ? undefined : numbersOf(text, dtype);
    attributes.set(name, dtype === undefined || values === undefined ? text : { dtype, values });
  }
  return attributes;
}

/** The value that marks missing data, where an attribute names one that a float64 can say. */
export function fillOf(attributes: Attributes, dtype: DType): number | undefined {
  for (const name of ["_FillValue", "missing_value"]) {
    const found = attributes.get(name);
    if (found === undefined || typeof found === "string" || found.values.length !== 1) continue;
    const value = Number(found.values[0]);
    if (Number.isNaN(value)) continue;
    if (DTYPES[dtype].kind === "float") {
      if (dtype === "float64" || Math.fround(value) === value) return value;
    } else if (Number.isSafeInteger(value) && within(value, dtype)) return value;
  }
  return undefined;
}

function within(value: number, dtype: DType): boolean {
  const [least, most] = integerLimits(dtype);
  return BigInt(value) >= least && BigInt(value) <= most;
}

/** Shortest decimal that gives the same value again; a float32 needs at most 9 digits. */
function numbersText(values: AttributeNumbers): string {
  if (!(values instanceof Float32Array)) return Array.from(values as Float64Array, String).join(" ");
  return Array.from(values, (value) => {
    for (let digits = 6; digits < 9; digits++) {
      const text = String(Number(value.toPrecision(digits)));
      if (Math.fround(Number(text)) === value) return text;
    }
    return String(Number(value.toPrecision(9)));
  }).join(" ");
}

function numbersOf(text: string, dtype: DType): AttributeNumbers | undefined {
  const words = text === "" ? [] : text.split(" ");
  const { kind, bytes, Array: Values } = DTYPES[dtype];
  const numbers = kind === "float" ? /^(-?(\d+\.?\d*(e[+-]?\d+)?|Infinity)|NaN)$/ : /^-?\d+$/;
  if (!words.every((word) => numbers.test(word))) return undefined;
  const out = new Values(words.length);
  if (bytes === 8 && kind !== "float") (out as BigInt64Array).set(words.map(BigInt));
  else (out as Float64Array).set(words.map(Number));
  return out;
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
