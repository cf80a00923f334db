/** The registry of file formats. */
import { TempressError } from "../errors.ts";
import { suggestion } from "../nearest.ts";
import type { Format, FormatEntry } from "./format.ts";
import { RAW_EXTENSIONS } from "./raw-name.ts";

const entries = new Map<string, FormatEntry>();

for (const entry of [
  {
    name: "raw",
    extensions: RAW_EXTENSIONS,
    summary: "little-endian values, nothing else; shape and dtype from the name (wind_132x73x144.f32) or flags",
    writes: true,
    load: async () => (await import("./node-formats.ts")).rawFormat,
  },
  {
    name: "npy",
    extensions: ["npy"],
    summary: "NumPy array, versions 1 to 3, either byte order, C or Fortran order",
    writes: true,
    load: async () => (await import("./node-formats.ts")).npyFormat,
  },
  {
    name: "png",
    extensions: ["png"],
    summary: "one PNG image or a folder of frames, 8 or 16 bits, grey or RGB",
    writes: true,
    load: async () => (await import("./node-images.ts")).pngFormat,
  },
] satisfies FormatEntry[]) {
  entries.set(entry.name, entry);
}

/**
 * Adds a format of one's own; a later one with the same name or extension wins.
 * @throws TempressError "invalid-argument" for a name or extension that cannot be typed.
 */
export function registerFormat(format: Format): void {
  for (const word of [format.name, ...format.extensions]) {
    if (!/^[a-z0-9][a-z0-9_.-]*$/.test(word)) {
      throw new TempressError("invalid-argument", `"${word}" cannot be a format's name or extension`, {
        where: "registerFormat",
        hint: "use lower-case letters and digits, without a leading dot",
      });
    }
  }
  entries.delete(format.name);
  const { name, extensions, summary } = format;
  entries.set(name, { name, extensions, summary, writes: format.save !== undefined, load: async () => format });
}

function entry(name: string): FormatEntry {
  const found = entries.get(name);
  if (!found) {
    throw new TempressError("invalid-argument", `there is no format "${name}"`, {
      where: "format",
      hint: suggestion(name, entries.keys()),
    });
  }
  return found;
}

export const formats = {
  names: (): string[] => [...entries.keys()],
  /** What is known without loading the format's code. */
  list: (): FormatEntry[] => [...entries.values()],
  /** Loads a format; an unknown name is a typed error with the nearest one. */
  get: (name: string): Promise<Format> => entry(name).load(),
  register: registerFormat,
};
