import { describe, expect, it } from "vitest";
import { isTempressError, type TempressError } from "../errors.ts";
import { type PromiseOptions, promiseFromOptions } from "./from-options.ts";

function refusal(options: PromiseOptions): TempressError {
  try {
    promiseFromOptions(options);
  } catch (error) {
    if (isTempressError(error, "invalid-argument")) return error;
    throw error;
  }
  throw new Error(`accepted ${JSON.stringify(options)}`);
}

describe("promiseFromOptions", () => {
  it("reads each promise", () => {
    expect(promiseFromOptions({ abs: 0.01 })).toEqual({ kind: "abs", abs: 0.01 });
    expect(promiseFromOptions({ rel: 1e-3, lossless: false })).toEqual({ kind: "rel", rel: 1e-3 });
    expect(promiseFromOptions({ pwRel: 1e-2 })).toEqual({ kind: "pw_rel", pwRel: 1e-2 });
    expect(promiseFromOptions({ absAndRel: [1, 1e-3] })).toEqual({ kind: "abs_and_rel", abs: 1, rel: 1e-3 });
    expect(promiseFromOptions({ lossless: true })).toEqual({ kind: "lossless" });
    expect(promiseFromOptions({ abs: -0 })).toEqual({ kind: "abs", abs: 0 });
  });

  it("refuses none, two, and bounds that are no bounds", () => {
    expect(refusal({}).hint).toContain("abs");
    expect(refusal({ lossless: false }).message).toContain("no promise");
    expect(refusal({ abs: 1, rel: 1 }).message).toContain("abs, rel");
    expect(refusal({ abs: 1, lossless: true }).message).toContain("2 promises");
    for (const bound of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
      expect(refusal({ abs: bound }).where).toBe("abs");
      expect(refusal({ rel: bound }).where).toBe("rel");
      expect(refusal({ pwRel: bound }).where).toBe("pwRel");
      expect(refusal({ absAndRel: [1, bound] }).where).toBe("absAndRel");
    }
    expect(refusal({ abs: "1" as unknown as number }).message).toContain("not a number");
    expect(refusal({ absAndRel: [1] as unknown as [number, number] }).message).toContain("two bounds");
    expect(refusal({ lossless: 1 as unknown as boolean }).message).toContain("true or false");
  });
});
