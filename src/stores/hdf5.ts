/**
 * `tempress/hdf5`: datasets of HDF5 whose chunks are streams of ours, read and written with h5wasm by the filter's id.
 * Every other reader of HDF5 sees an ordinary chunked dataset with one filter, and each chunk's bytes are a `.tpz` file.
 * Runs in pages too.
 */
import type * as H5wasm from "h5wasm";
import { TempressError } from "../errors.ts";
import { copyRegion } from "../tensor/box.ts";
import { DTYPES, type DType } from "../tensor/dtype.ts";
import { elementCount, type Shape } from "../tensor/shape.ts";
import { emptyTensor, type Tensor } from "../tensor/tensor.ts";
import { type ChunkCodec, decodeChunk, encodeChunk, kindOf, OWN_PREFIX } from "./chunk-stream.ts";
import { filterPlugin, MAILBOX } from "./hdf5-plugin.ts";

export type { ChunkCodec } from "./chunk-stream.ts";

/** In the range that HDF5 leaves to organisations (32768 to 65535). */
export const TEMPRESS_FILTER = 51104;

type Library = Pick<typeof H5wasm, "File" | "ready">;

export interface Hdf5Dataset {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly chunks: Shape;
}

export interface Hdf5Chunks {
  /** A dataset without values, whose chunks `write` fills. Groups of its path must be there. */
  create(file: H5wasm.Group, dataset: Hdf5Dataset): H5wasm.Dataset;
  /**
   * Writes one chunk.
   * @param at the chunk's index along each axis
   * @param values the chunk's, or at the far edges what of it lies inside the dataset
   */
  write(dataset: H5wasm.Dataset, dtype: DType, at: readonly number[], values: Tensor, codec: ChunkCodec): Promise<void>;
  /** One whole chunk; beyond the dataset's edge, and where nothing was written, its values mean nothing. */
  read(dataset: H5wasm.Dataset, dtype: DType, at: readonly number[]): Promise<Tensor>;
}

/** Parts of h5wasm's module that its types leave open. */
interface Memory {
  readonly HEAPU8: Uint8Array;
  readonly FS: {
    mkdir(path: string): void;
    writeFile(path: string, bytes: Uint8Array): void;
    unlink(path: string): void;
    rmdir(path: string): void;
  };
  _malloc(bytes: number): number;
  _free(at: number): void;
  insert_plugin_search_path(path: string, index: number): number;
  remove_plugin_search_path(index: number): number;
}

const prepared = new WeakMap<object, Promise<Hdf5Chunks>>();

/** Whether a dataset's only filter is ours. */
export function isTempressDataset(dataset: H5wasm.Dataset): boolean {
  const { filters } = dataset;
  return filters.length === 1 && filters[0]!.id === TEMPRESS_FILTER;
}

/**
 * Makes h5wasm know the filter. Once for each h5wasm: later calls give the same.
 * @param library the module `h5wasm` in pages, `h5wasm/node` in Node
 * @throws TempressError "io" where the plug-in cannot be put into h5wasm's file system for the moment of loading
 */
export function hdf5Chunks(library: Library): Promise<Hdf5Chunks> {
  const known = prepared.get(library.File);
  if (known) return known;
  const made = prepare(library);
  prepared.set(library.File, made);
  return made;
}

async function prepare({ File, ready }: Library): Promise<Hdf5Chunks> {
  const memory = (await ready) as unknown as Memory;
  const mailbox = memory._malloc(MAILBOX.bytes);
  memory.HEAPU8.fill(0, mailbox, mailbox + MAILBOX.bytes);
  const word = (field: number): DataView => new DataView(memory.HEAPU8.buffer, mailbox + field, 4);
  const get = (field: number): number => word(field).getUint32(0, true);
  const set = (field: number, value: number): void => word(field).setUint32(0, value, true);

  const post = (bytes: Uint8Array): void => {
    const at = memory._malloc(Math.max(1, bytes.length));
    memory.HEAPU8.set(bytes, at);
    set(MAILBOX.writeAt, at);
    set(MAILBOX.writeLength, bytes.length);
  };
  /** What is still in the mailbox goes back to the allocator. */
  const clear = (): void => {
    for (const field of [MAILBOX.writeAt, MAILBOX.readAt]) {
      memory._free(get(field));
      set(field, 0);
    }
  };
  load(File, memory, mailbox, set, post);

  return {
    create(file, { name, dtype, shape, chunks }) {
      checkChunks(shape, chunks, name);
      const dataset = file.create_dataset({
        ...{ name, data: new DTYPES[dtype].Array(0) as Float64Array, dtype: hdf5Type(dtype) },
        ...{ shape: [0, ...shape.slice(1)], maxshape: [...shape], chunks: [...chunks] },
        ...{ compression: TEMPRESS_FILTER, compression_opts: [1] },
      });
      dataset.resize([...shape]);
      return dataset;
    },
    async write(dataset, dtype, at, values, codec) {
      if (!codec.name.startsWith(OWN_PREFIX)) {
        throw new TempressError("unsupported", `chunks of HDF5 are .tpz streams, not ${codec.name}`, {
          where: dataset.path,
          hint: `choose ${OWN_PREFIX}tezip or another ${OWN_PREFIX} codec`,
        });
      }
      const { chunks, origin } = placeOf(dataset, at);
      const stream = await encodeChunk(codec, padded(values, kindOf(dtype, chunks).shape));
      set(MAILBOX.chunkBytes, elementCount(chunks) * DTYPES[dtype].bytes);
      post(stream);
      try {
        // One value touches the chunk; the filter puts the stream in its place.
        dataset.write_slice(
          origin.map((index) => [index, index + 1]),
          new DTYPES[dtype].Array(1),
        );
        if (get(MAILBOX.writeAt) !== 0)
          throw new TempressError("io", "HDF5 did not take the chunk", { where: dataset.path });
      } finally {
        clear();
      }
    },
    async read(dataset, dtype, at) {
      const { chunks, origin, shape } = placeOf(dataset, at);
      set(MAILBOX.chunkBytes, elementCount(chunks) * DTYPES[dtype].bytes);
      let stream: Uint8Array | undefined;
      try {
        dataset.slice(origin.map((index) => [index, index + 1]));
        const [start, length] = [get(MAILBOX.readAt), get(MAILBOX.readLength)];
        if (start !== 0) stream = memory.HEAPU8.slice(start, start + length);
      } finally {
        clear();
      }
      if (stream)
        return await decodeChunk({ name: `${OWN_PREFIX}tezip`, configuration: {} }, stream, { dtype, shape: chunks });
      // Never written: HDF5's own fill value.
      const part = chunks.map((extent, k) => Math.min(extent, shape[k]! - origin[k]!));
      const data = dataset.slice(origin.map((index, k) => [index, index + part[k]!])) as Uint8Array;
      const { Array: Values } = DTYPES[dtype];
      const plain = {
        dtype,
        shape: part,
        data: new Values(data.buffer, data.byteOffset, data.length) as Tensor["data"],
      };
      return padded(plain, chunks);
    },
  };
}

/** HDF5 finds plug-ins as files in a folder. It is there for the moment of loading only. */
function load(
  File: Library["File"],
  memory: Memory,
  mailbox: number,
  set: (field: number, value: number) => void,
  post: (bytes: Uint8Array) => void,
): void {
  const temporary = (typeof process !== "undefined" && (process.env?.TMPDIR || process.env?.TEMP)) || "/tmp";
  const folder = `${temporary}/tempress-hdf5-${Math.random().toString(36).slice(2)}`;
  const [plugin, probe] = [`${folder}/libtempress.so`, `${folder}/probe.h5`];
  const { FS } = memory;
  try {
    FS.mkdir(folder);
    FS.writeFile(plugin, filterPlugin(TEMPRESS_FILTER, "tempress", mailbox));
    memory.insert_plugin_search_path(folder, 0);
    try {
      // Creating a dataset with the filter loads it.
      set(MAILBOX.chunkBytes, 1);
      post(Uint8Array.of(1));
      const file = new File(probe, "w");
      file.create_dataset({
        name: "x",
        data: new Uint8Array(1),
        shape: [1],
        chunks: [1],
        dtype: "<B",
        compression: TEMPRESS_FILTER,
        compression_opts: [1],
      });
      const known = file.get("x") as H5wasm.Dataset | null;
      if (known === null || known.filters.length !== 1) throw new Error("h5wasm did not load the plug-in");
      file.close();
    } finally {
      memory.remove_plugin_search_path(0);
    }
  } catch (cause) {
    const hint = "HDF5 needs a folder to load it from: set TMPDIR";
    throw new TempressError("io", "the filter for HDF5 could not be loaded", { where: folder, hint, cause });
  } finally {
    for (const remove of [() => FS.unlink(plugin), () => FS.unlink(probe), () => FS.rmdir(folder)]) {
      try {
        remove();
      } catch {
        // It was never made.
      }
    }
  }
}

function hdf5Type(dtype: DType): string {
  const letters = { float32: "f", float64: "d", int8: "b", int16: "h", int32: "i", int64: "q" };
  const unsigned = { uint8: "B", uint16: "H", uint32: "I", uint64: "Q", bool: "B" };
  return `<${{ ...letters, ...unsigned }[dtype]}`;
}

function checkChunks(shape: Shape, chunks: Shape, where: string): void {
  const fit =
    chunks.length === shape.length &&
    chunks.every((extent, k) => Number.isInteger(extent) && extent > 0 && extent <= Math.max(1, shape[k]!));
  if (fit && !shape.includes(0)) return;
  throw new TempressError("invalid-argument", `chunks of ${chunks.join("x")} do not divide ${shape.join("x")}`, {
    where,
    hint: "one extent an axis, at least 1 and not beyond the shape",
  });
}

function placeOf(
  dataset: H5wasm.Dataset,
  at: readonly number[],
): { chunks: number[]; origin: number[]; shape: number[] } {
  const { chunks, shape } = dataset.metadata;
  const origin = at.map((index, k) => index * (chunks?.[k] ?? 1));
  if (
    !chunks ||
    !shape ||
    at.length !== shape.length ||
    origin.some((index, k) => !(index >= 0 && index < shape[k]!))
  ) {
    throw new TempressError("invalid-argument", `there is no chunk ${at.join(".")}`, { where: dataset.path });
  }
  return { chunks, origin, shape };
}

/** The values in a whole chunk; what lies beyond repeats the last ones, which costs next to nothing. */
function padded(values: Tensor, shape: Shape): Tensor {
  if (values.shape.every((extent, k) => extent === shape[k])) return values;
  let now = values;
  shape.forEach((extent, axis) => {
    const have = now.shape[axis]!;
    if (have === extent) return;
    const wider = emptyTensor(
      now.dtype,
      now.shape.map((length, k) => (k === axis ? extent : length)),
    );
    const whole = { origin: shape.map(() => 0), extent: wider.shape };
    const into = (index: number, from: number): void => {
      const slice = {
        origin: now.shape.map((_, k) => (k === axis ? from : 0)),
        extent: now.shape.map((length, k) => (k === axis ? 1 : length)),
      };
      const moved = { origin: slice.origin.map((start, k) => (k === axis ? index : start)), extent: slice.extent };
      const shifted = { origin: now.shape.map((_, k) => (k === axis ? index - from : 0)), extent: now.shape };
      copyRegion(now, shifted, wider, whole, moved);
    };
    for (let index = 0; index < extent; index++) into(index, Math.min(index, have - 1));
    now = wider;
  });
  return now;
}
