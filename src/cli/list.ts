import { codecs } from "../compressor/registry.ts";
import { formats } from "../io/formats.ts";
import { metrics } from "../metrics/registry.ts";
import { jsonLine, print } from "./output.ts";
import { table } from "./table.ts";
import { oneOf } from "./values.ts";
import type { Verb } from "./verb.ts";

const WHAT = ["codecs", "wrappers", "metrics", "formats"] as const;
type What = (typeof WHAT)[number];

export const list: Verb = {
  define(command) {
    command
      .argument("[what]", `${WHAT.join(", ")}; all of them without this word`)
      .option("--json", "print one JSON object");
  },
  async run([what], flags) {
    const wanted = what === undefined ? WHAT : [oneOf("tempress list", WHAT)(what)];
    const found = await Promise.all(wanted.map(async (name) => [name, await rowsOf(name)] as const));
    if (flags.json) print(jsonLine(Object.fromEntries(found)));
    else print(found.map(([name, rows]) => grid(name, rows)).join("\n\n"));
    return 0;
  },
};

type Row = Readonly<Record<string, string | readonly string[]>>;

async function rowsOf(what: What): Promise<Row[]> {
  if (what === "formats") {
    return formats.list().map(({ name, extensions, writes, summary }) => ({
      name,
      extensions,
      does: writes ? ["read", "write"] : ["read"],
      summary,
    }));
  }
  if (what === "metrics") return metrics.list().map(({ name, summary }) => ({ name, summary }));
  const named = what === "wrappers" ? codecs.wrappers() : [...codecs.names(), ...codecs.outside()];
  const all = await Promise.all(named.map((name) => codecs.get(name)));
  return all.map(({ name, keeps, dtypes, stability, summary }) => ({ name, keeps, dtypes, stability, summary }));
}

function grid(what: What, rows: readonly Row[]): string {
  // The dtypes are many and mostly all: they are for --json.
  const columns = Object.keys(rows[0] ?? {}).filter((column) => column !== "dtypes");
  const cells = rows.map((row) => columns.map((column) => [row[column] ?? ""].flat().join(" ")));
  return table([what, ...columns.slice(1)], cells);
}
