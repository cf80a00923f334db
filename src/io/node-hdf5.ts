/** HDF5, NetCDF-4 and hickle files: any dataset of numbers, read frame by frame. */
import type { Dataset, File } from "h5wasm";
import { TempressError } from "../errors.ts";
import { DTYPES, type DType } from "../tensor/dtype.ts";
import { elementCount, frameLength, MAX_RANK } from "../tensor/shape.ts";
import type { TensorSource } from "../tensor/source.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { type AttributeValue, attributeTexts, fillOf } from "./attributes.ts";
import { ChunkGrid } from "./chunk-grid.ts";
import type { Format } from "./format.ts";
import { attributeValue, dtypeOf } from "./hdf5-types.ts";
import { statOf } from "./node-file.ts";
import { closeHdf5, datasetsOf, h5wasm, inHdf5, openHdf5 } from "./node-hdf5-file.ts";
import { saveHdf5 } from "./node-hdf5-write.ts";
import { chooseVariable, type VariableInfo } from "./variables.ts";

/** One read; the memory of h5wasm ends at 2 GiB. */
const LARGEST_READ = 2 ** 30;
/** Chunks that were never written cost nothing, so a few bytes can claim any size; real data are not this sparse. */
const MOST_SPARSE = 2 ** 16;

export const hdf5Format: Format = {
  name: "hdf5",
  extensions: ["h5", "hdf5", "hdf", "he5"],
  summary: "HDF5: any dataset of numbers, attributes kept",
  packs: true,
  open: (path, hint) => openDataset(path, hint.variable),
  save: (path, like, options) => saveHdf5(path, like, options, "plain"),
  variables: hdf5Variables,
};

export const hickleFormat: Format = {
  name: "hickle",
  extensions: ["hkl"],
  summary: "hickle's HDF5 layout, as TEZIP's training data",
  open: (path, hint) => openDataset(path, hint.variable),
  save: (path, like, options) => saveHdf5(path, like, options, "hickle"),
  variables: hdf5Variables,
};

interface Found extends VariableInfo {
  readonly dataset: Dataset;
}

function variablesOf(file: File, path: string): Found[] {
  return inHdf5(path, "list its datasets", () => {
    const found: Found[] = [];
    for (const [name, dataset] of datasetsOf(file)) {
      const { metadata } = dataset;
      const { shape } = metadata;
      if (!shape || shape.length > MAX_RANK || metadata.vlen) continue;
      const dtype = dtypeOf(metadata);
      const attributes = Object.keys(dataset.attrs);
      found.push({
        name,
        dataset,
        shape,
        dtype: typeof dtype === "string" ? dtype : dtype.other,
        axes: axesOf(dataset),
        // Dimension scales are axes; what has no axis or no numbers is seldom meant.
        secondary: dataset.get_scale_name() !== null || shape.length === 0 || typeof dtype !== "string",
        ...(attributes.includes("units") ? { units: String(dataset.get_attribute("units", true)) } : {}),
      });
    }
    return found;
  });
}

/** Names of the dimension scales, or labels; undefined unless every axis has one. */
function axesOf(dataset: Dataset): string[] | undefined {
  const shape = dataset.shape ?? [];
  const labels = dataset.get_dimension_labels();
  const names = shape.map((_, k) => {
    const scale = dataset.get_attached_scales(k)[0];
    return scale?.split("/").at(-1) || labels[k] || "";
  });
  return names.length > 0 && names.every((name) => name !== "") ? names : undefined;
}

export async function hdf5Variables(path: string): Promise<readonly VariableInfo[]> {
  const file = await openHdf5(path);
  try {
    return variablesOf(file, path).map(({ dataset, ...info }) => info);
  } finally {
    closeHdf5(file);
  }
}

/** @param wanted a dataset's path; without it there must be only one. */
export async function openDataset(path: string, wanted: string | undefined): Promise<TensorSource> {
  const file = await openHdf5(path);
  try {
    const chosen = chooseVariable(variablesOf(file, path), wanted, path);
    return await sourceOf(file, chosen, `${path}:${chosen.name}`);
  } catch (error) {
    closeHdf5(file);
    throw error;
  }
}

async function sourceOf(
  file: File,
  { dataset, name, shape: stored, dtype: type, axes }: Found,
  where: string,
): Promise<TensorSource> {
  const dtype = type as DType;
  if (!Object.hasOwn(DTYPES, type)) {
    throw new TempressError("unsupported", `a dataset of ${type} is not taken`, {
      where,
      hint: "integers of 8 to 64 bits, float32, float64 and bool are",
    });
  }
  const shape = stored.length === 0 ? [1] : stored;
  const { bytes: width, Array: Values } = DTYPES[dtype];
  const frame = frameLength(shape);
  checkSize(elementCount(shape, where) * width, frame * width, file.filename, where);
  const attributes = inHdf5(where, "read its attributes", () => attributesOf(file, dataset));
  const fill = fillOf(attributes, dtype);
  const texts = attributeTexts(attributes);
  const slice = (ranges: [number, number][], part: readonly number[]): Tensor =>
    inHdf5(where, "read its values", () => {
      const count = part.reduce((a, b) => a * b, 1);
      if (count === 0) return tensor(dtype, part, new Values(0));
      const got = (stored.length === 0 ? oneOf(dataset.value, Values) : dataset.slice(ranges)) as Uint8Array;
      // Booleans come as signed bytes.
      const data = got.constructor === Values ? got : new Values(got.buffer, got.byteOffset, count);
      return tensor(dtype, part, data as Tensor["data"]);
    });
  const packed = stored.length > 0 ? await packedFrames(dataset, dtype, stored, where) : undefined;
  let open = true;
  return {
    dtype,
    shape: Object.freeze([...shape]),
    name: name.replace(/^\/+/, ""),
    ...(axes && axes.length === shape.length ? { axes } : {}),
    ...(Object.keys(texts).length > 0 ? { attributes: texts } : {}),
    ...(fill === undefined ? {} : { fill }),
    read(t0, t1) {
      if (packed) return packed(t0, t1);
      const rest = shape.slice(1).map((extent): [number, number] => [0, extent]);
      if (stored.length === 0) return slice([], [1]);
      return slice([[t0, t1], ...rest], [t1 - t0, ...shape.slice(1)]);
    },
    close() {
      if (open) closeHdf5(file);
      open = false;
    },
  };
}

/** Frames of a dataset whose chunks are streams of ours; undefined for all others. */
async function packedFrames(dataset: Dataset, dtype: DType, shape: readonly number[], where: string) {
  const { filters, metadata } = dataset;
  if (filters.length === 0) return undefined;
  const { hdf5Chunks, isTempressDataset, TEMPRESS_FILTER } = await import("../stores/hdf5.ts");
  if (!filters.some(({ id }) => id === TEMPRESS_FILTER)) return undefined;
  const size = (metadata.chunks ?? []).reduce((a, b) => a * b, DTYPES[dtype].bytes);
  if (!isTempressDataset(dataset) || !metadata.chunks || size > LARGEST_READ) {
    throw new TempressError("unsupported", "its chunks are packed by several filters, or too large", { where });
  }
  const streams = await hdf5Chunks(await h5wasm());
  const load = async (at: readonly number[]): Promise<Tensor> => {
    try {
      return await streams.read(dataset, dtype, at);
    } catch (error) {
      return inHdf5(`${where}, chunk ${at.join(".")}`, "read it", () => {
        throw error;
      });
    }
  };
  const grid = new ChunkGrid(dtype, shape, metadata.chunks, load);
  return (t0: number, t1: number): Promise<Tensor> => grid.frames(t0, t1);
}

/** A scalar dataset's value comes as a number. */
function oneOf(value: unknown, Values: new (length: number) => Tensor["data"]): Tensor["data"] {
  const one = new Values(1) as Float64Array;
  one[0] = value as number;
  return one;
}

function checkSize(all: number, frame: number, path: string, where: string): void {
  if (frame > LARGEST_READ) {
    throw new TempressError("unsupported", `one frame takes ${frame} bytes, more than ${LARGEST_READ}`, {
      where,
      hint: "the first axis is time: turn the dataset so that it is a shorter one",
    });
  }
  const stored = statOf(path, "read")?.size ?? 0;
  if (all > 2 ** 30 && all > stored * MOST_SPARSE) {
    throw new TempressError("corrupt", `the dataset claims ${all} bytes in a file of ${stored}`, { where });
  }
}

/** Those of the dataset; those of the file with a "/" before the name. */
function attributesOf(file: File, dataset: Dataset): Map<string, AttributeValue> {
  const found = new Map<string, AttributeValue>();
  for (const [on, prefix] of [
    [dataset, ""],
    [file, "/"],
  ] as const) {
    for (const [name, attribute] of Object.entries(on.attrs)) {
      const value = attributeValue(name, attribute);
      if (value !== undefined) found.set(prefix + name, value);
    }
  }
  return found;
}
