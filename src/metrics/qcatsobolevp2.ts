import { bool, int } from "../compressor/schema.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { derivative } from "./gradient.ts";
import type { Metric, MetricKind, MetricResults } from "./metric.ts";

const OPTIONS = {
  "qcatsobolevp2:order": int(0, "highest derivative that enters: 0, 1 or 2", { min: 0, max: 2, stored: false }),
  "qcatsobolevp2:run_uncompressed": bool(true, "take it of the original", { stored: false }),
  "qcatsobolevp2:run_decompressed": bool(true, "take it of the decompressed values", { stored: false }),
};

export const qcatsobolevp2: MetricKind<typeof OPTIONS> = {
  name: "qcatsobolevp2",
  summary: "Sobolev norm (p = 2) of both sides",
  options: OPTIONS,
  results: {
    "qcatsobolevp2:input":
      "square root of the mean over all places of the squares of x and its derivatives up to order",
    "qcatsobolevp2:decompressed": "the same of y",
    "qcatsobolevp2:diff": "input - decompressed",
  },
  keeps: "values",
  create({ options }): Metric {
    const order = options["qcatsobolevp2:order"];
    let found: MetricResults = {};
    return {
      compare(original, decoded) {
        found = {};
        const [before, after] = [options["qcatsobolevp2:run_uncompressed"], options["qcatsobolevp2:run_decompressed"]];
        const [x, y] = [before ? norm(original, order) : 0, after ? norm(decoded, order) : 0];
        if (before) found["qcatsobolevp2:input"] = x;
        if (after) found["qcatsobolevp2:decompressed"] = y;
        if (before && after) found["qcatsobolevp2:diff"] = x - y;
      },
      results: () => ({ ...found }),
    };
  },
};

/** Squares are taken in the data's own type, as LibPressio does. */
function norm({ shape, data, dtype }: Tensor, order: number): number {
  const own = dtype === "float32" ? Math.fround : Number;
  const values = Float64Array.from(data as Float64Array, Number);
  const axes = shape.map((_, axis) => axis);
  let sum = 0;
  const add = (part: Float64Array, left: number): void => {
    for (const each of part) sum += own(each * each);
    if (left > 0) for (const axis of axes) add(derivative(part, shape, axis), left - 1);
  };
  add(values, order);
  return Math.sqrt(sum / values.length);
}
