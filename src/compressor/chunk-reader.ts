import { type ChunkInfo, readChunk } from "../container/chunk-record.ts";
import { storedShape, unitAxes } from "../container/header.ts";
import { type Container, readRange, runInFrame } from "../container/reader.ts";
import { TempressError } from "../errors.ts";
import { awaitPhase, inPhase } from "../phases.ts";
import { type Box, boxVolume, copyRegion, intersect, sameBox } from "../tensor/box.ts";
import { type Arrays, DTYPES, type DType } from "../tensor/dtype.ts";
import { formatShape } from "../tensor/shape.ts";
import { type Slice, sliceShape, sliceWithin, takeSlices } from "../tensor/slice.ts";
import type { ByteSource } from "../tensor/source.ts";
import { emptyTensor, sharedTensor, type Tensor } from "../tensor/tensor.ts";
import { canDecodePart, decodeChunk, decodeChunkPart } from "./chunk.ts";
import type { Codec } from "./codec.ts";
import { withParts } from "./part.ts";
import { type ChunkPool, inOrder, openPool } from "./pool.ts";
import { codecs } from "./registry.ts";

/** Something that could not be read, under `salvage`. */
export interface Damage {
  /** Frames of the damaged chunk; absent for the index. */
  readonly frames?: readonly [number, number];
  readonly error: TempressError;
}

/** Bytes of decoded values that are kept while frames are read one after another. */
const CACHE_BYTES = 64 << 20;

/** A tensor up to this size is allocated before a chunk of it is decoded, and a larger one if its file is not tiny. */
const SOON_BYTES = 256 << 20;
/** The most that a byte of a file is believed to hold, before its chunks are proved. */
const BELIEVED_RATIO = 1024;

/** The latest decoded chunks. */
export class ChunkCache {
  readonly #held = new Map<ChunkInfo, Tensor>();
  #bytes = 0;

  get(info: ChunkInfo): Tensor | undefined {
    return this.#held.get(info);
  }

  put(info: ChunkInfo, values: Tensor): void {
    this.#held.set(info, values);
    this.#bytes += values.data.byteLength;
    for (const [oldest, { data }] of this.#held) {
      if (this.#bytes <= CACHE_BYTES || oldest === info) break;
      this.#held.delete(oldest);
      this.#bytes -= data.byteLength;
    }
  }
}

export interface ReadOptions {
  /** Keeps chunks that were read in part. */
  readonly cache?: ChunkCache | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Nothing else will be wanted of chunks that are read in part. */
  readonly part?: boolean;
}

interface Decoding {
  readonly codec: Codec;
  readonly pool: ChunkPool | undefined;
  readonly into: Arrays[DType] | undefined;
  readonly signal: AbortSignal | undefined;
}

/** The values of `out`, which fills `box`, that a chunk fills: undefined where they are not all of it or no single run. */
function placeOf(chunk: Box, out: Tensor, box: Box): Arrays[DType] | undefined {
  const origin = chunk.origin.map((at, k) => at - box.origin[k]!);
  if (!origin.every((at, k) => at >= 0 && at + chunk.extent[k]! <= box.extent[k]!)) return undefined;
  const run = runInFrame(origin, chunk.extent, box.extent);
  return run && (out.data.subarray(run.start, run.start + run.length) as Arrays[DType]);
}

const volumeOf = (extent: readonly number[]) => extent.reduce((product, length) => product * length, 1);

/** Whether so little of a chunk is wanted that its codec decodes just that. */
function isPart(codec: Codec, info: ChunkInfo, wanted: readonly number[]): boolean {
  return 2 * volumeOf(wanted) <= volumeOf(info.box.extent) && canDecodePart(codec, info.sections);
}

/** Values of a file by boxes in stored coordinates (time first); decodes the chunks that a box touches. */
export class ChunkReader {
  readonly container: Container;
  /** Extents in stored order. */
  readonly stored: readonly number[];
  /** Leading axes of extent 1, which codecs do not see. */
  readonly lead: number;
  readonly damage: Damage[] = [];
  readonly #source: ByteSource;
  readonly #threads: number;
  readonly #salvage: boolean;
  #decoding: Promise<{ codec: Codec; pool: ChunkPool | undefined }> | undefined;

  constructor(source: ByteSource, container: Container, threads: number, salvage: boolean) {
    this.container = container;
    this.stored = storedShape(container.header);
    this.lead = unitAxes(this.stored);
    this.#source = source;
    this.#threads = threads;
    this.#salvage = salvage;
    if (container.lostIndex) this.damage.push({ error: container.lostIndex });
  }

  /** A tensor of the box's extents; the caller may change it. */
  async read(box: Box, { cache, signal, part = false }: ReadOptions = {}): Promise<Tensor> {
    const { dtype } = this.container.header;
    if (boxVolume(box) === 0) return emptyTensor(dtype, box.extent);
    const needed: { info: ChunkInfo; region: Box }[] = [];
    for (const info of this.container.chunks) {
      const region = intersect(info.box, box);
      if (region) needed.push({ info, region });
    }
    const { codec, pool } = await this.#prepare();
    if (part && needed.some(({ info, region }) => isPart(codec, info, region.extent))) {
      const slices = box.origin.map((first, axis) => ({ first, end: first + box.extent[axis]!, step: 1 }));
      return await this.readSlices(slices, { signal });
    }
    const alone = needed.length === 1 && sameBox(needed[0]!.info.box, box);
    let out = !alone && this.#allocateSoon(box, needed) ? this.#room(box, pool) : undefined;
    const decoded = inOrder(needed, pool ? pool.threads + 2 : 1, async ({ info, region }) => {
      signal?.throwIfAborted();
      const held = cache?.get(info);
      if (held) return { info, region, values: held, placed: false };
      const into = out && !this.#salvage ? placeOf(info.box, out, box) : undefined;
      const values = await this.#decode(info, { codec, pool, into, signal });
      // Who wants a part of a chunk will want the rest; who had it whole has had it.
      if (values && !sameBox(info.box, region)) cache?.put(info, values);
      return { info, region, values, placed: into !== undefined };
    });
    let filled = 0;
    for await (const { info, region, values, placed } of decoded) {
      if (!values) continue;
      if (alone) return values;
      out ??= this.#room(box, pool);
      if (!placed) copyRegion(values, info.box, out, box, region);
      filled += boxVolume(region);
    }
    if (filled < boxVolume(box) && !this.#salvage) {
      throw new TempressError("corrupt", "some values are in no chunk", { where: this.#source.name ?? "file" });
    }
    return out ?? this.#room(box, pool);
  }

  /**
   * Some indices of each axis, in stored order. Where the codec can, chunks of which less than half is wanted are not
   * decoded whole.
   */
  async readSlices(slices: readonly Slice[], { signal }: ReadOptions = {}): Promise<Tensor> {
    const { codec, pool } = await this.#prepare();
    const whole: Box = { origin: slices.map(() => 0), extent: sliceShape(slices) };
    let out: Tensor | undefined;
    for (const info of this.container.chunks) {
      const { origin, extent } = info.box;
      const local = slices.map((slice, axis) => sliceWithin(slice, origin[axis]!, extent[axis]!));
      if (!local.every((slice) => slice !== undefined)) continue;
      signal?.throwIfAborted();
      const wanted = sliceShape(local);
      const part = isPart(codec, info, wanted);
      const values = part
        ? await this.#decodePart(info, codec, local)
        : await this.#decode(info, { codec, pool, into: undefined, signal });
      if (!values) continue;
      const place = local.map(({ first }, axis) => {
        const { first: start, step } = slices[axis]!;
        return (origin[axis]! + first - start) / step;
      });
      const region: Box = { origin: place, extent: wanted };
      out ??= this.#room(whole, pool);
      copyRegion(part ? values : takeSlices(values, local), region, out, whole, region);
    }
    return out ?? this.#room(whole, pool);
  }

  async #decodePart(info: ChunkInfo, codec: Codec, slices: readonly Slice[]): Promise<Tensor | undefined> {
    const { header } = this.container;
    const settings = {
      dtype: header.dtype,
      bound: header.bound,
      lead: this.lead,
      codec,
      version: header.codec.version,
    };
    try {
      const bytes = await readRange(this.#source, info.offset, info.offset + info.byteLength);
      const stored = readChunk(bytes, info);
      return await withParts(() => decodeChunkPart(stored, settings, slices));
    } catch (error) {
      if (!this.#salvage || !(error instanceof TempressError)) throw error;
      this.damage.push({ frames: info.frames, error });
      return undefined;
    }
  }

  /**
   * Whether memory for the whole is taken at once, so that chunks are decoded into it; else when a first chunk has
   * proved that the file is no hoax. What is lost under `salvage` must be filled before.
   */
  #allocateSoon(box: Box, needed: readonly { info: ChunkInfo }[]): boolean {
    if (this.#salvage) return false;
    const bytes = boxVolume(box) * DTYPES[this.container.header.dtype].bytes;
    const stored = needed.reduce((sum, { info }) => sum + info.byteLength, 0);
    return bytes <= SOON_BYTES || bytes <= BELIEVED_RATIO * stored;
  }

  async close(): Promise<void> {
    const decoding = await this.#decoding?.catch(() => undefined);
    await decoding?.pool?.close();
    await this.#source.close?.();
  }

  #prepare(): Promise<{ codec: Codec; pool: ChunkPool | undefined }> {
    this.#decoding ??= (async () => {
      const codec = await awaitPhase("load", () => codecs.forFile(this.container.header.codec));
      // A codec of one's own inside another is no codec that workers can load.
      const own = Object.values(this.container.header.options).some((value) => codecs.isOwn(String(value)));
      const [pool] = await awaitPhase("load", () =>
        Promise.all([openPool(own ? 1 : this.#threads, codec.name), codec.prepare()]),
      );
      return { codec, pool };
    })();
    return this.#decoding;
  }

  /** The chunk's values; undefined where it is damaged and `salvage` was asked for. */
  async #decode(info: ChunkInfo, { codec, pool, into, signal }: Decoding): Promise<Tensor | undefined> {
    const { header } = this.container;
    const job = { dtype: header.dtype, bound: header.bound, lead: this.lead };
    try {
      const bytes = await awaitPhase("copy_in", () =>
        readRange(this.#source, info.offset, info.offset + info.byteLength),
      );
      if (pool) return await pool.decode({ ...job, codec: header.codec }, bytes, info, into, signal);
      const stored = readChunk(bytes, info);
      return await withParts(() =>
        inPhase("verify", () => decodeChunk(stored, { ...job, codec, version: header.codec.version }, into)),
      );
    } catch (error) {
      if (!this.#salvage || !(error instanceof TempressError)) throw error;
      this.damage.push({ frames: info.frames, error });
      return undefined;
    }
  }

  /** Memory for a box, shared with the pool's threads; under `salvage` filled with what stands for lost values. */
  #room(box: Box, pool: ChunkPool | undefined): Tensor {
    const { dtype, fill } = this.container.header;
    let tensor: Tensor;
    try {
      tensor = pool && !this.#salvage ? sharedTensor(dtype, box.extent) : emptyTensor(dtype, box.extent);
    } catch (cause) {
      throw new TempressError("unsupported", `no memory for ${formatShape(box.extent)} ${dtype} values at once`, {
        where: "memory",
        hint: "read fewer frames at a time (--frames, readFrames, writeTo)",
        cause,
      });
    }
    if (!this.#salvage) return tensor;
    const { kind, bytes } = DTYPES[dtype];
    const lost = kind === "float" ? Number.NaN : (fill ?? 0);
    if (bytes === 8 && kind !== "float") (tensor.data as BigInt64Array).fill(BigInt(lost));
    else (tensor.data as Float64Array).fill(lost);
    return tensor;
  }
}
