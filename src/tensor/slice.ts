/** Parts of a tensor: some indices of each axis, every `step`-th of a range. */
import { TempressError } from "../errors.ts";
import { formatShape, type Shape } from "./shape.ts";
import { emptyTensor, type Tensor } from "./tensor.ts";

/** Indices first, first + step, ... below end; at least one. */
export interface Slice {
  readonly first: number;
  readonly end: number;
  readonly step: number;
}

export const sliceLength = ({ first, end, step }: Slice): number => Math.ceil((end - first) / step);

export const sliceShape = (slices: readonly Slice[]): number[] => slices.map(sliceLength);

/**
 * "10:20,:,::4,7" as slices of the axes, slowest first; axes that are not named stay whole.
 * @throws TempressError "invalid-argument" for what is no slice, or outside the shape.
 */
export function parseSlices(text: string, shape: Shape): Slice[] {
  const parts = text.split(",");
  const refuse = (why: string) =>
    new TempressError("invalid-argument", `"${text}" is no slice of ${formatShape(shape)}: ${why}`, {
      where: "--slice",
      hint: "write FIRST:END:STEP for each axis, slowest first, such as 10:20,:,::4",
    });
  if (parts.length > shape.length) throw refuse(`it has ${parts.length} axes`);
  return shape.map((extent, axis) => {
    const part = parts[axis] ?? ":";
    const found = /^(\d*)(?:(:)(\d*)(?::(\d+))?)?$/.exec(part.trim());
    if (!found || part.trim() === "") throw refuse(`"${part}" is not FIRST:END:STEP`);
    const [, from, colon, to, by] = found;
    const first = from ? Number(from) : 0;
    const end = colon ? (to ? Number(to) : extent) : first + 1;
    const step = by ? Number(by) : 1;
    if (step < 1) throw refuse("a step is at least 1");
    if (!(first < end && end <= extent)) throw refuse(`axis ${axis} has indices 0:${extent}`);
    return { first, end, step };
  });
}

/** The slice's indices within [origin, origin + extent), counted from there; undefined where there are none. */
export function sliceWithin({ first, end, step }: Slice, origin: number, extent: number): Slice | undefined {
  const start = first + Math.max(0, Math.ceil((origin - first) / step)) * step;
  const stop = Math.min(end, origin + extent);
  return start < stop ? { first: start - origin, end: stop - origin, step } : undefined;
}

export function takeSlices(t: Tensor, slices: readonly Slice[]): Tensor {
  const shape = sliceShape(slices);
  const whole = slices.every(({ first, step }, axis) => first === 0 && step === 1 && shape[axis] === t.shape[axis]);
  if (whole) return t;
  const out = emptyTensor(t.dtype, shape);
  const [from, to] = [t.data as Float64Array, out.data as Float64Array];
  let at = 0;
  const visit = (axis: number, base: number): void => {
    const { first, step } = slices[axis]!;
    const count = shape[axis]!;
    for (let i = 0; i < count; i++) {
      const index = base * t.shape[axis]! + first + i * step;
      if (axis === shape.length - 1) to[at++] = from[index]!;
      else visit(axis + 1, index);
    }
  };
  visit(0, 0);
  return out;
}
