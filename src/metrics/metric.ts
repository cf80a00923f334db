import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What is compressed or was decompressed, without its values: those may pass in slabs. */
export interface Described {
  readonly dtype: DType;
  readonly shape: Shape;
}

/**
 * An observer of one compression, decompression, or both. Every hook is optional; results that could not be taken
 * yet are left out. Make a new one for every run.
 */
export interface Metric {
  beforeCompress?(input: Described): void;
  afterCompress?(input: Described, compressedBytes: number): void;
  beforeDecompress?(compressedBytes: number): void;
  afterDecompress?(output: Described): void;
  /** A slab of the original and the same slab decompressed: all slabs, once each, in C order. */
  compare?(original: Tensor, decoded: Tensor): void;
  /** Values under LibPressio's names; names of ours start with `tempress:`. */
  results(): Record<string, number>;
}

export interface MetricSettings {
  /** The fill value, which error metrics leave out. */
  readonly fill?: number | undefined;
}

/** A metric that can be made: plain data and one function. */
export interface MetricKind {
  readonly name: string;
  readonly summary: string;
  /** All names that `results` may hold. */
  readonly keys: readonly string[];
  create(settings?: MetricSettings): Metric;
}
