/** Values under a mask of the user's: kept exactly and apart, so that a codec need not see them. */
import type { Arrays, DType } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import { emptyTensor, type Tensor } from "../../tensor/tensor.ts";
import { decodeChild, encodeChild, LOSSLESS, originOf } from "../child.ts";
import type { ConfiguredCodec, DecodeTask, EncodeTask } from "../codec.ts";
import { partOf } from "./region.ts";

/** For the mask and the exact values: both are small. */
export const exactCodec: ConfiguredCodec = { name: "zstd", options: { "zstd:level": 0 }, children: {} };

/** 1 where the option's tensor is not 0. */
export function maskOf(task: EncodeTask, given: Tensor | undefined, option: string): Uint8Array {
  const mask = new Uint8Array(task.frames.data.length);
  if (!given) return mask;
  const found = partOf(given, originOf(task), task.frames.shape, option).data;
  for (let i = 0; i < mask.length; i++) mask[i] = Number(found[i]) === 0 ? 0 : 1;
  return mask;
}

export function eitherMask(a: Uint8Array, b: Uint8Array | undefined): Uint8Array {
  return b ? a.map((bit, i) => bit | b[i]!) : a;
}

/** Records of the mask and of the values under it. */
export function encodeMasked(task: EncodeTask, mask: Uint8Array, codec = exactCodec): Uint8Array[] {
  const { shape } = task.frames;
  const plane = encodeChild(task, exactCodec, { dtype: "uint8", shape, data: mask }, LOSSLESS);
  const values = taken(task.frames, mask);
  if (values.data.length === 0) return [plane.bytes, new Uint8Array(0)];
  return [plane.bytes, encodeChild(task, codec, values, LOSSLESS, { origin: [0] }).bytes];
}

export interface Masked {
  readonly mask: Uint8Array;
  restore(into: Tensor): Tensor;
}

export function decodeMasked(task: DecodeTask, plane: Uint8Array, bytes: Uint8Array): Masked {
  const { shape, dtype } = task;
  const found = decodeChild(task, plane, { dtype: "uint8", shape }).data as Uint8Array;
  const mask = found.map((bit) => (bit === 0 ? 0 : 1));
  const count = mask.reduce((total, bit) => total + bit, 0);
  const values = count === 0 ? undefined : decodeChild(task, bytes, { dtype, shape: [count] });
  return { mask, restore: (into) => (values ? put(into, mask, values.data, into.shape) : into) };
}

/** The same at once, from the originals. */
export function restored(decoded: Tensor, original: Tensor, mask: Uint8Array): Tensor {
  return put(decoded, mask, taken(original, mask).data, decoded.shape);
}

function taken({ dtype, data }: Tensor, mask: Uint8Array): Tensor {
  const count = mask.reduce((total, bit) => total + bit, 0);
  const values = (data as Float64Array).filter((_, i) => mask[i]);
  return { dtype, shape: [count], data: values as unknown as Arrays[DType] };
}

function put(into: Tensor, mask: Uint8Array, values: Arrays[DType], shape: Shape): Tensor {
  const out = emptyTensor(into.dtype, shape);
  const to = out.data as Float64Array;
  to.set(into.data as Float64Array);
  let next = 0;
  for (let i = 0; i < mask.length; i++) if (mask[i]) to[i] = values[next++] as number;
  return out;
}
