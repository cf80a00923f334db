/** LibPressio's three questions to a plug-in, answered from its declaration. */
import { PressioOptions } from "./pressio-options.ts";
import type { PressioType, PressioValue } from "./pressio-types.ts";
import { checkOptions, type OptionSchema, type OptionType } from "./schema.ts";

/** What a codec, a metric or a format declares of itself. */
export interface Declared {
  readonly name: string;
  readonly summary: string;
  readonly options?: OptionSchema;
  readonly stability?: string;
  readonly version?: number;
  /** Names and meanings of a metric's results. */
  readonly results?: Readonly<Record<string, string>>;
}

export type PluginType = "compressor" | "metric" | "io";

export interface Introspection {
  /** Every option with its default, typed; empty where there is none. */
  getOptions(): PressioOptions;
  /** What does not change: version, stability, allowed values under the option's own name, `:min` and `:max`. */
  getConfiguration(): Record<string, unknown>;
  /** Help for each option; "pressio:description" for the plug-in. */
  getDocumentation(): Record<string, string>;
  /** @throws TempressError "invalid-argument" for unknown keys (with the nearest name) and wrong values */
  checkOptions(options: Readonly<Record<string, unknown>>): void;
}

/** The same questions for all: `introspect("metric", await metrics.get("kth_error"))`. */
export function introspect(type: PluginType, plugin: Declared): Introspection {
  const { name, summary, options = {}, stability = "stable", version = 1, results = {} } = plugin;
  return {
    getOptions: () =>
      typedOptions(options, Object.fromEntries(Object.entries(options).map(([k, s]) => [k, s.default]))),
    getConfiguration: () => ({
      "pressio:type": type,
      "pressio:prefix": name,
      "pressio:stability": stability,
      "pressio:thread_safe": "multiple",
      ...versionKeys(version),
      ...(type === "metric" ? { "predictors:requires_decompress": !["size", "time", "memory"].includes(name) } : {}),
      ...limitsOf(options),
    }),
    getDocumentation: () => ({
      "pressio:description": summary,
      ...Object.fromEntries(Object.entries(options).map(([key, spec]) => [key, spec.help])),
      ...results,
    }),
    checkOptions: (given) => void checkOptions(options, given),
  };
}

const TYPES: Readonly<Record<OptionType, PressioType>> = {
  int: "int32",
  float: "double",
  bool: "bool",
  string: "charptr",
  choice: "charptr",
  numbers: "data",
  strings: "charptr[]",
  tensor: "data",
};

/** Options with LibPressio's types; what has no value is typed and empty. */
export function typedOptions(schema: OptionSchema, values: Readonly<Record<string, unknown>>): PressioOptions {
  const typed = new PressioOptions();
  for (const [key, spec] of Object.entries(schema)) {
    const type = pressioType(key, spec.type, spec.max);
    const value = values[key];
    if (value === undefined) typed.setType(key, type);
    else if (spec.type === "numbers") {
      const list = value as readonly number[];
      if (list.length === 0) typed.setType(key, type);
      else typed.put(key, { type, value: { dtype: "float64", shape: [list.length], data: Float64Array.from(list) } });
    } else typed.put(key, { type, value: value as PressioValue });
  }
  return typed;
}

function pressioType(key: string, type: OptionType, most = 0): PressioType {
  if (key === "pressio:nthreads") return "uint32";
  return type === "int" && most > 2 ** 31 - 1 ? "int64" : TYPES[type];
}

/** Allowed values, least and largest, under names made of the option's. */
export function limitsOf(schema: OptionSchema): Record<string, unknown> {
  const limits: Record<string, unknown> = {};
  for (const [key, { choices, min, max }] of Object.entries(schema)) {
    if (choices) limits[key] = choices;
    if (min !== undefined) limits[`${key}:min`] = min;
    if (max !== undefined) limits[`${key}:max`] = max;
  }
  return limits;
}

export function versionKeys(version: number): Record<string, unknown> {
  return {
    "pressio:version": `${version}.0.0`,
    "pressio:version_major": version,
    "pressio:version_minor": 0,
    "pressio:version_patch": 0,
  };
}
