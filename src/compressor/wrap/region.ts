/** Option tensors (masks, backgrounds) given for the whole or for a frame, and what of them a chunk needs. */
import { TempressError } from "../../errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { emptyTensor, type Tensor } from "../../tensor/tensor.ts";
import { eachRow, strides } from "./layout.ts";

/**
 * The values of `given` at a chunk of `shape` at `origin`. Its axes are the last ones of the tensor; it is repeated
 * along those before, and along its own axes of extent 1.
 */
export function partOf(given: Tensor, origin: readonly number[], shape: readonly number[], option: string): Tensor {
  // A first axis of extent 1 is not among those of a chunk.
  const unit = given.shape.length - shape.length;
  const own = unit > 0 ? given.shape.slice(unit) : given.shape;
  const skipped = unit > 0 ? given.shape.slice(0, unit) : [];
  const lead = shape.length - own.length;
  const fits = own.every((extent, k) => extent === 1 || extent >= origin[lead + k]! + shape[lead + k]!);
  if (!fits || skipped.some((extent) => extent !== 1)) {
    throw new TempressError("invalid-argument", `${option} is ${formatShape(given.shape)}, too small for the tensor`, {
      where: option,
      hint: "give it the tensor's own shape, or that of one frame (its last axes)",
    });
  }
  const steps = strides(own);
  const out = emptyTensor(given.dtype, shape);
  const [from, into] = [given.data as Float64Array, out.data as Float64Array];
  const inner = shape.at(-1)!;
  const last = own.at(-1)! === 1 ? 0 : 1;
  eachRow(shape, (start, index) => {
    let at = last * origin[shape.length - 1]!;
    for (let k = 0; k < own.length - 1; k++) {
      if (own[k] !== 1) at += steps[k]! * (origin[lead + k]! + index[lead + k]!);
    }
    for (let i = 0; i < inner; i++) into[start + i] = from[at + i * last]!;
  });
  return out;
}
