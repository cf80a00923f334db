import { DTYPE_NAMES, type DType } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import { emptyTensor, type Tensor } from "../../tensor/tensor.ts";
import { childOf, decodeChild, encodeChild, LOSSLESS } from "../child.ts";
import type { Codec } from "../codec.ts";
import { child } from "../schema.ts";
import { doubles, isWide } from "./convert.ts";
import { difference, differenceType, sum } from "./difference.ts";
import { fromSteps, stepsOf, wholeTensor } from "./lattice.ts";
import { part, readSide, side } from "./sides.ts";

const options = {
  "delta_encoding:compressor": child("zstd", "codec that gets the differences, without loss"),
};

/**
 * Differences of neighbours in C order. A lossy codec's errors would add up along them, so values are first rounded to
 * steps of twice the bound; differences of steps are whole numbers, and the codec inside keeps each.
 */
export const deltaEncoding: Codec<typeof options> = {
  name: "delta_encoding",
  id: 43,
  version: 1,
  stability: "experimental",
  summary: "differences of neighbours, rounded first so that errors cannot add up",
  keeps: ["abs", "lossless"],
  dtypes: DTYPE_NAMES,
  options,
  prepare: async () => undefined,
  encode(task) {
    const { frames, bound, mask } = task;
    const step = bound.kind === "abs" ? 2 * bound.value : 0;
    const steps = step > 0 && Number.isFinite(step) ? stepsOf(frames, step, mask) : undefined;
    const whole = steps ? wholeTensor(steps, frames.shape) : frames;
    const deltas = difference(whole, shifted(whole), true);
    const result = encodeChild(task, childOf(task, "delta_encoding:compressor"), deltas, LOSSLESS);
    return {
      sections: [
        side((out) => {
          out.u8(steps ? (whole.dtype === "int32" ? 1 : 2) : 0);
          out.f64(steps ? step : 0);
        }),
        part("data", result.bytes),
      ],
      decoded: steps ? fromSteps(steps, step, frames.dtype, frames.shape) : frames,
    };
  },
  decode(task) {
    const { dtype, shape } = task;
    const { kind, step } = readSide(task, (from) => {
      const found = { kind: from.u8(), step: from.f64() };
      if (found.kind > 2 || !Number.isFinite(found.step)) throw from.wrong(`way ${found.kind}, step ${found.step}`);
      return found;
    });
    const whole: DType = kind === 0 ? dtype : kind === 1 ? "int32" : "int64";
    const deltas = decodeChild(task, task.section("data"), { dtype: differenceType(whole, true), shape });
    const values = summed(deltas, whole, shape);
    return kind === 0 ? values : fromSteps(doubles(values), step, dtype, shape);
  },
};

/** Each value's neighbour before it; 0 before the first. */
function shifted({ dtype, shape, data }: Tensor): Tensor {
  const made = emptyTensor(dtype, shape);
  if (data.length > 1) (made.data as Float64Array).set((data as Float64Array).subarray(0, -1), 1);
  return made;
}

/** Running sums that wrap around, in place of a prediction from values that are only now known. */
function summed(deltas: Tensor, dtype: DType, shape: Shape): Tensor {
  if (isWide(deltas.dtype)) {
    const running = deltas.data as BigInt64Array;
    for (let i = 1; i < running.length; i++) running[i] = running[i]! + running[i - 1]!;
  } else {
    const running = deltas.data as Int32Array;
    for (let i = 1; i < running.length; i++) running[i] = running[i]! + running[i - 1]!;
  }
  // The sums are the values as whole numbers: added to 0 they are values.
  return sum(emptyTensor(dtype, shape), deltas, true);
}
