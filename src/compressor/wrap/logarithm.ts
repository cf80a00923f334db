/** log_transform and pw_rel: logarithms of magnitudes and a plane of signs, each for a codec of its own. */
import type { Bound } from "../../promise/spec.ts";
import type { DType } from "../../tensor/dtype.ts";
import { emptyTensor, type Tensor } from "../../tensor/tensor.ts";
import { absolute, decodeChild, encodeChild, LOSSLESS } from "../child.ts";
import type { ConfiguredCodec, DecodeTask, Encoded, EncodeTask } from "../codec.ts";
import { doubles, fromDoubles, largestOf } from "./convert.ts";
import { exponential } from "./exponential.ts";
import { joined, part, parted, readSide, side } from "./sides.ts";

/** Largest error of a logarithm that keeps the bound: e^error - 1 is the relative error upwards, the larger one. */
function logBound(bound: Bound, largest: number): number {
  const share = bound.kind === "pw_rel" ? bound.value : largest > 0 ? bound.value / largest : 1;
  // The last digits are for the roundings of logarithm, exponential and type.
  return Math.log1p(Math.min(share, 1)) * (1 - 2 ** -20) - 2 ** -50;
}

/** Logarithms are float64, float32, or there are none: every bit is to be kept. */
const AS_THEY_ARE = 2;

export function encodeLogarithms(task: EncodeTask, values: ConfiguredCodec, signs: ConfiguredCodec): Encoded {
  const { frames, mask, bound } = task;
  const { shape } = frames;
  if (bound.kind === "lossless") {
    const whole = encodeChild(task, values, frames, bound, { mask });
    return { sections: [side((out) => out.u8(AS_THEY_ARE)), part("data", whole.bytes)], decoded: whole.decoded };
  }
  const x = doubles(frames);
  const allowed = logBound(bound, largestOf(frames, mask));
  // Under an absolute bound all that is no larger than it may be 0, which has no logarithm.
  const zero = bound.kind === "abs" ? bound.value : 0;
  const plane = emptyTensor("int8", shape);
  const logs = new Float64Array(x.length);
  const hidden = new Uint8Array(x.length);
  let [last, lastSign, largest] = [0, 1, 0];
  for (let i = 0; i < x.length; i++) {
    const size = Math.abs(x[i]!);
    if (mask?.[i]) (plane.data as Int8Array)[i] = lastSign;
    else {
      lastSign = size <= zero ? 0 : Math.sign(x[i]!);
      (plane.data as Int8Array)[i] = lastSign;
    }
    if (mask?.[i] || size <= zero) hidden[i] = 1;
    else last = Math.log(size);
    logs[i] = last;
    largest = Math.max(largest, Math.abs(last));
  }
  // Half a unit in the last place of a float32 logarithm must be a small part of what is allowed.
  const single = allowed > 64 * largest * 2 ** -24;
  const dtype: DType = single ? "float32" : "float64";
  const inner = fromDoubles(logs, dtype, shape);
  const kept = absolute(allowed - largest * (single ? 2 ** -24 : 2 ** -53), dtype);
  const signPlane = encodeChild(task, signs, plane, LOSSLESS);
  const result = encodeChild(task, values, inner, kept, { mask: hidden });
  return {
    sections: [side((out) => out.u8(single ? 1 : 0)), joined("data", [signPlane.bytes, result.bytes])],
    decoded: raised(result.decoded, plane, frames.dtype),
  };
}

export function decodeLogarithms(task: DecodeTask): Tensor {
  const { shape, mask } = task;
  const way = readSide(task, (from) => {
    const found = from.u8();
    if (found > AS_THEY_ARE) throw from.wrong(`way ${found}`);
    return found;
  });
  if (way === AS_THEY_ARE) return decodeChild(task, task.section("data"), task);
  const [signs, values] = parted(task, "data", 2) as [Uint8Array, Uint8Array];
  const plane = decodeChild(task, signs, { dtype: "int8", shape });
  const hidden = Uint8Array.from(plane.data as Int8Array, (sign, i) => (sign === 0 || mask?.[i] ? 1 : 0));
  const logs = decodeChild(task, values, { dtype: way === 1 ? "float32" : "float64", shape, mask: hidden });
  return raised(logs, plane, task.dtype);
}

function raised(logs: Tensor, plane: Tensor, dtype: DType): Tensor {
  const signs = plane.data as Int8Array;
  const sizes = Float64Array.from(logs.data as Float64Array, (y, i) =>
    signs[i] === 0 ? 0 : signs[i]! * exponential(y),
  );
  return fromDoubles(sizes, dtype, logs.shape);
}
