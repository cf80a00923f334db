import { TempressError } from "../errors.ts";
import type { ByteSink } from "../tensor/source.ts";
import { type ChunkInfo, type EncodedChunk, writeChunkHeader } from "./chunk-record.ts";
import { crc32c } from "./crc32c.ts";
import { ByteWriter } from "./cursor.ts";
import { type Header, writeHeader } from "./header.ts";
import * as layout from "./layout.ts";

/**
 * Writes a file front to back: `begin`, each chunk in stored order, `finish`. Keeps only the index entries in memory.
 */
export class ContainerWriter {
  readonly #sink: ByteSink;
  readonly #header: Omit<Header, "version">;
  readonly #chunks: ChunkInfo[] = [];
  #offset = 0;

  constructor(sink: ByteSink, header: Omit<Header, "version">) {
    this.#sink = sink;
    this.#header = header;
  }

  /** Bytes written so far. */
  get byteLength(): number {
    return this.#offset;
  }

  async #put(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    await this.#sink.write(bytes);
    this.#offset += bytes.length;
  }

  begin(): Promise<void> {
    return this.#put(writeHeader(this.#header));
  }

  async chunk(chunk: EncodedChunk): Promise<ChunkInfo> {
    if (this.#chunks.length === layout.LIMITS.chunks) {
      throw new TempressError("unsupported", `a file holds at most ${layout.LIMITS.chunks} chunks`, {
        where: "container",
        hint: "use a larger --window",
      });
    }
    const offset = this.#offset;
    await this.#put(writeChunkHeader(chunk));
    for (const { bytes } of chunk.sections) await this.#put(bytes);
    const { origin, extent } = chunk.box;
    const info: ChunkInfo = {
      frames: [origin[0]!, origin[0]! + extent[0]!],
      box: chunk.box,
      offset,
      byteLength: this.#offset - offset,
      maxError: chunk.maxError,
      sections: chunk.sections.map(({ name, bytes }) => ({ name, byteLength: bytes.length })),
    };
    this.#chunks.push(info);
    return info;
  }

  /** Index and trailer; returns the length of the file. */
  async finish(): Promise<number> {
    const { shape, timeAxis } = this.#header;
    const index = new ByteWriter();
    layout.index(shape.length).write(index, {
      frames: shape[timeAxis]!,
      chunks: this.#chunks.map(({ box, ...entry }) => ({ ...entry, origin: box.origin, extent: box.extent })),
      extensions: [],
    });
    await this.#put(index.written());
    const trailer = new ByteWriter();
    trailer.u32(index.length);
    const crc = crc32c(trailer.written(), crc32c(index.written()));
    const whole = new ByteWriter();
    layout.trailer.write(whole, { indexLength: index.length, crc, end: null });
    await this.#put(whole.written());
    return this.#offset;
  }
}

/** Collects a file in memory. */
export class MemorySink implements ByteSink {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  write(bytes: Uint8Array): void {
    // Writers reuse their memory after `write` returns.
    this.#pieces.push(bytes.slice());
    this.#length += bytes.length;
  }

  bytes(): Uint8Array {
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }
}
