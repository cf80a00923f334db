/** Files of arrays that are read by their bytes alone, on this machine: .npz, .csv, FITS, MATLAB. */
import { TempressError } from "../errors.ts";
import { type ByteSource, type TensorSink, type TensorSource, tensorSource } from "../tensor/source.ts";
import { csvSink, LARGEST_CSV, parseCsv } from "./csv.ts";
import { fitsSink, fitsSource, fitsVariables } from "./fits.ts";
import type { Format, SaveOptions } from "./format.ts";
import { matlabSink, matlabSource, matlabVariables } from "./matlab.ts";
import { hdf5Variables, openDataset } from "./node-hdf5.ts";
import { createBytes, openBytes } from "./node-stream.ts";
import { npzSink, npzSource, npzVariables } from "./npz.ts";
import type { ClosableSink } from "./raw.ts";

/** Opens a file for one use, and closes it if that fails. */
async function withBytes<T>(path: string, use: (bytes: ByteSource) => Promise<T>): Promise<T> {
  const bytes = await openBytes(path);
  try {
    return await use(bytes);
  } catch (error) {
    await bytes.close?.();
    throw error;
  }
}

/** The same for a use after which the file is not needed. */
async function thenClosed<T>(path: string, use: (bytes: ByteSource) => Promise<T>): Promise<T> {
  return await withBytes(path, async (bytes) => {
    const found = await use(bytes);
    await bytes.close?.();
    return found;
  });
}

async function toFile(
  path: string,
  options: SaveOptions,
  start: (out: ClosableSink) => TensorSink | Promise<TensorSink>,
): Promise<TensorSink> {
  const out = createBytes(path, options);
  try {
    return await start(out);
  } catch (error) {
    await out.abort?.();
    throw error;
  }
}

export const npzFormat: Format = {
  name: "npz",
  extensions: ["npz"],
  summary: "NumPy archive",
  open: (path, hint) => withBytes(path, (bytes) => npzSource(bytes, hint.variable)),
  variables: (path) => thenClosed(path, npzVariables),
  save: (path, like, options) => toFile(path, options, (out) => npzSink(out, like, options.variable, path)),
};

export const csvFormat: Format = {
  name: "csv",
  extensions: ["csv", "tsv", "txt"],
  summary: "numbers as text",
  open: (path, hint) =>
    thenClosed(path, async (bytes): Promise<TensorSource> => {
      if (bytes.byteLength > LARGEST_CSV) {
        const hint = "convert it with the program that wrote it";
        throw new TempressError("unsupported", `texts above ${LARGEST_CSV} bytes are not read`, { where: path, hint });
      }
      const text = new TextDecoder().decode(await bytes.read(0, bytes.byteLength));
      return tensorSource(parseCsv(text, hint, path));
    }),
  save: (path, like, options) => toFile(path, options, (out) => csvSink(out, like, path)),
};

export const fitsFormat: Format = {
  name: "fits",
  extensions: ["fits", "fit", "fts"],
  summary: "FITS images",
  open: (path, hint) => withBytes(path, (bytes) => fitsSource(bytes, hint.variable)),
  variables: (path) => thenClosed(path, fitsVariables),
  save: (path, like, options) => toFile(path, options, (out) => fitsSink(out, like, path)),
};

/** Since version 7.3 MAT-files are HDF5 files behind 512 bytes of text. */
async function isVersion73(path: string): Promise<boolean> {
  return await thenClosed(path, async (bytes) => {
    const first = await bytes.read(0, Math.min(64, bytes.byteLength));
    return new TextDecoder("latin1").decode(first).startsWith("MATLAB 7.3");
  });
}

export const matlabFormat: Format = {
  name: "matlab",
  extensions: ["mat"],
  summary: "MATLAB arrays",
  async open(path, hint) {
    if (await isVersion73(path)) return await openDataset(path, hint.variable);
    return await withBytes(path, (bytes) => matlabSource(bytes, hint.variable));
  },
  async variables(path) {
    return (await isVersion73(path)) ? await hdf5Variables(path) : await thenClosed(path, matlabVariables);
  },
  save: (path, like, options) => toFile(path, options, (out) => matlabSink(out, like, options.variable, path)),
};
