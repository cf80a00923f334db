/** One HDF5 file through h5wasm, whose errors become ours. h5wasm reads the file itself, by the ranges it needs. */

import type * as H5wasm from "h5wasm";
import type { Dataset, File, Group } from "h5wasm";
import { TempressError } from "../errors.ts";
import { statOf } from "./node-file.ts";
import { h5wasmPackage } from "./node-packages.ts";

let loaded: Promise<typeof H5wasm> | undefined;

/** h5wasm, started once. */
export function h5wasm(): Promise<typeof H5wasm> {
  loaded ??= (async () => {
    const library = await h5wasmPackage();
    const module = await library.ready;
    // Without this HDF5 prints its errors and goes on.
    module.activate_throwing_error_handler();
    return library;
  })();
  return loaded;
}

/**
 * What h5wasm says, in our words. HDF5 itself checks lengths and checksums of what it reads.
 * @param code "io" where the library writes
 * @throws TempressError for anything that goes wrong inside the library
 */
export function inHdf5<T>(where: string, doing: string, work: () => T, code: "corrupt" | "io" = "corrupt"): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof TempressError) throw cause;
    const text = cause instanceof Error ? cause.message : String(cause);
    const filter = /filter/i.test(text);
    const hint = code === "io" ? "is there room on the disk?" : "check that the file is whole";
    throw new TempressError(filter ? "unsupported" : code, `cannot ${doing}: ${shortened(text)}`, {
      where,
      hint: filter ? "its chunks are compressed in a way that is not known here" : hint,
      cause,
    });
  }
}

/** The innermost reason of HDF5's list, which is the last one. */
function shortened(text: string): string {
  const reasons = [...text.matchAll(/\(\): ([^\n]+)/g)].map(([, reason]) => reason!);
  const last = (reasons.at(-1) ?? text.split("\n")[0] ?? "").trim();
  return last.length > 160 ? `${last.slice(0, 160)}...` : last || "HDF5 gives no reason";
}

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Whether HDF5's signature begins these bytes. */
export function isHdf5(first: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => first[i] === byte);
}

export async function openHdf5(path: string): Promise<File> {
  const library = await h5wasm();
  statOf(path, "read");
  const file = inHdf5(path, "open it as HDF5", () => new library.File(path, "r"));
  if (file.file_id < 0n) {
    throw new TempressError("corrupt", "this is not a readable HDF5 file", { where: path });
  }
  return file;
}

/** A closed file may be closed again. */
export function closeHdf5(file: File): void {
  try {
    file.close();
  } catch {
    // What could not be read cannot always be closed.
  }
}

const DATASET: string = "Dataset";

/** Every dataset of the file by its path, in the order of names. */
export function datasetsOf(file: Group): Map<string, Dataset> {
  const found = new Map<string, Dataset>();
  for (const path of file.paths()) {
    const entity = file.get(path) as Dataset | null;
    if (entity?.type === DATASET) found.set(`/${path.replace(/^\/+/, "")}`, entity);
  }
  return found;
}
