/** What the benchmarks share: their flags, the built program, the data beside the project, and averages. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));
export const COMMAND = fileURLToPath(new URL("../dist/bin/tempress.js", import.meta.url));

/** `given` maps each flag to its default; `--help` lists them. */
export function flags(about, given) {
  const options = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, { type: "string", default: String(value) }]),
  );
  const { values } = parseArgs({ options: { ...options, help: { type: "boolean" } } });
  if (values.help) {
    const lines = Object.entries(given).map(([name, value]) => `  --${name} (default ${value})`);
    console.log([about, ...lines].join("\n"));
    process.exit(0);
  }
  return values;
}

/** The built library: `npm run bench:...` builds it first. */
export function library(path = "index.js") {
  return import(new URL(`../dist/src/${path}`, import.meta.url));
}

/** A file or folder of `../shared`, which is not part of the project; ends the program where it is missing. */
export function shared(path) {
  const found = fileURLToPath(new URL(`../../shared/${path}`, import.meta.url));
  if (existsSync(found)) return found;
  console.error(`../shared/${path} is not there; this benchmark measures on it`);
  process.exit(2);
}

export const geometricMean = (values) =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** A Markdown table. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}
