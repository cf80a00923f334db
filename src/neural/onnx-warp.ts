/**
 * Cubic interpolation at displaced places in ordinary ONNX operators, forward and backward: GridSample has no gradient
 * there. Only displacements get a gradient, for only past frames are warped, and these are data.
 */
import type { OnnxBuilder, Ref } from "./onnx-builder.ts";

/** Coefficients of t, t^2, t^3 of the weights of the pixels at -1, 0, 1, 2 (Keys, a = -1/2), and what is constant. */
const CUBIC = [
  [-0.5, 1, -0.5],
  [0, -2.5, 1.5],
  [0.5, 2, -1.5],
  [0, -0.5, 0.5],
];
const CONSTANT = [0, 1, 0, 0];

export interface Warped {
  readonly value: Ref;
  /** From the gradient of `value` to that of the displacement. */
  back(gradient: Ref): Ref;
}

/** @param x [batch, channels, height, width]; @param displacement [batch, 2, height, width]: down, right */
export function warped(b: OnnxBuilder, x: Ref, displacement: Ref): Warped {
  const [batch = 1, channels = 1, height = 1, width = 1] = x.shape;
  const plane = [batch, 1, height, width];
  const axis = (which: 0 | 1) => {
    const extent = which === 0 ? height : width;
    const places = b.constant(
      Array.from({ length: extent }, (_, i) => i),
      which === 0 ? [1, 1, height, 1] : [1, 1, 1, width],
    );
    const place = b.add(places, b.slice(displacement, [1], [which], [1]));
    const whole = b.map("Floor", place);
    const t = b.sub(place, whole);
    const square = b.mul(t, t);
    const near = b.clip(b.add(whole, b.constant([-1, 0, 1, 2], [1, 4, 1, 1])), 0, extent - 1);
    const weights = b.conv(
      b.concat([t, square, b.mul(square, t)], 1),
      b.constant(CUBIC.flat(), [4, 3, 1, 1]),
      1,
      b.constant(CONSTANT),
    );
    const slopes = () =>
      b.conv(
        b.concat([t, square], 1),
        b.constant(
          CUBIC.flatMap(([, two = 0, three = 0]) => [2 * two, 3 * three]),
          [4, 2, 1, 1],
        ),
        1,
        b.constant(CUBIC.map(([one = 0]) => one)),
      );
    return { near, weights, slopes };
  };
  const [down, right] = [axis(0), axis(1)];

  const rows = b.mul(b.reshape(down.near, [batch, 4, 1, height, width]), b.scalar(width));
  const index = b.add(rows, b.reshape(right.near, [batch, 1, 4, height, width]));
  const count = 16 * height * width;
  const flat = b.reshape(b.op("Cast", [index], index.shape, { to: 7 }), [batch, 1, count]);
  const all = channels === 1 ? flat : b.expand(flat, [batch, channels, count]);
  const gathered = b.op("GatherElements", [b.reshape(x, [batch, channels, height * width]), all], all.shape, {
    axis: 2,
  });
  /** [batch, channels, 4 down, 4 right, height, width] */
  const near = b.reshape(gathered, [batch, channels, 4, 4, height, width]);
  const along = (weights: Ref) => b.sum(b.mul(near, b.reshape(weights, [batch, 1, 1, 4, height, width])), [3]);
  const across = (values: Ref, weights: Ref) =>
    b.sum(b.mul(values, b.reshape(weights, [batch, 1, 4, height, width])), [2]);
  const lines = along(right.weights);
  return {
    value: across(lines, down.weights),
    back(gradient) {
      const parts = [across(lines, down.slopes()), across(along(right.slopes()), down.weights)];
      const sums = parts.map((slope) => b.mul(slope, gradient));
      return b.concat(
        sums.map((sum) => (channels === 1 ? b.reshape(sum, plane) : b.sum(sum, [1], true))),
        1,
      );
    },
  };
}
