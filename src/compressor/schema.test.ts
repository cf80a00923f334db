import { describe, expect, it } from "vitest";
import { TempressError } from "../errors.ts";
import {
  bool,
  checkOptions,
  choice,
  describeOption,
  float,
  int,
  type OptionSchema,
  parseOptions,
  storedOptions,
  string,
} from "./schema.ts";

const schema = {
  "x:level": int(3, "level", { min: 0, max: 9 }),
  "x:ratio": float(0.5, "ratio", { min: 0, unit: "parts" }),
  "x:on": bool(true, "switch"),
  "x:way": choice(["up", "down"], "up", "direction"),
  "x:note": string("", "note", { stored: false }),
} satisfies OptionSchema;

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(TempressError);
    expect((error as TempressError).code).toBe("invalid-argument");
    return (error as TempressError).describe();
  }
  throw new Error("nothing was refused");
}

describe("options", () => {
  it("fills in defaults", () => {
    expect(checkOptions(schema, { "x:level": 9, "x:on": undefined })).toEqual({
      "x:level": 9,
      "x:ratio": 0.5,
      "x:on": true,
      "x:way": "up",
      "x:note": "",
    });
  });

  it("names the nearest key and value", () => {
    expect(refusal(() => checkOptions(schema, { "x:levle": 1 }))).toContain('did you mean "x:level"?');
    expect(refusal(() => checkOptions(schema, { "x:way": "donw" }))).toContain('did you mean "down"?');
    expect(refusal(() => checkOptions({}, { level: 1 }))).toContain("no options");
    expect(refusal(() => checkOptions(schema, { toString: 1 }))).toContain("no option");
  });

  it.each([
    ["x:level", 10],
    ["x:level", -1],
    ["x:level", 1.5],
    ["x:level", "3"],
    ["x:ratio", Number.NaN],
    ["x:ratio", Number.POSITIVE_INFINITY],
    ["x:on", 1],
    ["x:way", 0],
    ["x:note", null],
  ])("refuses %s = %s", (key, value) => {
    expect(refusal(() => checkOptions(schema, { [key]: value }))).toContain(key);
  });

  it("reads texts by type", () => {
    expect(
      parseOptions(schema, { "x:level": "+7", "x:ratio": "1e-3", "x:on": "no", "x:way": "down", "x:note": "12abc" }),
    ).toEqual({ "x:level": 7, "x:ratio": 1e-3, "x:on": false, "x:way": "down", "x:note": "12abc" });
  });

  it.each([
    ["x:level", "12abc"],
    ["x:level", "3.7"],
    ["x:level", "0x3"],
    ["x:level", ""],
    ["x:level", " 3"],
    ["x:level", "99999999999999999999"],
    ["x:ratio", "1e-3abc"],
    ["x:ratio", "NaN"],
    ["x:ratio", "Infinity"],
    ["x:ratio", "1e999"],
    ["x:on", "maybe"],
  ])("refuses the text %s = %s", (key, text) => {
    expect(refusal(() => parseOptions(schema, { [key]: text }))).toContain(key);
  });

  it("stores what differs and reaches the stream", () => {
    const values = checkOptions(schema, { "x:level": 3, "x:ratio": 0.25, "x:note": "mine" });
    expect(storedOptions(schema, values)).toEqual({ "x:ratio": 0.25 });
  });

  it("describes what an option takes", () => {
    expect(Object.values(schema).map(describeOption)).toEqual([
      "whole number, 0 to 9",
      "number, at least 0 (parts)",
      "true or false",
      "up | down",
      "text",
    ]);
  });
});
