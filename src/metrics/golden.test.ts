/** Metrics against LibPressio's values. Part of the golden files is in the project; the rest beside it. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { needsShared, sharedFile } from "../../test/optional.ts";
import type { DType } from "../tensor/dtype.ts";
import { type Tensor, tensorFromBytes } from "../tensor/tensor.ts";
import { evaluateMetrics, type MetricValue, metrics } from "./index.ts";

interface GoldenCase {
  readonly input: string;
  readonly restored: string;
  readonly dtype: DType;
  readonly shape: number[];
  readonly abs: number;
  readonly results: Record<string, Golden>;
}
type Golden = number | null | { readonly value: number | null | { readonly values: number[] } };

/**
 * Where LibPressio's values are not what the name says. Each is described in docs/metrics.md, and has a test of its
 * own elsewhere.
 */
const DEPARTS = new Set([
  "data_gap:max_gap",
  "data_gap:min_gap",
  "data_gap:mean_gap",
  "region_of_interest:input_average",
  "region_of_interest:decomp_average",
  "kl_divergence:p_q",
  "kl_divergence:q_p",
]);
const UNTAKEN = ["time", "memory", "composite", "input_stat", "printer"];

const numbersOf = (value: MetricValue | undefined) =>
  typeof value === "object" && "data" in value ? Array.from(value.data as Float64Array, Number) : [Number(value)];

function expected(value: Golden): number[] {
  const inner = typeof value === "object" && value !== null ? value.value : value;
  return typeof inner === "object" && inner !== null ? inner.values : [Number(inner ?? Number.NaN)];
}

async function check(one: GoldenCase, folder: URL): Promise<void> {
  const { dtype, shape, results } = one;
  const read = (name: string): Tensor =>
    tensorFromBytes(dtype, shape, new Uint8Array(readFileSync(new URL(name, folder))));
  const keys = Object.keys(results).filter((key) => !DEPARTS.has(key) && !UNTAKEN.includes(key.split(":")[0]!));
  const names = [...new Set(keys.map((key) => key.split(":")[0]!))];
  const size = expected(results["size:compressed_size"]!)[0]!;
  const options = { "clipping:abs": one.abs };
  const got = await evaluateMetrics(names, read(one.input), size, read(one.restored), { options });
  for (const key of keys) {
    const [have, want] = [numbersOf(got[key]), expected(results[key]!)];
    expect(have.length, key).toBe(want.length);
    // Edges of boxes: see gradlength.ts.
    const some = key.startsWith("gradlength:") && shape.length === 3 ? inner(shape) : have.map((_, i) => i);
    // Entries of an array are held against its largest.
    const scale = Math.max(...some.map((i) => Math.abs(want[i]!)));
    const off = some.filter((i) => !(Math.abs(have[i]! - want[i]!) <= 1e-6 * scale));
    expect(off.map((i) => `${key} ${i}: ${have[i]} for ${want[i]}`)).toEqual([]);
  }
}

/** Places of a volume that are not on its surface. */
function inner(shape: readonly number[]): number[] {
  const [, height, width] = shape as [number, number, number];
  const count = shape.reduce((product, extent) => product * extent, 1);
  return Array.from({ length: count }, (_, i) => i).filter((i) => {
    const index = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
    return index.every((at, axis) => at > 0 && at < shape[axis]! - 1);
  });
}

const OWN = new URL("../../test/libpressio/", import.meta.url);
const casesIn = (folder: URL) =>
  (JSON.parse(readFileSync(new URL("metrics.json", folder), "utf8")) as { cases: GoldenCase[] }).cases;

describe("LibPressio's values", () => {
  for (const one of casesIn(OWN)) it(`${one.restored} to 1e-6`, () => check(one, OWN));

  it("have their names here", async () => {
    const known = await Promise.all(metrics.names().map((name) => metrics.get(name)));
    const keys = new Set(known.flatMap((kind) => Object.keys(kind.results)));
    expect(Object.keys(casesIn(OWN)[0]!.results).filter((key) => !keys.has(key))).toEqual([]);
  });
});

needsShared("golden/metrics.json").describe("all of LibPressio's values (../shared/golden)", () => {
  const folder = sharedFile("golden/");
  for (const one of casesIn(folder)) it(`${one.restored} to 1e-6`, () => check(one, folder));
});
