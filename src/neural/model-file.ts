/**
 * The file of a model, `.tpm`: what the network is, its numbers, how it was made, and a hash that names it.
 *
 *     magic           8 bytes, 89 "TPM" 0D 0A 1A 0A
 *     version         u8, 1
 *     header length   u32, little-endian like all that follows
 *     header          JSON in UTF-8: see `Header`
 *     tensors         the numbers of each tensor of the header, one after another
 *     hash            SHA-256 of all bytes before it; a .tpz names the model by it
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { TempressError } from "../errors.ts";
import { type Architecture, architectureFrom, graphOf } from "./architecture.ts";
import { type Graph, parametersOf } from "./graph.ts";
import { checkWeights, countOf, type Weights } from "./weights.ts";

const MAGIC = [0x89, 0x54, 0x50, 0x4d, 0x0d, 0x0a, 0x1a, 0x0a] as const;
const VERSION = 1;
const START = MAGIC.length + 1 + 4;
const HASH = 32;
const MOST_HEADER = 1 << 20;
const MOST_TENSORS = 4096;

const TYPES = { int16: Int16Array, int32: Int32Array, float32: Float32Array } as const;
export type NumberType = keyof typeof TYPES;

/**
 * Numbers of the model. Float weights have the names of `parametersOf`. Integer weights are `q/NAME`, and what they
 * stand for is in `scales`: one for all or one for each index of the first axis; value = number * scale.
 */
export interface ModelTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: NumberType;
  readonly scales?: readonly number[];
  readonly data: Int16Array | Int32Array | Float32Array;
}

/** How values become the numbers that the network works with: n = (value - centre) / spread, both chosen for a window. */
export const NORMALISATIONS = ["range", "deviation"] as const;
/**
 * `range`: centre is the smallest value, spread the range: n is in [0, 1] (PredNet).
 * `deviation`: mean and standard deviation of the window's key frame (warp).
 */
export type Normalisation = (typeof NORMALISATIONS)[number];

export interface Model {
  readonly architecture: Architecture;
  readonly normalisation: Normalisation;
  readonly tensors: readonly ModelTensor[];
  /** The plan in integers: shifts and whatever else decoding needs beside the tensors, by name. */
  readonly plan: Readonly<Record<string, number | readonly number[]>>;
  /** How it was made: data, command, seed, losses. For people; nothing depends on it. */
  readonly recipe: Readonly<Record<string, unknown>>;
}

interface Header extends Omit<Model, "tensors"> {
  readonly tensors: readonly Omit<ModelTensor, "data">[];
}

/** An opened model with the hash that names it, 32 bytes. */
export interface NamedModel extends Model {
  readonly hash: Uint8Array;
  readonly graph: Graph;
}

export function writeModel(model: Model): Uint8Array<ArrayBuffer> {
  const { architecture, normalisation, plan, recipe } = model;
  const header: Header = {
    architecture,
    normalisation,
    plan,
    recipe,
    tensors: model.tensors.map(({ data, ...tensor }) => tensor),
  };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const parts = model.tensors.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const length = START + json.length + parts.reduce((sum, part) => sum + part.length, 0) + HASH;
  const bytes = new Uint8Array(length);
  bytes.set(MAGIC);
  bytes[MAGIC.length] = VERSION;
  new DataView(bytes.buffer).setUint32(MAGIC.length + 1, json.length, true);
  bytes.set(json, START);
  let at = START + json.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  bytes.set(sha256(bytes.subarray(0, at)), at);
  return bytes;
}

/**
 * Opens a model and checks all of it.
 * @throws TempressError: not a model, of a later version, damaged, or one whose numbers do not fit its network.
 */
export function readModel(given: Uint8Array, name = "model"): NamedModel {
  // Node's Buffer is a Uint8Array whose `slice` is a view.
  const bytes = new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
  if (bytes.length < MAGIC.length || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new TempressError("unsupported", "this is no model file (.tpm)", {
      where: name,
      hint: "tempress train makes one; tempress model imports a PredNet of Keras",
    });
  }
  if (bytes.length < START + HASH) throw truncated(name, START + HASH, bytes.length);
  if (bytes[MAGIC.length] !== VERSION) {
    throw new TempressError("unsupported", `the model has version ${bytes[MAGIC.length]}, known is ${VERSION}`, {
      where: name,
      hint: "use a later version of Tempress",
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(MAGIC.length + 1, true);
  if (length > MOST_HEADER) throw damaged(name, `its header of ${length} bytes is too long`);
  if (START + length + HASH > bytes.length) throw truncated(name, START + length + HASH, bytes.length);
  const hash = bytes.slice(bytes.length - HASH);
  const found = sha256(bytes.subarray(0, bytes.length - HASH));
  const intact = found.every((byte, i) => byte === hash[i]);
  const header = parse(bytes.subarray(START, START + length), name);
  let at = START + length;
  const tensors = header.tensors.map((tensor): ModelTensor => {
    const Numbers = TYPES[tensor.type];
    const end = at + countOf(tensor.shape) * Numbers.BYTES_PER_ELEMENT;
    if (end + HASH > bytes.length) throw truncated(name, end + HASH, bytes.length);
    const data = new Numbers(bytes.slice(at, end).buffer);
    at = end;
    return { ...tensor, data };
  });
  if (at + HASH !== bytes.length) throw damaged(name, `${bytes.length - at - HASH} bytes are left over`);
  if (!intact) throw damaged(name, "its hash is not that of its content");
  const graph = graphOf(header.architecture);
  return { ...header, tensors, hash, graph };
}

/** The weights in float: as they were trained if the file holds them, else what its integers stand for. */
export function floatWeights(model: Model): Map<string, Float32Array> {
  const graph = graphOf(model.architecture);
  const byName = new Map(model.tensors.map((tensor) => [tensor.name, tensor]));
  const weights = new Map<string, Float32Array>();
  for (const { name } of parametersOf(graph)) {
    const exact = byName.get(name);
    const rounded = byName.get(`q/${name}`);
    if (exact?.data instanceof Float32Array) weights.set(name, exact.data);
    else if (rounded?.scales !== undefined) weights.set(name, scaled(rounded, rounded.scales));
  }
  checkWeights(graph, weights);
  return weights;
}

/** Weights as tensors for `writeModel`. */
export function floatTensors(graph: Graph, weights: Weights): ModelTensor[] {
  checkWeights(graph, weights);
  return parametersOf(graph).map(({ name, shape }) => ({ name, shape, type: "float32", data: weights.get(name)! }));
}

/** The hash as people write it. */
export function hashText(hash: Uint8Array): string {
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function scaled({ data, shape }: ModelTensor, scales: readonly number[]): Float32Array {
  const each = data.length / (scales.length === 1 ? 1 : shape[0]!);
  return Float32Array.from(data, (number, i) => number * scales[Math.floor(i / each)]!);
}

function parse(json: Uint8Array, name: string): Header {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch {
    throw damaged(name, "its header is no JSON");
  }
  if (!isObject(header)) throw damaged(name, "its header is no object");
  const { architecture, normalisation, plan, recipe, tensors } = header;
  if (!NORMALISATIONS.some((known) => known === normalisation)) throw damaged(name, "its normalisation is unknown");
  if (!isObject(plan) || !Object.values(plan).every((value) => isNumber(value) || isNumbers(value))) {
    throw damaged(name, "its plan is not made of numbers");
  }
  if (!isObject(recipe)) throw damaged(name, "its recipe is no object");
  if (!Array.isArray(tensors) || tensors.length > MOST_TENSORS) throw damaged(name, "it has no list of tensors");
  return {
    architecture: architectureFrom(architecture),
    normalisation: normalisation as Normalisation,
    plan: plan as Model["plan"],
    recipe,
    tensors: tensors.map((tensor) => tensorFrom(tensor, name)),
  };
}

function tensorFrom(given: unknown, file: string): Omit<ModelTensor, "data"> {
  if (!isObject(given)) throw damaged(file, "a tensor is no object");
  const { name, shape, type, scales } = given;
  if (typeof name !== "string" || typeof type !== "string" || !Object.hasOwn(TYPES, type)) {
    throw damaged(file, "a tensor has no name or an unknown type");
  }
  const extents = isNumbers(shape) && shape.length <= 4 && shape.every((n) => Number.isInteger(n) && n >= 1);
  if (!extents || !Number.isSafeInteger(countOf(shape))) throw damaged(file, `tensor "${name}" has no shape`);
  if (scales === undefined) return { name, shape, type: type as NumberType };
  if (!isNumbers(scales) || (scales.length !== 1 && scales.length !== shape[0])) {
    throw damaged(file, `tensor "${name}" has the wrong number of scales`);
  }
  return { name, shape, type: type as NumberType, scales };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isNumbers = (value: unknown): value is number[] => Array.isArray(value) && value.every(isNumber);

function damaged(name: string, what: string): TempressError {
  return new TempressError("corrupt", `the model is damaged: ${what}`, { where: name, hint: "fetch it again" });
}

function truncated(name: string, wanted: number, there: number): TempressError {
  return new TempressError("truncated", `the model ends early: ${there} bytes of ${wanted}`, {
    where: name,
    hint: "fetch it again",
  });
}
