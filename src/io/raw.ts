/** Values in C order, little-endian, at some offset of a byte source: raw files, and the body of npy files. */
import { TempressError } from "../errors.ts";
import { DTYPES, type DType } from "../tensor/dtype.ts";
import { elementCount, formatShape, frameLength, type Shape } from "../tensor/shape.ts";
import type { ByteSink, ByteSource, TensorSink, TensorSource } from "../tensor/source.ts";
import { bytesOf, type Tensor, tensorFromBytes } from "../tensor/tensor.ts";
import type { TensorLike } from "./format.ts";

export interface RawLayout {
  readonly dtype: DType;
  readonly shape: Shape;
  /** Bytes before the first value. */
  readonly offset?: number;
  readonly bigEndian?: boolean;
}

/**
 * Reads frames by range; nothing is read before it is asked for.
 * @throws TempressError "invalid-argument" when the size does not fit shape and dtype, "truncated" when reading
 * gives fewer bytes than the source promised.
 */
export function rawSource(bytes: ByteSource, layout: RawLayout): TensorSource {
  const { dtype, shape } = layout;
  const offset = layout.offset ?? 0;
  const width = DTYPES[dtype].bytes;
  const where = bytes.name ?? "raw data";
  const wanted = elementCount(shape, where) * width;
  const present = bytes.byteLength - offset;
  if (present !== wanted) {
    throw new TempressError(
      "invalid-argument",
      `the file holds ${present} bytes, but shape ${formatShape(shape)} of ${dtype} needs ${wanted}`,
      { where, hint: sizeHint(present, dtype, shape) },
    );
  }
  const step = frameLength(shape);
  const values = async (start: number, end: number, part: Shape): Promise<Tensor> => {
    const read = await bytes.read(offset + start * width, offset + end * width);
    if (read.byteLength !== (end - start) * width) {
      throw new TempressError("truncated", `reading gave ${read.byteLength} of ${(end - start) * width} bytes`, {
        where,
        hint: "the file became shorter while it was read; try again",
      });
    }
    return tensorFromBytes(dtype, part, layout.bigEndian ? swapped(read, width) : read);
  };
  return {
    dtype,
    shape: Object.freeze([...shape]),
    read: (t0, t1) => values(t0 * step, t1 * step, [t1 - t0, ...shape.slice(1)]),
    readPart: (t, start, end) => values(t * step + start, t * step + end, [end - start]),
    close: () => bytes.close?.(),
  };
}

function sizeHint(present: number, dtype: DType, shape: Shape): string {
  const width = DTYPES[dtype].bytes;
  const frame = frameLength(shape) * width;
  if (frame > 0 && present > 0 && present % frame === 0) {
    return `this size fits --shape ${formatShape([present / frame, ...shape.slice(1)])}`;
  }
  const values = elementCount(shape);
  const other = Object.values(DTYPES).find((d) => d.bytes * values === present);
  if (other) return `this size fits values of ${other.bytes} bytes, such as --dtype ${other.name}`;
  return `check --shape and --dtype (${present} bytes are ${present / width} ${dtype} values)`;
}

/** The same values in the other byte order, in new memory; bytes behind the last whole value become 0. */
export function swapped(bytes: Uint8Array, width: 1 | 2 | 4 | 8): Uint8Array {
  if (width === 1) return Uint8Array.from(bytes);
  const out = new Uint8Array(bytes.length);
  if (width === 2) {
    for (let at = 0; at + 2 <= bytes.length; at += 2) {
      out[at] = bytes[at + 1]!;
      out[at + 1] = bytes[at]!;
    }
    return out;
  }
  const words = bytes.length - (bytes.length % width);
  const from = new DataView(bytes.buffer, bytes.byteOffset, words);
  const to = new DataView(out.buffer);
  for (let at = 0; at < words; at += width) {
    // Of 8 bytes the halves change places too.
    to.setUint32(at + width - 4, from.getUint32(at), true);
    if (width === 8) to.setUint32(at, from.getUint32(at + 4), true);
  }
  return out;
}

/** A byte sink that is finished or thrown away as a whole. */
export interface ClosableSink extends ByteSink {
  close(): void | Promise<void>;
  abort?(): void | Promise<void>;
}

/** Writes slabs as raw values and refuses to close on more or fewer than `like.shape` promises. */
export function rawSink(out: ClosableSink, like: TensorLike, where: string): TensorSink {
  let left = elementCount(like.shape, where);
  return {
    async write(slab) {
      checkSlab(slab, like, where);
      left -= slab.data.length;
      if (left < 0) throw new TempressError("invalid-argument", "more values came than the shape has", { where });
      await out.write(bytesOf(slab));
    },
    async close() {
      if (left !== 0) {
        await out.abort?.();
        throw new TempressError("truncated", `${left} values of shape ${formatShape(like.shape)} never came`, {
          where,
        });
      }
      await out.close();
    },
    abort: async () => out.abort?.(),
  };
}

export function checkSlab(slab: Tensor, like: TensorLike, where: string): void {
  if (slab.dtype !== like.dtype) {
    throw new TempressError("invalid-argument", `a slab of ${slab.dtype} in a file of ${like.dtype}`, { where });
  }
}
