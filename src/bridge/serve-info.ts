/** Options, configuration and documentation of a codec, as entries of the protocol. */
import { compressor } from "../compressor/compressor.ts";
import { GENERIC_OPTIONS } from "../compressor/generic-options.ts";
import { codecs } from "../compressor/registry.ts";
import { type OptionSchema, parseOptions } from "../compressor/schema.ts";
import type { Info, InfoAbout, InfoType } from "./protocol.ts";

/** Those of `codec` after `options` were set. */
export async function infoOf(codec: string, options: readonly (readonly [string, string])[]): Promise<Info[]> {
  const asked = await compressor(codec);
  const schema: OptionSchema = { ...GENERIC_OPTIONS, ...(await codecs.get(codec)).options };
  asked.setOptions(parseOptions(schema, Object.fromEntries(options)));
  const set = Object.entries(asked.getOptions()).map(([key, value]): Info => {
    const { type } = schema[key]!;
    const kind: InfoType = type === "choice" || type === "string" ? "text" : type;
    return { about: "options", type: kind, key, values: value === undefined ? undefined : [String(value)] };
  });
  const facts = Object.entries(asked.getConfiguration()).map(([key, value]) => entry("configuration", key, value));
  const help = Object.entries(asked.getDocumentation()).map(([key, value]) => entry("documentation", key, value));
  return [...set, ...facts, ...help];
}

function entry(about: InfoAbout, key: string, value: unknown): Info {
  if (Array.isArray(value)) return { about, type: "texts", key, values: value.map(String) };
  const type =
    typeof value === "number"
      ? Number.isInteger(value)
        ? "int"
        : "float"
      : typeof value === "boolean"
        ? "bool"
        : "text";
  return { about, type, key, values: [String(value)] };
}
