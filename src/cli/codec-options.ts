import { codecs } from "../compressor/registry.ts";
import { parseOptions } from "../compressor/schema.ts";

/** What `-O KEY=VALUE` says to a codec, checked. */
export async function optionsOf(
  name: string,
  flags: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const codec = await codecs.get(name);
  return parseOptions(codec.options, withPrefix(name, (flags.option ?? {}) as Record<string, string>));
}

/** `-O window=8` is `-O tezip:window=8`. */
function withPrefix(codec: string, given: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given).map(([key, text]) => [key.includes(":") ? key : `${codec}:${key}`, text]),
  );
}
