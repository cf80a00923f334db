import type { ChunkInfo } from "../../src/container/chunk-record.ts";
import { crc32c } from "../../src/container/crc32c.ts";
import * as layout from "../../src/container/layout.ts";

/** Where the parts of a file lie that have checksums of their own. */
export interface Anatomy {
  /** Bytes of prefix, header and its checksum. */
  readonly head: number;
  readonly chunks: readonly ChunkInfo[];
  /** Bytes of index and trailer. */
  readonly index: number;
}

/**
 * Makes every checksum right again, so that damage gets past them to the code behind. Only the checksum of the
 * decoded values stays: it is what tells wrong values.
 */
export function reseal(bytes: Uint8Array, { head, chunks, index }: Anatomy): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const put = (at: number, crc: number) => view.setUint32(at, crc, true);
  put(head - 4, crc32c(bytes.subarray(0, head - 4)));
  for (const { offset, byteLength, sections } of chunks) {
    const stored = sections.reduce((sum, section) => sum + section.byteLength, 0);
    const sectionsAt = offset + byteLength - stored;
    // The chunk's header ends with storedCrc, valuesCrc and its own checksum.
    put(sectionsAt - 12, crc32c(bytes.subarray(sectionsAt, offset + byteLength)));
    put(sectionsAt - 4, crc32c(bytes.subarray(offset, sectionsAt - 4)));
  }
  const trailerAt = bytes.length - layout.trailer.min;
  const indexAt = bytes.length - index;
  const crc = crc32c(bytes.subarray(trailerAt, trailerAt + 4), crc32c(bytes.subarray(indexAt, trailerAt)));
  put(trailerAt + 4, crc);
}
