import { describe, expect, it } from "vitest";
import { pairs, table } from "./table.ts";
import { formatBytes, formatNumber, formatSeconds, formatSpeed } from "./units.ts";
import { countOf, dtypeOf, frameRange, keyValue, namesOf, numberOf, oneOf } from "./values.ts";

describe("numbers for people", () => {
  it.each([
    [0, "0"],
    [12.3456, "12.35"],
    [100, "100"],
    [1234567, "1234567"],
    [12345678, "1.235e7"],
    [0.00123456, "0.001235"],
    [1.5e-9, "1.5e-9"],
    [-0.5, "-0.5"],
    [1e20, "1e20"],
    [Number.POSITIVE_INFINITY, "Infinity"],
  ])("%d is %s", (value, text) => expect(formatNumber(value)).toBe(text));
  it.each([
    [999, "999 B"],
    [5550336, "5.55 MB"],
    [999_999, "1.00 MB"],
    [4 * 2 ** 30, "4.29 GB"],
  ])("%d bytes are %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));
  it("times and speeds", () => {
    expect([0.0123, 1.5, 119.9, 125].map(formatSeconds)).toEqual(["12.3 ms", "1.50 s", "119.90 s", "2 min 5 s"]);
    expect(formatSpeed(10_000_000, 2)).toBe("5.00 MB/s");
  });
  it("tables align numbers to the right and drop what is absent", () => {
    const rows = [
      ["noop", 1],
      ["zstd", 12.5],
    ];
    expect(table(["codec", "ratio"], rows)).toBe("codec  ratio\n-----  -----\nnoop       1\nzstd    12.5");
    expect(
      pairs([
        ["a", 1],
        ["bb", undefined],
        ["ccc", "x"],
      ]),
    ).toBe("  a    1\n  ccc  x");
  });
});

describe("texts as values", () => {
  it("take whole numbers and numbers, and nothing that only begins like one", () => {
    const number = numberOf("--abs");
    expect(["1", "-2.5", "+.5", "1e-3", "3.E2", "1e999"].map(number)).toEqual([1, -2.5, 0.5, 1e-3, 300, Infinity]);
    for (const text of ["", " 1", "1 ", "1e", "1e-3x", "0x10", "nan", "Infinity", "1_000", "1,5", "--1"]) {
      expect(() => number(text), text).toThrow("is not a value for --abs");
    }
    const count = countOf("--threads");
    expect(count("12")).toBe(12);
    for (const text of ["0", "-1", "1.0", "1e3", "", "99999999999999999999"]) expect(() => count(text)).toThrow();
    expect(countOf("--time-axis", 0)("0")).toBe(0);
  });
  it("frame ranges", () => {
    expect(["30:40", ":5", "95:", "7", "0:100"].map((text) => frameRange(text, 100))).toEqual([
      [30, 40],
      [0, 5],
      [95, 100],
      [7, 8],
      [0, 100],
    ]);
    for (const text of ["", ":", "5:5", "6:5", "90:101", "100", "a:b", "-1:3", "1:2:3"]) {
      expect(() => frameRange(text, 100), text).toThrow("--frames");
    }
  });
  it("names, pairs and choices", () => {
    expect(dtypeOf("f32")).toBe("float32");
    expect(() => dtypeOf("float31")).toThrow(expect.objectContaining({ hint: 'did you mean "float32"?' }));
    const pair = keyValue("-O");
    expect(pair("b=x=y", pair("a="))).toEqual({ a: "", b: "x=y" });
    for (const text of ["a", "=a"]) expect(() => pair(text)).toThrow("-O");
    expect(() => pair("a=2", pair("a=1"))).toThrow();
    expect(oneOf("x", ["fast", "max"])("max")).toBe("max");
    expect(namesOf("a,b")).toEqual(["a", "b"]);
    expect(namesOf("none")).toEqual([]);
  });
});
