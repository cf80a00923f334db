/** Zarr arrays in folders, versions 2 and 3, sharded or not: read chunk by chunk, written as version 3. */
import * as fs from "node:fs";
import { basename, join } from "node:path";
import type { DataType, Array as ZarrArray } from "zarrita";
import { TempressError } from "../errors.ts";
import { DTYPES, type DType, isDType } from "../tensor/dtype.ts";
import { elementCount, frameLength, MAX_RANK } from "../tensor/shape.ts";
import type { TensorSource } from "../tensor/source.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type AttributeValue, attributeTexts, fillOf } from "./attributes.ts";
import { ChunkGrid } from "./chunk-grid.ts";
import type { Format } from "./format.ts";
import { ioError } from "./node-file.ts";
import { FolderStore, zarrita } from "./node-zarr-store.ts";
import { saveZarr } from "./node-zarr-write.ts";
import { chooseVariable, type VariableInfo } from "./variables.ts";

const MOST_ARRAYS = 10_000;
const DEEPEST = 16;
/** A decoded chunk in memory. */
const LARGEST_CHUNK = 2 ** 30;
const LARGEST_METADATA = 2 ** 26;

export const zarrFormat: Format = {
  name: "zarr",
  extensions: ["zarr"],
  summary: "Zarr folders",
  open: openZarr,
  variables: async (path) => (await arraysOf(path)).map(({ array, ...info }) => info),
  packs: true,
  save: saveZarr,
};

interface Found extends VariableInfo {
  readonly array: ZarrArray<DataType>;
}

/** Folders with an array's metadata, by their path in the store; "" is the store itself. */
function arrayPaths(root: string): string[] {
  const found: string[] = [];
  const visit = (inside: string, depth: number): void => {
    const folder = join(root, inside);
    const entries = fs.readdirSync(folder, { withFileTypes: true });
    const names = new Set(entries.map(({ name }) => name));
    if (names.has(".zarray") || (names.has("zarr.json") && isArray(join(folder, "zarr.json")))) {
      found.push(inside);
      if (found.length > MOST_ARRAYS) throw new TempressError("corrupt", "too many arrays", { where: root });
      return;
    }
    if (depth === DEEPEST) return;
    for (const entry of entries) {
      if (entry.isDirectory() && !entry.name.startsWith("."))
        visit(inside === "" ? entry.name : `${inside}/${entry.name}`, depth + 1);
    }
  };
  try {
    visit("", 0);
  } catch (cause) {
    throw cause instanceof TempressError ? cause : ioError(cause, root, "read");
  }
  return found.sort();
}

function isArray(file: string): boolean {
  if (fs.statSync(file).size > LARGEST_METADATA)
    throw new TempressError("corrupt", "its metadata are too long", { where: file });
  let metadata: { node_type?: unknown; zarr_format?: unknown } | null;
  try {
    metadata = JSON.parse(fs.readFileSync(file, "utf8")) as typeof metadata;
  } catch (cause) {
    throw new TempressError("corrupt", "its metadata are no JSON", { where: file, cause });
  }
  if (metadata?.zarr_format !== 3) {
    throw new TempressError("corrupt", `its metadata are of version ${String(metadata?.zarr_format)}, not 3`, {
      where: file,
    });
  }
  return metadata.node_type === "array";
}

/** What zarrita says, in our words. */
async function inZarr<T>(where: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof TempressError) throw cause;
    const inner = (cause as { cause?: unknown }).cause;
    if (inner instanceof TempressError) throw inner;
    const { name = "", message = String(cause) } = cause as Error;
    const unknown = /UnknownCodec|Unsupported/.test(name);
    const reason = inner instanceof Error ? `${message}: ${inner.message}` : message;
    throw new TempressError(unknown ? "unsupported" : "corrupt", `cannot read it: ${reason}`, {
      where,
      hint: unknown ? "its chunks are packed in a way that is not known here" : "check that the store is whole",
      cause,
    });
  }
}

async function arraysOf(path: string): Promise<Found[]> {
  const library = await zarrita();
  const store = new FolderStore(path);
  const paths = arrayPaths(path);
  if (paths.length === 0) {
    throw new TempressError("io", "the folder holds no Zarr array", {
      where: path,
      hint: "an array has zarr.json or .zarray",
    });
  }
  const found: Found[] = [];
  for (const inside of paths) {
    const where = inside === "" ? path : `${path}:${inside}`;
    const location = library.root(store).resolve(inside);
    const array = await inZarr(where, async () => await library.open(location, { kind: "array" }));
    found.push(describe(array, inside === "" ? basename(path).replace(/\.zarr$/i, "") : inside, where));
  }
  return found;
}

function describe(array: ZarrArray<DataType>, name: string, where: string): Found {
  const { shape, attrs, dtype } = array;
  const whole = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((extent) => Number.isSafeInteger(extent) && (extent as number) >= 0);
  if (!whole(shape) || !whole(array.chunks) || array.chunks.length !== shape.length || array.chunks.includes(0)) {
    throw new TempressError("corrupt", "its shape and chunks do not fit", { where });
  }
  const names = array.dimensionNames ?? (attrs as { _ARRAY_DIMENSIONS?: unknown })?._ARRAY_DIMENSIONS;
  const axes =
    Array.isArray(names) &&
    names.length === shape.length &&
    names.every((axis) => typeof axis === "string" && axis !== "")
      ? (names as string[])
      : undefined;
  const { units } = (attrs ?? {}) as { units?: unknown };
  const coordinate = shape.length === 1 && axes?.[0] === name.split("/").at(-1);
  return {
    ...{ name, array, shape, dtype: String(dtype) },
    ...(axes ? { axes } : {}),
    ...(typeof units === "string" ? { units } : {}),
    secondary: coordinate || shape.length === 0 || shape.length > MAX_RANK || !isDType(String(dtype)),
  };
}

async function openZarr(path: string, hint: { variable?: string | undefined }): Promise<TensorSource> {
  const { array, name, axes, shape: stored, dtype: type } = chooseVariable(await arraysOf(path), hint.variable, path);
  const where = `${path}:${name}`;
  if (!isDType(type)) throw new TempressError("unsupported", `an array of ${type} is not taken`, { where });
  if (stored.length > MAX_RANK) throw new TempressError("unsupported", `an array of ${stored.length} axes`, { where });
  const shape = stored.length === 0 ? [1] : stored;
  elementCount(shape, where);
  const { bytes: width } = DTYPES[type];
  const chunkBytes = array.chunks.reduce((a, b) => a * b, width);
  if (chunkBytes > LARGEST_CHUNK || frameLength(shape) * width > LARGEST_CHUNK) {
    throw new TempressError("unsupported", `a chunk or frame takes more than ${LARGEST_CHUNK} bytes`, {
      where,
      hint: "choose smaller chunks when writing it",
    });
  }
  const attributes = attributesFrom(array, type);
  const texts = attributeTexts(attributes);
  const fill = fillOf(attributes, type);
  const grid = new ChunkGrid(type, stored, array.chunks, (at) => chunkOf(array, type, at, where));
  return {
    dtype: type,
    shape: Object.freeze([...shape]),
    name,
    ...(axes && stored.length > 0 ? { axes } : {}),
    ...(Object.keys(texts).length > 0 ? { attributes: texts } : {}),
    ...(fill === undefined ? {} : { fill }),
    read: async (t0, t1) =>
      stored.length === 0 ? { ...(await chunkOf(array, type, [], where)), shape: [1] } : await grid.frames(t0, t1),
  };
}

async function chunkOf(array: ZarrArray<DataType>, dtype: DType, at: readonly number[], of: string): Promise<Tensor> {
  const where = `${of}, chunk ${at.join(".")}`;
  const { chunks } = array;
  const { data, stride } = await inZarr(where, () => array.getChunk([...at]));
  const count = chunks.reduce((a, b) => a * b, 1);
  const { Array: Values, bytes } = DTYPES[dtype];
  const plain = data as unknown as Tensor["data"];
  if (plain.length !== count || plain.byteLength !== count * bytes) {
    throw new TempressError("corrupt", `${plain.length} of ${count} values`, { where, hint: "copy it again" });
  }
  // Booleans come in a class of their own.
  const values = plain instanceof Values ? plain : new Values(plain.buffer, plain.byteOffset, count);
  return { dtype, shape: chunks, data: inOrder(values as Tensor["data"], chunks, stride) };
}

/** The values in C order. */
function inOrder(values: Tensor["data"], shape: readonly number[], stride: readonly number[]): Tensor["data"] {
  let step = 1;
  const plain = [...shape.keys()].reverse().every((k) => {
    const fits = stride[k] === step || shape[k] === 1;
    step *= shape[k]!;
    return fits;
  });
  if (plain) return values;
  const out = values.slice() as Float64Array;
  const index = shape.map(() => 0);
  for (let to = 0; to < out.length; to++) {
    out[to] = (values as Float64Array)[index.reduce((sum, i, k) => sum + i * stride[k]!, 0)]!;
    for (let k = shape.length - 1; k >= 0 && ++index[k]! === shape[k]; k--) index[k] = 0;
  }
  return out;
}

/** What JSON says: texts, numbers, lists of numbers; everything else as JSON's text. */
function attributesFrom(array: ZarrArray<DataType>, dtype: DType): Map<string, AttributeValue> {
  const found = new Map<string, AttributeValue>();
  for (const [name, value] of Object.entries(array.attrs ?? {})) {
    if (name === "_ARRAY_DIMENSIONS") continue;
    found.set(name, attributeFrom(name, value, dtype));
  }
  // In version 2 the fill value is how xarray says "missing".
  const { fillValue } = array as { fillValue: unknown };
  if (
    array.dimensionNames === undefined &&
    typeof fillValue === "number" &&
    fillValue !== 0 &&
    !found.has("_FillValue")
  ) {
    found.set("_FillValue", numbers([fillValue], dtype) ?? String(fillValue));
  }
  return found;
}

function attributeFrom(name: string, value: unknown, dtype: DType): AttributeValue {
  if (typeof value === "string") return value;
  const list = Array.isArray(value) ? value : [value];
  if (list.length > 0 && list.every((each) => typeof each === "number")) {
    const own = /^(_FillValue|missing_value|valid_(min|max|range))$/.test(name) ? numbers(list, dtype) : undefined;
    const plain = { dtype: "float64", values: Float64Array.from(list) } as const;
    return own ?? (list.every(Number.isSafeInteger) ? (numbers(list, "int64") ?? plain) : plain);
  }
  return JSON.stringify(value) ?? "";
}

/** Numbers in a type that holds them exactly. */
function numbers(list: readonly number[], dtype: DType): AttributeValue | undefined {
  const { Array: Values, kind, bytes } = DTYPES[dtype];
  if (kind !== "float" && !list.every(Number.isSafeInteger)) return undefined;
  const values = new Values(list.length);
  if (kind !== "float" && bytes === 8) (values as BigInt64Array).set(list.map(BigInt));
  else (values as Float64Array).set(list);
  const same = Array.from(values as ArrayLike<number | bigint>, Number).every(
    (value, i) => value === list[i] || kind === "float",
  );
  return same ? { dtype, values: values as Float64Array } : undefined;
}
