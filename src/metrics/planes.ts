import type { Shape } from "../tensor/shape.ts";
import { type Counted, countedPairs } from "./counted.ts";
import type { Metric } from "./metric.ts";

/** One plane of both sides: NaN on both where the original does not count. */
export interface Plane {
  readonly number: number;
  readonly shape: readonly [number, number];
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Whether every value counts. */
  readonly whole: boolean;
}

/** The last two axes; data with one axis are one row. */
export function planeShape(shape: Shape): readonly [number, number] {
  return shape.length === 1 ? [1, shape[0]!] : [shape.at(-2)!, shape.at(-1)!];
}

/** Hooks that put slabs together to planes. The arrays of a plane are used again for the next one. */
export function eachPlane(
  fill: number | undefined,
  visit: (plane: Plane) => void,
): Required<Pick<Metric, "beforeCompare" | "compare">> {
  let shape: readonly [number, number] | undefined;
  let [x, y] = [new Float64Array(0), new Float64Array(0)];
  const pass = countedPairs(fill);
  let [number, end, counted] = [0, 0, 0];
  const begin = (all: Shape): void => {
    shape = planeShape(all);
    x = new Float64Array(shape[0] * shape[1]).fill(Number.NaN);
    y = new Float64Array(x.length).fill(Number.NaN);
  };
  const close = (): void => {
    visit({ number, shape: shape!, x, y, whole: counted === x.length });
    x.fill(Number.NaN);
    y.fill(Number.NaN);
    counted = 0;
    number++;
  };
  const take = (block: Counted): void => {
    for (let i = 0; i < block.count; i++) {
      let at = block.at[i]! - number * x.length;
      while (at >= x.length) {
        close();
        at -= x.length;
      }
      x[at] = block.x[i]!;
      y[at] = block.y[i]!;
      counted++;
    }
  };
  return {
    beforeCompare: (whole) => begin(whole.shape),
    compare(original, decoded) {
      if (!shape) begin(original.shape);
      pass(original, decoded, take);
      end += original.data.length;
      while (x.length > 0 && (number + 1) * x.length <= end) close();
    },
  };
}
