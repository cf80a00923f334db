/** The registry of metrics. Their code is loaded when it is first used. */
import { checkOptions } from "../compressor/schema.ts";
import { TempressError } from "../errors.ts";
import { suggestion } from "../nearest.ts";
import { composite } from "./composite.ts";
import type { Metric, MetricKind } from "./metric.ts";

/** What several metrics are made with. */
export interface ObserverSettings {
  /** The fill value, which error metrics leave out. */
  readonly fill?: number | undefined;
  /** Options of these metrics, by their full names: `{"kth_error:k": 0.99}`. */
  readonly options?: Readonly<Record<string, unknown>>;
}

interface MetricEntry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<MetricKind>;
}

const entries = new Map<string, MetricEntry>();

for (const entry of [
  {
    name: "size",
    summary: "bytes before and after, compression ratio, bits a value",
    load: async () => (await import("./size.ts")).size,
  },
  {
    name: "time",
    summary: "milliseconds that compression and decompression took",
    load: async () => (await import("./time.ts")).time,
  },
  {
    name: "error_stat",
    summary: "errors and values: extremes, means, mse, psnr",
    load: async () => (await import("./error-stat.ts")).errorStat,
  },
  {
    name: "pearson",
    summary: "correlation of the original and decompressed values",
    load: async () => (await import("./pearson.ts")).pearson,
  },
  {
    name: "entropy",
    summary: "bits a value that the distribution of distinct values holds, before and after",
    load: async () => (await import("./entropy.ts")).entropy,
  },
] satisfies MetricEntry[]) {
  entries.set(entry.name, entry);
}

export const metrics = {
  names: (): string[] => [...entries.keys()],
  /** What is known without loading the metric's code. */
  list: (): MetricEntry[] => [...entries.values()],
  /** Loads a metric; an unknown name is a typed error with the nearest one. */
  async get(name: string): Promise<MetricKind> {
    const entry = entries.get(name);
    if (entry) return entry.load();
    throw new TempressError("invalid-argument", `there is no metric "${name}"`, {
      where: "metrics",
      hint: suggestion(name, entries.keys()),
    });
  },
  /**
   * Makes several metrics and joins them into one observer.
   * @throws TempressError "invalid-argument" for an unknown metric, an option of none of them, a wrong value
   */
  async observe(names: readonly string[], { fill, options = {} }: ObserverSettings = {}): Promise<Metric> {
    const kinds = await Promise.all(names.map((name) => metrics.get(name)));
    checkOptions(Object.assign({}, ...kinds.map((kind) => kind.options)), options);
    const made = kinds.map((kind) => {
      const own = Object.entries(options).filter(([key]) => Object.hasOwn(kind.options, key));
      return kind.create({ fill, options: checkOptions(kind.options, Object.fromEntries(own)) });
    });
    return composite(await Promise.all(made));
  },
  /**
   * Adds a metric of one's own. Its keys carry its name: "mine:value".
   * @throws TempressError "invalid-argument" for a name that is taken or cannot be typed, or keys of others.
   */
  register(kind: MetricKind): void {
    const wrong = (message: string, hint: string) =>
      new TempressError("invalid-argument", message, { where: "register", hint });
    if (!/^[a-z][a-z0-9_]*$/.test(kind.name)) {
      throw wrong(`"${kind.name}" cannot be a metric's name`, "use lower-case letters, digits and _");
    }
    if (entries.has(kind.name)) throw wrong(`there is a metric "${kind.name}" already`, "choose another name");
    const keys = [...Object.keys(kind.results), ...Object.keys(kind.options)];
    const stray = keys.find((key) => !key.startsWith(`${kind.name}:`));
    if (stray !== undefined) throw wrong(`key "${stray}" lacks its prefix`, `call it "${kind.name}:${stray}"`);
    entries.set(kind.name, { name: kind.name, summary: kind.summary, load: async () => kind });
  },
};
