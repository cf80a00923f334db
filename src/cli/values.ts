/** Texts of the command line as values. The whole text must be one; "1e-3x" is an error. */
import { TempressError } from "../errors.ts";
import { suggestion } from "../nearest.ts";
import { DTYPE_ALIASES, DTYPE_NAMES, type DType, isDType } from "../tensor/dtype.ts";

function refuse(flag: string, text: string, hint: string): TempressError {
  return new TempressError("invalid-argument", `"${text}" is not a value for ${flag}`, { where: flag, hint });
}

export function numberOf(flag: string): (text: string) => number {
  return (text) => {
    if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
    throw refuse(flag, text, "write a number such as 0.01 or 1e-3");
  };
}

export function countOf(flag: string, least = 1): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= least) return value;
    throw refuse(flag, text, `write a whole number, at least ${least}`);
  };
}

export function dtypeOf(text: string): DType {
  const name = DTYPE_ALIASES[text] ?? text;
  if (isDType(name)) return name;
  throw new TempressError("invalid-argument", `there is no dtype "${text}"`, {
    where: "--dtype",
    hint: suggestion(text, [...DTYPE_NAMES, ...Object.keys(DTYPE_ALIASES)]),
  });
}

export function oneOf<T extends string>(flag: string, choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found !== undefined) return found;
    throw refuse(flag, text, suggestion(text, choices));
  };
}

/** "30:40" is [30, 40): frames 30 to 39. Either end may be left out; "30" is one frame. */
export function frameRange(text: string, count: number): [number, number] {
  const found = /^(\d*)(:?)(\d*)$/.exec(text);
  if (!found || text === "" || text === ":") throw refuse("--frames", text, "write FIRST:END, such as 30:40");
  const [, first, colon, end] = found as unknown as [string, string, string, string];
  const t0 = first === "" ? 0 : Number(first);
  const t1 = colon === "" ? t0 + 1 : end === "" ? count : Number(end);
  if (t0 < t1 && t1 <= count) return [t0, t1];
  throw refuse("--frames", text, `there are ${count} frames: 0:${count}`);
}

/** Adds one KEY=VALUE of a repeated flag. */
export function keyValue(flag: string): (text: string, sofar?: Record<string, string>) => Record<string, string> {
  return (text, sofar = {}) => {
    const at = text.indexOf("=");
    if (at < 1) throw refuse(flag, text, "write KEY=VALUE");
    const key = text.slice(0, at);
    if (Object.hasOwn(sofar, key)) throw refuse(flag, text, `${key} is given twice`);
    return { ...sofar, [key]: text.slice(at + 1) };
  };
}

/** "error_stat,pearson" as names; "none" is none. */
export function namesOf(text: string): string[] {
  return text === "none" ? [] : text.split(",").filter((name) => name !== "");
}
