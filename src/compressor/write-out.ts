import type { Box } from "../tensor/box.ts";
import { DTYPES } from "../tensor/dtype.ts";
import { frameLength, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { ChunkCache, type ChunkReader } from "./chunk-reader.ts";
import { timeBack } from "./slabs.ts";

/** Bytes of values given at a time, where frames are not larger. */
const SLAB_BYTES = 32 << 20;
/** A larger frame is given in parts. */
const WHOLE_FRAME_BYTES = 64 << 20;

/**
 * Frames [t0, t1) along time, front to back in C order of the header's shape, in bounded memory: slabs along axis 0,
 * or runs of one frame's values (as rank 1) where a frame is above 64 MiB. Every chunk is decoded once where
 * the chunks of a slab fit into the cache.
 */
export async function* inSlabs(
  reader: ChunkReader,
  t0: number,
  t1: number,
  signal?: AbortSignal,
): AsyncGenerator<Tensor> {
  const { header } = reader.container;
  const { bytes } = DTYPES[header.dtype];
  const time = header.timeAxis === 0;
  const steps = time ? t1 - t0 : header.shape[0]!;
  const stepBytes = Math.max(1, ((frameLength(reader.stored) * (t1 - t0)) / steps) * bytes);
  if (time && stepBytes > WHOLE_FRAME_BYTES) return yield* inParts(reader, t0, t1, signal);
  const cache = new ChunkCache();
  // Across the order of the file each slab visits every chunk: fewer, larger slabs.
  const most = Math.max(1, Math.floor((time ? SLAB_BYTES : 2 * SLAB_BYTES) / stepBytes));
  const last = time ? t1 : steps;
  for (let at = time ? t0 : 0; at < last; ) {
    const end = time ? goodEnd(reader, at, Math.min(last, at + most)) : Math.min(last, at + most);
    const box = time ? frameBox(reader.stored, at, end) : slabBox(reader.stored, [t0, t1], at, end);
    yield timeBack(await reader.read(box, { cache, signal, part: true }), header.timeAxis);
    at = end;
  }
}

/** Frames [t0, t1) in stored coordinates. */
export function frameBox(stored: Shape, t0: number, t1: number): Box {
  return { origin: stored.map((_, k) => (k === 0 ? t0 : 0)), extent: [t1 - t0, ...stored.slice(1)] };
}

/** Indices [start, end) of the first axis that is not time, for some frames. */
export function slabBox(stored: Shape, [t0, t1]: readonly [number, number], start: number, end: number): Box {
  return {
    origin: stored.map((_, k) => (k === 0 ? t0 : k === 1 ? start : 0)),
    extent: [t1 - t0, end - start, ...stored.slice(2)],
  };
}

/** The last end of a window in (at, end], so that no chunk is decoded twice; `end` if there is none. */
function goodEnd(reader: ChunkReader, at: number, end: number): number {
  let best = 0;
  for (const { frames } of reader.container.chunks) if (frames[1] <= end) best = Math.max(best, frames[1]);
  return best > at ? best : end;
}

async function* inParts(
  reader: ChunkReader,
  t0: number,
  t1: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Tensor> {
  const { stored, lead, container } = reader;
  const cache = new ChunkCache();
  // Below leading axes of extent 1 the windows are parts of the only frame.
  const first = lead === 0 ? t0 : 0;
  const last = lead === 0 ? t1 : stored[lead]!;
  const frame = stored.slice(lead + 1);
  for (let at = first; at < last; ) {
    const window = container.chunks.filter(({ box: { origin, extent } }) => {
      return origin[lead]! <= at && at < origin[lead]! + extent[lead]!;
    });
    let end = at + 1;
    for (const { box } of window) {
      const whole = frame.every((extent, k) => box.extent[lead + 1 + k] === extent);
      if (whole) end = Math.min(last, box.origin[lead]! + box.extent[lead]!);
      const part = {
        origin: box.origin.map((start, k) => (k === lead ? at : start)),
        extent: box.extent.map((length, k) => (k === lead ? end - at : length)),
      };
      const values = await reader.read(part, { cache, signal });
      yield { ...values, shape: [values.data.length] };
    }
    at = end;
  }
}
