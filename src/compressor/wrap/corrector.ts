import { TempressError } from "../../errors.ts";
import type { Bound } from "../../promise/spec.ts";
import { DTYPE_NAMES } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import { emptyTensor, type Tensor } from "../../tensor/tensor.ts";
import { type ChildResult, childOf, decodeChild, encodeChild, keepsOf, LOSSLESS } from "../child.ts";
import type { Codec, ConfiguredCodec, EncodeTask } from "../codec.ts";
import { bool, child, float, tensorOption } from "../schema.ts";
import { doubles, fromDoubles, isWide } from "./convert.ts";
import { decodeMasked, encodeMasked, exactCodec, restored } from "./masked.ts";
import { regionsOf, unsafe } from "./safeguards.ts";
import { joined, parted, readSide, side } from "./sides.ts";

const options = {
  "corrector:compressor": child("tthresh", "codec that gets the values; one that keeps a norm is given an rmse"),
  "corrector:share": float(0, "that rmse as a part of the bound; 0: tries some and keeps the smallest file", {
    min: 0,
    max: 4,
  }),
  "corrector:sign": bool(false, "no value changes its sign, or becomes 0"),
  "corrector:monotone": bool(false, "where values rise or fall from frame to frame, the decoded do not do the reverse"),
  "corrector:regions": tensorOption(
    "tighter bounds: a row a box, its first index along each axis, its extents, its bound",
  ),
};

const SHARES = [0.3, 0.5];

/**
 * A point-wise bound from a codec that keeps a norm: what it misses is brought back by steps of twice the bound, and the
 * rest is stored exactly. The user's safeguards are kept in the same way.
 */
export const corrector: Codec<typeof options> = {
  name: "corrector",
  id: 57,
  version: 1,
  stability: "experimental",
  summary: "a point-wise bound from a codec that keeps a norm; signs, order in time and regions kept on request",
  keeps: ["abs", "lossless"],
  dtypes: DTYPE_NAMES,
  options,
  prepare: async () => undefined,
  encode(task, values) {
    const { frames, bound } = task;
    const codec = childOf(task, "corrector:compressor");
    const guards = {
      sign: values["corrector:sign"],
      monotone: values["corrector:monotone"],
      regions: regionsOf(task, values["corrector:regions"]),
    };
    const tries = boundsFor(codec, bound, values["corrector:share"]).map((inner) => {
      const first = encodeChild(task, codec, frames, inner, { mask: task.mask });
      return corrected(task, first, guards);
    });
    return tries.reduce((a, b) => (sizeOf(b) < sizeOf(a) ? b : a));
  },
  decode(task) {
    const { dtype, shape, mask } = task;
    const step = readSide(task, (from) => {
      const found = from.f64();
      if (!(found >= 0 && found < Infinity)) throw from.wrong(`a step of ${found}`);
      return found;
    });
    const [first, steps, plane, exact] = parted(task, "data", 4) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    const values = decodeChild(task, first, { dtype, shape, mask });
    const moved = step > 0 ? movedBy(values, decodeChild(task, steps, { dtype: "int32", shape }), step) : values;
    return decodeMasked(task, plane, exact).restore(moved);
  },
};

/** Bounds to try for the codec inside. */
function boundsFor({ name }: ConfiguredCodec, bound: Bound, share: number): Bound[] {
  if (bound.kind === "lossless") return [LOSSLESS];
  const keeps = keepsOf(name);
  if (!keeps.includes("rmse")) return [bound];
  return (share > 0 ? [share] : SHARES).map((part) => ({ kind: "rmse", value: part * bound.value }));
}

function corrected(task: EncodeTask, first: ChildResult, guards: Parameters<typeof unsafe>[2]) {
  const { frames, bound } = task;
  const step = bound.kind === "abs" && !isWide(frames.dtype) ? 2 * bound.value : 0;
  const steps = step > 0 && Number.isFinite(step) ? stepsBack(task, first.decoded, step) : undefined;
  const moved = steps ? movedBy(first.decoded, steps, step) : first.decoded;
  const exact = unsafe(task, moved, guards);
  const stepBytes = steps ? encodeChild(task, exactCodec, steps, LOSSLESS).bytes : new Uint8Array(0);
  return {
    sections: [
      side((out) => out.f64(steps ? step : 0)),
      joined("data", [first.bytes, stepBytes, ...encodeMasked(task, exact)]),
    ],
    decoded: restored(moved, frames, exact),
  };
}

const sizeOf = ({ sections }: { sections: readonly { bytes: Uint8Array }[] }) =>
  sections.reduce((total, { bytes }) => total + bytes.length, 0);

/** How many steps each value is off by, 0 where it is within the bound; undefined where none is. */
function stepsBack({ frames, bound, mask }: EncodeTask, decoded: Tensor, step: number): Tensor | undefined {
  const steps = emptyTensor("int32", frames.shape);
  const [x, y, into] = [frames.data as Float64Array, decoded.data as Float64Array, steps.data as Int32Array];
  let any = false;
  for (let i = 0; i < x.length; i++) {
    const off = x[i]! - y[i]!;
    if (mask?.[i] || Math.abs(off) <= bound.value) continue;
    const count = Math.round(off / step);
    // What is further off is stored exactly.
    if (!(Math.abs(count) < 2 ** 20)) continue;
    into[i] = count;
    any = true;
  }
  return any ? steps : undefined;
}

function movedBy(values: Tensor, steps: Tensor, step: number): Tensor {
  const all = doubles(values);
  const counts = steps.data as Int32Array;
  for (let i = 0; i < all.length; i++) if (counts[i] !== 0) all[i] = all[i]! + counts[i]! * step;
  return isWide(values.dtype) ? wide(values) : fromDoubles(all, values.dtype, values.shape as Shape);
}

/** Steps are for types that a double holds. */
function wide(values: Tensor): never {
  throw new TempressError("corrupt", `steps in ${values.dtype}`, { where: "section side" });
}
