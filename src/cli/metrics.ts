import { openArchive } from "../compressor/archive.ts";
import { compareSources } from "../compressor/compare.ts";
import { type OptionSchema, parseOptions } from "../compressor/schema.ts";
import { verifyArchive } from "../compressor/verify.ts";
import { openTensor } from "../io/node-open.ts";
import { openBytes } from "../io/node-stream.ts";
import type { Metric, MetricResults } from "../metrics/metric.ts";
import { metrics as registry } from "../metrics/registry.ts";
import type { Bound } from "../promise/spec.ts";
import { parseShape } from "../tensor/shape.ts";
import { sizesOf } from "./inspect.ts";
import { metricText } from "./metric-text.ts";
import { jsonLine, print } from "./output.ts";
import { table } from "./table.ts";
import { countOf, dtypeOf, keyValue, namesOf, numberOf } from "./values.ts";
import type { Verb } from "./verb.ts";

/** What a first look needs; each reads the data once. */
const USUAL = ["size", "error_stat", "max_error", "pearson", "ssim"];
/** Not among all: they watch a compression, which does not happen here, or other metrics. */
const OF_RUNS = ["time", "memory", "historian", "printer", "composite", "input_stats", "mask", "external"];

export const metrics: Verb = {
  define(command) {
    command
      .argument("<original>", "the frames before compression; - is raw values on standard input")
      .argument("<restored>", "a .tpz file, or the same frames from any compressor")
      .option("--metrics <names>", `what to measure, or all (default: ${USUAL.join(",")})`, namesOf)
      .option(
        "-O, --option <key=value>",
        "an option of a metric, such as kth_error:k=0.99 (repeatable)",
        keyValue("-O"),
      )
      .option("--fill <value>", "value that stands for no data; of a .tpz file its own", numberOf("--fill"))
      .option("--shape <extents>", "extents of raw values", (text) => parseShape(text))
      .option("--dtype <name>", "type of raw values", dtypeOf)
      .option("--threads <N>", "how many threads work on chunks of a .tpz file", countOf("--threads"))
      .option("--json", "print the results as one JSON object");
  },

  async run([original, restored], flags) {
    const asked = (flags.metrics as string[] | undefined) ?? USUAL;
    const names = asked.join() === "all" ? registry.names().filter((name) => !OF_RUNS.includes(name)) : asked;
    const options = await optionsOf(names, (flags.option ?? {}) as Record<string, string>);
    const results = restored!.endsWith(".tpz")
      ? await ofArchive(original!, restored!, names, options, flags)
      : await ofFiles(original!, restored!, names, options, flags);
    if (flags.json) print(jsonLine(results));
    else print(await asTable(names, results));
    return 0;
  },
};

type Flags = Readonly<Record<string, unknown>>;

async function schemaOf(names: readonly string[]): Promise<OptionSchema> {
  const kinds = await Promise.all(names.map((name) => registry.get(name)));
  return Object.assign({}, ...kinds.map((kind) => kind.options));
}

async function optionsOf(names: readonly string[], given: Record<string, string>): Promise<Record<string, unknown>> {
  return parseOptions(await schemaOf(names), given);
}

async function ofArchive(
  original: string,
  file: string,
  names: readonly string[],
  options: Record<string, unknown>,
  flags: Flags,
): Promise<MetricResults> {
  const archive = await openArchive(await openBytes(file), { threads: flags.threads as number });
  try {
    const { dtype, shape, header } = archive;
    const source = await openTensor(original, { ...flags, otherwise: { shape, dtype } });
    const bounds = boundOptions(header.bound, await schemaOf(names));
    const fill = (flags.fill as number | undefined) ?? header.fill;
    const observer = await registry.observe(names, { fill, options: { ...bounds, ...options } });
    begin(observer, { dtype, shape }, sizesOf(archive)["size:compressed_size"]!);
    await verifyArchive(source, archive, { watch: (x, y) => observer.compare?.(x, y) });
    observer.afterDecompress?.({ dtype, shape });
    await source.close?.();
    return observer.results();
  } finally {
    await archive.close();
  }
}

/** Metrics that hold errors against a bound take the one that the file keeps, where nothing else is said. */
function boundOptions({ kind, value }: Bound, schema: OptionSchema): Record<string, unknown> {
  const key = kind === "pw_rel" ? "pressio:pw_rel" : "pressio:abs";
  return Object.hasOwn(schema, key) ? { [key]: value } : {};
}

async function ofFiles(
  original: string,
  restored: string,
  names: readonly string[],
  options: Record<string, unknown>,
  flags: Flags,
): Promise<MetricResults> {
  const x = await openTensor(original, flags);
  const y = await openTensor(restored, { ...flags, otherwise: { shape: x.shape, dtype: x.dtype } });
  // Nothing is known of a compressed file.
  const observer = await registry.observe(
    names.filter((name) => name !== "size"),
    { fill: flags.fill as number | undefined, options },
  );
  observer.beforeCompare?.(x);
  await compareSources(x, y, (a, b) => observer.compare?.(a, b));
  await x.close?.();
  await y.close?.();
  return observer.results();
}

function begin(observer: Metric, whole: Parameters<NonNullable<Metric["beforeCompare"]>>[0], bytes: number): void {
  observer.beforeCompress?.(whole);
  observer.afterCompress?.(whole, bytes);
  observer.beforeDecompress?.(bytes);
  observer.beforeCompare?.(whole);
}

/** One row a result, with its meaning. */
async function asTable(names: readonly string[], results: MetricResults): Promise<string> {
  const kinds = await Promise.all(names.map((name) => registry.get(name)));
  const meanings = Object.assign({}, ...kinds.map((kind) => kind.results)) as Record<string, string>;
  const order = Object.keys(meanings);
  const place = (key: string) => (order.includes(key) ? order.indexOf(key) : order.length);
  const rows = Object.entries(results)
    .sort(([a], [b]) => place(a) - place(b))
    .map(([key, value]) => [key, metricText(value), meanings[key] ?? ""]);
  return table(["result", "value", "meaning"], rows);
}
