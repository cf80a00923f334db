import type { ChunkCodec } from "../stores/chunk-stream.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { TensorSink, TensorSource } from "../tensor/source.ts";
import type { VariableInfo } from "./variables.ts";

/** What the caller knows and the file may not say. */
export interface FormatHint {
  readonly shape?: Shape | undefined;
  readonly dtype?: DType | undefined;
  /** Taken where neither the caller nor the file or its name says. */
  readonly otherwise?: { readonly shape: Shape; readonly dtype: DType } | undefined;
  /** Which variable, in formats that hold several. */
  readonly variable?: string | undefined;
}

/** What is about to be written. */
export interface TensorLike {
  readonly dtype: DType;
  /** C order, slowest axis first; the whole tensor, not one slab. */
  readonly shape: Shape;
  readonly axes?: readonly string[];
  readonly name?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  /** The value that marks missing data. */
  readonly fill?: number;
}

export interface SaveOptions {
  /** Replace what is already there. */
  readonly force?: boolean | undefined;
  /** What the variable is called, in formats that name theirs; default: the tensor's name, or "data". */
  readonly variable?: string | undefined;
  /** How chunks are packed, in formats of chunks (Zarr, HDF5, NetCDF-4): "tempress.tezip" with { abs: 0.01 }, ... */
  readonly codec?: ChunkCodec | undefined;
}

/** A file format as plain data and one or two functions. Paths are files or folders on this machine. */
export interface Format {
  readonly name: string;
  /** File name endings without the dot, lower case. */
  readonly extensions: readonly string[];
  readonly summary: string;
  open(path: string, hint: FormatHint): Promise<TensorSource>;
  /** Whether chunks can be packed by a codec of ours. */
  readonly packs?: boolean;
  save?(path: string, like: TensorLike, options: SaveOptions): Promise<TensorSink>;
  /** What a file holds, in formats that can hold several variables. */
  variables?(path: string): Promise<readonly VariableInfo[]>;
}

/** A format as the registry knows it: its code is loaded when it is first used. */
export interface FormatEntry {
  readonly name: string;
  readonly extensions: readonly string[];
  readonly summary: string;
  readonly writes: boolean;
  load(): Promise<Format>;
}
