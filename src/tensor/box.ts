import type { Shape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** A part of a grid: indices origin[k] <= i < origin[k] + extent[k] along every axis k. */
export interface Box {
  readonly origin: readonly number[];
  readonly extent: readonly number[];
}

export function wholeBox(shape: Shape): Box {
  return { origin: shape.map(() => 0), extent: [...shape] };
}

export function boxVolume(box: Box): number {
  return box.extent.reduce((product, extent) => product * extent, 1);
}

/** What both have, or undefined where they are apart. */
export function intersect(a: Box, b: Box): Box | undefined {
  const origin = a.origin.map((start, k) => Math.max(start, b.origin[k]!));
  const extent = origin.map((start, k) => Math.min(a.origin[k]! + a.extent[k]!, b.origin[k]! + b.extent[k]!) - start);
  return extent.every((length) => length > 0) ? { origin, extent } : undefined;
}

export function sameBox(a: Box, b: Box): boolean {
  return a.origin.every((start, k) => start === b.origin[k] && a.extent[k] === b.extent[k]);
}

/**
 * Copies `region` from the tensor that fills `fromBox` to the tensor that fills `intoBox`; all three are boxes of
 * one grid and `region` lies in both others. The tensors' own shapes are not looked at.
 */
export function copyRegion(from: Tensor, fromBox: Box, into: Tensor, intoBox: Box, region: Box): void {
  const rank = region.extent.length;
  const fromStep = strides(fromBox.extent);
  const intoStep = strides(intoBox.extent);
  // Axes that are whole in both join into one run.
  let axis = rank - 1;
  let run = region.extent[axis] ?? 1;
  while (axis > 0 && region.extent[axis] === fromBox.extent[axis] && region.extent[axis] === intoBox.extent[axis]) {
    axis--;
    run *= region.extent[axis]!;
  }
  const copy = (k: number, source: number, target: number): void => {
    const source0 = source + (region.origin[k]! - fromBox.origin[k]!) * fromStep[k]!;
    const target0 = target + (region.origin[k]! - intoBox.origin[k]!) * intoStep[k]!;
    if (k === axis) {
      (into.data as Float64Array).set((from.data as Float64Array).subarray(source0, source0 + run), target0);
      return;
    }
    for (let i = 0; i < region.extent[k]!; i++) copy(k + 1, source0 + i * fromStep[k]!, target0 + i * intoStep[k]!);
  };
  copy(0, 0, 0);
}

function strides(extent: readonly number[]): number[] {
  const steps = extent.map(() => 1);
  for (let k = extent.length - 2; k >= 0; k--) steps[k] = steps[k + 1]! * extent[k + 1]!;
  return steps;
}
