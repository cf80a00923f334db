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
  {
    name: "netcdf",
    extensions: ["nc", "nc4", "nc3", "cdf"],
    summary: "NetCDF: 3 (versions 1, 2, 5; also written) and 4 (.nc4); dimensions, units, _FillValue and the like kept",
    writes: true,
    load: async () => (await import("./node-netcdf.ts")).netcdfFormat,
  },
  {
    name: "hdf5",
    extensions: ["h5", "hdf5", "hdf", "he5"],
    summary: "HDF5: any dataset of numbers, in groups, chunked, attributes kept",
    writes: true,
    load: async () => (await import("./node-hdf5.ts")).hdf5Format,
  },
  {
    name: "hickle",
    extensions: ["hkl"],
    summary: "hickle's arrays, as TEZIP's X_train.hkl",
    writes: true,
    load: async () => (await import("./node-hdf5.ts")).hickleFormat,
  },
  {
    name: "zarr",
    extensions: ["zarr"],
    summary: "Zarr folders, versions 2 and 3, sharded ones too; version 3 is written, chunks side by side",
    writes: true,
    load: async () => (await import("./node-zarr.ts")).zarrFormat,
  },
  {
    name: "npz",
    extensions: ["npz"],
    summary: "NumPy archive, stored or compressed; one array is written, stored",
    writes: true,
    load: async () => (await import("./node-array-files.ts")).npzFormat,
  },
  {
    name: "csv",
    extensions: ["csv", "tsv", "txt"],
    summary: "numbers as text, a row a line; more than two axes with a line # shape: 24x73x144 dtype: float32",
    writes: true,
    load: async () => (await import("./node-array-files.ts")).csvFormat,
  },
  {
    name: "fits",
    extensions: ["fits", "fit", "fts"],
    summary: "FITS images and image extensions, all types; keywords kept",
    writes: true,
    load: async () => (await import("./node-array-files.ts")).fitsFormat,
  },
  {
    name: "tiff",
    extensions: ["tif", "tiff"],
    summary: "TIFF stacks of 8, 16, 32 bits or float, packed or tiled; written uncompressed",
    writes: true,
    load: async () => (await import("./node-tiff.ts")).tiffFormat,
  },
  {
    name: "matlab",
    extensions: ["mat"],
    summary: "MATLAB 5 arrays (and 7.3, which is HDF5), compressed elements too",
    writes: true,
    load: async () => (await import("./node-array-files.ts")).matlabFormat,
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
