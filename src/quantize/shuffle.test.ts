import { expect, it } from "vitest";
import { shuffle, unshuffle } from "./shuffle.ts";

it("gathers bytes of one significance", () => {
  expect([...shuffle(Uint8Array.of(1, 2, 3, 4, 5, 6), 2)]).toEqual([1, 3, 5, 2, 4, 6]);
});

it.each([1, 2, 4, 8])("comes back for width %i", (width) => {
  const bytes = Uint8Array.from({ length: 40 }, (_, i) => i * 7);
  expect(unshuffle(shuffle(bytes, width), width)).toEqual(bytes);
  expect(unshuffle(shuffle(new Uint8Array(0), width), width)).toHaveLength(0);
});
