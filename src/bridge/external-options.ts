/** Between LibPressio's options and those of our compressors: names, types and what is set. */
import type { Codec } from "../compressor/codec.ts";
import { DEFAULT_CODEC } from "../compressor/compress.ts";
import { GENERIC_OPTIONS, type GivenOptions, mergeOptions, PROMISE_KEYS } from "../compressor/generic-options.ts";
import { PressioOptions } from "../compressor/pressio-options.ts";
import type { PressioOption, PressioType, PressioValue } from "../compressor/pressio-types.ts";
import { codecs } from "../compressor/registry.ts";
import {
  checkOption,
  type OptionSchema,
  type OptionSpec,
  type OptionValue,
  parseOption,
} from "../compressor/schema.ts";
import { TempressError } from "../errors.ts";
import { suggestion } from "../nearest.ts";

/** Chooses the codec. */
export const CODEC_KEY = "tempress:codec";

/** What LibPressio's own classes answer for, or what says nothing to a program that is started anew each time. */
const NOT_OURS = new Set(["pressio:metric", "pressio:reset_mode"]);

/** A codec and what is set, of what LibPressio passed on. */
export interface Chosen {
  readonly codec: Codec;
  /** Options that may be set: LibPressio's generic ones that the codec keeps, ours, and the codec's own. */
  readonly schema: OptionSchema;
  readonly set: GivenOptions;
}

/**
 * LibPressio passes every option of its last batch, those of other plug-ins too. What has a prefix of ours must be
 * right; the rest is passed over, as its own plug-ins do.
 * @throws TempressError "invalid-argument"
 */
export async function chooseOptions(given: PressioOptions, name?: string): Promise<Chosen> {
  const mine = optionsFor(given, name);
  const wanted = mine.get(CODEC_KEY)?.value ?? DEFAULT_CODEC;
  if (typeof wanted !== "string") {
    throw new TempressError("invalid-argument", `${CODEC_KEY} is no text`, { where: CODEC_KEY });
  }
  const codec = await codecs.get(wanted);
  const schema = schemaOf(codec);
  const set: Record<string, OptionValue> = {};
  for (const [key, { value }] of mine) {
    if (value === undefined || key === CODEC_KEY) continue;
    const spec = Object.hasOwn(schema, key) ? schema[key]! : undefined;
    if (spec) set[key] = optionValue(key, spec, value);
    else refuseIfOurs(key, codec, schema);
  }
  return { codec, schema, set: mergeOptions({}, set) };
}

function schemaOf(codec: Codec): OptionSchema {
  const generic = Object.entries(GENERIC_OPTIONS).filter(([key]) => !NOT_OURS.has(key) && keeps(codec, key));
  return { ...Object.fromEntries(generic), ...codec.options };
}

function keeps(codec: Codec, key: string): boolean {
  if (key === "pressio:abs" || key === "pressio:rel") return codec.keeps.includes("abs");
  if (key === "pressio:pw_rel") return codec.keeps.includes("pw_rel");
  return key !== "pressio:lossless" || codec.keeps.includes("lossless");
}

function refuseIfOurs(key: string, codec: Codec, schema: OptionSchema): void {
  if ((PROMISE_KEYS as readonly string[]).includes(key)) {
    throw new TempressError("unsupported", `codec "${codec.name}" cannot keep ${key}`, {
      where: CODEC_KEY,
      hint: `it keeps ${codec.keeps.join(", ")}`,
    });
  }
  if (!key.startsWith("tempress:") && !key.startsWith(`${codec.name}:`)) return;
  throw new TempressError("invalid-argument", `there is no option "${key}"`, {
    where: "--options",
    hint: suggestion(key, [CODEC_KEY, ...Object.keys(schema)]),
  });
}

/** Numbers of any of LibPressio's types; texts as the command line of pressio passes early options. */
function optionValue(key: string, spec: OptionSpec, value: PressioValue): OptionValue {
  if (typeof value === "string") return parseOption(key, spec, value);
  // Options are what ours are: no codec takes numbers beyond 2^53.
  if (typeof value === "bigint") return checkOption(key, spec, Number(value));
  if (spec.type === "numbers" && typeof value === "object" && "data" in value) {
    return checkOption(key, spec, Array.from(value.data as Float64Array, Number));
  }
  if (spec.type === "bool" && typeof value === "number") return checkOption(key, spec, value !== 0);
  return checkOption(key, spec, value);
}

/** The options that an object called `a/b` sees: plain ones, those of `/a:`, and those of `/a/b:`, which win. */
function optionsFor(given: PressioOptions, name = ""): Map<string, PressioOption> {
  const own = name.replace(/^\//, "");
  const seen = new Map<string, { readonly depth: number; readonly option: PressioOption }>();
  for (const [full, option] of given) {
    const [, path, key] = /^\/([^:]*):(.+)$/.exec(full) ?? [undefined, "", full];
    if (path !== "" && own !== path && !own.startsWith(`${path}/`)) continue;
    const depth = path!.length;
    if (depth >= (seen.get(key!)?.depth ?? 0)) seen.set(key!, { depth, option });
  }
  return new Map([...seen].map(([key, { option }]) => [key, option]));
}

/** Every option with its type; without a value where none is set. */
export function lpOptionsOf({ codec, schema, set }: Chosen): PressioOptions {
  const all = PressioOptions.from({ [CODEC_KEY]: codec.name });
  for (const [key, spec] of Object.entries(schema)) {
    const type = lpTypeOf(key, spec);
    const value = set[key] ?? (spec.default as OptionValue | undefined);
    if (type !== undefined) all.put(key, value === undefined ? { type } : { type, value: lpValueOf(value) });
  }
  return all;
}

/** What does not change: allowed values under the option's own name, least and most, and what the codec is. */
export function lpConfigurationOf({ codec, schema }: Chosen): PressioOptions {
  const all = PressioOptions.from({
    [CODEC_KEY]: codecs.names(),
    "pressio:thread_safe": { type: "threadsafety", value: "multiple" },
    "pressio:stability": codec.stability,
    "pressio:highlevel": PROMISE_KEYS.filter((key) => Object.hasOwn(schema, key)),
    "tempress:stream_version": { type: "int32", value: codec.version },
    "tempress:dtypes": codec.dtypes,
  });
  for (const [key, spec] of Object.entries(schema)) {
    const type = lpTypeOf(key, spec);
    if (spec.choices) all.put(key, { type: "charptr[]", value: spec.choices });
    if (type === undefined || (spec.type !== "int" && spec.type !== "float")) continue;
    if (spec.min !== undefined) all.put(`${key}:min`, { type, value: spec.min });
    if (spec.max !== undefined) all.put(`${key}:max`, { type, value: spec.max });
  }
  return all;
}

export function lpDocumentationOf({ codec, schema }: Chosen): PressioOptions {
  return PressioOptions.from({
    "pressio:description": `Tempress, codec ${codec.name}: ${codec.summary}`,
    [CODEC_KEY]: "how to compress",
    ...Object.fromEntries(Object.entries(schema).map(([key, { help }]) => [key, help])),
  });
}

const LP_TYPES: Readonly<Record<OptionSpec["type"], PressioType | undefined>> = {
  int: "int32",
  float: "double",
  bool: "bool",
  string: "charptr",
  choice: "charptr",
  strings: "charptr[]",
  numbers: "data",
  tensor: "data",
};

/** Types that LibPressio's own plug-ins have for these names: `get` in C takes no other. */
function lpTypeOf(key: string, spec: OptionSpec): PressioType | undefined {
  if (key === "pressio:nthreads") return "uint32";
  const wide = spec.type === "int" && ((spec.max ?? 0) > 2 ** 31 - 1 || (spec.min ?? 0) < -(2 ** 31));
  return wide ? "int64" : LP_TYPES[spec.type];
}

/** Numbers are a tensor among LibPressio's options. */
function lpValueOf(value: OptionValue): PressioValue {
  if (typeof value !== "object" || "data" in value || value.some((item) => typeof item === "string")) {
    return value as PressioValue;
  }
  if (value.length === 0) return [];
  return { dtype: "float64", shape: [value.length], data: Float64Array.from(value as readonly number[]) };
}
