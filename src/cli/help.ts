import { codecs } from "../compressor/registry.ts";
import { describeOption } from "../compressor/schema.ts";
import { TempressError } from "../errors.ts";
import { suggestion } from "../nearest.ts";
import { print } from "./output.ts";
import { pairs } from "./table.ts";
import { VERBS, type Verb } from "./verb.ts";

export function overview(version: string): string {
  return [
    `tempress ${version}: error-bounded compression of frames`,
    "",
    "  tempress compress wind_132x73x144.f32 -o wind.tpz --abs 0.01",
    "  tempress decompress wind.tpz -o wind.npy",
    "",
    "Verbs:",
    pairs(VERBS.map(({ name, summary }) => [name, summary])),
    "",
    "More: tempress help VERB (or CODEC). `-` is standard input or output; --json is for programs.",
    "Exit status: 0 done, 1 a promise was not met, 2 error.",
  ].join("\n");
}

/** The options of a codec, from its declaration. */
export async function codecHelp(name: string): Promise<string> {
  const codec = await codecs.get(name);
  const rows = Object.entries(codec.options).map(
    ([key, spec]) =>
      [key, `${spec.help} [${describeOption(spec)}; default ${String(spec.default)}]`] as [string, string],
  );
  if (rows.length === 0) return `Codec ${name} has no options.`;
  return `Options of codec ${name} (-O KEY=VALUE, repeatable):\n${pairs(rows)}`;
}

export const help: Verb = {
  define: (command) => command.argument("[name]", "a verb or a codec"),
  async run([name = "help"]) {
    const entry = VERBS.find((verb) => verb.name === name);
    if (entry) {
      const { helpText } = await import("./parse.ts");
      print(await helpText(entry.name, entry.summary, await entry.load()));
    } else if ([...codecs.names(), ...codecs.outside()].includes(name)) {
      const codec = await codecs.get(name);
      print(`${name}: ${codec.summary}\n\n${await codecHelp(name)}`);
    } else {
      throw new TempressError("invalid-argument", `there is no verb or codec "${name}"`, {
        where: "tempress help",
        hint: suggestion(name, [...VERBS.map((verb) => verb.name), ...codecs.names(), ...codecs.outside()]),
      });
    }
    return 0;
  },
};
