/** What a user wants kept beside the bound, and the values that must be stored exactly for it. */
import { TempressError } from "../../errors.ts";
import { eachChanged } from "../../promise/errors-at.ts";
import { frameLength } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { originOf } from "../child.ts";
import type { EncodeTask } from "../codec.ts";
import { eachRow } from "./layout.ts";

export interface Safeguards {
  readonly sign: boolean;
  /** In time, which is the first axis. */
  readonly monotone: boolean;
  /** The bound of each value where regions say one; Infinity elsewhere. */
  readonly regions: Float64Array | undefined;
}

/** 1 where `decoded` breaks the bound or a safeguard, until none is left once these are exact. */
export function unsafe(task: EncodeTask, decoded: Tensor, { sign, monotone, regions }: Safeguards): Uint8Array {
  const { frames, mask, bound } = task;
  const exact = new Uint8Array(frames.data.length);
  eachChanged(frames, decoded, bound, mask, undefined, (index, _error, broken) => {
    if (broken) exact[index] = 1;
  });
  const x = frames.data as Float64Array;
  const y = decoded.data as Float64Array;
  for (let i = 0; i < x.length; i++) {
    if (mask?.[i]) continue;
    // biome-ignore lint/suspicious/noDoubleEquals: 0n and 0 are the same here
    const zero = x[i]! == 0;
    if (sign && (zero ? y[i]! !== x[i]! : x[i]! > 0 !== y[i]! > 0 || x[i]! < 0 !== y[i]! < 0)) exact[i] = 1;
    const allowed = regions?.[i] ?? Infinity;
    if (allowed < Infinity && !(Math.abs(Number(x[i]! - y[i]!)) <= allowed)) exact[i] = 1;
  }
  if (monotone) keepOrder(task, y, exact);
  return exact;
}

/**
 * Values of one place in time, pair by pair. The first and last frames are exact, so that the order holds from chunk to
 * chunk; so are the neighbours of values that are stored elsewhere.
 */
function keepOrder({ frames, mask }: EncodeTask, y: Float64Array, exact: Uint8Array): void {
  const x = frames.data as Float64Array;
  const step = frameLength(frames.shape);
  exact.fill(1, 0, step);
  exact.fill(1, x.length - step);
  for (let i = 0; mask && i < x.length; i++) {
    if (!mask[i]) continue;
    if (i >= step) exact[i - step] = 1;
    if (i + step < x.length) exact[i + step] = 1;
  }
  const decoded = (i: number) => (exact[i] ? x[i]! : y[i]!);
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = 0; i + step < x.length; i++) {
      const j = i + step;
      if (mask?.[i] || mask?.[j] || (exact[i] && exact[j])) continue;
      const [a, b] = [decoded(i), decoded(j)];
      if ((x[i]! <= x[j]! && !(a <= b)) || (x[i]! >= x[j]! && !(a >= b))) {
        exact[i] = 1;
        exact[j] = 1;
        changed = true;
      }
    }
  }
}

/** The tightest bound of each value of the chunk, from rows of first indices, extents and a bound. */
export function regionsOf(task: EncodeTask, given: Tensor | undefined): Float64Array | undefined {
  if (!given) return undefined;
  const { shape } = task.frames;
  const origin = originOf(task);
  const columns = given.shape.at(-1)!;
  const axes = (columns - 1) / 2;
  // A first axis of extent 1 is not among those of a chunk.
  const unit = axes - shape.length;
  if (given.shape.length !== 2 || unit < 0 || !Number.isInteger(axes)) {
    throw new TempressError("invalid-argument", `corrector:regions is ${given.shape.join("x")}, not one row a box`, {
      where: "corrector:regions",
      hint: `give N x ${2 * shape.length + 1}: first indices, extents, bound`,
    });
  }
  const bounds = new Float64Array(task.frames.data.length).fill(Infinity);
  const values = Array.from(given.data as Float64Array, Number);
  for (let row = 0; row < given.shape[0]!; row++) {
    const own = values.slice(row * columns, (row + 1) * columns);
    const bound = own.at(-1)!;
    const from = shape.map((_, axis) => own[unit + axis]! - origin[axis]!);
    const to = from.map((first, axis) => first + own[axes + unit + axis]!);
    const inner = shape.length - 1;
    eachRow(shape, (start, index) => {
      if (index.some((i, axis) => i < from[axis]! || i >= to[axis]!)) return;
      for (let i = Math.max(0, from[inner]!); i < Math.min(shape[inner]!, to[inner]!); i++) {
        bounds[start + i] = Math.min(bounds[start + i]!, bound);
      }
    });
  }
  return bounds;
}
