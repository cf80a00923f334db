import { DTYPE_NAMES, type DType } from "../../tensor/dtype.ts";
import { frameLength, type Shape } from "../../tensor/shape.ts";
import { emptyTensor, type Tensor } from "../../tensor/tensor.ts";
import { childOf, decodeChild, encodeChild } from "../child.ts";
import type { Codec } from "../codec.ts";
import { child, choice, float, int } from "../schema.ts";
import { doubles, fromDoubles } from "./convert.ts";
import { decodeRest, encodeRest } from "./rest.ts";
import { joined, parted, readSide, side } from "./sides.ts";

const options = {
  "sample:compressor": child("tezip", "codec that gets the sampled frames, and what is left of the others"),
  "sample:mode": choice(["wr", "wor", "decimate"], "decimate", "with or without replacement, or each n-th frame"),
  "sample:rate": float(0.25, "share of frames that are sampled", { min: 0, max: 1 }),
  "sample:seed": int(0, "for wr and wor", { min: 0, max: 2 ** 32 - 1 }),
};

/**
 * Some frames first; the others are predicted between them in time, and what that leaves keeps the bound. LibPressio
 * drops the others.
 */
export const sample: Codec<typeof options> = {
  name: "sample",
  id: 49,
  version: 1,
  stability: "experimental",
  summary: "sampled frames first, the others from them",
  keeps: ["abs", "lossless"],
  dtypes: DTYPE_NAMES,
  options,
  prepare: async () => undefined,
  encode(task, values) {
    const { frames, bound, mask } = task;
    const { dtype, shape } = frames;
    const chosen = choose(shape[0]!, values["sample:mode"], values["sample:rate"], values["sample:seed"]);
    const child = childOf(task, "sample:compressor");
    const some = gather(frames, chosen);
    const someMask = mask && (gather({ ...frames, dtype: "uint8", data: mask }, chosen).data as Uint8Array);
    const first = encodeChild(task, child, some, bound, { mask: someMask });
    const p = between(first.decoded, chosen, dtype, shape);
    const rest = encodeRest(task, child, p, mask);
    return {
      sections: [
        side((out) => {
          out.varint(chosen.length);
          chosen.forEach((frame, k) => {
            out.varint(frame - (chosen[k - 1] ?? -1) - 1);
          });
        }),
        joined("data", [first.bytes, rest.bytes]),
      ],
      decoded: rest.decoded,
    };
  },
  decode(task) {
    const { dtype, shape, mask } = task;
    const chosen = readSide(task, (from) => {
      const count = from.varint();
      if (count < 1 || count > shape[0]!) throw from.wrong(`${count} sampled frames of ${shape[0]}`);
      let last = -1;
      return Array.from({ length: count }, () => {
        last += from.varint() + 1;
        if (last >= shape[0]!) throw from.wrong(`sampled frame ${last} of ${shape[0]}`);
        return last;
      });
    });
    const [first, rest] = parted(task, "data", 2) as [Uint8Array, Uint8Array];
    const someMask = mask && (gather({ dtype: "uint8", shape, data: mask }, chosen).data as Uint8Array);
    const some = decodeChild(task, first, { dtype, shape: [chosen.length, ...shape.slice(1)], mask: someMask });
    return decodeRest(task, rest, between(some, chosen, dtype, shape), mask);
  },
};

/** Frames in rising order, at least one. */
function choose(count: number, mode: string, rate: number, seed: number): number[] {
  const wanted = Math.min(count, Math.max(1, Math.round(count * rate)));
  if (mode === "decimate") return Array.from({ length: wanted }, (_, k) => Math.floor((k * count) / wanted));
  const random = generator(seed);
  const pool = Array.from({ length: count }, (_, k) => k);
  const drawn = Array.from({ length: wanted }, () => {
    const at = random(mode === "wor" ? pool.length : count);
    return mode === "wor" ? pool.splice(at, 1)[0]! : at;
  });
  return [...new Set(drawn)].sort((a, b) => a - b);
}

/** Whole numbers below a limit, the same for the same seed. */
function generator(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) % limit;
  };
}

function gather(t: Tensor, chosen: readonly number[]): Tensor {
  const step = frameLength(t.shape);
  const out = emptyTensor(t.dtype, [chosen.length, ...t.shape.slice(1)]);
  chosen.forEach((frame, k) => {
    (out.data as Float64Array).set((t.data as Float64Array).subarray(frame * step, (frame + 1) * step), k * step);
  });
  return out;
}

/** All frames: sampled ones as they are, others on the line between the two around them. */
function between(some: Tensor, chosen: readonly number[], dtype: DType, shape: Shape): Tensor {
  const step = frameLength(shape);
  const known = doubles(some);
  const all = new Float64Array(step * shape[0]!);
  let next = 0;
  for (let t = 0; t < shape[0]!; t++) {
    while (next < chosen.length - 1 && chosen[next]! < t) next++;
    const before = chosen[next]! > t ? Math.max(0, next - 1) : next;
    const after = Math.max(before, next);
    const gap = chosen[after]! - chosen[before]!;
    const share = gap === 0 ? 0 : (t - chosen[before]!) / gap;
    for (let i = 0; i < step; i++) {
      const a = known[before * step + i]!;
      all[t * step + i] = share === 0 ? a : a + (known[after * step + i]! - a) * share;
    }
  }
  const p = fromDoubles(all, dtype, shape);
  chosen.forEach((frame, k) => {
    (p.data as Float64Array).set((some.data as Float64Array).subarray(k * step, (k + 1) * step), frame * step);
  });
  return p;
}
