import type { OptionSchema, OptionValues } from "../compressor/schema.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What is compressed or was decompressed, without its values: those may pass in slabs. */
export interface Described {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A number, a text, a list of names, or an array with its shape. */
export type MetricValue = number | string | readonly string[] | Tensor;
export type MetricResults = Record<string, MetricValue>;

/** Calls of a compressor that have no tensor to show. */
export const CALLS = [
  "check_options",
  "set_options",
  "get_options",
  "get_configuration",
  "get_documentation",
  "compress_many",
  "decompress_many",
] as const;
export type Call = (typeof CALLS)[number];

/**
 * An observer of one compression, decompression, or both. Every hook is optional; results that could not be taken
 * yet are left out. Make a new one for every run.
 */
export interface Metric {
  beforeCompress?(input: Described): void;
  afterCompress?(input: Described, compressedBytes: number): void;
  beforeDecompress?(compressedBytes: number): void;
  afterDecompress?(output: Described): void;
  /** Before other calls, and after them. */
  before?(call: Call): void;
  after?(call: Call): void;
  /** The whole that the slabs are of, before the first of them. */
  beforeCompare?(whole: Described): void;
  /**
   * A slab of the original and the same slab decompressed: all slabs, once each, in C order. A slab may begin and end
   * anywhere: only the order of its values counts, not its shape.
   */
  compare?(original: Tensor, decoded: Tensor): void;
  /** Values under LibPressio's names; names of ours start with `tempress:`. */
  results(): MetricResults;
}

export interface MetricSettings<S extends OptionSchema = OptionSchema> {
  /** The fill value, which error metrics leave out. */
  readonly fill?: number | undefined;
  /** A value for every option that the metric declares. */
  readonly options: OptionValues<S>;
}

/**
 * What a metric keeps while slabs pass: sums (or some frames) of bounded size, or all values of both sides. Those that
 * keep values get them as one slab, after the last one.
 */
export type Keeps = "sums" | "values";

/** A metric that can be made: plain data and one function. */
export interface MetricKind<S extends OptionSchema = OptionSchema> {
  readonly name: string;
  readonly summary: string;
  /** Its options by their full names, declared like those of codecs. */
  readonly options: S;
  /** All names that `results` may hold, and what each is, with its unit. */
  readonly results: Readonly<Record<string, string>>;
  /** "values" needs memory for both tensors, which all such metrics share. */
  readonly keeps: Keeps;
  create(settings: MetricSettings<S>): Metric | Promise<Metric>;
}
