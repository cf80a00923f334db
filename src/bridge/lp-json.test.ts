import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatLpOptions, LP_DTYPES, LP_TYPES, type LpOption, parseLpOptions } from "./lp-json.ts";

describe("LibPressio's JSON", () => {
  it("has LibPressio's codes", () => {
    const codes = {
      uint32: 0,
      int32: 1,
      double: 3,
      string: 4,
      strings: 7,
      data: 8,
      int64: 14,
      bool: 15,
      threadsafety: 17,
    };
    for (const [type, code] of Object.entries(codes)) expect(LP_TYPES.indexOf(type as "bool")).toBe(code);
    expect(LP_DTYPES.indexOf("byte")).toBe(10);
    expect(LP_DTYPES.indexOf("float")).toBe(1);
  });

  it("reads what LibPressio writes", () => {
    const text = `{"a":0.001,"b":"x","c":["x","y"],"d":true,"e":{"type":1,"value":5},"f":{"type":3,"value":null},
      "g":{"type":8,"value":{"dims":[2,2],"dtype":1,"values":[1,2,3,4]}},"h":[[1,2],[3,4]],"i":[],"j":{"type":16,"value":1}}`;
    expect([...parseLpOptions(text)]).toEqual([
      ["a", { type: "double", value: 0.001 }],
      ["b", { type: "string", value: "x" }],
      ["c", { type: "strings", value: ["x", "y"] }],
      ["d", { type: "bool", value: true }],
      ["e", { type: "int32", value: 5 }],
      ["f", { type: "double" }],
      ["g", { type: "data", value: { dims: [2, 2], dtype: "float", values: [1, 2, 3, 4] } }],
      ["h", { type: "data", value: { dims: [2, 2], dtype: "double", values: [1, 2, 3, 4] } }],
      ["i", { type: "unset" }],
      ["j", { type: "dtype", value: 1 }],
    ]);
  });

  it("comes back as it was", () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
    const option: fc.Arbitrary<LpOption> = fc.oneof(
      number.map((value) => ({ type: "double" as const, value })),
      fc.string().map((value) => ({ type: "string" as const, value })),
      fc.boolean().map((value) => ({ type: "bool" as const, value })),
      fc.array(fc.string()).map((value) => ({ type: "strings" as const, value })),
      fc.integer().map((value) => ({ type: "int32" as const, value })),
      fc.constantFrom(...LP_TYPES).map((type) => ({ type })),
      fc.array(number).map((values) => ({
        type: "data" as const,
        value: { dims: [values.length], dtype: "double" as const, values },
      })),
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]+:[a-z]+$/), option), { selector: ([key]) => key }),
        (list) => {
          const options = new Map(list);
          expect(parseLpOptions(formatLpOptions(options))).toEqual(options);
        },
      ),
    );
  });

  it("refuses what LibPressio could not have written", () => {
    for (const text of [
      "",
      "[]",
      "1",
      "{",
      '{"a":{"type":18,"value":1}}',
      '{"a":{"type":8,"value":{"dims":[3],"dtype":0,"values":[1]}}}',
      '{"a":[1,"x"]}',
      '{"a":[[1],[1,2]]}',
      '{"a":{"type":7,"value":"x"}}',
    ]) {
      expect(() => parseLpOptions(text), text).toThrow(/options|JSON|value|list|type|data/);
    }
  });
});
