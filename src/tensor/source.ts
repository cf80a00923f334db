import type { DType } from "./dtype.ts";
import type { Shape } from "./shape.ts";
import { frames, type Tensor } from "./tensor.ts";

type Awaitable<T> = T | Promise<T>;

/** Bytes that are read by range: a file, a Blob, an HTTP resource, memory. */
export interface ByteSource {
  readonly byteLength: number;
  /** A name for messages. */
  readonly name?: string;
  read(start: number, end: number): Awaitable<Uint8Array>;
  close?(): Awaitable<void>;
}

/** Bytes that are written front to back. */
export interface ByteSink {
  write(bytes: Uint8Array): Awaitable<void>;
}

/** A tensor that is read by frames along axis 0, so that inputs larger than memory work. */
export interface TensorSource {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly axes?: readonly string[];
  readonly name?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  /** The value that marks missing data, where the source knows one. */
  readonly fill?: number;
  /** Frames [t0, t1); may be called repeatedly and in any order. */
  read(t0: number, t1: number): Awaitable<Tensor>;
  /**
   * Elements [start, end) of one frame's C-order values, for frames too large for memory.
   * Absent where the source only knows whole frames.
   */
  readPart?(t: number, start: number, end: number): Awaitable<Tensor>;
  close?(): Awaitable<void>;
}

/** A tensor that is written front to back, in C order. */
export interface TensorSink {
  write(slab: Tensor): Awaitable<void>;
  close(): Awaitable<void>;
  /** Drop what was written (temporary files and all). */
  abort?(): Awaitable<void>;
}

export function tensorSource(t: Tensor): TensorSource {
  const more = {
    ...(t.axes ? { axes: t.axes } : {}),
    ...(t.name ? { name: t.name } : {}),
    ...(t.attributes ? { attributes: t.attributes } : {}),
  };
  return { dtype: t.dtype, shape: t.shape, ...more, read: (t0, t1) => frames(t, t0, t1) };
}

export function byteSource(bytes: Uint8Array, name = "memory"): ByteSource {
  return { byteLength: bytes.byteLength, name, read: (start, end) => bytes.subarray(start, end) };
}
