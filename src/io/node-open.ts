/** The front door of this room: frames from any path, frames to any path. */
import { TempressError } from "../errors.ts";
import type { TensorSink, TensorSource } from "../tensor/source.ts";
import { formatByName } from "./by-extension.ts";
import type { FormatHint, SaveOptions, TensorLike } from "./format.ts";
import { ioError, statOf } from "./node-file.ts";

/**
 * Opens frames for reading; the name chooses the format.
 * @throws TempressError "io" when it cannot be read, "unsupported" when no format fits.
 */
export async function openTensor(path: string, hint: FormatHint = {}): Promise<TensorSource> {
  const stat = path === "-" ? undefined : statOf(path, "read");
  if (path !== "-" && !stat) throw ioError({ code: "ENOENT" }, path, "read");
  const rawGiven = hint.otherwise !== undefined || (hint.shape !== undefined && hint.dtype !== undefined);
  const entry = formatByName(path, { folder: stat?.isDirectory() === true, rawGiven });
  return await (await entry.load()).open(path, hint);
}

/**
 * Opens a path for writing frames; nothing stands under that name until the sink is closed.
 * @throws TempressError "io" when it exists (without `force`) or cannot be written, "unsupported" when the
 * format cannot hold such values.
 */
export async function saveTensor(path: string, like: TensorLike, options: SaveOptions = {}): Promise<TensorSink> {
  const folder = path !== "-" && statOf(path, "write")?.isDirectory() === true;
  const format = await formatByName(path, { folder, rawGiven: false, writing: true }).load();
  if (!format.save) {
    throw new TempressError("unsupported", `format ${format.name} can only be read`, { where: path });
  }
  return await format.save(path, like, options);
}
