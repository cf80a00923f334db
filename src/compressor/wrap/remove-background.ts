import { DTYPE_NAMES, DTYPES } from "../../tensor/dtype.ts";
import { frameLength } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { childOf, decodeChild, encodeChild, originOf } from "../child.ts";
import type { Codec, EncodeTask } from "../codec.ts";
import { child, tensorOption } from "../schema.ts";
import { doubles, fromDoubles } from "./convert.ts";
import { partOf } from "./region.ts";
import { decodeRest, encodeRest } from "./rest.ts";
import { joined, parted } from "./sides.ts";

const options = {
  "remove_background:compressor": child("tezip", "codec that gets the values less the background, and the background"),
  "remove_background:background": tensorOption(
    "the background, as a frame or as the whole; absent: the mean of a chunk",
  ),
};

/** A frame that stays is stored once a chunk, within the bound; the rest is what differs from it. */
export const removeBackground: Codec<typeof options> = {
  name: "remove_background",
  id: 48,
  version: 1,
  stability: "experimental",
  summary: "subtracts a frame that stays",
  keeps: ["abs", "lossless"],
  dtypes: DTYPE_NAMES,
  options,
  prepare: async () => undefined,
  encode(task, values) {
    const { frames, bound, mask } = task;
    const child = childOf(task, "remove_background:compressor");
    const wanted = backgroundOf(task, values["remove_background:background"]);
    // Any background will do that the decoder knows too.
    const background = encodeChild(task, child, wanted, bound, { origin: wanted.shape.map(() => 0) });
    const p = repeated(background.decoded, frames);
    const rest = encodeRest(task, child, p, mask);
    return { sections: [joined("data", [background.bytes, rest.bytes])], decoded: rest.decoded };
  },
  decode(task) {
    const { dtype, shape, mask } = task;
    const [frame, rest] = parted(task, "data", 2) as [Uint8Array, Uint8Array];
    const p = repeated(decodeChild(task, frame, { dtype, shape: frameShape(shape) }), { dtype, shape } as Tensor);
    return decodeRest(task, rest, p, mask);
  },
};

/** Rank 1 has frames of one value. */
const frameShape = (shape: readonly number[]) => (shape.length === 1 ? [1] : shape.slice(1));

function repeated(frame: Tensor, { dtype, shape }: Pick<Tensor, "dtype" | "shape">): Tensor {
  const step = frameLength(shape);
  const data = new DTYPES[dtype].Array(step * shape[0]!);
  for (let t = 0; t < shape[0]!; t++) (data as Float64Array).set(frame.data as Float64Array, t * step);
  return { dtype, shape, data };
}

function backgroundOf(task: EncodeTask, given: Tensor | undefined): Tensor {
  const { frames, mask } = task;
  const shape = frameShape(frames.shape);
  const step = frameLength(frames.shape);
  if (given) {
    const all = partOf(given, originOf(task), frames.shape, "remove_background:background");
    return fromDoubles(doubles(all).subarray(0, step), frames.dtype, shape);
  }
  const sums = new Float64Array(step);
  const counts = new Float64Array(step);
  const x = doubles(frames);
  for (let i = 0; i < x.length; i++) {
    if (mask?.[i]) continue;
    sums[i % step]! += x[i]!;
    counts[i % step]!++;
  }
  const means = sums.map((total, i) => (counts[i] ? total / counts[i]! : 0));
  return fromDoubles(
    means.map((mean) => (Number.isFinite(mean) ? mean : 0)),
    frames.dtype,
    shape,
  );
}
