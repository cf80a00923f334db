import { configure, fromText } from "../compressor/configure.ts";
import { openTensor } from "../io/node-open.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What `-O KEY=VALUE` says to a codec and those it wraps, checked. `@FILE` is a tensor. */
export async function optionsOf(
  name: string,
  flags: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const given = withPrefix(name, (flags.option ?? {}) as Record<string, string>);
  const values: Record<string, unknown> = {};
  for (const [key, text] of Object.entries(given)) values[key] = text.startsWith("@") ? await read(text) : text;
  const parsed: Record<string, unknown> = {};
  await configure(name, values, (key, spec, value) => {
    parsed[key] = fromText(key, spec, value);
    return parsed[key];
  });
  return parsed;
}

/** `-O window=8` is `-O tezip:window=8`. */
function withPrefix(codec: string, given: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given).map(([key, text]) => [key.includes(":") ? key : `${codec}:${key}`, text]),
  );
}

async function read(text: string): Promise<Tensor> {
  const source = await openTensor(text.slice(1), {});
  try {
    return await source.read(0, source.shape[0]!);
  } finally {
    await source.close?.();
  }
}
