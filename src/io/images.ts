/** Series of PNG frames as tensors [t, y, x] or [t, y, x, 3]. */
import { TempressError } from "../errors.ts";
import type { DType } from "../tensor/dtype.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import type { ByteSource, TensorSource } from "../tensor/source.ts";
import { tensor } from "../tensor/tensor.ts";
import { decodePng, PNG_HEADER_BYTES, type PngHeader, readPngHeader } from "./png-read.ts";

/** Whether a tensor can be written as PNG frames: the shape of one frame, or a typed error. */
export function pngFrameShape(dtype: DType, shape: Shape, where: string): Shape {
  const frame = shape.length === 2 ? shape : shape.slice(1);
  const fits = frame.length === 2 || (frame.length === 3 && frame[2] === 3);
  if (!fits || frame.some((extent) => extent < 1)) {
    throw new TempressError("unsupported", `shape ${formatShape(shape)} is not a series of images`, {
      where,
      hint: "PNG frames are [t, y, x] or [t, y, x, 3]; write .npy instead",
    });
  }
  if (dtype !== "uint8" && dtype !== "uint16") {
    throw new TempressError("unsupported", `PNG frames hold uint8 or uint16, not ${dtype}`, {
      where,
      hint: "write .npy or raw values instead",
    });
  }
  return frame;
}

/** Frames in files, one a file, all of one size and type. Their headers are checked now, their pixels when read. */
export async function imageSource(files: readonly ByteSource[], name: string): Promise<TensorSource> {
  let first: PngHeader | undefined;
  for (const file of files) {
    const where = file.name ?? name;
    const start = await file.read(0, Math.min(PNG_HEADER_BYTES, file.byteLength));
    const header = readPngHeader(start, file.byteLength, where);
    first ??= header;
    if (header.dtype !== first.dtype || formatShape(header.shape) !== formatShape(first.shape)) {
      const [have, want] = [header, first].map((h) => `${formatShape(h.shape)} ${h.dtype}`);
      throw new TempressError("invalid-argument", `this frame is ${have}, the first one is ${want}`, {
        where,
        hint: "all frames must have one size, depth and colour type",
      });
    }
  }
  if (!first) throw new TempressError("invalid-argument", "there are no PNG frames", { where: name });
  const { dtype, shape } = first;
  const length = shape.reduce((a, b) => a * b, 1);
  return {
    dtype,
    shape: Object.freeze([files.length, ...shape]),
    axes: shape.length === 3 ? ["t", "y", "x", "rgb"] : ["t", "y", "x"],
    async read(t0, t1) {
      const data = new (dtype === "uint16" ? Uint16Array : Uint8Array)(length * (t1 - t0));
      for (let t = t0; t < t1; t++) {
        const file = files[t]!;
        const where = file.name ?? name;
        const frame = await decodePng(await file.read(0, file.byteLength), where);
        if (frame.dtype !== dtype || frame.data.length !== length) {
          throw new TempressError("io", "the frame changed while it was read", { where });
        }
        data.set(frame.data as Uint8Array, (t - t0) * length);
      }
      return tensor<DType>(dtype, [t1 - t0, ...shape], data);
    },
    async close() {
      for (const file of files) await file.close?.();
    },
  };
}

/** frame_2 before frame_10: runs of digits compare as numbers, the rest by code point. */
export function naturalCompare(a: string, b: string): number {
  const left = a.match(/\d+|\D+/g) ?? [];
  const right = b.match(/\d+|\D+/g) ?? [];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x, y] = [left[i]!, right[i]!];
    const [m, n] = [Number(x), Number(y)];
    if (!Number.isNaN(m) && !Number.isNaN(n) && m !== n) return m - n;
    if (x !== y && (Number.isNaN(m) || Number.isNaN(n))) return x < y ? -1 : 1;
  }
  return left.length - right.length || (a < b ? -1 : a > b ? 1 : 0);
}
