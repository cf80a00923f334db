import { gradientErrors } from "./gradient.ts";
import type { Metric, MetricKind } from "./metric.ts";
import { eachPlane } from "./planes.ts";

/** In the last two axes, plane by plane. Places next to values that do not count are left out. */
export const gradientError: MetricKind = {
  name: "gradient_error",
  summary: "error of the gradient's length: noise and blocks that small errors hide",
  options: {},
  results: {
    "gradient_error:rmse": "root of the mean squared difference of both gradients' lengths, data units a grid step",
    "gradient_error:max_error": "largest difference of both gradients' lengths",
    "gradient_error:relative": "rmse / root of the mean squared length of the gradient of x",
  },
  keeps: "sums",
  create({ fill }): Metric {
    let [count, most, errors, squares] = [0, 0, 0, 0];
    const watch = eachPlane(fill, ({ shape, x, y }) => {
      const part = gradientErrors(x, y, shape);
      count += part.count;
      most = Math.max(most, part.most);
      errors += part.squaredErrors;
      squares += part.squares;
    });
    return {
      ...watch,
      results: (): Record<string, number> =>
        count === 0
          ? {}
          : {
              "gradient_error:rmse": Math.sqrt(errors / count),
              "gradient_error:max_error": most,
              "gradient_error:relative": errors === 0 ? 0 : Math.sqrt(errors / squares),
            },
    };
  },
};
