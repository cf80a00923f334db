import { type Header, storedShape } from "../container/header.ts";
import type { Container } from "../container/reader.ts";
import { DTYPES } from "../tensor/dtype.ts";
import { elementCount } from "../tensor/shape.ts";

/** What a file says about itself and where its bytes go. */
export interface InspectReport extends Omit<Header, "version"> {
  readonly containerVersion: number;
  /** Achieved: the largest of all chunks, in the sense of `bound.kind`. */
  readonly maxError: number;
  readonly chunks: number;
  /** Fewest and most frames of a chunk. */
  readonly framesPerChunk: readonly [number, number];
  readonly bytes: {
    readonly file: number;
    readonly raw: number;
    readonly header: number;
    readonly chunkHeaders: number;
    readonly index: number;
    /** By name, all chunks together. */
    readonly sections: Readonly<Record<string, number>>;
  };
  readonly "size:compression_ratio": number;
  readonly "size:bit_rate": number;
}

export function inspect({ header, chunks, bytes }: Container): InspectReport {
  const { version, ...about } = header;
  const sections: Record<string, number> = {};
  let chunkHeaders = 0;
  let maxError = 0;
  let fewest = Number.POSITIVE_INFINITY;
  let most = 0;
  for (const chunk of chunks) {
    chunkHeaders += chunk.byteLength;
    for (const { name, byteLength } of chunk.sections) {
      sections[name] = (sections[name] ?? 0) + byteLength;
      chunkHeaders -= byteLength;
    }
    maxError = Math.max(maxError, chunk.maxError);
    fewest = Math.min(fewest, chunk.frames[1] - chunk.frames[0]);
    most = Math.max(most, chunk.frames[1] - chunk.frames[0]);
  }
  const count = elementCount(storedShape(header));
  const raw = count * DTYPES[header.dtype].bytes;
  return {
    ...about,
    containerVersion: version,
    maxError,
    chunks: chunks.length,
    framesPerChunk: [chunks.length === 0 ? 0 : fewest, most],
    bytes: { file: bytes.file, raw, header: bytes.header, chunkHeaders, index: bytes.index, sections },
    "size:compression_ratio": raw / bytes.file,
    "size:bit_rate": (8 * bytes.file) / count,
  };
}
