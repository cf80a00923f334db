import type { Metric, MetricResults } from "../metrics/metric.ts";
import { metrics } from "../metrics/registry.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { compress } from "./compress.ts";
import { decompress } from "./decompress.ts";
import { compressOptions, GENERIC_OPTIONS, type GivenOptions, mergeOptions, PROMISE_KEYS } from "./generic-options.ts";
import { codecs } from "./registry.ts";
import { checkOptions, type OptionSchema, type OptionValue } from "./schema.ts";

/** A codec with LibPressio's habits: set options by name, compress, ask for metrics. */
export interface Compressor {
  readonly name: string;
  /**
   * Lays options over those that are set. All or none are taken.
   * @throws TempressError "invalid-argument" for unknown keys, wrong types, two promises at once
   */
  setOptions(options: Readonly<Record<string, unknown>>): void;
  /** Throws what `setOptions` would, and sets nothing. */
  checkOptions(options: Readonly<Record<string, unknown>>): void;
  /** Every option with its value; undefined where none is set and there is no default. */
  getOptions(): Record<string, OptionValue | undefined>;
  /** What does not change: stability, version, allowed values (under the option's own name), `:min` and `:max`. */
  getConfiguration(): Record<string, unknown>;
  /** Help for each option; "pressio:description" for the codec. */
  getDocumentation(): Record<string, string>;
  compress(input: Tensor): Promise<Uint8Array>;
  decompress(bytes: Uint8Array): Promise<Tensor>;
  /** Each on its own; `getMetricsResults` tells of the last. */
  compressMany(inputs: readonly Tensor[]): Promise<Uint8Array[]>;
  decompressMany(files: readonly Uint8Array[]): Promise<Tensor[]>;
  /** Of the latest compression, and of its decompression when that followed. */
  getMetricsResults(): MetricResults;
}

/** @throws TempressError "invalid-argument" for an unknown codec, with the nearest name */
export async function compressor(name: string): Promise<Compressor> {
  const codec = await codecs.get(name);
  const schema: OptionSchema = { ...GENERIC_OPTIONS, ...codec.options };
  let set: GivenOptions = {};
  let run: { readonly observer: Metric; readonly input: Tensor; readonly bytes: Uint8Array } | undefined;
  let results: MetricResults = {};

  const merged = (options: Readonly<Record<string, unknown>>): GivenOptions => {
    const values = checkOptions(schema, options) as GivenOptions;
    return mergeOptions(set, Object.fromEntries(Object.keys(options).map((key) => [key, values[key]])));
  };

  const observe = (): Promise<Metric> => {
    const names = String(set["pressio:metric"] ?? "size,time")
      .split(",")
      .map((word) => word.trim())
      .filter((word) => word !== "");
    // The last one starts last and ends first: time is to measure the work, not the other metrics.
    const ordered = [...names.filter((word) => word !== "time"), ...names.filter((word) => word === "time")];
    return metrics.observe(ordered, { fill: set["tempress:fill"] as number | undefined });
  };

  const self: Compressor = {
    name,
    setOptions(options) {
      set = merged(options);
    },
    checkOptions(options) {
      merged(options);
    },
    getOptions() {
      const keys = Object.keys(schema).filter((key) => key !== "pressio:reset_mode");
      return Object.fromEntries(
        keys.map((key) => [key, set[key] ?? (schema[key]!.default as OptionValue | undefined)]),
      );
    },
    getConfiguration() {
      const limits: Record<string, unknown> = {};
      for (const [key, { choices, min, max }] of Object.entries(schema)) {
        if (choices) limits[key] = choices;
        if (min !== undefined) limits[`${key}:min`] = min;
        if (max !== undefined) limits[`${key}:max`] = max;
      }
      return {
        "pressio:type": "compressor",
        "pressio:prefix": name,
        "pressio:children": [],
        "pressio:stability": codec.stability,
        "pressio:thread_safe": "multiple",
        "pressio:version": `${codec.version}.0.0`,
        "pressio:version_major": codec.version,
        "pressio:version_minor": 0,
        "pressio:version_patch": 0,
        "pressio:highlevel": PROMISE_KEYS.filter((key) => codec.keeps.includes(KEPT[key])),
        "tempress:dtypes": codec.dtypes,
        ...limits,
      };
    },
    getDocumentation() {
      const help = Object.entries(schema).map(([key, spec]) => [key, spec.help]);
      return { "pressio:description": codec.summary, ...Object.fromEntries(help) };
    },
    async compress(input) {
      const observer = await observe();
      observer.beforeCompress?.(input);
      const bytes = await compress(input, compressOptions(name, set));
      observer.afterCompress?.(input, bytes.length);
      run = { observer, input, bytes };
      results = observer.results();
      return bytes;
    },
    async decompress(bytes) {
      const known = run?.bytes === bytes ? run : undefined;
      const observer = known?.observer ?? (await observe());
      observer.beforeDecompress?.(bytes.length);
      const values = await decompress(bytes, { threads: set["pressio:nthreads"] as number | undefined });
      observer.afterDecompress?.(values);
      if (known) {
        observer.beforeCompare?.(known.input);
        observer.compare?.(known.input, values);
      }
      // An observer sees one run; the input need not be kept any longer.
      run = undefined;
      results = observer.results();
      return values;
    },
    async compressMany(inputs) {
      const files: Uint8Array[] = [];
      for (const input of inputs) files.push(await self.compress(input));
      return files;
    },
    async decompressMany(files) {
      const tensors: Tensor[] = [];
      for (const bytes of files) tensors.push(await self.decompress(bytes));
      return tensors;
    },
    getMetricsResults: () => ({ ...results }),
  };
  return self;
}

const KEPT = {
  "pressio:abs": "abs",
  "pressio:rel": "abs",
  "pressio:pw_rel": "pw_rel",
  "pressio:lossless": "lossless",
} as const;
