/** The front door of this room: frames from any path, frames to any path. */
import { join } from "node:path";
import { TempressError } from "../errors.ts";
import type { TensorSink, TensorSource } from "../tensor/source.ts";
import { formatByName } from "./by-extension.ts";
import type { Format, FormatHint, SaveOptions, TensorLike } from "./format.ts";
import { formats } from "./formats.ts";
import { ioError, statOf } from "./node-file.ts";
import { splitVariable, type VariableInfo } from "./variables.ts";

/**
 * Opens frames for reading; the name chooses the format.
 * @throws TempressError "io" when it cannot be read, "unsupported" when no format fits.
 */
export async function openTensor(name: string, given: FormatHint = {}): Promise<TensorSource> {
  const { path, hint } = split(name, given);
  const stat = path === "-" ? undefined : statOf(path, "read");
  if (path !== "-" && !stat) throw ioError({ code: "ENOENT" }, path, "read");
  const rawGiven = hint.otherwise !== undefined || (hint.shape !== undefined && hint.dtype !== undefined);
  const format = await loadFormat(path, stat?.isDirectory() === true, rawGiven);
  if (hint.variable !== undefined && !format.variables) {
    throw new TempressError("invalid-argument", `a file of format ${format.name} holds one array without a name`, {
      where: path,
      hint: "leave --variable out",
    });
  }
  return await format.open(path, hint);
}

/** The format of what is read: by its name's ending, or, of a folder, by what is in it. */
async function loadFormat(path: string, folder: boolean, rawGiven: boolean): Promise<Format> {
  if (folder && ["zarr.json", ".zgroup", ".zarray"].some((name) => statOf(join(path, name), "read"))) {
    return await formats.get("zarr");
  }
  return await formatByName(path, { folder, rawGiven }).load();
}

/** What a file holds; undefined for formats of one array without a name. */
export async function listVariables(path: string): Promise<readonly VariableInfo[] | undefined> {
  const stat = statOf(path, "read");
  if (!stat) throw ioError({ code: "ENOENT" }, path, "read");
  const format = await loadFormat(path, stat.isDirectory(), false);
  return await format.variables?.(path);
}

/** `file.h5:/group/var`, unless a file of that very name is there. */
function split(name: string, hint: FormatHint): { path: string; hint: FormatHint } {
  const { path, variable } = splitVariable(name);
  if (variable === undefined || statOf(name, "read")) return { path: name, hint };
  if (hint.variable !== undefined && hint.variable !== variable) {
    throw new TempressError("invalid-argument", `two variables are named: ${variable} and ${hint.variable}`, {
      where: name,
      hint: "give one of them",
    });
  }
  return { path, hint: { ...hint, variable } };
}

/**
 * Opens a path for writing frames; nothing stands under that name until the sink is closed.
 * @throws TempressError "io" when it exists (without `force`) or cannot be written, "unsupported" when the
 * format cannot hold such values.
 */
export async function saveTensor(name: string, like: TensorLike, given: SaveOptions = {}): Promise<TensorSink> {
  const { path, variable = given.variable } = splitVariable(name);
  const options = { ...given, variable };
  const folder = path !== "-" && statOf(path, "write")?.isDirectory() === true;
  const format = await formatByName(path, { folder, rawGiven: false, writing: true }).load();
  if (!format.save) {
    throw new TempressError("unsupported", `format ${format.name} can only be read`, { where: path });
  }
  if (options.codec && !format.packs) {
    throw new TempressError("unsupported", `a file of format ${format.name} has no chunks that a codec could pack`, {
      where: path,
      hint: "write .zarr, .h5 or .nc4, or a .tpz file: tempress compress",
    });
  }
  return await format.save(path, like, options);
}
