/** PNG files and folders of PNG frames on this machine. */
import * as fs from "node:fs";
import { join } from "node:path";
import { TempressError } from "../errors.ts";
import { elementCount, formatShape } from "../tensor/shape.ts";
import type { TensorSink } from "../tensor/source.ts";
import { emptyTensor } from "../tensor/tensor.ts";
import type { Format, TensorLike } from "./format.ts";
import { imageSource, naturalCompare, pngFrameShape } from "./images.ts";
import { createFile, existsError, ioError, openFile, statOf, temporaryBeside, unopenedFile } from "./node-file.ts";
import { encodePng } from "./png-write.ts";
import { checkSlab } from "./raw.ts";

/** The names this program gives; only such files are replaced by `force`. */
const OWN_FRAME = /^frame_\d{4,}\.png$/;

export const pngFormat: Format = {
  name: "png",
  extensions: ["png"],
  summary: "PNG image or folder of PNG frames",
  async open(path) {
    if (!isFolder(path)) return await imageSource([openFile(path)], path);
    const names = listFolder(path).filter((name) => /^[^.].*\.png$/i.test(name));
    if (names.length === 0) {
      throw new TempressError("io", "the folder holds no PNG frames", {
        where: path,
        hint: "name a file, or a folder of .png files",
      });
    }
    const files = names.sort(naturalCompare).map((name) => unopenedFile(join(path, name)));
    return await imageSource(files, path);
  },
  async save(path, like, options) {
    pngFrameShape(like.dtype, like.shape, path);
    const single = /\.png$/i.test(path) && !isFolder(path);
    return single ? saveSingle(path, like, options.force === true) : saveFolder(path, like, options.force === true);
  },
};

function isFolder(path: string): boolean {
  return path.endsWith("/") || statOf(path, "read")?.isDirectory() === true;
}

function listFolder(path: string): string[] {
  try {
    return fs.readdirSync(path);
  } catch (cause) {
    throw ioError(cause, path, "read");
  }
}

/** Cuts what comes, whole slabs or rows, into frames; refuses to close on more or fewer than promised. */
function frameSink(
  like: TensorLike,
  where: string,
  to: { frame(bytes: Uint8Array): Promise<void> | void; close(): Promise<void> | void; abort(): void },
): TensorSink {
  const shape = pngFrameShape(like.dtype, like.shape, where);
  const length = shape.reduce((a, b) => a * b, 1);
  let left = elementCount(like.shape, where);
  const frame = emptyTensor(like.dtype, shape);
  let filled = 0;
  return {
    async write(slab) {
      checkSlab(slab, like, where);
      left -= slab.data.length;
      if (left < 0) throw new TempressError("invalid-argument", "more values came than the shape has", { where });
      for (let at = 0; at < slab.data.length; ) {
        const part = (slab.data as Uint8Array).subarray(at, at + length - filled);
        (frame.data as Uint8Array).set(part, filled);
        at += part.length;
        filled = (filled + part.length) % length;
        if (filled === 0) await to.frame(await encodePng(frame));
      }
    },
    async close() {
      if (left !== 0) {
        to.abort();
        throw new TempressError("truncated", `${left} values of shape ${formatShape(like.shape)} never came`, {
          where,
        });
      }
      await to.close();
    },
    abort: async () => to.abort(),
  };
}

function saveSingle(path: string, like: TensorLike, force: boolean): TensorSink {
  if (like.shape.length > 2 && like.shape[0] !== 1) {
    throw new TempressError("invalid-argument", `${like.shape[0]} frames do not fit into one PNG image`, {
      where: path,
      hint: `name a folder: ${path.replace(/\.png$/i, "")}/`,
    });
  }
  const out = createFile(path, { force });
  return frameSink(like, path, {
    frame: (bytes) => out.write(bytes),
    close: () => out.close(),
    abort: () => void out.abort?.(),
  });
}

/** Frames go into a temporary folder beside the target, which is renamed when all are there. */
function saveFolder(path: string, like: TensorLike, force: boolean): TensorSink {
  const target = path.replace(/\/+$/, "") || path;
  const count = like.shape.length === 2 ? 1 : like.shape[0]!;
  checkTarget(target, force);
  const temporary = temporaryBeside(target);
  try {
    fs.mkdirSync(temporary.name);
  } catch (cause) {
    temporary.forget();
    throw ioError(cause, target, "write");
  }
  const abort = (): void => {
    fs.rmSync(temporary.name, { recursive: true, force: true });
    temporary.forget();
  };
  const digits = Math.max(4, String(count - 1).length);
  let written = 0;
  return frameSink(like, target, {
    frame(bytes) {
      try {
        fs.writeFileSync(join(temporary.name, `frame_${String(written++).padStart(digits, "0")}.png`), bytes);
      } catch (cause) {
        abort();
        throw ioError(cause, target, "write");
      }
    },
    close() {
      try {
        checkTarget(target, force);
        for (const name of fs.existsSync(target) ? fs.readdirSync(target) : []) fs.rmSync(join(target, name));
        fs.rmSync(target, { recursive: true, force: true });
        fs.renameSync(temporary.name, target);
        temporary.forget();
      } catch (cause) {
        abort();
        throw cause instanceof TempressError ? cause : ioError(cause, target, "write");
      }
    },
    abort,
  });
}

/** An empty folder may be filled; with `force` also one that holds nothing but frames of ours. */
function checkTarget(target: string, force: boolean): void {
  const stat = statOf(target, "write");
  if (!stat) return;
  if (!stat.isDirectory()) {
    throw new TempressError("io", "this is a file; frames go into a folder", { where: target });
  }
  const names = listFolder(target);
  if (names.length > 0 && !force) throw existsError(target);
  const foreign = names.find((name) => !OWN_FRAME.test(name));
  if (foreign !== undefined) {
    throw new TempressError("io", `the folder holds other files (${foreign}), which --force does not remove`, {
      where: target,
      hint: "choose a new folder",
    });
  }
}
