import { TempressError } from "../../errors.ts";
import { DTYPE_NAMES } from "../../tensor/dtype.ts";
import { absolute, childOf, decodeChild, encodeChild, LOSSLESS } from "../child.ts";
import type { Codec } from "../codec.ts";
import { bool, child, float } from "../schema.ts";
import { doubles } from "./convert.ts";
import { fromSteps, stepsOf, wholeTensor } from "./lattice.ts";
import { part, readSide, side } from "./sides.ts";

const options = {
  "linear_quantizer:compressor": child("tezip", "codec that gets the whole numbers"),
  "linear_quantizer:step": float(0, "distance of the levels, at most twice the bound; 0: twice the bound", { min: 0 }),
  "linear_quantizer:auto_step": bool(false, "take twice the bound whatever step says"),
};

/** Rounds to whole numbers of a step. Of the bound, the codec inside gets what half a step leaves. */
export const linearQuantizer: Codec<typeof options> = {
  name: "linear_quantizer",
  id: 44,
  version: 1,
  stability: "experimental",
  summary: "rounds to steps and hands whole numbers to the codec inside",
  keeps: ["abs", "lossless"],
  dtypes: DTYPE_NAMES,
  options,
  prepare: async () => undefined,
  encode(task, values) {
    const { frames, bound, mask } = task;
    const asked = values["linear_quantizer:auto_step"] ? 0 : values["linear_quantizer:step"];
    const widest = bound.kind === "abs" ? 2 * bound.value : 0;
    if (bound.kind === "abs" && asked > widest) {
      throw new TempressError("invalid-argument", `a step of ${asked} cannot keep the bound ${bound.value}`, {
        where: "linear_quantizer:step",
        hint: `at most ${widest}; or linear_quantizer:auto_step=true`,
      });
    }
    const step = asked || widest;
    const steps = bound.kind === "abs" && Number.isFinite(step) ? stepsOf(frames, step, mask) : undefined;
    const child = childOf(task, "linear_quantizer:compressor");
    if (!steps) {
      const result = encodeChild(task, child, frames, bound, { mask });
      return { sections: [way(0, 0), part("data", result.bytes)], decoded: result.decoded };
    }
    const whole = wholeTensor(steps, frames.shape);
    const spare = Math.floor((bound.value - step / 2) / step);
    const inner = spare > 0 ? absolute(spare, whole.dtype) : LOSSLESS;
    const result = encodeChild(task, child, whole, inner, { mask });
    return {
      sections: [way(whole.dtype === "int32" ? 1 : 2, step), part("data", result.bytes)],
      decoded: fromSteps(doubles(result.decoded), step, frames.dtype, frames.shape),
    };
  },
  decode(task) {
    const { dtype, shape, mask } = task;
    const { kind, step } = readSide(task, (from) => {
      const found = { kind: from.u8(), step: from.f64() };
      if (found.kind > 2 || !Number.isFinite(found.step)) throw from.wrong(`way ${found.kind}, step ${found.step}`);
      return found;
    });
    const inner = kind === 0 ? dtype : kind === 1 ? "int32" : "int64";
    const found = decodeChild(task, task.section("data"), { dtype: inner, shape, mask });
    return kind === 0 ? found : fromSteps(doubles(found), step, dtype, shape);
  },
};

const way = (kind: number, step: number) =>
  side((out) => {
    out.u8(kind);
    out.f64(step);
  });
