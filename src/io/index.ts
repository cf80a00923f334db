/** Bytes <-> tensors: `tempress/io`. Only the `node-*` parts need Node; they are loaded when they are used. */
export { formatByName } from "./by-extension.ts";
export type { Format, FormatEntry, FormatHint, SaveOptions, TensorLike } from "./format.ts";
export { formats, registerFormat } from "./formats.ts";
export { imageSource, naturalCompare } from "./images.ts";
export { npyHeader, npySource, readNpyHeader } from "./npy.ts";
export { decodePng } from "./png-read.ts";
export { encodePng } from "./png-write.ts";
export { type ClosableSink, rawSink, rawSource } from "./raw.ts";
export { parseRawName, rawExtension } from "./raw-name.ts";

import type { TensorSink, TensorSource } from "../tensor/source.ts";
import type { FormatHint, SaveOptions, TensorLike } from "./format.ts";

/** Opens frames in a file or folder; the name chooses the format. Node only. */
export async function openTensor(path: string, hint?: FormatHint): Promise<TensorSource> {
  return await (await import("./node-open.ts")).openTensor(path, hint);
}

/** Opens a file or folder for frames; it appears when the sink is closed. Node only. */
export async function saveTensor(path: string, like: TensorLike, options?: SaveOptions): Promise<TensorSink> {
  return await (await import("./node-open.ts")).saveTensor(path, like, options);
}
