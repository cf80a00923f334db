/** Moves values to other places: permuted axes, and boxes of a larger tensor. */
import { emptyTensor, type Tensor } from "../../tensor/tensor.ts";

/** Output axis k is input axis `order[k]`. */
export function permute<T extends Tensor>(t: T, order: readonly number[]): Tensor {
  const shape = order.map((axis) => t.shape[axis]!);
  const steps = strides(t.shape);
  const out = emptyTensor(t.dtype, shape);
  const [from, into] = [t.data as Float64Array, out.data as Float64Array];
  const inner = shape.at(-1)!;
  const innerStep = steps[order.at(-1)!]!;
  const at = shape.map(() => 0);
  let source = 0;
  for (let i = 0; i < into.length; i += inner) {
    for (let k = 0, j = source; k < inner; k++, j += innerStep) into[i + k] = from[j]!;
    for (let axis = shape.length - 2; axis >= 0; axis--) {
      const step = steps[order[axis]!]!;
      source += step;
      if (++at[axis]! < shape[axis]!) break;
      source -= step * shape[axis]!;
      at[axis] = 0;
    }
  }
  return out;
}

export function inverse(order: readonly number[]): number[] {
  const back: number[] = [];
  order.forEach((axis, k) => {
    back[axis] = k;
  });
  return back;
}

/** Values between neighbours along each axis, in C order. */
export function strides(shape: readonly number[]): number[] {
  const steps = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) steps[axis] = steps[axis + 1]! * shape[axis + 1]!;
  return steps;
}

/** Visits the first position of each run along the last axis, with its index along the other axes. */
export function eachRow(shape: readonly number[], visit: (start: number, index: readonly number[]) => void): void {
  const inner = shape.at(-1)!;
  const outer = shape.slice(0, -1);
  const count = outer.reduce((product, extent) => product * extent, 1);
  const at = outer.map(() => 0);
  for (let row = 0; row < count; row++) {
    visit(row * inner, at);
    for (let axis = outer.length - 1; axis >= 0; axis--) {
      if (++at[axis]! < outer[axis]!) break;
      at[axis] = 0;
    }
  }
}
