/**
 * The documents say what is: links lead somewhere, examples print what is shown, tables are those of the declarations.
 * `UPDATE_DOCS=1 npx vitest run test/docs.test.ts` writes outputs and tables anew.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { VERBS } from "../src/cli/verb.ts";
import type { Codec } from "../src/compressor/codec.ts";
import { codecs } from "../src/compressor/registry.ts";
import { describeOption } from "../src/compressor/schema.ts";
import { formats } from "../src/io/formats.ts";
import { metrics } from "../src/metrics/registry.ts";
import { needsPython } from "./optional.ts";
import { hasSession, replay, steady } from "./support/doc-sessions.ts";

const ROOT = join(import.meta.dirname, "..");
const UPDATE = process.env.UPDATE_DOCS !== undefined;

const documents = [".", "docs", "data"]
  .flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: folder !== ".", withFileTypes: true }))
  .filter((entry) => entry.isFile() && entry.name.endsWith(".md"))
  .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
  .sort();
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

function settle(path: string, now: string): void {
  if (UPDATE) writeFileSync(join(ROOT, path), now);
  else expect(steady(read(path)), "run UPDATE_DOCS=1 npx vitest run test/docs.test.ts").toBe(steady(now));
}

/** Tables between `<!-- from: NAME -->` and `<!-- end -->`. */
const TABLE = /(<!-- from: (.+?) -->\n)[\s\S]*?(<!-- end -->)/g;

const row = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map(row).join("");
}

/** Names a metric gives and takes. */
async function metricTable(name: string): Promise<string> {
  const { results, options, keeps } = await metrics.get(name);
  const taken = Object.entries(options).map(([key, spec]) => {
    const value = spec.default === undefined || String(spec.default) === "" ? "none" : String(spec.default);
    return [`option \`${key}\``, `${spec.help} (${describeOption(spec)}; default: ${value})`];
  });
  const given = Object.entries(results).map(([key, meaning]) => [`\`${key}\``, meaning]);
  const memory = keeps === "values" ? "Keeps all values of both sides in memory." : "Streams.";
  return `${table(["name", "meaning"], [...given, ...taken])}\n${memory}\n`;
}

function optionsTable({ options }: Codec): string {
  const rows = Object.entries(options).map(([key, spec]) => {
    const value = spec.default === "" ? "empty" : String(spec.default);
    return [`\`${key}\``, describeOption(spec), value, spec.stored ? "yes" : "no", spec.help];
  });
  return table(["option", "value", "default", "recorded in the file", "what it does"], rows);
}

async function optionsOf(names: readonly string[]): Promise<string> {
  const all = await Promise.all(names.map((name) => codecs.get(name)));
  const some = all.filter(({ options }) => Object.keys(options).length > 0);
  return some.map((codec) => `\n### Codec ${codec.name}\n\n${optionsTable(codec)}`).join("");
}

/** Whole files at one bound, from what bench/ratio.mjs measured. */
function ratioTable(): string {
  const [head, ...lines] = read("bench/ratio/results.balanced.csv").trim().split("\n");
  const names = head!.split(",");
  const cells = lines
    .map((line) => Object.fromEntries(line.split(",").map((cell, i) => [names[i]!, cell])))
    .filter((cell) => cell.rel_bound === "0.001");
  const rows = cells.map((cell) => [
    cell.file!.replace(/_[\dx]+\.f\d+$/, ""),
    cell.bytes!,
    `${cell.sz3_bytes} (${cell.sz3})`,
    `${cell.peer_bytes} (${cell.peer})`,
  ]);
  const mean = (key: string) => {
    const logs = cells.map((cell) => Math.log(Number(cell[key]) / Number(cell.bytes)));
    return Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length).toFixed(2);
  };
  rows.push(["geometric mean, times Tempress", "1", mean("sz3_bytes"), mean("peer_bytes")]);
  return table(["field", "Tempress, bytes", "best of SZ3's algorithms", "best of all peers"], rows);
}

async function tableOf(name: string): Promise<string> {
  const [what, codec = ""] = name.split(" ");
  if (what === "options")
    return codec === ""
      ? await optionsOf([...codecs.names(), ...codecs.outside()])
      : optionsTable(await codecs.get(codec));
  if (what === "verbs")
    return table(
      ["verb", "what it does"],
      VERBS.map((verb) => [`\`${verb.name}\``, verb.summary]),
    );
  if (what === "wrapper-options") return await optionsOf(codecs.wrappers());
  if (what === "codecs" || what === "wrappers") {
    const named = what === "wrappers" ? codecs.wrappers() : [...codecs.names(), ...codecs.outside()];
    const all = await Promise.all(named.map((each) => codecs.get(each)));
    const rows = all.map((each) => [`\`${each.name}\``, each.keeps.join(", "), each.stability, each.summary]);
    return table(["codec", "keeps", "stability", "how"], rows);
  }
  if (what === "ratio") return ratioTable();
  // As bench/phases.mjs measured it.
  if (what === "phases") return /Effort fast:\n\n((?:\|.*\n)+)/.exec(read("bench/phases.md"))![1]!;
  if (what === "metrics") {
    return table(
      ["metric", "what it measures"],
      metrics.list().map((each) => [`\`${each.name}\``, each.summary]),
    );
  }
  if (what === "metric") return metricTable(codec);
  if (what === "formats") {
    const rows = formats.list().map(({ name, extensions, summary }) => {
      return [name, extensions.map((extension) => `.${extension}`).join(" "), summary];
    });
    return table(["format", "endings", "what it is"], rows);
  }
  throw new Error(`no table is called "${name}"`);
}

describe.each(documents)("%s", (path) => {
  const text = read(path);

  it("links to what is there", () => {
    const broken = linksOf(text).filter((link) => !leads(path, link));
    expect(broken).toEqual([]);
  });

  it("names no machine and no registry", () => {
    const found = text.match(/(?<![\w.])\/(?:work|tmp|root|home|mnt)\/\S*|registry\.\w+\.\w+|localhost:\d+/g) ?? [];
    expect(found).toEqual([]);
  });

  if (text.search(TABLE) >= 0) {
    it("has the tables of the declarations", async () => {
      const names = [...text.matchAll(TABLE)].map(([, , name]) => name!);
      const made = new Map(await Promise.all(names.map(async (name) => [name, await tableOf(name)] as const)));
      settle(
        path,
        read(path).replace(TABLE, (_, start, name, end) => start + made.get(name)! + end),
      );
    });
  }

  if (hasSession(text)) {
    // A page that needs NumPy says so in its first line.
    const run = text.startsWith("<!-- needs numpy -->") ? needsPython("numpy").it : it;
    run("prints what it shows", () => settle(path, replay(read(path), ROOT)));
  }
});

it("the example of a codec of one's own is the file beside the guide", () => {
  const [, code] = /```ts file=own-codec\.mjs\n([\s\S]*?)```/.exec(read("docs/guide/own-codec.md")) ?? [];
  expect(code).toBe(read("docs/guide/own-codec.ts"));
});

it("docs/metrics.md has every metric once, with its names", () => {
  const sections = read("docs/metrics.md").split(/^### /m).slice(1);
  const found = sections.map((section) => {
    const name = /^`(\w+)`/.exec(section)?.[1] ?? section;
    expect(section).toContain(`<!-- from: metric ${name} -->`);
    return name;
  });
  expect(found.toSorted()).toEqual(metrics.names().toSorted());
});

it("the glossary has each word once, in order", () => {
  const words = [...read("GLOSSARY.md").matchAll(/^- \*\*(.+?)\*\*/gm)].map(([, word]) => word!);
  expect(words).toEqual([...new Set(words)].sort((a, b) => a.localeCompare(b, "en")));
});

/** Targets of links, outside of code. */
function linksOf(text: string): string[] {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, "").replace(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
}

function leads(from: string, link: string): boolean {
  if (/^https?:\/\/[\w.-]+\.\w+(\/\S*)?$/.test(link)) return true;
  const [file, anchor] = link.split("#") as [string, string | undefined];
  const target = file === "" ? from : join(dirname(from), file);
  if (!existsSync(join(ROOT, target))) return false;
  return anchor === undefined || anchorsOf(read(target)).includes(anchor);
}

/** As GitHub makes them of headings. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
