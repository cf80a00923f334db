/** The proof that a file keeps its promise: every value against the original, a few chunks at a time. */
import { TempressError } from "../errors.ts";
import { resolveBound } from "../promise/bound.ts";
import { brokenOf, joinMeans, type MeanError, rootOf } from "../promise/mean-error.ts";
import { EMPTY_RANGE, mergeRanges, neededScan, scanRange, type ValueRange } from "../promise/range.ts";
import type { Bound, PromiseSpec } from "../promise/spec.ts";
import { type Offender, verifyBound } from "../promise/verify.ts";
import { DTYPES } from "../tensor/dtype.ts";
import { formatShape, frameLength } from "../tensor/shape.ts";
import type { TensorSink, TensorSource } from "../tensor/source.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Archive } from "./archive.ts";
import type { Progress } from "./options.ts";
import { FlatReader } from "./slabs.ts";

export interface VerifyReport {
  /** Largest error: absolute, or a share of the value under a pointwise relative promise; under rmse that. */
  readonly maxError: number;
  /** What the promise allows for these very values; under `rel` from the original's own range. */
  readonly bound: Bound;
  readonly values: number;
  /** How many values break the promise. */
  readonly broken: number;
  /** The worst of them with their position, largest error first. */
  readonly worst: readonly (Omit<Offender, "index"> & { readonly index: readonly number[] })[];
}

export interface VerifyOptions {
  readonly onProgress?: ((done: Progress) => void) | undefined;
  /** Is shown each pair of slabs, in C order: metrics watch here. */
  readonly watch?: ((original: Tensor, decoded: Tensor) => void) | undefined;
}

/** At most this many offenders are listed. */
const LISTED = 10;
const READ_BYTES = 16 << 20;

/**
 * Compares every value of the archive with the original. A broken promise is no error: see `broken`.
 * @throws TempressError "invalid-argument" when the original has another shape or dtype, and what reading throws.
 */
export async function verifyArchive(
  original: TensorSource,
  archive: Archive,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  const { dtype, shape, header } = archive;
  if (original.dtype !== dtype || formatShape(original.shape) !== formatShape(shape)) {
    const [have, want] = [original, archive].map((t) => `${formatShape(t.shape)} ${t.dtype}`);
    throw new TempressError("invalid-argument", `the original is ${have}, the file holds ${want}`, {
      where: "verify",
      hint: "is this the file's original? check --shape and --dtype",
    });
  }
  const flat = new FlatReader(original);
  const bound = resolveBound(header.promise, await rangeOf(flat, header.promise, header.fill), dtype);
  let maxError = 0;
  let mean: MeanError | undefined;
  let broken = 0;
  let at = 0;
  let worst: VerifyReport["worst"] = [];
  const write = async (slab: Tensor): Promise<void> => {
    const decoded: Tensor = { dtype, shape: [slab.data.length], data: slab.data };
    const values: Tensor = { dtype, shape: decoded.shape, data: await flat.read(at, at + slab.data.length) };
    const verdict = verifyBound(values, decoded, bound, undefined, header.fill);
    options.watch?.(values, decoded);
    maxError = Math.max(maxError, verdict.maxError);
    broken += verdict.broken;
    if (verdict.mean) mean = mean ? joinMeans(mean, verdict.mean) : verdict.mean;
    const found = verdict.worst.map((offender) => ({ ...offender, index: unravel(at + offender.index, shape) }));
    worst = [...worst, ...found].sort((a, b) => b.error - a.error).slice(0, LISTED);
    at += slab.data.length;
  };
  const sink: TensorSink = { write, close: () => undefined };
  await archive.writeTo(sink, { onProgress: options.onProgress });
  if (!mean) return { maxError, bound, values: at, broken, worst };
  // Slabs are not chunks: only the mean of all is promised.
  broken = brokenOf(mean);
  return {
    maxError: mean.lost > 0 ? Infinity : rootOf(mean, bound),
    bound,
    values: at,
    broken,
    worst: broken > 0 ? worst : [],
  };
}

/** Only relative promises need the range, and with it a pass over the original. */
async function rangeOf(
  flat: FlatReader,
  promise: PromiseSpec,
  fill: number | undefined,
): Promise<ValueRange | undefined> {
  const needed = neededScan(promise);
  if (needed === undefined) return undefined;
  const { dtype, shape } = flat.source;
  const count = shape[0]! * frameLength(shape);
  const step = READ_BYTES / DTYPES[dtype].bytes;
  let range: ValueRange = EMPTY_RANGE;
  for (let start = 0; start < count; start += step) {
    const data = await flat.read(start, Math.min(count, start + step));
    range = mergeRanges(range, scanRange({ dtype, shape: [data.length], data }, fill, needed === "rms"));
  }
  return range;
}

/** A position in C order as one index an axis. */
function unravel(position: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let left = position;
  for (const extent of shape.toReversed()) {
    index.unshift(left % extent);
    left = Math.floor(left / extent);
  }
  return index;
}
