/** Streams that keep a promise: encode, decode what came out, measure, try again. Estimates only choose where to start. */
import { type Arrays, DTYPES, type DType } from "../tensor/dtype.ts";
import { decodeTthresh, readHead, type TthreshType } from "./tthresh-decode.ts";
import { type Analysis, encodeTthresh } from "./tthresh-encode.ts";

/** What is compared: the values as they are, and how a stream's numbers become them. */
export interface Original {
  /** In the order of the stream. */
  readonly data: Arrays[DType];
  readonly dtype: DType;
  /** 1 where a value does not matter. */
  readonly mask?: Uint8Array | undefined;
  /** Values that matter. */
  readonly count: number;
  /** The stream holds the values divided by this. Errors are measured in it too. */
  readonly unit: number;
  convert(values: Float64Array, out: Arrays[DType]): void;
}

export interface Found {
  readonly bytes: Uint8Array;
  readonly decoded: Arrays[DType];
  /** Sum of squared errors, and the largest error. */
  readonly squares: number;
  readonly most: number;
  /** How many are off by more than the limit. */
  readonly above: number;
}

/** Decodes a stream and compares. With `out` the decoded values are kept there. */
export function measure(bytes: Uint8Array, original: Original, limit: number, out: Arrays[DType] | undefined): Found {
  const { data, dtype, mask, unit, convert } = original;
  const { Array: Values, bytes: width, kind } = DTYPES[dtype];
  const wide = width === 8 && kind !== "float";
  const x = data as Float64Array;
  let squares = 0;
  let most = 0;
  let above = 0;
  let at = 0;
  let room = new Values(0) as Arrays[DType];
  decodeTthresh(bytes, readHead(bytes, "tthresh", undefined, true), "tthresh", (values) => {
    if (out) room = out.subarray(at, at + values.length) as Arrays[DType];
    else if (room.length !== values.length) room = new Values(values.length);
    convert(values, room);
    const y = room as Float64Array;
    for (let i = 0; i < y.length; i++) {
      if (mask?.[at + i]) continue;
      const off = wide ? Number((data as BigInt64Array)[at + i]! - (room as BigInt64Array)[i]!) : x[at + i]! - y[i]!;
      const error = Math.abs(off) / unit;
      squares += error * error;
      if (error > most) most = error;
      if (error > limit) above++;
    }
    at += y.length;
  });
  return { bytes, decoded: out ?? room, squares, most, above };
}

/** A target this close to what is allowed is not improved. */
const CLOSE = 0.985;
const TRIES = 10;
/** Of small arrays the factors are much of the stream: there several ways to share planes are tried. */
const SMALL = 2 ** 18;
/** Smaller ones are not worth it. */
const TINY = 2 ** 10;

/**
 * The smallest stream found whose sum of squared errors (in units) is at most `allowed`; undefined if none does, which
 * only happens where the type's own steps are larger than that.
 */
export function withinSquares(
  analysis: Analysis,
  type: TthreshType,
  original: Original,
  allowed: number,
  keep = false,
): Found | undefined {
  return search(analysis, type, original, allowed, ({ squares }) => squares / allowed, keep);
}

/** The same for the largest error. 0 asks for the values themselves. */
export function withinMaximum(
  analysis: Analysis,
  type: TthreshType,
  original: Original,
  allowed: number,
): Found | undefined {
  const { data, count } = original;
  if (allowed === 0) {
    let squares = 0;
    for (const value of data as Float64Array) squares += Number(value) ** 2;
    return search(analysis, type, original, squares * 2 ** -60 || 1, ({ most }) => (most === 0 ? 1 : Infinity), false);
  }
  // The largest of many errors is some four standard deviations.
  const start = count * (allowed / 4.5) ** 2;
  return search(analysis, type, original, start, ({ most }) => (most / allowed) ** 2, false);
}

/** @param excess what a stream has of its squared errors, as a part of what it may have. */
function search(
  analysis: Analysis,
  type: TthreshType,
  original: Original,
  start: number,
  excess: (found: Found) => number,
  keep: boolean,
): Found | undefined {
  const ways = analysis.count <= SMALL && analysis.count >= TINY ? [0, 1, -1] : [0];
  let best: Found | undefined;
  for (const finer of ways) {
    const attempt = (target: number) => {
      const out = keep ? new DTYPES[original.dtype].Array(original.data.length) : undefined;
      return measure(encodeTthresh(analysis, type, target, finer), original, Infinity, out);
    };
    const found = searchTarget(attempt, start, excess);
    if (!found) return best;
    best = smaller(best, found);
  }
  return best;
}

function smaller(a: Found | undefined, b: Found | undefined): Found | undefined {
  return a && b ? (b.bytes.length < a.bytes.length ? b : a) : (a ?? b);
}

function searchTarget(
  attempt: (target: number) => Found,
  start: number,
  excess: (found: Found) => number,
): Found | undefined {
  let best: Found | undefined;
  let [good, bad] = [0, Number.POSITIVE_INFINITY];
  let target = start;
  for (let tries = 0; tries < TRIES && target > 0; tries++) {
    const found = attempt(target);
    const part = excess(found);
    if (part <= 1) {
      best = smaller(best, found);
      good = Math.max(good, target);
      if (part >= CLOSE || tries >= 3) break;
    } else bad = Math.min(bad, target);
    const next = part === 0 ? target * 4 : (target / part) * (part > 1 ? 0.998 : 0.999);
    // Where steps of the type matter, errors do not follow the target: then halve, or go down fast.
    const between = good > 0 && bad < Number.POSITIVE_INFINITY;
    target = between && !(next > good && next < bad) ? (good + bad) / 2 : next;
    if (part > 1 && tries > 6) target = Math.min(target, bad / 16);
    if (part === Infinity) target = bad / 16;
  }
  return best;
}

/** Ratios of bound and mean error that are tried at first: few values to correct, or hardly any. */
const RATIO = 3;
const STEPS = { fast: [], balanced: [1.22], max: [1.22, 1.08] } as const;

/**
 * The stream that is smallest together with what it takes to store each value exactly that is off by more than
 * `limit`: a coarse stream with corrections, or a fine one without.
 */
export function smallestWithCorrections(
  analysis: Analysis,
  type: TthreshType,
  original: Original,
  limit: number,
  effort: keyof typeof STEPS,
): Found {
  // A value and the varint of its distance from the one before.
  const price = DTYPES[original.dtype].bytes + 1.7;
  const tried = new Map<number, Found & { readonly cost: number }>();
  const at = (ratio: number) => {
    const known = tried.get(ratio);
    if (known) return known;
    const bytes = encodeTthresh(analysis, type, original.count * (limit / ratio) ** 2);
    const out = new DTYPES[original.dtype].Array(original.data.length) as Arrays[DType];
    const found = measure(bytes, original, limit, out);
    const one = { ...found, cost: bytes.length + found.above * price };
    tried.set(ratio, one);
    return one;
  };
  let ratio = RATIO;
  for (const step of STEPS[effort]) {
    for (let moves = 0; moves < 6; moves++) {
      const better = [ratio * step, ratio / step].find((other) => at(other).cost < at(ratio).cost);
      if (better === undefined) break;
      ratio = better;
    }
  }
  return at(ratio);
}
