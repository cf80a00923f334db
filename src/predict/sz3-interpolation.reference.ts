/** Twin of kernels/predict/sz3-interpolation.ts: point by point, on arrays of any rank. */
import { arithmeticOf, type PlainQuantizer, type Value } from "../quantize/linear.reference.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import { axesOf, effectiveStride, type InterpolationSettings, levelBound, levelCount } from "./sz3-interpolation.ts";

/** first, first + step, ... up to last. */
function steps(first: number, last: number, step: number): number[] {
  const all: number[] = [];
  for (let i = first; i <= last; i += step) all.push(i);
  return all;
}

/** All places with a coordinate of each list, in C order. */
function places(lists: readonly (readonly number[])[]): number[][] {
  let all: number[][] = [[]];
  for (const list of lists) all = all.flatMap((start) => list.map((i) => [...start, i]));
  return all;
}

type Kind = "previous" | "linear" | "cubic" | "first" | "middle" | "last" | "extrapolate" | "near";
interface KnotSet {
  readonly knots: readonly number[];
  readonly kind: Kind;
}

function knotSets(n: number, cubic: boolean, rank: number): KnotSet[] {
  const even = n % 2 === 0;
  const one = (knot: number, kind: Kind): KnotSet => ({ knots: [knot], kind });
  const plain: KnotSet = { knots: steps(1, n - 2, 2), kind: "linear" };
  if (rank <= 2) {
    if (!cubic || n < 5) return [plain, ...(even ? [one(n - 1, n === 2 ? "previous" : "extrapolate")] : [])];
    const sets: KnotSet[] = [{ knots: steps(3, n - 4, 2), kind: "cubic" }, one(1, "first")];
    sets.push(one(even ? n - 3 : n - 2, "middle"));
    return even ? [...sets, one(n - 1, "last")] : sets;
  }
  if (!cubic) return [plain, ...(even ? [one(n - 1, n === 2 ? "previous" : "near")] : [])];
  const edges = [1];
  if (!even && n > 3) edges.push(n - 2);
  if (even && n > 4) edges.push(n - 3);
  if (even && n > 2) edges.push(n - 1);
  const kindOf = (i: number): Kind => {
    if (i < 3) return i + 3 < n ? "first" : i + 1 < n ? "linear" : "previous";
    return i + 1 < n ? "middle" : "extrapolate";
  };
  return [{ knots: steps(3, n - 4, 2), kind: "cubic" }, ...edges.map((i) => one(i, kindOf(i)))];
}

/** Codes or decodes `values` in place. */
export function interpolatePlainly(
  values: Value[],
  dtype: DType,
  dims: Shape,
  settings: InterpolationSettings,
  quantizer: PlainQuantizer,
  bound: number,
): void {
  const { add, multiply, divide, narrow, cut } = arithmeticOf(dtype);
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((product, extent) => product * extent, 1));
  const offset = (place: readonly number[]) => place.reduce((sum, i, axis) => sum + i * strides[axis]!, 0);

  /** `d`: elements from knot to knot. */
  const predict = (kind: Kind, at: number, d: number): Value => {
    const v = (knots: number): Value => values[at + knots * d]!;
    const sum = (...terms: [number, number][]) =>
      terms
        .map(([by, knots]) => (by === 1 ? v(knots) : multiply(by, v(knots))))
        .reduce((total, term) => add(total, term));
    const beyond = (a: Value, b: Value) => cut(-0.5 * Number(a) + 1.5 * Number(b));
    switch (kind) {
      case "previous":
        return v(-1);
      case "linear":
        return narrow(divide(sum([1, -1], [1, 1]), 2));
      case "cubic":
        return narrow(divide(sum([-1, -3], [9, -1], [9, 1], [-1, 3]), 16));
      case "first":
        return narrow(divide(sum([3, -1], [6, 1], [-1, 3]), 8));
      case "middle":
        return narrow(divide(sum([-1, -3], [6, -1], [3, 1]), 8));
      case "last":
        return narrow(divide(sum([3, -5], [-10, -3], [15, -1]), 8));
      case "extrapolate":
        return beyond(v(-3), v(-1));
      default:
        return beyond(v(-2), v(-1));
    }
  };

  const code = (lists: readonly (readonly number[])[], kind: Kind, d: number): void => {
    for (const place of places(lists)) {
      const at = offset(place);
      values[at] = quantizer.code(values[at]!, predict(kind, at, d));
    }
  };

  const stride = effectiveStride(dims, settings.anchorStride);
  quantizer.bound = bound;
  if (stride === 0) values[0] = quantizer.code(values[0]!, cut(0));
  else {
    for (const place of places(dims.map((extent) => steps(0, extent - 1, stride)))) {
      const at = offset(place);
      values[at] = quantizer.verbatim(values[at]!);
    }
  }
  const order = axesOf(settings.direction, dims.length);
  for (let level = levelCount(dims, stride); level > 0; level--) {
    quantizer.bound = levelBound(bound, level, settings);
    const s = 2 ** (level - 1);
    for (const begin of places(dims.map((extent) => steps(0, extent - 1, 32 * s)))) {
      const end = begin.map((first, axis) => Math.min(first + 32 * s, dims[axis]! - 1));
      order.forEach((u, k) => {
        const n = Math.floor((end[u]! - begin[u]!) / s) + 1;
        if (n <= 1) return;
        const lists = dims.map((_, v) => {
          const step = order.indexOf(v) < k ? s : 2 * s;
          return steps(begin[v]! > 0 ? begin[v]! + step : 0, end[v]!, step);
        });
        const along = (knots: readonly number[], others: readonly (readonly number[])[]) =>
          others.map((list, v) => (v === u ? knots.map((i) => begin[u]! + i * s) : list));
        const sets = knotSets(n, settings.cubic, dims.length);
        // Up to two axes go line by line, more axes set by set.
        const others = lists.map((list, v) => (v === u ? [0] : list));
        const lines = dims.length <= 2 ? places(others).map((place) => place.map((i) => [i])) : [others];
        for (const line of lines) {
          for (const { knots, kind } of sets) code(along(knots, line), kind, s * strides[u]!);
        }
      });
    }
  }
}
