import { TempressError } from "../errors.ts";
import { DTYPES } from "../tensor/dtype.ts";
import { elementCount, formatShape } from "../tensor/shape.ts";
import { emptyTensor, type Tensor } from "../tensor/tensor.ts";
import { composite } from "./composite.ts";
import type { Described, Metric } from "./metric.ts";

/** Original and decompressed values together may take this much. */
const MOST_BYTES = 4 * 2 ** 30;

/**
 * One copy of all values for all metrics that keep values: each is shown the whole once, as one pair of tensors in
 * their own shape, when results are asked for after the last slab. Before that they have no results.
 * @throws TempressError "unsupported" when the values take too much memory
 */
export function gather(metrics: readonly Metric[], names: readonly string[]): Metric {
  let x: Tensor | undefined;
  let y: Tensor | undefined;
  let at = 0;
  let shown = false;
  const begin = ({ dtype, shape }: Described): void => {
    const bytes = 2 * elementCount(shape) * DTYPES[dtype].bytes;
    if (bytes > MOST_BYTES) {
      throw new TempressError("unsupported", `${names.join(", ")} would keep ${bytes} bytes of values in memory`, {
        where: `${formatShape(shape)} ${dtype}`,
        hint: "measure fewer frames, or leave out metrics that keep values: docs/metrics.md says which",
      });
    }
    x = emptyTensor(dtype, shape);
    y = emptyTensor(dtype, shape);
    at = 0;
    shown = false;
  };
  return {
    ...composite(metrics),
    beforeCompare: begin,
    compare(original, decoded) {
      if (!x || !y) begin(original);
      (x!.data as Float64Array).set(original.data as Float64Array, at);
      (y!.data as Float64Array).set(decoded.data as Float64Array, at);
      at += original.data.length;
    },
    results() {
      if (x && y && at === x.data.length && at > 0 && !shown) {
        shown = true;
        for (const metric of metrics) metric.beforeCompare?.(x);
        for (const metric of metrics) metric.compare?.(x, y);
        x = { ...x, data: x.data.subarray(0, 0) };
        y = x;
      }
      return Object.assign({}, ...metrics.map((metric) => metric.results()));
    },
  };
}
