/** The registry of metrics. Their code is loaded when it is first used. */
import { checkOptions } from "../compressor/schema.ts";
import { TempressError } from "../errors.ts";
import { suggestion } from "../nearest.ts";
import { composite } from "./composite.ts";
import { gather } from "./gather.ts";
import type { Keeps, Metric, MetricKind } from "./metric.ts";

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
    name: "phases",
    summary: "milliseconds of the latest call by phase: load, predict, quantize, code, ...",
    load: async () => (await import("./phases.ts")).phases,
  },
  {
    name: "error_stat",
    summary: "errors and values: extremes, means, mse, psnr",
    load: async () => (await import("./error-stat.ts")).errorStat,
  },
  {
    name: "max_error",
    summary: "the largest error and where it is",
    load: async () => (await import("./max-error.ts")).maxError,
  },
  {
    name: "kth_error",
    summary: "the error that a share k of all values does not exceed",
    load: async () => (await import("./kth-error.ts")).kthError,
  },
  {
    name: "clipping",
    summary: "how many values break an absolute bound",
    load: async () => (await import("./clipping.ts")).clipping,
  },
  {
    name: "out_of_bounds",
    summary: "the values that break a bound: which, where, how far",
    load: async () => (await import("./out-of-bounds.ts")).outOfBounds,
  },
  {
    name: "spatial_error",
    summary: "percentage of values whose relative error is above a threshold",
    load: async () => (await import("./spatial-error.ts")).spatialError,
  },
  {
    name: "pearson",
    summary: "correlation of the original and decompressed values",
    load: async () => (await import("./pearson.ts")).pearson,
  },
  {
    name: "r2",
    summary: "coefficient of determination: the share of the variance that is kept",
    load: async () => (await import("./r2.ts")).r2,
  },
  {
    name: "ks_test",
    summary: "Kolmogorov-Smirnov test: do both sides have one distribution?",
    load: async () => (await import("./ks-test.ts")).ksTest,
  },
  {
    name: "kl_divergence",
    summary: "Kullback-Leibler divergence of the distributions of distinct values",
    load: async () => (await import("./kl-divergence.ts")).klDivergence,
  },
  {
    name: "wasserstein",
    summary: "earth mover's distance of the distributions of values",
    load: async () => (await import("./wasserstein.ts")).wasserstein,
  },
  {
    name: "entropy",
    summary: "bits a value that the distribution of distinct values holds, before and after",
    load: async () => (await import("./entropy.ts")).entropy,
  },
  {
    name: "autocorr",
    summary: "autocorrelation of the errors: white noise has none",
    load: async () => (await import("./autocorr.ts")).autocorr,
  },
  {
    name: "diff_pdf",
    summary: "histogram of the differences",
    load: async () => (await import("./diff-pdf.ts")).diffPdf,
  },
  {
    name: "data_gap",
    summary: "differences of neighbours in the original: how rough it is",
    load: async () => (await import("./data-gap.ts")).dataGap,
  },
  {
    name: "ssim",
    summary: "structural similarity over windows of up to 7 x 7 x 7 values",
    load: async () => (await import("./ssim.ts")).ssim,
  },
  {
    name: "dssim",
    summary: "data SSIM of climate research, plane by plane",
    load: async () => (await import("./dssim.ts")).dssim,
  },
  {
    name: "spectrum",
    summary: "radial power spectrum: which scales are kept",
    load: async () => (await import("./spectrum.ts")).spectrum,
  },
  {
    name: "nyx_power",
    summary: "matter power spectrum test of cosmology: P(k) within 1 % for k < 10",
    load: async () => (await import("./nyx-power.ts")).nyxPower,
  },
  {
    name: "gradient_error",
    summary: "error of the gradient's length: noise and blocks that small errors hide",
    load: async () => (await import("./gradient-error.ts")).gradientError,
  },
  {
    name: "error_autocorrelation_map",
    summary: "correlation of errors at every distance in the plane, and from plane to plane",
    load: async () => (await import("./error-autocorrelation-map.ts")).errorAutocorrelationMap,
  },
  {
    name: "gradlength",
    summary: "length of the gradient at every value",
    load: async () => (await import("./gradlength.ts")).gradlength,
  },
  {
    name: "qcatsobolevp2",
    summary: "Sobolev norm (p = 2) of both sides",
    load: async () => (await import("./qcatsobolevp2.ts")).qcatsobolevp2,
  },
  {
    name: "region_of_interest",
    summary: "sum and average of a region, before and after",
    load: async () => (await import("./region-of-interest.ts")).regionOfInterest,
  },
  {
    name: "mask",
    summary: "other metrics, of the values that a mask leaves",
    load: async () => (await import("./mask.ts")).mask,
  },
  {
    name: "input_stats",
    summary: "types and extents of what went in and came out",
    load: async () => (await import("./input-stats.ts")).inputStats,
  },
  {
    name: "memory",
    summary: "growth of the process's memory by each call (Node)",
    load: async () => (await import("./memory.ts")).memory,
  },
  {
    name: "historian",
    summary: "results of other metrics after every call, one entry each",
    load: async () => (await import("./historian.ts")).historian,
  },
  {
    name: "printer",
    summary: "a log of what was called, in order",
    load: async () => (await import("./printer.ts")).printer,
  },
  {
    name: "external",
    summary: "what a program of one's own makes of the original and the decompressed values (Node)",
    load: async () => (await import("../bridge/external-metric.ts")).externalMetric,
  },
  {
    name: "composite",
    summary: "several metrics as one, and rates from size and time",
    load: async () => (await import("./together.ts")).together,
  },
] satisfies readonly MetricEntry[]) {
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
    const made = await Promise.all(
      kinds.map((kind) => {
        const own = Object.entries(options).filter(([key]) => Object.hasOwn(kind.options, key));
        return kind.create({ fill, options: checkOptions(kind.options, Object.fromEntries(own)) });
      }),
    );
    const of = (keeps: Keeps) => kinds.flatMap((kind, k) => (kind.keeps === keeps ? [k] : []));
    const keeping = of("values");
    if (keeping.length === 0) return composite(made);
    const gathered = gather(
      keeping.map((k) => made[k]!),
      keeping.map((k) => kinds[k]!.name),
    );
    return composite([gathered, ...of("sums").map((k) => made[k]!)]);
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
