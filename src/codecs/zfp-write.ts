/** Bare zfp streams: values in, the bytes of a .zfp file out, checked on the way where something is promised. */
import { TempressError } from "../errors.ts";
import { DTYPES, type DType } from "../tensor/dtype.ts";
import { elementCount, formatShape, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { frameValues, slabFrames, type ZfpLayout, type ZfpValues } from "./zfp-array.ts";
import { toCarrier } from "./zfp-carrier.ts";
import { decodeNow, newValues } from "./zfp-decode.ts";
import { zfpEncoder } from "./zfp-encode.ts";
import { fitsHeader } from "./zfp-header.ts";
import { isReversible, isZfpType, type ZfpMode, type ZfpType, zfpParameters } from "./zfp-parameters.ts";

export interface ZfpWriteOptions {
  readonly mode: ZfpMode;
  /** Default true: the stream says its type, shape and mode. */
  readonly header?: boolean | undefined;
  /** Largest |x - y|; each slab is decoded again and measured. */
  readonly abs?: number | undefined;
}

export interface ZfpWriter {
  /** Values in C order, any number at a time; gives the bytes that are complete. */
  write(slab: Tensor): Uint8Array[];
  finish(): Uint8Array;
  /** Largest error that was measured; 0 where nothing was to be. */
  readonly maxError: number;
}

/** The shape in a bare stream: slower axes are joined where there are more than four. */
export function bareShape(shape: Shape): Shape {
  const folded = [...shape];
  while (folded.length > 4) folded.splice(0, 2, folded[0]! * folded[1]!);
  return folded;
}

/** What a bare stream holds of a dtype: itself, or narrow integers as int32, which says the same numbers. */
export function bareType(dtype: DType, reversible: boolean): ZfpType {
  if (isZfpType(dtype)) return dtype;
  const { kind, bytes } = DTYPES[dtype];
  if (reversible && bytes < 4 && kind !== "bool") return "int32";
  throw new TempressError(
    "unsupported",
    `a bare zfp stream cannot hold ${dtype}${reversible ? "" : " in a lossy mode"}`,
    {
      where: "zfp",
      hint: "int32, int64, float32 and float64 it can; write a .tpz file with --codec zfp for the others",
    },
  );
}

/**
 * A stream that grows as slabs fill up; `prepareZfp` must have been awaited.
 * @throws TempressError "unsupported" for values, types and shapes that a bare stream would lose, "bound-broken"
 * where a slab is off by more than `abs`.
 */
export function zfpWriter(like: { readonly dtype: DType; readonly shape: Shape }, options: ZfpWriteOptions): ZfpWriter {
  const shape = bareShape(like.shape);
  elementCount(shape, "zfp");
  const type = bareType(like.dtype, "reversible" in options.mode);
  const layout: ZfpLayout = { type, shape, parameters: zfpParameters(options.mode, type, shape.length) };
  const header = options.header ?? true;
  if (shape.includes(0) || (header && !fitsHeader(shape))) {
    throw new TempressError("unsupported", `a .zfp file cannot hold the shape ${formatShape(shape)}`, {
      where: "zfp",
      hint: "write a .tpz file with --codec zfp",
    });
  }
  const encoder = zfpEncoder(layout, header);
  const frame = frameValues(shape);
  const step = slabFrames(layout);
  let left = shape[0]! * frame;
  let slab = newValues(layout, Math.min(left, step * frame));
  let filled = 0;
  let maxError = 0;

  function flush(): Uint8Array[] {
    const values = slab.subarray(0, filled) as ZfpValues;
    refuseSpecials(values, layout);
    const before = encoder.pending();
    const pieces = encoder.write(values);
    if (options.abs !== undefined) {
      maxError = Math.max(maxError, measured(layout, before.bits, [...pieces, encoder.pending().bytes], values));
      if (maxError > options.abs) throw broken(maxError, options.abs);
    }
    filled = 0;
    left -= values.length;
    if (left < slab.length) slab = newValues(layout, left);
    return pieces;
  }

  return {
    get maxError() {
      return maxError;
    },
    write(part) {
      if (part.dtype !== like.dtype) {
        throw new TempressError("invalid-argument", `a slab of ${part.dtype} in a file of ${like.dtype}`, {
          where: "zfp",
        });
      }
      const values = toCarrier(part, type);
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < values.length; ) {
        const count = Math.min(values.length - at, slab.length - filled);
        if (count === 0)
          throw new TempressError("invalid-argument", "more values came than the shape has", { where: "zfp" });
        (slab as Float64Array).set((values as Float64Array).subarray(at, at + count), filled);
        at += count;
        filled += count;
        if (filled === slab.length) pieces.push(...flush());
      }
      return pieces;
    },
    finish() {
      if (left > 0) {
        throw new TempressError("truncated", `${left - filled} values of ${formatShape(like.shape)} never came`, {
          where: "zfp",
        });
      }
      return encoder.finish();
    },
  };
}

/** A lossy stream turns NaN and infinities into numbers and spoils their neighbours without a word. */
function refuseSpecials(values: ZfpValues, { type, parameters }: ZfpLayout): void {
  if (!type.startsWith("float") || isReversible(parameters)) return;
  const at = (values as Float64Array).findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  throw new TempressError("unsupported", `the values hold ${values[at]}, which a lossy zfp stream would lose`, {
    where: "zfp",
    hint: "write a .tpz file with --codec zfp, which keeps it, or use --lossless",
  });
}

/** Largest error of the slab that starts at bit `bit` of these pieces. */
function measured(layout: ZfpLayout, bit: number, pieces: Uint8Array[], values: ZfpValues): number {
  const stream = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  pieces.reduce((at, piece) => {
    stream.set(piece, at);
    return at + piece.length;
  }, 0);
  const shape = [values.length / frameValues(layout.shape), ...layout.shape.slice(1)];
  const back = newValues(layout, values.length);
  decodeNow({ layout, shape, bit, byteLength: stream.length }, stream, back);
  let most = 0;
  if (back instanceof BigInt64Array) {
    const others = values as BigInt64Array;
    for (let i = 0; i < back.length; i++) most = Math.max(most, Math.abs(Number(back[i]! - others[i]!)));
  } else {
    for (let i = 0; i < back.length; i++) most = Math.max(most, Math.abs(back[i]! - (values as Float64Array)[i]!));
  }
  return most;
}

function broken(error: number, abs: number): TempressError {
  return new TempressError("bound-broken", `zfp's own stream is off by ${error}, more than ${abs}`, {
    where: "zfp",
    hint: "write a .tpz file with --codec zfp, which repairs that; or use --lossless",
  });
}
