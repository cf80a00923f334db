import type { ChunkInfo } from "../container/chunk-record.ts";
import type { Header } from "../container/header.ts";
import { openContainer } from "../container/reader.ts";
import { TempressError } from "../errors.ts";
import type { Box } from "../tensor/box.ts";
import { DTYPES, type DType } from "../tensor/dtype.ts";
import { frameLength, type Shape } from "../tensor/shape.ts";
import type { Slice } from "../tensor/slice.ts";
import { type ByteSource, byteSource, type TensorSink, type TensorSource } from "../tensor/source.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { ChunkCache, ChunkReader, type Damage } from "./chunk-reader.ts";
import { type InspectReport, inspect } from "./inspect.ts";
import { MAX_THREADS, type Progress, wholeNumber } from "./options.ts";
import { timeBack } from "./slabs.ts";
import { frameBox, inSlabs, slabBox } from "./write-out.ts";

export interface OpenOptions {
  /** Worker threads for decoding, in Node; default 1. With more the values read are in shared memory. */
  readonly threads?: number | undefined;
  /**
   * Read what a damaged file still holds: a lost index is replaced by a search for chunks, and values of damaged or
   * missing chunks become NaN (in whole-number types the fill value or 0). `damage` lists them.
   */
  readonly salvage?: boolean | undefined;
}

export interface WriteOptions {
  /** Frames [t0, t1) along the time axis; default all. */
  readonly frames?: readonly [number, number] | undefined;
  readonly onProgress?: ((done: Progress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An open `.tpz` file. */
export interface Archive {
  readonly header: Header;
  /** Extents, slowest axis first, as they were compressed. */
  readonly shape: Shape;
  readonly dtype: DType;
  readonly chunks: readonly ChunkInfo[];
  /** What was found damaged so far; empty without `salvage`. */
  readonly damage: readonly Damage[];
  /** Frames [t0, t1) along the time axis, in the order of axes of `shape`. Reads only their chunks. */
  readFrames(t0: number, t1: number, options?: { readonly signal?: AbortSignal | undefined }): Promise<Tensor>;
  /** Some indices of each axis of `shape`, slowest first; all in memory. */
  readSlice(slices: readonly Slice[]): Promise<Tensor>;
  /** The tensor as a source of frames along its axis 0, which remembers the latest chunks. */
  source(): TensorSource;
  /**
   * Writes frames to `sink` in C order of `shape`, in bounded memory: slabs along axis 0, or runs of values (rank 1)
   * where one frame is above 64 MiB. Does not close the sink.
   */
  writeTo(sink: TensorSink, options?: WriteOptions): Promise<void>;
  /** How the file is made and where its bytes go; reads nothing. */
  inspect(): InspectReport;
  /** Gives up reads under way and closes the source. */
  close(): Promise<void>;
}

/**
 * Opens a file by reading its header and index only.
 * @throws TempressError "corrupt", "truncated", "unsupported" (a newer version or unknown codec), "io"
 */
export async function openArchive(from: ByteSource | Uint8Array, options: OpenOptions = {}): Promise<Archive> {
  const { threads = 1, salvage = false } = options;
  wholeNumber("threads", threads, 1, MAX_THREADS);
  const bytes = from instanceof Uint8Array ? byteSource(from) : from;
  const container = await openContainer(bytes, { salvage });
  const reader = new ChunkReader(bytes, container, threads, salvage);
  const { header, chunks } = container;
  const { shape, dtype, timeAxis, axes, name, attributes } = header;
  const time = shape[timeAxis]!;
  const described = { ...(axes ? { axes } : {}), ...(name ? { name } : {}), ...(attributes ? { attributes } : {}) };

  return {
    header,
    shape,
    dtype,
    chunks,
    damage: reader.damage,
    async readFrames(t0, t1, { signal } = {}) {
      checkRange(t0, t1, time);
      return {
        ...timeBack(await reader.read(frameBox(reader.stored, t0, t1), { signal, part: true }), timeAxis),
        ...described,
      };
    },
    async readSlice(slices) {
      // Stored order has time first.
      const stored = [slices[timeAxis]!, ...slices.filter((_, axis) => axis !== timeAxis)];
      return { ...timeBack(await reader.readSlices(stored), timeAxis), ...described };
    },
    source: () => sourceOf(reader, described),
    async writeTo(sink, { frames = [0, time], onProgress, signal } = {}) {
      const [t0, t1] = frames;
      checkRange(t0, t1, time);
      const all = (t1 - t0) * frameLength(reader.stored) * DTYPES[dtype].bytes;
      let bytesOut = 0;
      if (all === 0) return;
      for await (const slab of inSlabs(reader, t0, t1, signal)) {
        signal?.throwIfAborted();
        await sink.write(slab);
        bytesOut += slab.data.byteLength;
        const done = Math.floor((bytesOut / all) * (t1 - t0));
        onProgress?.({ frames: done, totalFrames: t1 - t0, bytesIn: bytes.byteLength, bytesOut });
      }
    },
    inspect: () => inspect(container),
    close: () => reader.close(),
  };
}

function sourceOf(reader: ChunkReader, described: object): TensorSource {
  const { header } = reader.container;
  const { dtype, shape, timeAxis } = header;
  const cache = new ChunkCache();
  return {
    dtype,
    shape,
    ...described,
    async read(t0, t1) {
      checkRange(t0, t1, shape[0]!);
      const { stored } = reader;
      const box = timeAxis === 0 ? frameBox(stored, t0, t1) : slabBox(stored, [0, stored[0]!], t0, t1);
      return timeBack(await reader.read(box, { cache }), timeAxis);
    },
    ...(timeAxis === 0
      ? {
          async readPart(t: number, start: number, end: number): Promise<Tensor> {
            checkRange(start, end, frameLength(shape));
            const covering = coveringBox(shape, t, start, end);
            const { data } = await reader.read(covering.box, { cache });
            const values = data.subarray(start - covering.start, end - covering.start) as Tensor["data"];
            return { dtype, shape: [end - start], data: values };
          },
        }
      : {}),
  };
}

function checkRange(t0: number, t1: number, count: number): void {
  const whole = Number.isInteger(t0) && Number.isInteger(t1);
  if (whole && t0 >= 0 && t0 <= t1 && t1 <= count) return;
  throw new TempressError("invalid-argument", `frames ${t0}:${t1} are not within 0:${count}`, {
    where: "frames",
    hint: "give the first and the end (one behind the last), such as 0:10",
  });
}

/** A box of frame `t` that holds its values [start, end) as one run, and where the run of the box starts. */
function coveringBox(shape: Shape, t: number, start: number, end: number): { box: Box; start: number } {
  const origin = shape.map((_, k) => (k === 0 ? t : 0));
  const extent = shape.map((length, k) => (k === 0 ? 1 : length));
  let inner = frameLength(shape);
  let base = 0;
  for (let k = 1; k < shape.length; k++) {
    inner /= shape[k]!;
    const first = Math.floor((start - base) / inner);
    const last = Math.ceil((end - base) / inner);
    origin[k] = first;
    extent[k] = last - first;
    base += first * inner;
    if (last - first !== 1) break;
  }
  return { box: { origin, extent }, start: base };
}
