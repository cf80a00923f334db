import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { evaluateMetrics } from "../../src/metrics/index.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

const scratch = mkdtempSync(join(tmpdir(), "tempress-external-metric-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const log = join(scratch, "words");
// Others make temporary files too.
process.env.TMPDIR = scratch;

const ramp = Float32Array.from({ length: 24 }, (_, i) => i);
const x: Tensor = { dtype: "float32", shape: [2, 3, 4], data: ramp };
const y: Tensor = { ...x, data: ramp.map((value, i) => (i === 7 ? value + 0.5 : value)) };
const measure = (fault: string, more: Record<string, unknown> = {}) =>
  evaluateMetrics(["external"], x, 10, y, {
    options: {
      "external:commands": [process.execPath, join(import.meta.dirname, "programs/metric.mjs"), fault, log],
      "external:fieldnames": ["f"],
      ...more,
    },
  });

it("gives the program both sides, and its results under LibPressio's names", async () => {
  const found = await measure("");
  expect(found).toMatchObject({
    "external:results:worst": 0.5,
    "external:results:unused": 2.7,
    "external:results:name": "a text",
    "external:return_code": 0,
    "external:error_code": 0,
    "external:stderr": "",
  });
  expect(found["external:results:list"]).toMatchObject({ shape: [2] });
  const words = JSON.parse(readFileSync(log, "utf8")) as string[];
  expect(words.slice(0, 5)).toEqual(["--api", "6", "--config_name", "external", "--eval_uuid"]);
  expect(words.slice(-8)).toEqual(["--f_type", "float", "--f_dim", "4", "--f_dim", "3", "--f_dim", "2"]);
  expect(existsSync(words[words.indexOf("--f_input") + 1]!)).toBe(false);
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith("tempress-call-"))).toEqual([]);
});

it("tells of a program that fails, is not understood or is not there", async () => {
  expect(await measure("fail")).toMatchObject({
    "external:return_code": 5,
    "external:error_code": 0,
    "external:stderr": "only 2d\n",
    "external:results:worst": 0.5,
  });
  expect(await measure("babble")).toMatchObject({ "external:error_code": 4, "external:results:worst": 0 });
  expect(await measure("", { "external:commands": ["no-such-metric"] })).toMatchObject({ "external:error_code": 3 });
  await expect(measure("", { "external:commands": [] })).rejects.toThrow("none is named");
});
