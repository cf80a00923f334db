import type { Shape } from "../tensor/shape.ts";

/**
 * Derivative along one axis: half the difference of both neighbours, at the ends the difference to the one neighbour
 * (NumPy's gradient). Distance 1 between grid points; 0 where the axis has one point.
 */
export function derivative(values: Float64Array, shape: Shape, axis: number): Float64Array {
  const extent = shape[axis]!;
  const step = shape.slice(axis + 1).reduce((product, each) => product * each, 1);
  const out = new Float64Array(values.length);
  if (extent === 1) return out;
  for (let block = 0; block < values.length; block += extent * step) {
    for (let k = 0; k < extent; k++) {
      const at = block + k * step;
      const below = k > 0 ? at - step : at;
      const above = k < extent - 1 ? at + step : at;
      const scale = k > 0 && k < extent - 1 ? 0.5 : 1;
      for (let i = 0; i < step; i++) out[at + i] = (values[above + i]! - values[below + i]!) * scale;
    }
  }
  return out;
}

/** Length of the gradient over all axes; with one axis the derivative itself, with its sign. */
export function gradientLength(values: Float64Array, shape: Shape): Float64Array {
  if (shape.length === 1) return derivative(values, shape, 0);
  const squares = new Float64Array(values.length);
  for (let axis = 0; axis < shape.length; axis++) {
    const along = derivative(values, shape, axis);
    for (let i = 0; i < squares.length; i++) squares[i]! += along[i]! ** 2;
  }
  return squares.map(Math.sqrt);
}

/** Errors of the gradient's length against that of the original. Places where either is NaN do not count. */
export interface GradientErrors {
  readonly count: number;
  readonly most: number;
  /** Sum of squared errors, and of the squared original. */
  readonly squaredErrors: number;
  readonly squares: number;
}

export function gradientErrors(x: Float64Array, y: Float64Array, shape: Shape): GradientErrors {
  const [a, b] = [gradientLength(x, shape), gradientLength(y, shape)];
  let [count, most, squaredErrors, squares] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const error = Math.abs(a[i]! - b[i]!);
    if (Number.isNaN(error)) continue;
    count++;
    most = Math.max(most, error);
    squaredErrors += error * error;
    squares += a[i]! ** 2;
  }
  return { count, most, squaredErrors, squares };
}
