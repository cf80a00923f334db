/**
 * PredNet as Keras keeps it (prednet_model.json and prednet_weights.hdf5 of the reference implementation and of TEZIP):
 * arrays are known by their order, not by their names, which depend on version and session.
 */
import { TempressError } from "../errors.ts";
import { architectureFrom, graphOf } from "./architecture.ts";
import { parametersOf } from "./graph.ts";
import { floatTensors, type Model } from "./model-file.ts";
import type { PredNetConfig } from "./prednet.ts";
import { countOf } from "./weights.ts";

/** A layer's arrays in the order of its `weight_names`. */
export interface KerasLayer {
  readonly name: string;
  readonly arrays: readonly KerasArray[];
}

export interface KerasArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

export interface KerasWeights {
  readonly layers: readonly KerasLayer[];
  /** "theano" turned kernels by half a turn. */
  readonly backend: string;
  /** The network's description, where the file holds it beside the weights. */
  readonly config?: string | undefined;
}

/** What must be as it was published, by its name in Keras. */
const PUBLISHED: Readonly<Record<string, unknown>> = {
  pixel_max: 1,
  error_activation: "relu",
  A_activation: "relu",
  LSTM_activation: "tanh",
  LSTM_inner_activation: "hard_sigmoid",
};
const SIZES = ["A_filt_sizes", "Ahat_filt_sizes", "R_filt_sizes"] as const;
/** Keras sorts groups of convolutions by name; each has one for every layer, `a` none for the last. */
const GROUPS = ["a", "ahat", "c", "f", "i", "o"] as const;

/**
 * @param description the text of prednet_model.json; undefined: the one inside the weights
 * @throws TempressError if there is no PredNet in it, one that was changed, or arrays that do not fit
 */
export function importKeras(description: string | undefined, weights: KerasWeights, name = "weights"): Model {
  const text = description ?? weights.config;
  if (text === undefined) {
    throw new TempressError("invalid-argument", "these weights come without the network's description", {
      where: name,
      hint: "give prednet_model.json too",
    });
  }
  const layer = predNetLayer(text);
  const architecture = configFrom(layer.config);
  const convolutions = convolutionsOf(architecture);
  const count = 2 * convolutions.length;
  const arrays =
    weights.layers.find((one) => one.name === layer.name && one.arrays.length === count)?.arrays ??
    weights.layers.find((one) => one.arrays.length === count)?.arrays;
  if (arrays === undefined) {
    const found = weights.layers.map((one) => `${one.name}: ${one.arrays.length}`).join(", ");
    throw new TempressError("corrupt", `no layer has the ${count} arrays of this PredNet (${found || "none"})`, {
      where: name,
      hint: "weights and description are of different networks",
    });
  }
  const graph = graphOf(architecture);
  const shapes = new Map(parametersOf(graph).map((parameter) => [parameter.name, parameter.shape]));
  const imported = new Map<string, Float32Array>();
  const turned = weights.backend === "theano";
  for (const [n, convolution] of convolutions.entries()) {
    const [kernel, bias] = [arrays[2 * n]!, arrays[2 * n + 1]!];
    const [out, into, size] = shapes.get(`${convolution}/weights`)! as [number, number, number];
    refuseShape(kernel, [size, size, into, out], convolution, name);
    refuseShape(bias, [out], convolution, name);
    imported.set(`${convolution}/weights`, outputsFirst(kernel.data, size, into, out, turned));
    imported.set(`${convolution}/bias`, Float32Array.from(bias.data));
  }
  return {
    architecture,
    normalisation: "range",
    tensors: floatTensors(graph, imported),
    plan: {},
    recipe: { imported: "Keras PredNet", layer: layer.name, backend: weights.backend },
  };
}

/** How many arrays a PredNet of so many layers has. */
function convolutionsOf({ stack }: PredNetConfig): string[] {
  return GROUPS.flatMap((group) =>
    Array.from({ length: group === "a" ? stack.length - 1 : stack.length }, (_, l) => `${group}_${l}`),
  );
}

interface LayerEntry {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
}

function predNetLayer(text: string): LayerEntry {
  let model: unknown;
  try {
    model = JSON.parse(text);
  } catch (cause) {
    throw new TempressError("corrupt", "the network's description is no JSON", { where: "Keras model", cause });
  }
  const found = (record(record(model).config).layers as unknown[] | undefined) ?? [];
  for (const entry of Array.isArray(found) ? found : []) {
    const layer = record(entry);
    if (layer.class_name !== "PredNet") continue;
    const config = record(layer.config);
    return { name: String(layer.name ?? config.name ?? ""), config };
  }
  throw new TempressError("unsupported", "there is no layer of class PredNet in this model", {
    where: "Keras model",
    hint: "only PredNet can be imported",
  });
}

function configFrom(config: Readonly<Record<string, unknown>>): PredNetConfig {
  const list = (key: string) => (Array.isArray(config[key]) ? (config[key] as unknown[]) : []);
  for (const [key, value] of Object.entries(PUBLISHED)) {
    if (key in config && config[key] !== value) {
      throw changed(`${key} is ${JSON.stringify(config[key])}, not ${JSON.stringify(value)}`);
    }
  }
  for (const key of SIZES) {
    if (list(key).some((size) => size !== 3)) throw changed(`${key} are ${JSON.stringify(config[key])}, not 3`);
  }
  const [stack, recurrent] = [list("stack_sizes"), list("R_stack_sizes")];
  return architectureFrom({ kind: "prednet", stack, recurrent, shortcut: false }) as PredNetConfig;
}

function refuseShape(array: KerasArray, shape: readonly number[], convolution: string, where: string): void {
  const fits = array.shape.length === shape.length && shape.every((extent, axis) => array.shape[axis] === extent);
  if (fits && array.data.length === countOf(shape)) return;
  throw new TempressError("corrupt", `${array.name} is [${array.shape}]; as ${convolution} it should be [${shape}]`, {
    where,
    hint: "weights and description are of different networks",
  });
}

/** [down, right, in, out] to [out, in, down, right]; Theano's kernels half a turn on. */
function outputsFirst(data: ArrayLike<number>, size: number, into: number, out: number, turned: boolean): Float32Array {
  const weights = new Float32Array(data.length);
  const taps = size * size;
  for (let tap = 0; tap < taps; tap++) {
    const to = turned ? taps - 1 - tap : tap;
    for (let i = 0; i < into; i++) {
      for (let o = 0; o < out; o++) weights[(o * into + i) * taps + to] = data[(tap * into + i) * out + o]!;
    }
  }
  return weights;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function changed(how: string): TempressError {
  return new TempressError("unsupported", `this PredNet differs from the published one: ${how}`, {
    where: "Keras model",
    hint: "only PredNets with the published equations and 3 x 3 kernels can be imported",
  });
}
