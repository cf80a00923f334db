/** Writes a Zarr version 3 group of one array, chunks side by side, under a name that appears when all is there. */
import * as fs from "node:fs";
import { join } from "node:path";
import type { CodecMetadata } from "zarrita";
import { TempressError } from "../errors.ts";
import { DTYPES } from "../tensor/dtype.ts";
import { frameLength } from "../tensor/shape.ts";
import type { TensorSink } from "../tensor/source.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { attributesOf } from "./attributes.ts";
import type { SaveOptions, TensorLike } from "./format.ts";
import { frameSink, framesOf } from "./frame-sink.ts";
import { existsError, ioError, statOf, temporaryBeside } from "./node-file.ts";
import { FolderStore, zarrita } from "./node-zarr-store.ts";

/** A chunk of whole frames, or part of a larger frame. */
const CHUNK_BYTES = 4 << 20;
const LARGEST_CHUNK = 64 << 20;
/** Chunks that are written at the same time. */
const AT_ONCE = 8;

const METADATA = ["zarr.json", ".zgroup", ".zarray"];

export async function saveZarr(path: string, like: TensorLike, options: SaveOptions): Promise<TensorSink> {
  const target = path.replace(/\/+$/, "");
  const name = (options.variable ?? like.name ?? "data").replace(/^\/+/, "");
  if (!/^[^/\0]+(\/[^/\0]+)*$/.test(name) || name.split("/").some((part) => /^\.|^__/.test(part))) {
    throw new TempressError("invalid-argument", `"${name}" cannot be an array's path`, {
      where: path,
      hint: "such as group/name",
    });
  }
  checkTarget(target, options.force === true);
  const library = await zarrita();
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
  const { bytes } = DTYPES[like.dtype];
  const frames = framesOf(like, bytes, options.codec ? 2 * CHUNK_BYTES : CHUNK_BYTES);
  const root = library.root(new FolderStore(temporary.name));
  const parts = name.split("/");
  let array: Awaited<ReturnType<typeof create>>;
  const create = () =>
    library.create(root.resolve(name), {
      shape: [...like.shape],
      chunkShape: chunkShape(like, frames),
      dtype: like.dtype as "float32",
      codecs: [(options.codec as CodecMetadata | undefined) ?? { name: "bytes", configuration: { endian: "little" } }],
      fillValue: (like.dtype === "bool" ? false : 0) as number,
      attributes: jsonAttributes(like),
      ...(like.axes ? { dimensionNames: [...like.axes] } : {}),
    });
  try {
    await library.create(root, { attributes: jsonAttributes(like, "/") });
    for (let i = 1; i < parts.length; i++) await library.create(root.resolve(parts.slice(0, i).join("/")));
    array = await create();
  } catch (error) {
    abort();
    throw error;
  }
  const writing = new Set<Promise<void>>();
  let failed: { readonly error: unknown } | undefined;
  const write = async (group: Tensor, t0: number): Promise<void> => {
    const stride = group.shape.map((_, k) => group.shape.slice(k + 1).reduce((a, b) => a * b, 1));
    const data = like.dtype === "bool" ? booleans(library.BoolArray, group.data as Uint8Array) : group.data;
    const chunk = { data: data as Float32Array, shape: [...group.shape], stride };
    await library.set(array, [library.slice(t0, t0 + group.shape[0]!), ...group.shape.slice(1).map(() => null)], chunk);
  };
  return frameSink(like, target, frames, {
    async group(group, t0) {
      const work = write(group, t0)
        .catch((error: unknown) => {
          failed ??= { error };
        })
        .finally(() => writing.delete(work));
      writing.add(work);
      if (writing.size >= AT_ONCE) await Promise.race(writing);
      if (failed) throw failed.error;
    },
    async close() {
      await Promise.all(writing);
      if (failed) throw failed.error;
      checkTarget(target, options.force === true);
      try {
        fs.rmSync(target, { recursive: true, force: true });
        fs.renameSync(temporary.name, target);
        temporary.forget();
      } catch (cause) {
        throw ioError(cause, target, "write");
      }
    },
    async abort() {
      await Promise.allSettled(writing);
      abort();
    },
  });
}

function booleans(
  Booleans: new (buffer: ArrayBufferLike, at: number, length: number) => unknown,
  data: Uint8Array,
): unknown {
  return new Booleans(data.buffer, data.byteOffset, data.length);
}

function chunkShape(like: TensorLike, frames: number): number[] {
  const { bytes } = DTYPES[like.dtype];
  const shape = [frames, ...like.shape.slice(1)].map((extent) => Math.max(1, extent));
  for (let k = 1; k < shape.length; k++) {
    const rest = frameLength(shape.slice(k)) * bytes;
    if (shape[k]! * rest <= LARGEST_CHUNK) break;
    shape[k] = Math.max(1, Math.floor(LARGEST_CHUNK / rest));
  }
  return shape;
}

/** Attributes as JSON has them; numbers beyond it (NaN, large integers) as texts. */
function jsonAttributes(like: TensorLike, prefix = ""): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [name, value] of attributesOf(like.attributes)) {
    if (name.startsWith("/") !== (prefix === "/")) continue;
    const key = name.slice(prefix.length);
    if (typeof value === "string") {
      found[key] = value;
      continue;
    }
    const list = Array.from(value.values as ArrayLike<number | bigint>, (each) => {
      const number = Number(each);
      return Number.isFinite(number) && (typeof each !== "bigint" || Number.isSafeInteger(number))
        ? number
        : String(each);
    });
    found[key] = list.length === 1 ? list[0] : list;
  }
  if (like.fill !== undefined && prefix === "" && found._FillValue === undefined) found._FillValue = like.fill;
  return found;
}

/** With `force` a Zarr store is replaced, and nothing else. */
function checkTarget(target: string, force: boolean): void {
  const stat = statOf(target, "write");
  if (!stat) return;
  if (!stat.isDirectory()) throw new TempressError("io", "this is a file; a Zarr store is a folder", { where: target });
  const names = fs.readdirSync(target);
  if (names.length === 0) return;
  if (!force) throw existsError(target);
  if (!METADATA.some((name) => fs.existsSync(join(target, name)))) {
    throw new TempressError("io", "the folder is no Zarr store, and --force does not remove others", {
      where: target,
      hint: "choose a new folder",
    });
  }
}
