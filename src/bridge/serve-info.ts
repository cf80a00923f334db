/** Options, configuration and documentation of a codec, as entries of the protocol. */
import { compressor } from "../compressor/compressor.ts";
import { GENERIC_OPTIONS } from "../compressor/generic-options.ts";
import { codecs } from "../compressor/registry.ts";
import { type OptionSchema, type OptionType, parseOptions } from "../compressor/schema.ts";
import type { MetricResults } from "../metrics/metric.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Info, InfoAbout, InfoType } from "./protocol.ts";

/** Those of `codec` after `options` were set. */
export async function infoOf(codec: string, options: readonly (readonly [string, string])[]): Promise<Info[]> {
  const asked = await compressor(codec);
  const schema: OptionSchema = { ...GENERIC_OPTIONS, ...(await codecs.get(codec)).options };
  asked.setOptions(parseOptions(schema, Object.fromEntries(options)));
  const set = Object.entries(asked.getOptions()).map(([key, value]): Info => {
    const type = TYPES[schema[key]!.type];
    return value === undefined
      ? { about: "options", type, key, values: undefined }
      : { ...entry("options", key, value), type };
  });
  const facts = Object.entries(asked.getConfiguration()).map(([key, value]) => entry("configuration", key, value));
  const help = Object.entries(asked.getDocumentation()).map(([key, value]) => entry("documentation", key, value));
  return [...set, ...facts, ...help];
}

/** A tensor is shown as its values. */
const TYPES: Readonly<Record<OptionType, InfoType>> = {
  int: "int",
  float: "float",
  bool: "bool",
  string: "text",
  choice: "text",
  strings: "texts",
  numbers: "numbers",
  tensor: "numbers",
};

/** Longer lists of numbers stay with the program that has them. */
const MOST_NUMBERS = 4096;

/** Results of metrics: single numbers, and all others. */
export function metricEntries(results: MetricResults): { numbers: [string, number][]; info: Info[] } {
  const all = Object.entries(results);
  const single = all.filter((entry): entry is [string, number] => typeof entry[1] === "number");
  const others = all.filter(([, value]) => typeof value !== "number").map((pair) => entry("metrics", ...pair));
  return { numbers: single, info: others.filter(({ values }) => (values?.length ?? 0) <= MOST_NUMBERS) };
}

function entry(about: InfoAbout, key: string, value: unknown): Info {
  if (Array.isArray(value)) {
    const type = value.length > 0 && typeof value[0] === "number" ? "numbers" : "texts";
    return { about, type, key, values: value.map(String) };
  }
  if (typeof value === "object" && value !== null) {
    const { data } = value as Tensor;
    return { about, type: "numbers", key, values: Array.from(data as Float64Array, String) };
  }
  const numeric = Number.isInteger(value) ? "int" : "float";
  const type = typeof value === "number" ? numeric : typeof value === "boolean" ? "bool" : "text";
  return { about, type, key, values: [String(value)] };
}
