/** A Zarr store in a folder: a file for each key, and never one outside the folder. */
import * as fs from "node:fs";
import { dirname, resolve, sep } from "node:path";
import { deflateSync, gunzipSync, gzipSync, inflateSync } from "node:zlib";
import type * as Zarrita from "zarrita";
import { TempressError } from "../errors.ts";
import type { ZarrRegistry } from "../stores/zarr-codecs.ts";
import { ioError } from "./node-file.ts";
import { zarritaPackage } from "./node-packages.ts";

/** A key's value; larger ones are no chunks. */
const LARGEST_VALUE = 2 ** 31;

type Range = { offset: number; length: number } | { suffixLength: number };

export class FolderStore {
  readonly root: string;

  constructor(root: string) {
    this.root = resolve(root);
  }

  #path(key: string): string {
    const path = resolve(this.root, `.${key}`);
    if (path === this.root || path.startsWith(this.root + sep)) return path;
    throw new TempressError("corrupt", `the key ${key} leads out of the store`, { where: this.root });
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return await this.#read(key, (size) => [0, size]);
  }

  async getRange(key: string, range: Range): Promise<Uint8Array | undefined> {
    return await this.#read(key, (size) => {
      const [start, length] =
        "suffixLength" in range ? [size - range.suffixLength, range.suffixLength] : [range.offset, range.length];
      if (start >= 0 && length >= 0 && start + length <= size) return [start, start + length];
      throw new TempressError(
        "truncated",
        `bytes ${start} to ${start + length} lie outside the shard (${size} bytes)`,
        {
          where: this.#path(key),
          hint: "copy it again",
        },
      );
    });
  }

  async #read(key: string, part: (size: number) => [number, number]): Promise<Uint8Array | undefined> {
    const path = this.#path(key);
    let file: fs.promises.FileHandle;
    try {
      file = await fs.promises.open(path, "r");
    } catch (cause) {
      // A chunk that is not there holds the fill value.
      if (["ENOENT", "ENOTDIR", "EISDIR"].includes((cause as { code?: string }).code ?? "")) return undefined;
      throw ioError(cause, path, "read");
    }
    try {
      const stat = await file.stat();
      if (stat.isDirectory()) return undefined;
      const [start, end] = part(stat.size);
      if (end - start > LARGEST_VALUE)
        throw new TempressError("corrupt", `a chunk of ${end - start} bytes`, { where: path });
      const bytes = new Uint8Array(end - start);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
      if (bytesRead < bytes.length) throw new TempressError("truncated", "the file became shorter", { where: path });
      return bytes;
    } catch (cause) {
      throw cause instanceof TempressError ? cause : ioError(cause, path, "read");
    } finally {
      await file.close();
    }
  }

  async set(key: string, value: Uint8Array): Promise<void> {
    const path = this.#path(key);
    try {
      await fs.promises.mkdir(dirname(path), { recursive: true });
      await fs.promises.writeFile(path, value);
    } catch (cause) {
      throw ioError(cause, path, "write");
    }
  }
}

let loaded: Promise<typeof Zarrita> | undefined;

/** zarrita, with our codecs, with gzip and zlib that write too, and that never inflate a chunk beyond what it can hold. */
export function zarrita(): Promise<typeof Zarrita> {
  loaded ??= (async () => {
    const [library, ours] = await Promise.all([zarritaPackage(), import("../stores/zarr-codecs.ts")]);
    ours.registerCodecs(library.registry as unknown as ZarrRegistry);
    library.registry.set("gzip", async () => bounded(gunzipSync, gzipSync));
    library.registry.set("numcodecs.gzip", async () => bounded(gunzipSync, gzipSync));
    library.registry.set("zlib", async () => bounded(inflateSync, deflateSync));
    library.registry.set("numcodecs.zlib", async () => bounded(inflateSync, deflateSync));
    return library;
  })();
  return loaded;
}

type Pack = (bytes: Uint8Array, options: { level?: number }) => Uint8Array;
type Unpack = (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;
type Entry = Awaited<ReturnType<NonNullable<ReturnType<(typeof Zarrita)["registry"]["get"]>>>>;

function bounded(unpack: Unpack, pack: Pack): Entry {
  return {
    kind: "bytes_to_bytes",
    fromConfig(config, { shape }) {
      // 8 bytes a value at most, and a checksum or two.
      const most = 8 * shape.reduce((a, b) => a * b, 1) + 1024;
      const { level } = (config ?? {}) as { level?: number };
      const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return {
        kind: "bytes_to_bytes",
        encode: (bytes: Uint8Array) => plain(pack(bytes, typeof level === "number" ? { level } : {})),
        decode: (bytes: Uint8Array) => plain(unpack(bytes, { maxOutputLength: most })),
      };
    },
  };
}
