/** Writes one dataset of an HDF5 file: plain, as NetCDF-4 has it, or as hickle has it. */
import * as fs from "node:fs";
import type { Dataset, File } from "h5wasm";
import { TempressError } from "../errors.ts";
import type { Hdf5Chunks } from "../stores/hdf5.ts";
import { DTYPES } from "../tensor/dtype.ts";
import type { TensorSink } from "../tensor/source.ts";
import { attributesOf } from "./attributes.ts";
import type { SaveOptions, TensorLike } from "./format.ts";
import { frameSink, framesOf } from "./frame-sink.ts";
import { h5TypeOf, putAttribute } from "./hdf5-types.ts";
import { closeHdf5, h5wasm, inHdf5 } from "./node-hdf5-file.ts";
import { placedFile } from "./node-place.ts";

export type Hdf5Layout = "plain" | "netcdf4" | "hickle";

/** A chunk of the file: about this much, in whole frames. */
const CHUNK_BYTES = 1 << 20;
/** One that a codec packs, which likes neighbours in time. */
const PACKED_BYTES = 8 << 20;
/** HDF5 has no larger chunks than 4 GiB; h5wasm's memory ends at 2. */
const LARGEST_FRAME = 1 << 30;

/** Writes to a file beside the target, which gets its name when the sink is closed. */
export async function saveHdf5(
  path: string,
  like: TensorLike,
  options: SaveOptions,
  layout: Hdf5Layout,
): Promise<TensorSink> {
  const library = await h5wasm();
  const name = variableName(like, options, layout, path);
  const { bytes } = DTYPES[like.dtype];
  const frame = like.shape.slice(1).reduce((a, b) => a * b, bytes);
  if (frame > LARGEST_FRAME) {
    throw new TempressError("unsupported", `one frame takes ${frame} bytes, more than a chunk of HDF5 may`, {
      where: path,
      hint: "write raw values or .npy",
    });
  }
  const frames = framesOf(like, bytes, options.codec ? PACKED_BYTES : CHUNK_BYTES);
  const { codec } = options;
  const streams = codec ? await (await import("../stores/hdf5.ts")).hdf5Chunks(library) : undefined;
  const target = placedFile(path, options);
  let file: File;
  let dataset: Dataset;
  try {
    file = inHdf5(path, "create it", () => new library.File(target.temporary, "w"), "io");
    dataset = inHdf5(path, "create the dataset", () => create(file, name, like, frames, layout, streams, path));
  } catch (error) {
    target.abort();
    throw error;
  }
  const empty = like.shape.includes(0);
  return frameSink(like, path, frames, {
    async group(group, t0) {
      if (empty) return;
      if (streams && codec) {
        await streams.write(dataset, like.dtype, [t0 / frames, ...like.shape.slice(1).map(() => 0)], group, codec);
        return;
      }
      const ranges = group.shape.map((extent, k): [number, number] => (k === 0 ? [t0, t0 + extent] : [0, extent]));
      const data = like.dtype === "bool" ? new Uint8Array(group.data as Uint8Array) : group.data;
      inHdf5(path, "write", () => dataset.write_slice(ranges, data), "io");
      // HDF5 does not say when the disk is full.
      if (fs.statSync(target.temporary).size === 0)
        throw new TempressError("io", "nothing was written", { where: path });
    },
    close() {
      inHdf5(path, "finish it", () => file.close(), "io");
      target.place();
    },
    abort() {
      closeHdf5(file);
      target.abort();
    },
  });
}

function variableName(like: TensorLike, options: SaveOptions, layout: Hdf5Layout, where: string): string {
  if (layout === "hickle") return "data";
  const name = (options.variable ?? like.name ?? "data").replace(/^\/+/, "");
  if (/^[^/\0]+(\/[^/\0]+)*$/.test(name) && !name.split("/").some((part) => part === "." || part === "..")) return name;
  throw new TempressError("invalid-argument", `"${name}" cannot be a dataset's path`, {
    where,
    hint: "such as group/name",
  });
}

function create(
  file: File,
  name: string,
  like: TensorLike,
  frames: number,
  layout: Hdf5Layout,
  streams: Hdf5Chunks | undefined,
  where: string,
): Dataset {
  const parts = name.split("/");
  for (let i = 1; i < parts.length; i++) file.create_group(parts.slice(0, i).join("/"));
  const { Array: Values } = DTYPES[like.dtype];
  const empty = like.shape.includes(0);
  const chunks = [frames, ...like.shape.slice(1)];
  if (streams && empty) throw new TempressError("unsupported", "an empty dataset has no chunks to pack", { where });
  const plain = (): Dataset =>
    file.create_dataset({
      name,
      data: new Values(0) as Float64Array,
      shape: empty ? [...like.shape] : [0, ...like.shape.slice(1)],
      dtype: h5TypeOf(like.dtype),
      ...(empty ? {} : { maxshape: [...like.shape], chunks }),
    });
  const dataset = streams ? streams.create(file, { name, dtype: like.dtype, shape: like.shape, chunks }) : plain();
  if (!streams && !empty) dataset.resize([...like.shape]);
  const fixed = layout === "netcdf4";
  for (const [key, value] of attributesOf(like.attributes)) {
    if (key.startsWith("/")) putAttribute(file, key.slice(1), value, fixed);
    else putAttribute(dataset, key, value, fixed);
  }
  if (like.fill !== undefined && like.attributes?._FillValue === undefined) {
    const value = new Values(1);
    if (value instanceof BigInt64Array || value instanceof BigUint64Array) value[0] = BigInt(like.fill);
    else value[0] = like.fill;
    putAttribute(dataset, "_FillValue", { dtype: like.dtype, values: value }, fixed);
  }
  if (layout === "netcdf4") dimensions(file, dataset, name, like);
  else if (layout === "hickle") hickle(file, dataset, like);
  else for (const [k, axis] of (like.axes ?? []).entries()) dataset.set_dimension_label(k, axis);
  return dataset;
}

/** A dimension without coordinates is an empty dimension scale of this name, in netCDF-4's own words. */
function dimensions(file: File, dataset: Dataset, name: string, like: TensorLike): void {
  const group = name.includes("/") ? `${name.slice(0, name.lastIndexOf("/"))}/` : "";
  const taken = new Set([name.split("/").at(-1)!]);
  like.shape.forEach((extent, k) => {
    let axis = like.axes?.[k]?.replaceAll("/", "_") || `dim_${k}`;
    while (taken.has(axis)) axis += "_";
    taken.add(axis);
    const scale = file.create_dataset({
      name: group + axis,
      data: new Float32Array(0),
      shape: [0],
      dtype: "<f",
      maxshape: [extent],
      chunks: [Math.max(1, extent)],
    });
    if (extent > 0) scale.resize([extent]);
    scale.make_scale(`This is a netCDF dimension but not a netCDF variable. ${String(extent).padStart(9)}`);
    scale.create_attribute("_Netcdf4Dimid", new Int32Array([k]), [], "<i");
    dataset.attach_scale(k, `/${group}${axis}`);
  });
}

/** What hickle 4 looks for. `type` is the pickled class, in the protocol that is plain text. */
function hickle(file: File, dataset: Dataset, like: TensorLike): void {
  putAttribute(file, "HICKLE_VERSION", "4.0.1", true);
  putAttribute(file, "HICKLE_PYTHON_VERSION", "3.6.0", true);
  putAttribute(dataset, "np_dtype", like.dtype, true);
  putAttribute(dataset, "base_type", "ndarray", true);
  putAttribute(dataset, "type", "cnumpy\nndarray\np0\n.", true);
}
