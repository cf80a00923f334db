import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32cReference } from "./crc32c.reference.ts";
import { crc32c } from "./crc32c.ts";

describe("CRC-32C", () => {
  it("gives the published check value", () => {
    const digits = new TextEncoder().encode("123456789");
    expect(crc32cReference(digits)).toBe(0xe3069283);
    expect(crc32c(digits)).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(0))).toBe(0);
  });

  it("equals its twin and continues where it stopped", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, cut) => {
        expect(crc32c(bytes)).toBe(crc32cReference(bytes));
        expect(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut)))).toBe(crc32c(bytes));
      }),
    );
  });

  it("equals its twin over more than one piece", () => {
    const bytes = Uint8Array.from({ length: 300_001 }, (_, i) => (i * 7919) >> 3);
    expect(crc32c(bytes)).toBe(crc32cReference(bytes));
  });
});
