/** Between LibPressio's options and those of our compressors: names, types and what is set. */
import type { Codec } from "../compressor/codec.ts";
import { DEFAULT_CODEC } from "../compressor/compress.ts";
import { GENERIC_OPTIONS, type GivenOptions, mergeOptions, PROMISE_KEYS } from "../compressor/generic-options.ts";
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
import type { LpData, LpOption, LpOptions, LpType } from "./lp-json.ts";

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
export async function chooseOptions(given: LpOptions, name?: string): Promise<Chosen> {
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
function optionValue(key: string, spec: OptionSpec, value: NonNullable<LpOption["value"]>): OptionValue {
  if (typeof value === "string") return parseOption(key, spec, value);
  if (typeof value === "object" && "values" in value) return checkOption(key, spec, value.values);
  if (spec.type === "bool" && typeof value === "number") return checkOption(key, spec, value !== 0);
  return checkOption(key, spec, value);
}

/** The options that an object called `a/b` sees: plain ones, those of `/a:`, and those of `/a/b:`, which win. */
function optionsFor(given: LpOptions, name = ""): Map<string, LpOption> {
  const own = name.replace(/^\//, "");
  const seen = new Map<string, { readonly depth: number; readonly option: LpOption }>();
  for (const [full, option] of given) {
    const [, path, key] = /^\/([^:]*):(.+)$/.exec(full) ?? [undefined, "", full];
    if (path !== "" && own !== path && !own.startsWith(`${path}/`)) continue;
    const depth = path!.length;
    if (depth >= (seen.get(key!)?.depth ?? 0)) seen.set(key!, { depth, option });
  }
  return new Map([...seen].map(([key, { option }]) => [key, option]));
}

/** Every option with its type; without a value where none is set. */
export function lpOptionsOf({ codec, schema, set }: Chosen): LpOptions {
  const all = new Map<string, LpOption>([[CODEC_KEY, { type: "string", value: codec.name }]]);
  for (const [key, spec] of Object.entries(schema)) {
    const type = lpTypeOf(key, spec);
    if (type !== undefined) all.set(key, lpOption(type, set[key] ?? spec.default));
  }
  return all;
}

/** What does not change: allowed values under the option's own name, least and most, and what the codec is. */
export function lpConfigurationOf({ codec, schema }: Chosen): LpOptions {
  const all = new Map<string, LpOption>([
    [CODEC_KEY, { type: "strings", value: codecs.names() }],
    ["pressio:thread_safe", { type: "threadsafety", value: 2 }],
    ["pressio:stability", { type: "string", value: codec.stability }],
    ["pressio:highlevel", { type: "strings", value: PROMISE_KEYS.filter((key) => Object.hasOwn(schema, key)) }],
    ["tempress:stream_version", { type: "int32", value: codec.version }],
    ["tempress:dtypes", { type: "strings", value: codec.dtypes }],
  ]);
  for (const [key, spec] of Object.entries(schema)) {
    const type = lpTypeOf(key, spec);
    if (spec.choices) all.set(key, { type: "strings", value: spec.choices });
    if (type === undefined || (spec.type !== "int" && spec.type !== "float")) continue;
    if (spec.min !== undefined) all.set(`${key}:min`, { type, value: spec.min });
    if (spec.max !== undefined) all.set(`${key}:max`, { type, value: spec.max });
  }
  return all;
}

export function lpDocumentationOf({ codec, schema }: Chosen): LpOptions {
  const text = (value: string): LpOption => ({ type: "string", value });
  return new Map([
    ["pressio:description", text(`Tempress, codec ${codec.name}: ${codec.summary}`)],
    [CODEC_KEY, text("how to compress")],
    ...Object.entries(schema).map(([key, { help }]) => [key, text(help)] as const),
  ]);
}

/** Undefined for what LibPressio's JSON cannot say. */
function lpTypeOf(key: string, spec: OptionSpec): LpType | undefined {
  // The types that LibPressio's plug-ins have for these names: `get` in C takes no other.
  if (key === "pressio:nthreads") return "uint32";
  switch (spec.type as string) {
    case "int":
      return (spec.max ?? 0) > 2 ** 31 - 1 || (spec.min ?? 0) < -(2 ** 31) ? "int64" : "int32";
    case "float":
      return "double";
    case "bool":
      return "bool";
    case "strings":
      return "strings";
    case "numbers":
      return "data";
    case "string":
    case "choice":
      return "string";
    default:
      return undefined;
  }
}

function lpOption(type: LpType, value: unknown): LpOption {
  if (value === undefined) return { type };
  if (type !== "data") return { type, value: value as LpOption["value"] };
  const values = value as readonly number[];
  return { type, value: { dims: [values.length], dtype: "double", values } satisfies LpData };
}
