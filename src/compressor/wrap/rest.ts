/** What a prediction leaves: values less it, for a codec that keeps the bound; nothing where it keeps it alone. */
import { verifyBound } from "../../promise/verify.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { absolute, type ChildResult, decodeChild, encodeChild } from "../child.ts";
import type { ConfiguredCodec, DecodeTask, EncodeTask } from "../codec.ts";
import { largestOf, rounding } from "./convert.ts";
import { difference, differenceType, sum } from "./difference.ts";

/** `p` is a prediction of all frames of the task, which the decoder will have too. Empty bytes: it suffices. */
export function encodeRest(
  task: EncodeTask,
  child: ConfiguredCodec,
  p: Tensor,
  mask: Uint8Array | undefined,
): ChildResult {
  const { frames, bound } = task;
  const exact = bound.kind === "lossless";
  if (verifyBound(frames, p, bound, mask).broken === 0) return { bytes: new Uint8Array(0), decoded: p };
  const rest = difference(frames, p, exact);
  const spare = bound.value - rounding(frames.dtype, largestOf(frames, mask)) * 2;
  const result = encodeChild(task, child, rest, absolute(exact ? 0 : spare, rest.dtype), { mask });
  return { bytes: result.bytes, decoded: sum(p, result.decoded, exact) };
}

export function decodeRest(task: DecodeTask, bytes: Uint8Array, p: Tensor, mask: Uint8Array | undefined): Tensor {
  if (bytes.length === 0) return p;
  const exact = task.bound.kind === "lossless";
  const { shape } = task;
  return sum(p, decodeChild(task, bytes, { dtype: differenceType(task.dtype, exact), shape, mask }), exact);
}
