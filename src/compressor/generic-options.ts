import { TempressError } from "../errors.ts";
import type { Effort } from "./codec.ts";
import type { CompressOptions } from "./options.ts";
import type { OptionSchema, OptionSpec, OptionValue } from "./schema.ts";

function unset(type: OptionSpec["type"], help: string, more: Partial<OptionSpec> = {}): OptionSpec {
  return { type, default: undefined, help, stored: false, ...more };
}

/** Options of every compressor: LibPressio's names with LibPressio's meaning, and ours under `tempress:`. */
export const GENERIC_OPTIONS: OptionSchema = {
  "pressio:abs": unset("float", "absolute bound: |x - y| <= bound", { min: 0, unit: "of the data" }),
  "pressio:rel": unset("float", "bound as a part of the value range", { min: 0 }),
  "pressio:pw_rel": unset("float", "bound as a part of each value: |x - y| <= bound * |x|", { min: 0 }),
  "pressio:lossless": unset("int", "keep every bit; 1 is fast, 9 is small", { min: 1, max: 9 }),
  "pressio:nthreads": unset("int", "worker threads (Node)", { min: 1, max: 256 }),
  "pressio:metric": unset("string", "metrics to take, separated by commas; default size,time"),
  "pressio:reset_mode": unset("bool", "forget the promise that was set"),
  "tempress:abs_and_rel": unset("bool", "keep pressio:abs and pressio:rel at once: the tighter holds"),
  "tempress:fill": unset("float", "value that stands for no data"),
  "tempress:effort": unset("choice", "time spent for size", { choices: ["fast", "balanced", "max"] }),
  "tempress:time_axis": unset("int", "the axis that is time", { min: 0, max: 7 }),
  "tempress:read_back": unset("bool", "decode each chunk before it is written, and prove the promise on that"),
  "tempress:window": unset("int", "frames of a chunk", { min: 1, unit: "frames" }),
};

export const PROMISE_KEYS = ["pressio:abs", "pressio:rel", "pressio:pw_rel", "pressio:lossless"] as const;

export type GivenOptions = Readonly<Record<string, OptionValue | undefined>>;

/**
 * `given` laid over `before`. A promise replaces the one before it; two in one call are an error, where LibPressio
 * lets one of them win in silence.
 */
export function mergeOptions(before: GivenOptions, given: GivenOptions): GivenOptions {
  const named = PROMISE_KEYS.filter((key) => given[key] !== undefined);
  const both = given["tempress:abs_and_rel"] === true && named.join() === "pressio:abs,pressio:rel";
  if (named.length > 1 && !both) {
    throw new TempressError("invalid-argument", `${named.length} promises at once: ${named.join(", ")}`, {
      where: "options",
      hint: 'set one; or pressio:abs and pressio:rel with "tempress:abs_and_rel": true',
    });
  }
  const merged: Record<string, OptionValue | undefined> = { ...before };
  if (named.length > 0 || given["pressio:reset_mode"] === true) {
    for (const key of [...PROMISE_KEYS, "tempress:abs_and_rel"]) delete merged[key];
  }
  for (const [key, value] of Object.entries(given)) {
    if (value !== undefined && key !== "pressio:reset_mode") merged[key] = value;
  }
  return merged;
}

/** Options that are the codec's own, among all that were set. */
function codecOptions(codec: string, set: GivenOptions): Record<string, unknown> {
  return Object.fromEntries(Object.entries(set).filter(([key]) => key.startsWith(`${codec}:`)));
}

/** The same as options of `compress`. */
export function compressOptions(
  codec: string,
  set: GivenOptions,
  own: Readonly<Record<string, unknown>> = codecOptions(codec, set),
): CompressOptions {
  const number = (key: string) => set[key] as number | undefined;
  const level = number("pressio:lossless");
  const byLevel: Effort | undefined =
    level === undefined ? undefined : level <= 3 ? "fast" : level <= 6 ? "balanced" : "max";
  const abs = number("pressio:abs");
  const rel = number("pressio:rel");
  const promise =
    set["tempress:abs_and_rel"] === true && abs !== undefined && rel !== undefined
      ? { absAndRel: [abs, rel] as const }
      : { abs, rel, pwRel: number("pressio:pw_rel"), lossless: level !== undefined };
  return {
    codec,
    ...promise,
    fill: number("tempress:fill"),
    effort: (set["tempress:effort"] as Effort | undefined) ?? byLevel,
    threads: number("pressio:nthreads"),
    timeAxis: number("tempress:time_axis"),
    window: number("tempress:window"),
    readBack: set["tempress:read_back"] as boolean | undefined,
    options: own,
  };
}
