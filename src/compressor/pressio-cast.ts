/** Conversions between LibPressio's option types, in its three degrees of safety, each checked. */
import { TempressError } from "../errors.ts";
import { suggestion } from "../nearest.ts";
import { tensor } from "../tensor/tensor.ts";
import { PRESSIO_DTYPES, type PressioType, type PressioValue, THREAD_SAFETY, typeOf } from "./pressio-types.ts";

/**
 * `implicit`: the same type, or one that holds every value of it. `explicit`: also narrower types, where the value
 * fits. `special`: also texts that are numbers, numbers as texts, one value for a list of one.
 */
export type Safety = "implicit" | "explicit" | "special";

type IntegerType = "uint8" | "int8" | "uint16" | "int16" | "uint32" | "int32" | "uint64" | "int64";

const LIMITS: Readonly<Record<IntegerType, readonly [bigint, bigint]>> = {
  uint8: [0n, 255n],
  int8: [-128n, 127n],
  uint16: [0n, 65535n],
  int16: [-32768n, 32767n],
  uint32: [0n, (1n << 32n) - 1n],
  int32: [-(1n << 31n), (1n << 31n) - 1n],
  uint64: [0n, (1n << 64n) - 1n],
  int64: [-(1n << 63n), (1n << 63n) - 1n],
};

const isInteger = (type: PressioType): type is IntegerType => Object.hasOwn(LIMITS, type);
const isReal = (type: PressioType) => type === "float" || type === "double";

/**
 * `value` as an option of type `to`.
 * @throws TempressError "invalid-argument" where it does not fit or `safety` does not allow it
 */
export function castValue(
  key: string,
  value: PressioValue,
  to: PressioType,
  safety: Safety,
  from: PressioType = typeOf(value),
): PressioValue {
  const fail = (why: string, hint?: string) =>
    new TempressError("invalid-argument", `option ${key} cannot be ${shown(value)}: ${why}`, {
      where: key,
      ...(hint === undefined ? {} : { hint }),
    });
  if (to === "unset" || to === "userptr") throw fail(`type ${to} holds no value that can be given`);
  if (safety === "implicit" && from !== to && !widens(from, to)) {
    throw fail(`${from} does not become ${to} by itself`, 'ask for "explicit" or "special" conversion');
  }
  if (typeof value === "number" || typeof value === "bigint") {
    if (isInteger(to)) return whole(value, to, fail);
    if (isReal(to)) return real(Number(value), to, fail);
    if (to === "charptr" && safety === "special") return String(value);
    if (to === "charptr[]" && safety === "special") return [String(value)];
    if (to === "data" && safety === "special") return tensor("float64", [1], Float64Array.of(Number(value)));
    if (to === "dtype" && PRESSIO_DTYPES[Number(value)]) return PRESSIO_DTYPES[Number(value)]!;
    if (to === "threadsafety" && THREAD_SAFETY[Number(value)]) return THREAD_SAFETY[Number(value)]!;
  } else if (typeof value === "boolean") {
    if (to === "bool") return value;
    if (safety === "special" && to === "charptr") return String(value);
    if (safety !== "implicit" && isInteger(to)) return value ? 1 : 0;
  } else if (typeof value === "string") {
    if (to === "charptr") return value;
    if (to === "dtype") return oneOf(value, PRESSIO_DTYPES, fail);
    if (to === "threadsafety") return oneOf(value, THREAD_SAFETY, fail);
    if (safety === "special") return parsed(value, to, fail);
  } else if (Array.isArray(value)) {
    const texts = value as readonly string[];
    if (to === "charptr[]") return texts;
    if (safety === "special") {
      if (to === "data")
        return tensor(
          "float64",
          [texts.length],
          Float64Array.from(texts, (t) => number(t, fail)),
        );
      if (texts.length === 1) return castValue(key, texts[0]!, to, safety);
    }
  } else if (to === "data") return value;
  throw fail(`it takes ${to}`);
}

type Fail = (why: string, hint?: string) => TempressError;

/** Whether every value of `from` is one of `to`. */
function widens(from: PressioType, to: PressioType): boolean {
  if (from === "float" && to === "double") return true;
  if (!isInteger(from) || !isInteger(to)) return false;
  return LIMITS[from][0] >= LIMITS[to][0] && LIMITS[from][1] <= LIMITS[to][1];
}

function whole(value: number | bigint, to: IntegerType, fail: Fail): number | bigint {
  if (typeof value === "number" && !Number.isInteger(value)) throw fail(`${to} holds whole numbers only`);
  const exact = BigInt(value);
  const [least, most] = LIMITS[to];
  if (exact < least || exact > most) throw fail(`${to} goes from ${least} to ${most}`);
  const plain = Number(exact);
  return Number.isSafeInteger(plain) ? plain : exact;
}

function real(value: number, to: PressioType, fail: Fail): number {
  if (to === "double") return value;
  const single = Math.fround(value);
  if (Number.isFinite(value) && !Number.isFinite(single)) throw fail("float goes to 3.4e38");
  return single;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** The whole text must be a number: no trailing letters, no hexadecimal. */
function number(text: string, fail: Fail): number {
  if (!NUMBER.test(text)) throw fail(`"${text}" is no number`);
  return Number(text);
}

function parsed(text: string, to: PressioType, fail: Fail): PressioValue {
  if (isInteger(to))
    return whole(/^[+-]?\d+$/.test(text) ? BigInt(text.replace("+", "")) : number(text, fail), to, fail);
  if (isReal(to)) return real(number(text, fail), to, fail);
  if (to === "charptr[]") return [text];
  if (to === "data") return tensor("float64", [1], Float64Array.of(number(text, fail)));
  if (to !== "bool") throw fail(`it takes ${to}`);
  if (["true", "yes", "on", "1"].includes(text)) return true;
  if (["false", "no", "off", "0"].includes(text)) return false;
  throw fail("write true or false");
}

function oneOf(text: string, names: readonly string[], fail: Fail): string {
  if (names.includes(text)) return text;
  throw fail("it is none of the names there are", suggestion(text, names));
}

function shown(value: PressioValue): string {
  if (typeof value === "string") return `"${value}"`;
  if (typeof value === "object" && "shape" in value) return `a tensor of ${value.shape.join("x")}`;
  return String(value);
}
