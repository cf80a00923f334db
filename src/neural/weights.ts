import { TempressError } from "../errors.ts";
import { type Graph, parametersOf } from "./graph.ts";
import { random } from "./random.ts";

/** By the names of `parametersOf`; convolutions are [out, in, down, right]. */
export type Weights = ReadonlyMap<string, Float32Array>;

/** Glorot-uniform weights and zero biases; the same for the same seed. */
export function startWeights(graph: Graph, seed: number): Map<string, Float32Array> {
  const dice = random(seed);
  const weights = new Map<string, Float32Array>();
  for (const { name, shape, start } of parametersOf(graph)) {
    const values = new Float32Array(countOf(shape));
    if (start === "glorot") {
      const [out = 1, into = 1, ...window] = shape;
      const limit = Math.sqrt(6 / ((out + into) * countOf(window)));
      for (let i = 0; i < values.length; i++) values[i] = (2 * dice.next() - 1) * limit;
    }
    weights.set(name, values);
  }
  return weights;
}

/** @throws TempressError if one is missing, has the wrong size or is not finite. */
export function checkWeights(graph: Graph, weights: Weights): void {
  for (const { name, shape } of parametersOf(graph)) {
    const values = weights.get(name);
    if (values?.length !== countOf(shape)) {
      throw new TempressError("corrupt", `weights "${name}" should be ${countOf(shape)} numbers`, { where: "model" });
    }
    if (!values.every(Number.isFinite)) {
      throw new TempressError("corrupt", `weights "${name}" hold a number that is not finite`, { where: "model" });
    }
  }
}

/** Weights and biases together. */
export function weightCount(graph: Graph): number {
  return parametersOf(graph).reduce((sum, { shape }) => sum + countOf(shape), 0);
}

/** All parameters as one long vector, in the order of `parametersOf`. */
export function vectorOf(graph: Graph, weights: Weights): Float32Array {
  const vector = new Float32Array(weightCount(graph));
  let at = 0;
  for (const { name } of parametersOf(graph)) {
    const values = weights.get(name)!;
    vector.set(values, at);
    at += values.length;
  }
  return vector;
}

/** The long vector cut again; views, no copies. */
export function weightsOf(graph: Graph, vector: Float32Array): Map<string, Float32Array> {
  const weights = new Map<string, Float32Array>();
  let at = 0;
  for (const { name, shape } of parametersOf(graph)) {
    weights.set(name, vector.subarray(at, at + countOf(shape)));
    at += countOf(shape);
  }
  return weights;
}

export function countOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
