import { type ChunkInfo, readChunk } from "../container/chunk-record.ts";
import { storedShape, unitAxes } from "../container/header.ts";
import { type Container, readRange } from "../container/reader.ts";
import { TempressError } from "../errors.ts";
import { type Box, boxVolume, copyRegion, intersect, sameBox } from "../tensor/box.ts";
import { DTYPES } from "../tensor/dtype.ts";
import { formatShape } from "../tensor/shape.ts";
import type { ByteSource } from "../tensor/source.ts";
import { emptyTensor, type Tensor } from "../tensor/tensor.ts";
import { decodeChunk } from "./chunk.ts";
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
  async read(box: Box, cache?: ChunkCache): Promise<Tensor> {
    const { dtype } = this.container.header;
    if (boxVolume(box) === 0) return emptyTensor(dtype, box.extent);
    const needed: { info: ChunkInfo; region: Box }[] = [];
    for (const info of this.container.chunks) {
      const region = intersect(info.box, box);
      if (region) needed.push({ info, region });
    }
    const { codec, pool } = await this.#prepare();
    const decoded = inOrder(needed, pool ? pool.threads + 1 : 1, async ({ info, region }) => {
      const values = cache?.get(info) ?? (await this.#decode(info, codec, pool));
      if (values) cache?.put(info, values);
      return { info, region, values };
    });
    let out: Tensor | undefined;
    let filled = 0;
    for await (const { info, region, values } of decoded) {
      if (!values) continue;
      // One chunk that is all that was asked for needs no copy, unless the cache keeps it.
      if (!cache && needed.length === 1 && sameBox(info.box, box)) return values;
      // Memory for the whole is taken after the first chunk proved that the file is no hoax.
      out ??= this.#room(box);
      copyRegion(values, info.box, out, box, region);
      filled += boxVolume(region);
    }
    if (filled < boxVolume(box) && !this.#salvage) {
      throw new TempressError("corrupt", "some values are in no chunk", { where: this.#source.name ?? "file" });
    }
    return out ?? this.#room(box);
  }

  async close(): Promise<void> {
    const decoding = await this.#decoding?.catch(() => undefined);
    await decoding?.pool?.close();
    await this.#source.close?.();
  }

  #prepare(): Promise<{ codec: Codec; pool: ChunkPool | undefined }> {
    this.#decoding ??= (async () => {
      const codec = await codecs.forFile(this.container.header.codec);
      const [pool] = await Promise.all([openPool(this.#threads, codec.name), codec.prepare()]);
      return { codec, pool };
    })();
    return this.#decoding;
  }

  /** The chunk's values; undefined where it is damaged and `salvage` was asked for. */
  async #decode(info: ChunkInfo, codec: Codec, pool: ChunkPool | undefined): Promise<Tensor | undefined> {
    const { header } = this.container;
    const job = { dtype: header.dtype, bound: header.bound, lead: this.lead };
    try {
      const bytes = await readRange(this.#source, info.offset, info.offset + info.byteLength);
      if (pool) return await pool.decode({ ...job, codec: header.codec }, bytes, info);
      const stored = readChunk(bytes, info);
      return await withParts(() => decodeChunk(stored, { ...job, codec, version: header.codec.version }));
    } catch (error) {
      if (!this.#salvage || !(error instanceof TempressError)) throw error;
      this.damage.push({ frames: info.frames, error });
      return undefined;
    }
  }

  /** Memory for a box; under `salvage` filled with what stands for lost values. */
  #room(box: Box): Tensor {
    const { dtype, fill } = this.container.header;
    let tensor: Tensor;
    try {
      tensor = emptyTensor(dtype, box.extent);
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
