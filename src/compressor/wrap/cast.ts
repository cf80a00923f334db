import type { Bound } from "../../promise/spec.ts";
import { verifyBound } from "../../promise/verify.ts";
import { DTYPE_NAMES, DTYPES, type DType } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { absolute, childOf, decodeChild, encodeChild, LOSSLESS } from "../child.ts";
import type { Codec } from "../codec.ts";
import { child, choice } from "../schema.ts";
import { castTensor } from "./convert.ts";
import { part, readSide, side } from "./sides.ts";

const options = {
  "cast:compressor": child("tezip", "codec that gets the cast values"),
  "cast:dtype": choice(DTYPE_NAMES, "float32", "type that it sees"),
};

/** Another type for the codec inside, and back. What the cast alone costs is taken off the bound first. */
export const cast: Codec<typeof options> = {
  name: "cast",
  id: 42,
  version: 1,
  stability: "experimental",
  summary: "casts to another type for the codec inside, and back",
  keeps: ["abs", "pw_rel", "lossless"],
  dtypes: DTYPE_NAMES,
  options,
  prepare: async () => undefined,
  encode(task, values) {
    const { frames, mask } = task;
    const dtype = values["cast:dtype"] as DType;
    const inner = castTensor(frames, dtype);
    const bound = left(task.bound, frames, castTensor(inner, frames.dtype), mask, dtype);
    const result = encodeChild(task, childOf(task, "cast:compressor"), inner, bound, { mask });
    return {
      sections: [side((out) => out.u8(DTYPES[dtype].id)), part("data", result.bytes)],
      decoded: castTensor(result.decoded, frames.dtype),
    };
  },
  decode(task) {
    const dtype = readSide(task, (from) => {
      const id = from.u8();
      const found = DTYPE_NAMES.find((name) => DTYPES[name].id === id);
      if (found === undefined) throw from.wrong(`type ${id}`);
      return found;
    });
    const { shape, mask } = task;
    return castTensor(decodeChild(task, task.section("data"), { dtype, shape, mask }), task.dtype);
  },
};

/** What is left of a bound after the cast; values that the cast alone spoils are corrections, and do not count. */
function left(bound: Bound, x: Tensor, there: Tensor, mask: Uint8Array | undefined, dtype: DType): Bound {
  if (bound.kind === "lossless") return LOSSLESS;
  const { maxError } = verifyBound(x, there, bound, mask);
  const cost = maxError <= bound.value / 2 ? maxError : 0;
  if (bound.kind === "abs") return absolute(bound.value - cost, dtype);
  return { kind: "pw_rel", value: (bound.value - cost) / (1 + bound.value) };
}
