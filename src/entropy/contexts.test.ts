import { expect, it } from "vitest";
import {
  ACTIVITIES,
  BLOCK_BYTES,
  CONTEXTS_AT,
  LEVELS,
  levelStart,
  lowBitsOf,
  scaleOf,
  storeContexts,
} from "./contexts.ts";

it("levels of activity are half octaves that end below the largest", () => {
  const starts = Array.from({ length: LEVELS }, (_, level) => levelStart(level));
  expect(starts.slice(0, 12)).toEqual([0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48]);
  expect(starts).toEqual([...new Set(starts)].sort((a, b) => a - b));
  expect(starts.at(-1)).toBeLessThan(ACTIVITIES);
});

it("symbols reach about ten times the expected residual", () => {
  for (const scale of [0, 5, 20]) {
    for (let level = 0; level < LEVELS; level++) {
      // Activity is 32 times a magnitude, and a magnitude 2^-scale of a residual.
      const expected = (levelStart(level) * 2 ** scale) / 32;
      const low = lowBitsOf(level, scale);
      expect(31 * 2 ** low).toBeGreaterThan(6 * expected);
      if (low > 0) expect(31 * 2 ** low).toBeLessThan(13 * expected);
    }
  }
});

it("residuals are scaled until their mean is 24 at most", () => {
  expect([0, 24, 25, 48, 1000, 1e12].map(scaleOf)).toEqual([0, 0, 1, 1, 6, 20]);
});

it("every activity leads to a context of its level's group", () => {
  const memory = new ArrayBuffer(BLOCK_BYTES + 256);
  const groups = Array.from({ length: LEVELS }, (_, level) => level % 5);
  storeContexts(memory, 256, groups, 3, 512, 2);
  const entries = new Uint32Array(memory, 256 + 2 * 5 * 4224, ACTIVITIES);
  for (let activity = 0; activity < ACTIVITIES; activity++) {
    let level = LEVELS - 1;
    while (levelStart(level) > activity) level--;
    expect(entries[activity]).toBe(256 + CONTEXTS_AT + 3 * 512 * groups[level]! + lowBitsOf(level, 2));
  }
});
