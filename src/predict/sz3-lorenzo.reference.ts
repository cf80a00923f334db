/** Twin of kernels/predict/sz3-lorenzo.ts and sz3-regression.ts: neighbours are looked up, outside the array is 0. */
import { arithmeticOf, PlainQuantizer, type Value } from "../quantize/linear.reference.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import {
  COEFFICIENT_RADIUS,
  coefficientBounds,
  LORENZO,
  LORENZO_SECOND,
  type LorenzoSettings,
  REGRESSION,
} from "./sz3-lorenzo.ts";

interface Term {
  readonly by: number;
  /** Back from the point, for each axis. */
  readonly back: readonly number[];
}

/** All tuples of 0 ... most, the last running fastest, without the first. */
function tuples(length: number, most: number): number[][] {
  let all: number[][] = [[]];
  for (let i = 0; i < length; i++) {
    all = all.flatMap((start) => Array.from({ length: most + 1 }, (_, last) => [...start, last]));
  }
  return all.slice(1);
}

/** From the order in which SZ3 runs to the order of the axes. */
function toAxes(tuple: readonly number[]): number[] {
  if (tuple.length < 3) return [...tuple];
  const [k, j, i] = tuple.slice(-3) as [number, number, number];
  return tuple.length === 3 ? [j, k, i] : [j, k, tuple[0]!, i];
}

function firstTerms(rank: number): Term[] {
  const all = tuples(rank, 1).map((tuple) => ({
    by: tuple.filter((one) => one === 1).length % 2 === 1 ? 1 : -1,
    back: toAxes(tuple),
  }));
  if (rank === 1 || rank === 4) return all;
  // Neighbours of the sides come before those of edges and corners.
  const size = ({ back }: Term) => back.reduce((sum, one) => sum + one, 0);
  if (rank === 2) return [...all].sort((a, b) => size(a) - size(b));
  const want = ["001", "100", "010", "101", "011", "110", "111"];
  return want.map((name) => all.find(({ back }) => back.join("") === name)!);
}

function secondTerms(rank: number): Term[] {
  if (rank === 4) return [];
  const weights = [1, -2, 1];
  return tuples(rank, 2).map((tuple) => ({
    by: -tuple.reduce((product, i) => product * weights[i]!, 1),
    back: toAxes(tuple),
  }));
}

const NOISE = [0.5, 0.81, 1.22, 1.79];
const SECOND_NOISE = [1.08, 2.76, 6.8, 0];

/** The lists that a scan writes or reads. */
export interface PlainLists {
  readonly selections: number[];
  readonly linear: PlainQuantizer;
  readonly constant: PlainQuantizer;
}

export function plainLists(dtype: DType): PlainLists {
  const indices: number[] = [];
  // Both quantisers put their indices into one list.
  const make = () => {
    const made = new PlainQuantizer(dtype, COEFFICIENT_RADIUS);
    return Object.assign(made, { indices });
  };
  return { selections: [], linear: make(), constant: make() };
}

/** Encodes `values` in place. */
export function scanPlainly(
  values: Value[],
  dtype: DType,
  dims: Shape,
  { active, blockSize }: LorenzoSettings,
  bound: number,
  quantizer: PlainQuantizer,
  lists: PlainLists,
): void {
  const arithmetic = arithmeticOf(dtype);
  const { add, multiply, narrow, cut, moment } = arithmetic;
  const zero = cut(0);
  const rank = dims.length;
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((product, extent) => product * extent, 1));
  const offset = (place: readonly number[]) => place.reduce((sum, i, axis) => sum + i * strides[axis]!, 0);
  const terms = [firstTerms(rank), secondTerms(rank)];
  const lorenzo = (place: readonly number[], order: number): Value => {
    const parts = terms[order]!.map(({ by, back }) => {
      const from = place.map((i, axis) => i - back[axis]!);
      const value = from.some((i) => i < 0) ? zero : values[offset(from)]!;
      return by === 1 ? value : multiply(by, value);
    });
    return parts.length === 0 ? zero : narrow(parts.reduce((sum, part) => add(sum, part)));
  };
  const plane = (inside: readonly number[], c: readonly Value[]): Value => {
    const parts = inside.map((i, axis) => multiply(i, c[axis]!));
    return narrow(
      add(
        parts.reduce((sum, part) => add(sum, part)),
        c[rank]!,
      ),
    );
  };
  const boundsOf = coefficientBounds(bound, rank, blockSize);
  lists.linear.bound = boundsOf.linear;
  lists.constant.bound = boundsOf.constant;
  quantizer.bound = bound;
  let last: Value[] = Array<Value>(rank + 1).fill(zero);

  for (const block of grid(dims.map((extent) => Math.ceil(extent / blockSize)))) {
    const origin = block.map((i) => i * blockSize);
    const sides = dims.map((extent, axis) => Math.min(blockSize, extent - origin[axis]!));
    const inside = grid(sides);
    const absolute = (place: readonly number[]) => place.map((i, axis) => origin[axis]! + i);
    const possible = sides.every((side) => side > 1);
    const fitted = possible
      ? fit(
          inside.map((place) => [place, values[offset(absolute(place))]!]),
          sides,
        )
      : [];

    const predict = (predictor: number, place: readonly number[], c: readonly Value[]): Value =>
      predictor === REGRESSION ? plane(place, c) : lorenzo(absolute(place), predictor === LORENZO ? 0 : 1);
    const estimate = (predictor: number): number => {
      const noise = cut((predictor === LORENZO_SECOND ? SECOND_NOISE : NOISE)[rank - 1]! * bound);
      let total = 0;
      for (const place of samples(sides)) {
        const x = values[offset(absolute(place))]!;
        const off = Math.abs(Number(narrow(add(x, multiply(-1, predict(predictor, place, fitted))))));
        total += Number(cut(predictor === REGRESSION ? off : off + Number(noise)));
      }
      return total;
    };
    let k = 0;
    if (active.length > 1) {
      let least = Number.MAX_VALUE;
      active.forEach((predictor, number) => {
        if (predictor === REGRESSION && !possible) return;
        const error = estimate(predictor);
        if (error < least) [least, k] = [error, number];
      });
      lists.selections.push(k);
    }
    const chosen = active[k]! === REGRESSION && !possible ? LORENZO : active[k]!;
    if (chosen === REGRESSION) {
      last = fitted.map((c, axis) => (axis < rank ? lists.linear : lists.constant).code(c, last[axis]!));
    }
    for (const place of inside) {
      const at = offset(absolute(place));
      values[at] = quantizer.code(values[at]!, predict(chosen, place, last));
    }
  }

  function fit(points: readonly (readonly [readonly number[], Value])[], sides: readonly number[]): Value[] {
    let sum = 0;
    const sums = sides.map(() => 0);
    for (const [place, x] of points) {
      sum += Number(x);
      place.forEach((i, axis) => {
        sums[axis]! += moment(i, x);
      });
    }
    const count = points.length;
    let constant = cut(sum / count);
    const slopes = sides.map((n, axis) => {
      const slope = cut((((2 * sums[axis]!) / (n - 1) - sum) * 6) / count / (n + 1));
      constant = cut(Number(constant) - ((n - 1) * Number(slope)) / 2);
      return slope;
    });
    return [...slopes, constant];
  }
}

/** All places in C order. */
function grid(extents: readonly number[]): number[][] {
  let all: number[][] = [[]];
  for (const extent of extents) {
    all = all.flatMap((start) => Array.from({ length: extent }, (_, i) => [...start, i]));
  }
  return all;
}

/** Where predictors are compared: the ends of a line, the diagonals of other blocks. */
function samples(sides: readonly number[]): number[][] {
  const least = Math.min(...sides);
  if (sides.length === 1) return [[0], [least - 1]];
  return Array.from({ length: least }, (_, i) => i).flatMap((i) => {
    const other = least - 1 - i;
    return grid(sides.slice(1).map(() => 2)).map((sides) => [i, ...sides.map((side) => (side === 0 ? i : other))]);
  });
}
