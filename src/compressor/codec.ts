import type { PromiseOptions } from "../promise/from-options.ts";
import type { Bound } from "../promise/spec.ts";
import type { Arrays, DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Slice } from "../tensor/slice.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Direct } from "./direct/director.ts";
import type { OptionSchema, OptionValues } from "./schema.ts";

/** What one chunk's encoder is given. Special values are already replaced by harmless neighbours. */
export interface EncodeTask {
  /** Frames of the chunk, axis 0 is time; every value is finite. The codec may not write into it. */
  readonly frames: Tensor;
  readonly bound: Bound;
  /** 1 where the value does not matter (a special value is stored elsewhere); absent: all matter. */
  readonly mask?: Uint8Array;
  readonly effort: Effort;
  /** Index of the first value along each axis of `frames`, within the tensor in stored order (time first). */
  readonly origin?: readonly number[];
  /** Of a codec that wraps others: these, by the option that names them. */
  readonly children?: Children;
}

/** A codec with its options, and those that it wraps: plain data, which crosses to worker threads. */
export interface ConfiguredCodec {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly children: Children;
}
export type Children = Readonly<Record<string, readonly ConfiguredCodec[]>>;

export interface DecodeTask {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly bound: Bound;
  readonly mask?: Uint8Array;
  /** Memory of as many values, which the codec may fill and return; what it returns else is copied there. */
  readonly into?: Arrays[DType];
  /** How many codecs wrap this one. */
  readonly depth?: number;
  /** Section by name; throws a typed error when it is absent. */
  section(name: string): Uint8Array;
  has(name: string): boolean;
}

export interface Encoded {
  /** Named byte strings in stream order; `inspect` shows their sizes under these names. */
  readonly sections: readonly { readonly name: SectionName; readonly bytes: Uint8Array }[];
  /**
   * The values that `decode` will give for these sections, when the encoder has them (closed loop).
   * The pipeline verifies the promise on them; without them it decodes.
   */
  readonly decoded?: Tensor;
}

/** Section names with their container ids (never reused). */
export const SECTIONS = {
  specials: 1,
  side: 2,
  key: 3,
  codes: 4,
  escapes: 5,
  data: 6,
  corrections: 7,
  /** One value that fills the chunk's box: the pipeline stores it without asking the codec. */
  constant: 8,
} as const;
export type SectionName = keyof typeof SECTIONS;

export type Effort = "fast" | "balanced" | "max";
export const EFFORTS: readonly Effort[] = ["fast", "balanced", "max"];

/** A plug-in is plain data and two functions. */
export interface Codec<S extends OptionSchema = OptionSchema> {
  /** What users type. */
  readonly name: string;
  /** Container byte, never reused; 128..255 are for codecs of one's own. */
  readonly id: number;
  /** Stream version written; all lower ones are read. */
  readonly version: number;
  readonly stability: "stable" | "unstable" | "experimental";
  readonly summary: string;
  /** Promises it can make; any other is refused, never approximated. */
  readonly keeps: readonly Bound["kind"][];
  /**
   * Keeps every bit of every value, NaN and all, whatever was promised (zstd, gzip, noop): it is given the frames as
   * they are, without a mask, and nothing is stored beside its sections.
   */
  readonly exactBits?: boolean;
  /** Whether a value that many places share exactly is taken out as if it were the fill (tensor/common-value). */
  readonly commonValue?: boolean;
  readonly dtypes: readonly DType[];
  /** Declared once: type, check, default, help, docs and JSON derive from it. Keys carry the codec's prefix: "tezip:window". */
  readonly options: S;
  /** Loads kernels or libraries; awaited once before encode or decode, which are synchronous. */
  prepare(): Promise<void>;
  encode(task: EncodeTask, options: OptionValues<S>): Encoded;
  /** Must give the same bytes on every machine, and a typed error on any damaged section. */
  decode(task: DecodeTask, version: number): Tensor;
  /**
   * Some indices of each axis without decoding all, where the codec can; called for chunks without special values and
   * corrections only. Gives a tensor of the slices' lengths.
   */
  decodePart?(task: DecodeTask, version: number, slices: readonly Slice[]): Tensor;
  /** The promise that the codec's own options make, where they make one: "sz3:abs_error_bound". */
  promise?(options: OptionValues<S>): PromiseOptions | undefined;
  /** Of a codec that leaves nothing in the file: what to do instead (compressor/direct). */
  readonly direct?: Direct;
  /** Files of this codec alone, as other programs write and read them. */
  readonly bare?: BareFiles<S>;
  /** Frames of a chunk that the options ask for, where they do. */
  window?(options: OptionValues<S>): number | undefined;
  /** Dynamic windows: frame indices in `slab` (after 0) at which a new chunk should start. */
  cuts?(slab: Tensor, options: OptionValues<S>): number[];
}

/** What the caller knows of a bare file. */
export interface BareHint {
  readonly dtype?: DType | undefined;
  readonly shape?: Shape | undefined;
  /** What its writer was told, where the file does not say: the codec's options by their full names. */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  /** For messages. */
  readonly where: string;
}

/**
 * Streams without a container: whole tensors, no promise recorded. `prepare` is awaited before.
 * A codec that has them names their file endings in the registry.
 */
export interface BareFiles<S extends OptionSchema = OptionSchema> {
  /** Throws a typed error where the hint says too little, or other than the stream. */
  read(bytes: Uint8Array, hint: BareHint): Tensor;
  /** The same for some indices of each axis, which `choose` tells for a shape, without decoding all. */
  readSlice?(bytes: Uint8Array, hint: BareHint, choose: (shape: Shape) => readonly Slice[]): Tensor;
  /** Without a bound the codec's own options must say one. */
  write(values: Tensor, bound: Bound | undefined, options: OptionValues<S>): Uint8Array;
}
