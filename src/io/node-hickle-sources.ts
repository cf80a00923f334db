/** Beside TEZIP's X_NAME.hkl stands sources_NAME.hkl: for each frame, of which recording it is. */
import { basename, dirname, join } from "node:path";
import type { Dataset } from "h5wasm";
import { TempressError } from "../errors.ts";
import { statOf } from "./node-file.ts";
import { closeHdf5, datasetsOf, inHdf5, openHdf5 } from "./node-hdf5-file.ts";

/**
 * Frames [first, end) of each recording in a file of `frames` frames; undefined if nothing says where they change.
 * @throws TempressError "corrupt" if the list is not one text for each frame
 */
export async function recordingsInHickle(path: string, frames: number): Promise<[number, number][] | undefined> {
  const name = basename(path);
  if (!name.startsWith("X_")) return undefined;
  const beside = join(dirname(path), `sources_${name.slice(2)}`);
  if (!statOf(beside, "read")) return undefined;
  const file = await openHdf5(beside);
  try {
    const labels = inHdf5(beside, "read its list", () => {
      const [dataset] = [...datasetsOf(file).values()] as (Dataset | undefined)[];
      return dataset?.metadata.type === TEXT ? dataset.value : undefined;
    });
    if (!Array.isArray(labels) || labels.length !== frames) {
      throw new TempressError("corrupt", `this is not a list of ${frames} texts, one for each frame of ${name}`, {
        where: beside,
        hint: "make both files anew, or rename this one to train without it",
      });
    }
    const parts: [number, number][] = [];
    let first = 0;
    for (let t = 1; t <= frames; t++) {
      if (t < frames && String(labels[t]) === String(labels[first])) continue;
      parts.push([first, t]);
      first = t;
    }
    return parts;
  } finally {
    closeHdf5(file);
  }
}

/** HDF5's number for the class of texts. */
const TEXT = 3;
