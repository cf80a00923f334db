/**
 * How a tensor is cut into chunks. A chunk is a window of frames; a frame that is too large for one chunk is split
 * along its own axes. Leading axes of extent 1 are skipped: a 1x32768x32768 field is cut into runs of rows.
 */
import { unitAxes } from "../container/header.ts";
import { TempressError } from "../errors.ts";
import type { Box } from "../tensor/box.ts";
import type { Shape } from "../tensor/shape.ts";

/** Bytes of raw values in a chunk, where no window is asked for. */
export const CHUNK_BYTES = 8 << 20;
/** The same where `window` says how many frames belong together. */
export const WINDOW_BYTES = 64 << 20;

export interface Plan {
  /** Leading stored axes that are skipped; axis `lead` is cut into windows. */
  readonly lead: number;
  /** Frames of a chunk at most. */
  readonly window: number;
  /** Whether frames are split, so that a window takes several chunks. */
  readonly split: boolean;
  /** Boxes in stored order: window by window, inside a window in C order of the frame. */
  boxes(): Generator<Box>;
}

/** Plans for `stored` extents (time first) of values of `width` bytes. */
export function planChunks(stored: Shape, width: number, window?: number): Plan {
  if (window !== undefined && !(Number.isSafeInteger(window) && window >= 1)) {
    throw new TempressError("invalid-argument", `window ${window} is not a whole number of frames >= 1`, {
      where: "window",
      hint: "leave it out to let the chunk size decide",
    });
  }
  const lead = unitAxes(stored);
  const count = stored[lead]!;
  const frame = stored.slice(lead + 1);
  const frameBytes = frame.reduce((product, extent) => product * extent, width);
  const limit = window === undefined ? CHUNK_BYTES : WINDOW_BYTES;
  const asked = Math.max(1, Math.min(count, window ?? Math.floor(limit / frameBytes)));
  // A split needs at least one value of each frame of the window in a chunk.
  const most = Math.min(asked, Math.floor(limit / width));
  // Without a wish windows are made equal, so that the last is not a stump.
  const frames = window === undefined ? Math.ceil(count / Math.ceil(count / most)) : most;
  const parts = splitFrame(frame, width * Math.max(1, frames), limit);
  const empty = stored.includes(0);
  return {
    lead,
    window: frames,
    split: parts.length > 1,
    *boxes() {
      for (let start = 0; !empty && start < count; start += frames) {
        const length = Math.min(frames, count - start);
        for (const part of parts) {
          const origin = [...stored.slice(0, lead).map(() => 0), start, ...part.origin];
          yield { origin, extent: [...stored.slice(0, lead).map(() => 1), length, ...part.extent] };
        }
      }
    },
  };
}

/** Parts of one frame in C order, each a run of its values; `width` bytes a value, at most `limit` a part. */
function splitFrame(frame: Shape, width: number, limit: number): Box[] {
  const whole = { origin: frame.map(() => 0), extent: [...frame] };
  let axis = 0;
  let inner = frame.reduce((product, extent) => product * extent, width);
  if (inner <= limit) return [whole];
  // The axis along which runs are cut: all behind it fit whole.
  for (; axis < frame.length; axis++) {
    inner /= frame[axis]!;
    if (inner <= limit) break;
  }
  const most = Math.floor(limit / inner);
  const extent = frame[axis]!;
  const run = Math.ceil(extent / Math.ceil(extent / most));
  const parts: Box[] = [];
  const outer = frame.slice(0, axis);
  const at = outer.map(() => 0);
  for (;;) {
    for (let start = 0; start < extent; start += run) {
      parts.push({
        origin: [...at, start, ...frame.slice(axis + 1).map(() => 0)],
        extent: [...at.map(() => 1), Math.min(run, extent - start), ...frame.slice(axis + 1)],
      });
    }
    let k = axis - 1;
    while (k >= 0 && ++at[k]! === outer[k]) at[k--] = 0;
    if (k < 0) return parts;
  }
}
