/** Values of other programs' order as ours: C order, last axis fastest. */
import type { Shape } from "../tensor/shape.ts";

/** Fortran order (first axis fastest) to C order (last axis fastest), in new memory. */
export function fromFortran(stored: Uint8Array, shape: Shape, width: number): Uint8Array {
  const out = new Uint8Array(stored.length);
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((a, b) => a * b, 1));
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < out.length; to += width) {
    for (let i = 0; i < width; i++) out[to + i] = stored[from * width + i]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

/** C order to Fortran order, in new memory. */
export function toFortran(values: Uint8Array, shape: Shape, width: number): Uint8Array {
  // Fortran order of a shape is C order of the reversed one: the same walk with the axes turned round.
  return fromFortran(values, [...shape].reverse(), width);
}
