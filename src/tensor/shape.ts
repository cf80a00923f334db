import { TempressError } from "../errors.ts";

/** Extents in C order, slowest axis first. */
export type Shape = readonly number[];

export const MAX_RANK = 8;

/** Number of elements; throws when it is not an exact integer or the rank is out of 1..8. */
export function elementCount(shape: Shape, where = "shape"): number {
  if (shape.length < 1 || shape.length > MAX_RANK) {
    throw new TempressError("invalid-argument", `rank ${shape.length} is not in 1..${MAX_RANK}`, { where });
  }
  let count = 1;
  for (const extent of shape) {
    if (!Number.isSafeInteger(extent) || extent < 0) {
      throw new TempressError("invalid-argument", `extent ${extent} is not a whole number >= 0`, { where });
    }
    count *= extent;
  }
  if (!Number.isSafeInteger(count)) {
    throw new TempressError("invalid-argument", `shape ${shape.join("x")} has too many elements`, { where });
  }
  return count;
}

/** Elements in one step along the slowest axis: one frame. */
export function frameLength(shape: Shape): number {
  return shape.slice(1).reduce((product, extent) => product * extent, 1);
}

export function formatShape(shape: Shape): string {
  return shape.join("x");
}

/** "132x73x144" -> [132, 73, 144]. */
export function parseShape(text: string, where = "--shape"): number[] {
  if (!/^\d+(x\d+)*$/.test(text)) {
    throw new TempressError("invalid-argument", `"${text}" is not a shape`, {
      where,
      hint: "write extents slowest first, such as 132x73x144",
    });
  }
  const shape = text.split("x").map(Number);
  elementCount(shape, where);
  return shape;
}
