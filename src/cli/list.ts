import { type Declared, introspect, type PluginType } from "../compressor/introspect.ts";
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

/** What a table shows, and what is for --json only. */
type Row = Readonly<Record<string, unknown>>;

async function rowsOf(what: What): Promise<Row[]> {
  if (what === "formats") {
    return formats.list().map((format) => ({
      name: format.name,
      extensions: format.extensions,
      does: format.writes ? ["read", "write"] : ["read"],
      summary: format.summary,
      ...detailsOf("io", format),
    }));
  }
  if (what === "metrics") {
    const kinds = await Promise.all(metrics.list().map(({ name }) => metrics.get(name)));
    const rows = metrics.list().map(({ name, summary }, i) => ({ kind: kinds[i]!, name, summary }));
    return rows.map(({ kind, name, summary }) => ({
      name,
      summary,
      results: kind.results,
      ...detailsOf("metric", kind),
    }));
  }
  const named = what === "wrappers" ? codecs.wrappers() : [...codecs.names(), ...codecs.outside()];
  const all = await Promise.all(named.map((name) => codecs.get(name)));
  return all.map((codec) => {
    const { name, keeps, dtypes, stability, summary } = codec;
    return { name, keeps, dtypes, stability, summary, ...detailsOf("compressor", codec) };
  });
}

/** Only --json says these. */
const DETAILS = ["dtypes", "results", "options", "configuration"];

/** Options as they are declared, and LibPressio's configuration. */
function detailsOf(type: PluginType, plugin: Declared): Row {
  const { getConfiguration } = introspect(type, plugin);
  return { options: plugin.options ?? {}, configuration: getConfiguration() };
}

function grid(what: What, rows: readonly Row[]): string {
  const columns = Object.keys(rows[0] ?? {}).filter((column) => !DETAILS.includes(column));
  const cells = rows.map((row) => columns.map((column) => [(row[column] ?? "") as string | string[]].flat().join(" ")));
  return table([what, ...columns.slice(1)], cells);
}
