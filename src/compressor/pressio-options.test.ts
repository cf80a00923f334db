import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isTempressError, type TempressError } from "../errors.ts";
import { tensor } from "../tensor/tensor.ts";
import { castValue } from "./pressio-cast.ts";
import { optionsFromJson, optionsToJson } from "./pressio-json.ts";
import { PressioOptions } from "./pressio-options.ts";
import type { PressioType } from "./pressio-types.ts";

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(isTempressError(error, "invalid-argument")).toBe(true);
    return (error as TempressError).describe();
  }
  throw new Error("nothing was refused");
}

describe("typed options", () => {
  it("know three states of a key", () => {
    const options = new PressioOptions();
    expect(options.state("a:b")).toBe("absent");
    options.setType("a:b", "double");
    expect([options.state("a:b"), options.type("a:b"), options.get("a:b")]).toEqual(["exists", "double", undefined]);
    options.castSet("a:b", "1e-3", "special");
    expect([options.state("a:b"), options.get("a:b")]).toEqual(["set", 1e-3]);
    options.clear("a:b");
    expect(options.state("a:b")).toBe("absent");
    options.setType("pressio:abs", "double");
    expect(refusal(() => options.castSet("presio:abs", 1, "special"))).toContain('did you mean "pressio:abs"?');
  });

  it("refuse what LibPressio lets through: trailing garbage, wrap-around, cut fractions", () => {
    const special = (value: string | number, type: PressioType) => () => castValue("k", value, type, "special");
    expect(refusal(special("1e-3abc", "double"))).toContain("no number");
    expect(refusal(special("-1", "uint32"))).toContain("from 0 to 4294967295");
    expect(refusal(special("99999999999", "uint32"))).toContain("from 0 to 4294967295");
    expect(refusal(special("3.7", "uint32"))).toContain("whole numbers");
    expect(refusal(special("0x10", "uint32"))).toContain("no number");
    expect(refusal(special(1e300, "float"))).toContain("3.4e38");
    expect(refusal(special("", "double"))).toContain("no number");
    expect(refusal(special("flot64", "dtype"))).toContain('did you mean "float64"?');
    expect(special("18446744073709551615", "uint64")()).toBe(18446744073709551615n);
    expect(special("1e3", "int32")()).toBe(1000);
    expect(castValue("k", ["1", "2.5"], "data", "special")).toMatchObject({
      shape: [2],
      data: Float64Array.of(1, 2.5),
    });
    expect(refusal(() => castValue("k", 1, "int32", "implicit"))).toContain("does not become");
    expect(castValue("k", 7, "uint32", "implicit", "uint8")).toBe(7);
    expect(refusal(() => castValue("k", "7", "uint32", "explicit"))).toContain("it takes uint32");
  });

  it("lay others over themselves", () => {
    const options = PressioOptions.from({ "a:x": 1, "a:y": "text" });
    const other = PressioOptions.from({ "a:x": 2, "a:z": true });
    other.setType("a:y", "charptr");
    options.copyFrom(other, true);
    expect(options.toObject()).toEqual({ "a:x": 2, "a:y": "text", "a:z": true });
    options.copyFrom(other);
    expect(options.state("a:y")).toBe("exists");
  });
});

describe("LibPressio's JSON", () => {
  it("is what LibPressio writes", () => {
    const options = PressioOptions.from({ "pressio:abs": 0.001, "pressio:compressor": "zfp" });
    expect(optionsToJson(options)).toBe('{"pressio:abs":0.001,"pressio:compressor":"zfp"}');
    options.set("pressio:nthreads", 4, "uint32");
    options.setType("pressio:rel", "double");
    options.set("pressio:thread_safe", "multiple", "threadsafety");
    options.set("cast:dtype", "float32", "dtype");
    options.set("chunking:size", tensor("uint64", [2, 3], BigUint64Array.of(1n, 2n, 3n, 4n, 5n, 2n ** 64n - 1n)));
    expect(JSON.parse(optionsToJson(options).replace("18446744073709551615", "0"))).toEqual({
      "cast:dtype": { type: 16, value: 1 },
      "chunking:size": { type: 8, value: { dims: [3, 2], dtype: 5, values: [1, 2, 3, 4, 5, 0] } },
      "pressio:abs": 0.001,
      "pressio:compressor": "zfp",
      "pressio:nthreads": { type: 0, value: 4 },
      "pressio:rel": { type: 3, value: null },
      "pressio:thread_safe": { type: 17, value: 2 },
    });
    expect([...optionsFromJson(optionsToJson(options))]).toEqual([...options]);
  });

  it("reads bare values, lists and empty lists", () => {
    const read = optionsFromJson('{"a":1,"b":[[1,2,3],[4,5,6]],"c":["x","y"],"d":[],"e":true,"f":null}');
    expect(read.type("a")).toBe("double");
    expect(read.get("b")).toMatchObject({ dtype: "float64", shape: [2, 3] });
    expect(read.get("c")).toEqual(["x", "y"]);
    expect([read.type("d"), read.state("f")]).toEqual(["unset", "exists"]);
  });

  it("names what is wrong", () => {
    for (const [text, said] of [
      ["[1]", "one JSON object"],
      ["{", "no JSON"],
      ['{"k":{"type":99,"value":1}}', "type code 99"],
      ['{"k":{"type":0,"value":-1}}', "uint32 goes from"],
      ['{"k":{"type":0,"value":1.5}}', "whole numbers"],
      ['{"k":[[1],[1,2]]}', "differ in length"],
      ['{"k":{"type":8,"value":{"dims":[3],"dtype":0,"values":[1]}}}', "do not fill"],
      ['{"k":{"type":8,"value":{"dims":[1e30],"dtype":0,"values":[1]}}}', "whole number"],
      ['{"k":{"type":8,"value":{"dims":[1],"dtype":2,"values":[256]}}}', "no uint8"],
      ['{"k":[[[[[[[[[1]]]]]]]]]}', "deeper"],
      ['{"k":{"type":8,"value":7}}', "dtype"],
    ] as const) {
      expect(refusal(() => optionsFromJson(text))).toContain(said);
    }
  });

  it("comes back as it was", () => {
    const values = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter((v) => !Object.is(v, -0)),
      fc.string(),
      fc.boolean(),
      fc.array(fc.string(), { minLength: 1 }),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).filter((v) => v > 2n ** 53n || v < -(2n ** 53n)),
    );
    const keys = fc.string({ minLength: 1 }).filter((key) => key !== "__proto__");
    fc.assert(
      fc.property(fc.dictionary(keys, values), (given) => {
        const options = PressioOptions.from(given);
        expect([...optionsFromJson(optionsToJson(options, 2))]).toEqual([...options]);
      }),
    );
  });
});
