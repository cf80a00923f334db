import { describe, expect, it } from "vitest";
import { nearestName, suggestion } from "./nearest.ts";

describe("nearest name", () => {
  const verbs = ["compress", "decompress", "inspect", "verify", "list"];
  it.each([
    ["compres", "compress"],
    ["ocmpress", "compress"],
    ["decompres", "decompress"],
    ["insepct", "inspect"],
    ["LIST", "list"],
    ["ver", "verify"],
  ])("%s means %s", (word, meant) => expect(nearestName(word, verbs)).toBe(meant));
  it("gives none for a far word", () => expect(nearestName("banana", verbs)).toBeUndefined());
  it("lists all names when none is near", () => expect(suggestion("x", ["a1", "b1"])).toBe("choose from a1, b1"));
});
