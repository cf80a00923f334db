/** Cuts slabs, or runs of values of one frame, into groups of whole frames: what most formats write. */
import { TempressError } from "../errors.ts";
import { elementCount, formatShape, frameLength } from "../tensor/shape.ts";
import type { TensorSink } from "../tensor/source.ts";
import { emptyTensor, type Tensor } from "../tensor/tensor.ts";
import type { TensorLike } from "./format.ts";
import { checkSlab } from "./raw.ts";

export interface FrameWriter {
  /** Frames [t0, t0 + group.shape[0]); every group but the last has `frames` frames. */
  group(group: Tensor, t0: number): Promise<void> | void;
  close(): Promise<void> | void;
  abort(): Promise<void> | void;
}

/** Refuses to close on more or fewer values than `like.shape` promises. */
export function frameSink(like: TensorLike, where: string, frames: number, to: FrameWriter): TensorSink {
  let left = elementCount(like.shape, where);
  const count = like.shape[0]!;
  const groupOf = (t: number): Tensor => emptyTensor(like.dtype, [Math.min(frames, count - t), ...like.shape.slice(1)]);
  let t = 0;
  let group: Tensor | undefined;
  let filled = 0;
  let open = true;
  const abort = async (): Promise<void> => {
    if (open) await to.abort();
    open = false;
  };
  const orAbort = async <T>(work: () => T | Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      await abort();
      throw error;
    }
  };
  return {
    write: (slab) =>
      orAbort(async () => {
        checkSlab(slab, like, where);
        left -= slab.data.length;
        if (left < 0) throw new TempressError("invalid-argument", "more values came than the shape has", { where });
        for (let at = 0; at < slab.data.length; ) {
          group ??= groupOf(t);
          const part = (slab.data as Uint8Array).subarray(at, at + group.data.length - filled);
          (group.data as Uint8Array).set(part, filled);
          at += part.length;
          filled += part.length;
          if (filled < group.data.length) continue;
          await to.group(group, t);
          t += group.shape[0]!;
          group = undefined;
          filled = 0;
        }
      }),
    close: () =>
      orAbort(async () => {
        if (left !== 0) {
          const message = `${left} values of shape ${formatShape(like.shape)} never came`;
          throw new TempressError("truncated", message, { where });
        }
        await to.close();
        open = false;
      }),
    abort,
  };
}

/** Frames that make about `bytes`, at least one. */
export function framesOf(like: TensorLike, width: number, bytes: number): number {
  return Math.max(1, Math.min(like.shape[0]!, Math.floor(bytes / Math.max(1, frameLength(like.shape) * width))));
}
