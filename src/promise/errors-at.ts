import { DTYPES } from "../tensor/dtype.ts";
import { fillPattern } from "../tensor/fill.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Bound } from "./spec.ts";

/** Called for a value whose bits changed: how far it is off, and whether that breaks the bound. */
export type Visit = (index: number, error: number, broken: boolean) => void;

/**
 * The promise value by value: the plain definition that the fast passes of `verifyBound` must agree with.
 *
 * The error of a float is the larger of |x - y| in its own type and in float64; under `pw_rel` that is divided
 * by |x|, and must keep both error <= bound and |x - y| <= bound * |x|. 64-bit integers are compared exactly.
 * Special values (and the fill) must keep their bits: a change counts as an infinite error, as does a NaN that
 * was none. Values under `mask` do not matter.
 */
export function eachChanged(
  original: Tensor,
  decoded: Tensor,
  bound: Bound,
  mask: Uint8Array | undefined,
  fill: number | undefined,
  visit: Visit,
): void {
  const { kind, bytes } = DTYPES[original.dtype];
  const pass = kind === "float" ? floats : bytes === 8 ? wideIntegers : integers;
  pass(original, decoded, bound, mask, fill, visit);
}

function integers(
  original: Tensor,
  decoded: Tensor,
  bound: Bound,
  mask: Uint8Array | undefined,
  fill: number | undefined,
  visit: Visit,
): void {
  const x = original.data as Int32Array;
  const y = decoded.data as Int32Array;
  for (let i = 0; i < x.length; i++) {
    const own = x[i]!;
    if (own === y[i] || mask?.[i]) continue;
    if (own === fill) visit(i, Infinity, true);
    else judge(i, own, Math.abs(own - y[i]!), bound, visit);
  }
}

/** Smallest normal float32 and float64. */
const NORMAL = { 4: 2 ** -126, 8: 2 ** -1022 } as const;

function floats(
  original: Tensor,
  decoded: Tensor,
  bound: Bound,
  mask: Uint8Array | undefined,
  fill: number | undefined,
  visit: Visit,
): void {
  const bytes = DTYPES[original.dtype].bytes as 4 | 8;
  const each = bytes / 4;
  const x = original.data as Float64Array;
  const y = decoded.data as Float64Array;
  const a = new Uint32Array(x.buffer, x.byteOffset, each * x.length);
  const b = new Uint32Array(y.buffer, y.byteOffset, each * y.length);
  const named = fill === undefined ? undefined : fillPattern(original.dtype, fill);
  for (let i = 0; i < x.length; i++) {
    const at = each * i;
    const low = a[at]!;
    const high = each === 2 ? a[at + 1]! : 0;
    if (low === b[at] && (each === 1 || high === b[at + 1])) continue;
    if (mask?.[i]) continue;
    const own = x[i]!;
    const size = Math.abs(own);
    const zero = low === 0 && high === 0;
    const ordinary = zero || (size >= NORMAL[bytes] && size < Infinity);
    if (!ordinary || (named && low === named.low && high === named.high)) {
      visit(i, Infinity, true);
      continue;
    }
    const wide = Math.abs(own - y[i]!);
    const error = each === 1 ? Math.max(wide, Math.fround(wide)) : wide;
    judge(i, size, Number.isNaN(error) ? Infinity : error, bound, visit);
  }
}

function judge(index: number, size: number, error: number, bound: Bound, visit: Visit): void {
  if (bound.kind === "pw_rel") {
    const magnitude = Math.abs(size);
    const share = error === 0 ? 0 : error / magnitude;
    visit(index, share, !(share <= bound.value && error <= bound.value * magnitude));
  } else visit(index, error, bound.kind === "lossless" || error > bound.value);
}

function wideIntegers(
  original: Tensor,
  decoded: Tensor,
  bound: Bound,
  mask: Uint8Array | undefined,
  fill: number | undefined,
  visit: Visit,
): void {
  const x = original.data as BigInt64Array;
  const y = decoded.data as BigInt64Array;
  const a = new Uint32Array(x.buffer, x.byteOffset, 2 * x.length);
  const b = new Uint32Array(y.buffer, y.byteOffset, 2 * y.length);
  const named = fill === undefined ? undefined : BigInt(fill);
  const limit = bound.kind === "abs" || bound.kind === "rmse" ? BigInt(Math.floor(bound.value)) : 0n;
  for (let i = 0; i < x.length; i++) {
    if ((a[2 * i] === b[2 * i] && a[2 * i + 1] === b[2 * i + 1]) || mask?.[i]) continue;
    const own = x[i]!;
    const difference = absolute(own - y[i]!);
    if (own === named) visit(i, Infinity, true);
    else if (bound.kind === "pw_rel") {
      const magnitude = absolute(own);
      visit(i, Number(difference) / Number(magnitude), !withinShare(difference, magnitude, bound.value));
    } else visit(i, Number(difference), bound.kind === "lossless" || difference > limit);
  }
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** difference <= share * magnitude, exactly: in float64 where the answer is clear, else in whole numbers. */
function withinShare(difference: bigint, magnitude: bigint, share: number): boolean {
  const allowed = share * Number(magnitude);
  const wanted = Number(difference);
  if (wanted < allowed * (1 - 1e-14)) return true;
  if (wanted > allowed * (1 + 1e-14)) return false;
  // A float64 is a whole number times a power of two, at least 2^-1074.
  let whole = share;
  let halvings = 0;
  while (!Number.isInteger(whole)) {
    whole *= 2;
    halvings++;
  }
  return difference << BigInt(halvings) <= BigInt(whole) * magnitude;
}
