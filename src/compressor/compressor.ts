import { MemorySink } from "../container/writer.ts";
import type { Metric, MetricResults } from "../metrics/metric.ts";
import { metrics } from "../metrics/registry.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Codec } from "./codec.ts";
import { compressTo, DEFAULT_CODEC } from "./compress.ts";
import { configure, configureNow, nodesOf, treeSchema, treeValues } from "./configure.ts";
import { decompress } from "./decompress.ts";
import { compressOptions, GENERIC_OPTIONS, type GivenOptions, mergeOptions, PROMISE_KEYS } from "./generic-options.ts";
import { limitsOf, typedOptions, versionKeys } from "./introspect.ts";
import { compressMany } from "./many.ts";
import type { CompressOptions } from "./options.ts";
import { optionsFromJson, optionsToJson } from "./pressio-json.ts";
import { PressioOptions } from "./pressio-options.ts";
import { codecs } from "./registry.ts";
import { checkOptions, type OptionSchema, type OptionValue } from "./schema.ts";

/** A codec, and those inside it, with LibPressio's habits: set options by name, compress, ask for metrics. */
export interface Compressor {
  readonly name: string;
  /**
   * Lays options over those that are set; `PressioOptions` too. All or none are taken.
   * @throws TempressError "invalid-argument" for unknown keys, wrong types, two promises at once, and codecs inside
   * that are not loaded yet: those are set by `configure`
   */
  setOptions(options: Given): void;
  /** `setOptions` for options that may name other codecs inside ("early" ones) and the options of these ("late"). */
  configure(options: Given): Promise<void>;
  /** Throws what `setOptions` would, and sets nothing. */
  checkOptions(options: Given): void;
  /**
   * Every option of the tree with its value; undefined where none is set and there is no default. A codec that stands
   * at several places has its options under "/place:key".
   */
  getOptions(): Record<string, OptionValue | undefined>;
  /** The same with LibPressio's types and three states of a key. */
  getTypedOptions(): PressioOptions;
  /** What does not change: stability, version, allowed values (under the option's own name), `:min` and `:max`. */
  getConfiguration(): Record<string, unknown>;
  /** Help for each option; "pressio:description" for the codec. */
  getDocumentation(): Record<string, string>;
  /** What was set, as LibPressio's JSON: with the codec's name under "pressio:compressor". */
  save(): string;
  compress(input: Tensor): Promise<Uint8Array>;
  decompress(bytes: Uint8Array): Promise<Tensor>;
  /**
   * A list of tensors, each a file of its own. Codec many_independent_threaded does several at once; many_dependent
   * passes results of one to options of the next. `getMetricsResults` tells of the last, and of each under "/i/".
   */
  compressMany(inputs: readonly Tensor[]): Promise<Uint8Array[]>;
  decompressMany(files: readonly Uint8Array[]): Promise<Tensor[]>;
  /** Of the latest compression, and of its decompression when that followed. */
  getMetricsResults(): MetricResults;
}

type Given = Readonly<Record<string, unknown>> | PressioOptions;

/**
 * @param early options to begin with; which codecs are inside is best said here
 * @throws TempressError "invalid-argument" for an unknown codec, with the nearest name
 */
export async function compressor(name: string, early: Given = {}): Promise<Compressor> {
  let state: State = { set: {}, own: {}, metric: {} };
  let tree = await configure(name);
  const loaded = new Map<string, Codec>();
  const remember = () => {
    for (const { codec } of nodesOf(tree)) loaded.set(codec.name, codec);
  };
  remember();
  let run: { readonly observer: Metric; readonly input: Tensor; readonly bytes: Uint8Array } | undefined;
  let results: MetricResults = {};

  const observe = (): Promise<Metric> => {
    const names = String(state.set["pressio:metric"] ?? "size,time")
      .split(",")
      .map((word) => word.trim())
      .filter((word) => word !== "");
    // The last one starts last and ends first: time is to measure the work, not the other metrics.
    const ordered = [...names.filter((word) => word !== "time"), ...names.filter((word) => word === "time")];
    return metrics.observe(ordered, { fill: state.set["tempress:fill"] as number | undefined, options: state.metric });
  };

  const self: Compressor = {
    name,
    setOptions(options) {
      const next = laid(state, options, treeSchema(tree));
      tree = configureNow(name, next.own, loaded);
      state = next;
    },
    async configure(options) {
      const next = laid(state, options, treeSchema(tree));
      tree = await configure(name, next.own);
      remember();
      state = next;
    },
    checkOptions(options) {
      configureNow(name, laid(state, options, treeSchema(tree)).own, loaded);
    },
    getOptions: () => {
      const generic = Object.keys(GENERIC_OPTIONS).filter((key) => key !== "pressio:reset_mode");
      return {
        ...Object.fromEntries(generic.map((key) => [key, state.set[key]])),
        ...treeValues(tree),
        ...(state.metric as Record<string, OptionValue>),
      };
    },
    getTypedOptions() {
      const { "pressio:reset_mode": _, ...generic } = GENERIC_OPTIONS;
      return typedOptions({ ...generic, ...treeSchema(tree) }, self.getOptions());
    },
    getConfiguration() {
      const { codec } = tree;
      const inside = [...nodesOf(tree)].slice(1);
      const schema = { ...GENERIC_OPTIONS, ...treeSchema(tree) };
      const childKeys = Object.entries(schema).filter(([, spec]) => spec.child);
      return {
        "pressio:type": "compressor",
        "pressio:prefix": name,
        "pressio:children": inside.map(({ path }) => `/${path}`),
        "pressio:stability": codec.stability,
        "pressio:thread_safe": "multiple",
        ...versionKeys(codec.version),
        "pressio:highlevel": PROMISE_KEYS.filter((key) => codec.keeps.includes(KEPT[key])),
        "tempress:dtypes": codec.dtypes,
        ...limitsOf(schema),
        ...Object.fromEntries(childKeys.map(([key]) => [key, [...codecs.names(), ...codecs.wrappers()]])),
      };
    },
    getDocumentation() {
      const help = Object.entries({ ...GENERIC_OPTIONS, ...treeSchema(tree) }).map(([key, spec]) => [key, spec.help]);
      return { "pressio:description": tree.codec.summary, ...Object.fromEntries(help) };
    },
    save() {
      const given = { ...state.set, ...state.own, ...state.metric };
      const schema = { ...GENERIC_OPTIONS, ...treeSchema(tree) };
      const typed = typedOptions({}, {});
      typed.set("pressio:compressor", name);
      for (const [key, value] of Object.entries(given)) {
        const spec = schema[key] ?? schema[key.slice(key.lastIndexOf(":", key.lastIndexOf(":") - 1) + 1)];
        if (spec && value !== undefined) typed.copyFrom(typedOptions({ [key]: spec }, { [key]: value }));
        else if (value !== undefined) typed.set(key, value as string);
      }
      return optionsToJson(typed, 2);
    },
    async compress(input) {
      const observer = await observe();
      observer.beforeCompress?.(input);
      const sink = new MemorySink();
      const { directed } = await compressTo(input, sink, compressOptions(name, state.set, state.own));
      const bytes = sink.bytes();
      observer.afterCompress?.(input, bytes.length);
      run = { observer, input, bytes };
      results = { ...observer.results(), ...directed };
      return bytes;
    },
    async decompress(bytes) {
      const known = run?.bytes === bytes ? run : undefined;
      const observer = known?.observer ?? (await observe());
      observer.beforeDecompress?.(bytes.length);
      const values = await decompress(bytes, { threads: state.set["pressio:nthreads"] as number | undefined });
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
      return await compressMany({
        self,
        tree,
        inputs,
        copy: async () => await copyOf(self, state),
        results: (all) => {
          results = all;
        },
      });
    },
    async decompressMany(files) {
      const tensors: Tensor[] = [];
      for (const bytes of files) tensors.push(await self.decompress(bytes));
      return tensors;
    },
    getMetricsResults: () => ({ ...results }),
  };
  if (Object.keys(early instanceof PressioOptions ? early.toObject() : early).length > 0) await self.configure(early);
  return self;
}

/**
 * A compressor as `save` (or LibPressio) wrote it.
 * @throws TempressError "invalid-argument" for what is no options, or has some that there are none of
 */
export async function loadCompressor(json: string): Promise<Compressor> {
  const options = optionsFromJson(json, "configuration");
  const { "pressio:compressor": name = DEFAULT_CODEC, ...others } = options.toObject();
  return await compressor(String(name), others);
}

/**
 * Options of `compress` from the same JSON.
 * @throws TempressError "invalid-argument" as `loadCompressor`
 */
export async function loadOptions(json: string): Promise<CompressOptions> {
  const { "pressio:compressor": name = DEFAULT_CODEC, ...others } = optionsFromJson(json, "configuration").toObject();
  const known = treeSchema(await configure(String(name)));
  const { set, own } = laid({ set: {}, own: {}, metric: {} }, others, known);
  await configure(String(name), own);
  return compressOptions(String(name), set, own);
}

/** What was set: generic options, those of codecs (by any name of theirs) and those of metrics. */
interface State {
  readonly set: GivenOptions;
  readonly own: Readonly<Record<string, unknown>>;
  readonly metric: Readonly<Record<string, unknown>>;
}

/** `known` are the options of the codecs: LibPressio has "external:commands" for a compressor and for a metric. */
function laid(state: State, options: Given, known: OptionSchema): State {
  const given = options instanceof PressioOptions ? options.toObject() : options;
  const parts: Record<"set" | "own" | "metric", Record<string, unknown>> = { set: {}, own: {}, metric: {} };
  for (const [key, value] of Object.entries(given)) {
    if (Object.hasOwn(GENERIC_OPTIONS, key)) parts.set[key] = value;
    else if (!Object.hasOwn(known, key) && metrics.names().includes(key.split(":")[0]!)) parts.metric[key] = value;
    else parts.own[key] = value;
  }
  // A misspelt generic key is told its neighbours, not those of the codec.
  const stray = Object.keys(parts.own).find((key) => /^(pressio|presio|tempress|tempres):(?!compressor$)/.test(key));
  if (stray !== undefined) parts.set[stray] = parts.own[stray];
  const values = checkOptions(GENERIC_OPTIONS, parts.set) as GivenOptions;
  return {
    set: mergeOptions(state.set, Object.fromEntries(Object.keys(parts.set).map((key) => [key, values[key]]))),
    own: { ...state.own, ...parts.own },
    metric: { ...state.metric, ...parts.metric },
  };
}

/** Another compressor with the same options, for work beside this one. */
async function copyOf(self: Compressor, { set, own, metric }: State): Promise<Compressor> {
  const copy = await compressor(self.name);
  await copy.configure({ ...set, ...own, ...metric });
  return copy;
}

const KEPT = {
  "pressio:abs": "abs",
  "pressio:rel": "abs",
  "pressio:pw_rel": "pw_rel",
  "pressio:lossless": "lossless",
} as const;
