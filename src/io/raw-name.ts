/** What the name of a raw file says: `wind_132x73x144.f32` is float32 of shape 132 x 73 x 144. */
import { DTYPE_ALIASES, type DType } from "../tensor/dtype.ts";
import { parseShape, type Shape } from "../tensor/shape.ts";

const DTYPE_OF_EXTENSION: Readonly<Record<string, DType>> = {
  ...Object.fromEntries(Object.entries(DTYPE_ALIASES).filter(([alias]) => /^[fiu]\d+$/.test(alias))),
  bool: "bool",
  // What SDRBench calls files of doubles.
  d64: "float64",
};

/** Endings that name a dtype, then those that leave it open. */
export const RAW_EXTENSIONS: readonly string[] = [...Object.keys(DTYPE_OF_EXTENSION), "raw", "bin", "dat"];

export function extensionOf(path: string): string {
  const name = path.replace(/^.*[\\/]/s, "");
  const dot = name.lastIndexOf(".");
  return dot < 1 ? "" : name.slice(dot + 1).toLowerCase();
}

/** The ending people write for a dtype: "f32" for float32. */
export function rawExtension(dtype: DType): string {
  return Object.keys(DTYPE_OF_EXTENSION).find((extension) => DTYPE_OF_EXTENSION[extension] === dtype)!;
}

/** Extents stand between separators: `_132x73x144.`; the last such group counts. */
export function parseRawName(path: string): { dtype: DType | undefined; shape: Shape | undefined } {
  const dtype = DTYPE_OF_EXTENSION[extensionOf(path)];
  const name = path.replace(/^.*[\\/]/s, "");
  const groups = [...name.matchAll(/(?<![a-z0-9])\d+(?:x\d+)+(?![a-z0-9])/gi)];
  const last = groups.at(-1)?.[0].toLowerCase();
  try {
    return { dtype, shape: last === undefined ? undefined : parseShape(last, name) };
  } catch {
    return { dtype, shape: undefined }; // numbers that cannot be a shape are part of the name
  }
}
