import type { MetricValue } from "../metrics/metric.ts";
import { formatShape } from "../tensor/shape.ts";
import { formatNumber } from "./units.ts";

/** What a metric found, for people: of an array the shape and the first values. */
export function metricText(value: MetricValue): string {
  if (typeof value === "number") return formatNumber(value);
  if (typeof value === "string") return value;
  if (!("dtype" in value)) return value.join(", ");
  const first = Array.from(value.data.subarray(0, 4) as Float64Array, (each) => formatNumber(Number(each)));
  return `${first.join(" ")}${value.data.length > 4 ? " ..." : ""} (${formatShape(value.shape)})`;
}
