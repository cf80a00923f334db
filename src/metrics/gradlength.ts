import { bool } from "../compressor/schema.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { gradientLength } from "./gradient.ts";
import type { Metric, MetricKind, MetricResults } from "./metric.ts";

const OPTIONS = {
  "gradlength:run_input": bool(true, "take it of the original", { stored: false }),
  "gradlength:run_decompressed": bool(true, "take it of the decompressed values", { stored: false }),
};

/** On edges of boxes of three axes LibPressio 1.0.7 leaves places at 0 or takes other neighbours; elsewhere it agrees. */
export const gradlength: MetricKind<typeof OPTIONS> = {
  name: "gradlength",
  summary: "length of the gradient at every value",
  options: OPTIONS,
  results: {
    "gradlength:input": "length of the gradient of x, in the shape and the kind of float of the data",
    "gradlength:decompressed": "the same of y",
  },
  keeps: "values",
  create({ options }): Metric {
    let found: MetricResults = {};
    return {
      compare(original, decoded) {
        found = {};
        if (options["gradlength:run_input"]) found["gradlength:input"] = lengthOf(original);
        if (options["gradlength:run_decompressed"]) found["gradlength:decompressed"] = lengthOf(decoded);
      },
      results: () => ({ ...found }),
    };
  },
};

function lengthOf({ dtype, shape, data }: Tensor): Tensor {
  const length = gradientLength(Float64Array.from(data as Float64Array, Number), shape);
  if (dtype === "float32") return { dtype, shape, data: Float32Array.from(length) };
  return { dtype: "float64", shape, data: length };
}
