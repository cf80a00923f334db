/**
 * Shapes as a Tucker transform likes them. Its time grows with the cube of an axis, and one axis alone has nothing to
 * share: long axes are folded into two or more, slow axes beyond six are joined, those of extent 1 go. What folding
 * adds at an axis's end repeats its last index.
 */
import type { Shape } from "../tensor/shape.ts";
import { volume } from "./tthresh-kernels.ts";

const LONGEST = 512;
const LONGEST_ALONE = 64;
const MOST_AXES = 6;

export interface Folding {
  /** Axes of the values, slowest first, as they are padded. */
  readonly from: readonly number[];
  readonly padded: readonly number[];
  /** Axes of the stream, fastest first. */
  readonly extents: readonly number[];
  /** For each axis of `from` the stream's axis that is the same, if one is. */
  readonly same: readonly (number | undefined)[];
}

/** Parts of an axis, slowest first; their product is the extent or a little more. */
function parts(extent: number, longest: number): number[] {
  if (extent <= longest) return [extent];
  let count = 2;
  while (extent ** (1 / count) > longest) count++;
  const inner = extent ** (1 / count);
  // The last part, near the root, that wastes least; the nearer one of equals.
  let best = Math.ceil(inner);
  for (let part = Math.ceil(inner / 1.5); part <= Math.min(longest, Math.floor(inner * 1.5)); part++) {
    const [waste, least] = [part, best].map((p) => Math.ceil(extent / p) * p - extent) as [number, number];
    if (waste < least || (waste === least && Math.abs(part - inner) < Math.abs(best - inner))) best = part;
  }
  return [...parts(Math.ceil(extent / best), longest), best];
}

export function foldingOf(shape: Shape): Folding {
  let from = shape.filter((extent) => extent !== 1);
  if (from.length === 0) from = [1];
  if (from.length > MOST_AXES) {
    const split = from.length - MOST_AXES + 1;
    from = [volume(from.slice(0, split)), ...from.slice(split)];
  }
  const pieces = from.map((extent) => parts(extent, from.length === 1 ? LONGEST_ALONE : LONGEST));
  const extents = pieces.flat().toReversed();
  let at = extents.length;
  const same = pieces.map((list) => {
    at -= list.length;
    return list.length === 1 ? at : undefined;
  });
  return { from, padded: pieces.map(volume), extents, same };
}

export const isFolded = ({ from, padded }: Folding): boolean => from.join() !== padded.join();

/** Writes values (in C order of `from`) to `out` (of `padded`). */
export function pad(values: ArrayLike<number | bigint>, { from, padded }: Folding, out: Float64Array): void {
  walk(from, padded, (source, target, width, whole) => {
    for (let i = 0; i < whole; i++) out[target + i] = Number(values[source + Math.min(i, width - 1)]);
  });
}

/** Rows of the padded array, with the row of the values that each holds or repeats. */
function walk(
  from: readonly number[],
  padded: readonly number[],
  row: (source: number, target: number, width: number, whole: number) => void,
): void {
  const last = from.length - 1;
  const visit = (axis: number, source: number, target: number): void => {
    if (axis === last) {
      row(source * from[last]!, target * padded[last]!, from[last]!, padded[last]!);
      return;
    }
    for (let i = 0; i < padded[axis]!; i++) {
      visit(axis + 1, source * from[axis]! + Math.min(i, from[axis]! - 1), target * padded[axis]! + i);
    }
  };
  visit(0, 0, 0);
}

/** The values' places in the padded array, in order: the first of each row, and how long rows are. */
export function unpad<T extends Float64Array | Uint8Array>(
  values: T,
  { from, padded }: Folding,
  take: (row: T, at: number) => void,
): void {
  let next = 0;
  const last = from.length - 1;
  const visit = (axis: number, at: number): void => {
    if (axis === last) {
      take(values.subarray(at * padded[last]!, at * padded[last]! + from[last]!) as T, next);
      next += from[last]!;
      return;
    }
    for (let i = 0; i < from[axis]!; i++) visit(axis + 1, at * padded[axis]! + i);
  };
  visit(0, 0);
}
