import { numbers } from "../compressor/schema.ts";
import { TempressError } from "../errors.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import type { Metric, MetricKind } from "./metric.ts";

const OPTIONS = {
  "region_of_interest:start": numbers([], "first index on each axis, slowest first; empty: 0 on all"),
  "region_of_interest:end": numbers([], "one past the last index on each axis; empty: the extents"),
};

/** Averages are sum / how many values: LibPressio 1.0.7 divides by another number where there is more than one axis. */
export const regionOfInterest: MetricKind<typeof OPTIONS> = {
  name: "region_of_interest",
  summary: "sum and average of a region, before and after",
  options: OPTIONS,
  results: {
    "region_of_interest:input_sum": "sum of x in the region",
    "region_of_interest:input_average": "mean of x in the region",
    "region_of_interest:decomp_sum": "sum of y in the region",
    "region_of_interest:decomp_average": "mean of y in the region",
  },
  keeps: "sums",
  create({ options }): Metric {
    let region:
      | { readonly shape: Shape; readonly start: readonly number[]; readonly end: readonly number[] }
      | undefined;
    let [x, y, n, at] = [0, 0, 0, 0];
    const begin = (shape: Shape): void => {
      const start = listed(
        options["region_of_interest:start"],
        shape.map(() => 0),
        shape,
        "start",
      );
      const end = listed(options["region_of_interest:end"], shape, shape, "end");
      region = { shape, start, end };
    };
    return {
      beforeCompare: ({ shape }) => begin(shape),
      compare(original, decoded) {
        if (!region) begin(original.shape);
        const { shape, start, end } = region!;
        // Rows along the last axis are in the region in part or not at all.
        const row = shape.at(-1)!;
        const [first, last] = [start.at(-1)!, end.at(-1)!];
        const { length } = original.data;
        for (let i = 0; i < length; ) {
          const column = at % row;
          const stop = Math.min(length, i + row - column);
          if (contains(shape, start, end, Math.floor(at / row))) {
            for (let k = i + Math.max(0, first - column); k < Math.min(stop, i + last - column); k++) {
              x += Number(original.data[k]);
              y += Number(decoded.data[k]);
              n++;
            }
          }
          at += stop - i;
          i = stop;
        }
      },
      results: (): Record<string, number> =>
        region
          ? {
              "region_of_interest:input_sum": x,
              "region_of_interest:input_average": x / n,
              "region_of_interest:decomp_sum": y,
              "region_of_interest:decomp_average": y / n,
            }
          : {},
    };
  },
};

function listed(given: readonly number[], otherwise: readonly number[], shape: Shape, name: string): readonly number[] {
  if (given.length === 0) return otherwise;
  const fits = given.length === shape.length && given.every((v, a) => Number.isInteger(v) && v >= 0 && v <= shape[a]!);
  if (fits) return given;
  throw new TempressError("invalid-argument", `${name} ${given.join(",")} is not in ${formatShape(shape)}`, {
    where: `region_of_interest:${name}`,
    hint: "give one whole number for each axis, slowest axis first",
  });
}

/** Whether a row, counted over all axes but the last, is in the region. */
function contains(shape: Shape, start: readonly number[], end: readonly number[], row: number): boolean {
  let left = row;
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    const index = left % shape[axis]!;
    left = Math.floor(left / shape[axis]!);
    if (index < start[axis]! || index >= end[axis]!) return false;
  }
  return true;
}
