/** A training run that can be taken up again: a model file with the optimiser's state as further tensors. */
import { TempressError } from "../errors.ts";
import { type Architecture, graphOf } from "./architecture.ts";
import { floatTensors, type ModelTensor, type Normalisation, readModel, writeModel } from "./model-file.ts";
import { weightCount, weightsOf } from "./weights.ts";

export interface RunState {
  readonly step: number;
  /** Of the dice that draw batches. */
  readonly dice: number;
  /** Seconds of training so far. */
  readonly seconds: number;
  readonly weights: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
  /** The best so far: its validation loss, and rounds since then. */
  readonly best: Float32Array;
  readonly bestLoss: number;
  readonly waited: number;
}

const VECTORS = ["weights", "m", "v", "best"] as const;

export function writeCheckpoint(
  architecture: Architecture,
  normalisation: Normalisation,
  recipe: Readonly<Record<string, unknown>>,
  state: RunState,
): Uint8Array<ArrayBuffer> {
  const graph = graphOf(architecture);
  const vectors = VECTORS.map((name): ModelTensor => {
    const data = state[name];
    return { name: `run/${name}`, shape: [data.length], type: "float32", data };
  });
  const { step, dice, seconds, bestLoss, waited } = state;
  return writeModel({
    architecture,
    normalisation,
    recipe,
    plan: { step, dice, seconds, bestLoss: Number.isFinite(bestLoss) ? bestLoss : 1e300, waited },
    tensors: [...floatTensors(graph, weightsOf(graph, state.best)), ...vectors],
  });
}

/** @throws TempressError if it is no checkpoint, or one of another network than `architecture`. */
export function readCheckpoint(bytes: Uint8Array, architecture: Architecture, name: string): RunState {
  const model = readModel(bytes, name);
  if (JSON.stringify(model.architecture) !== JSON.stringify(architecture)) {
    throw new TempressError("invalid-argument", "this run was started with another network", {
      where: name,
      hint: "give the options it was started with, or start anew without --resume",
    });
  }
  const count = weightCount(model.graph);
  const vectors = Object.fromEntries(
    VECTORS.map((vector) => {
      const tensor = model.tensors.find((one) => one.name === `run/${vector}`);
      if (!(tensor?.data instanceof Float32Array) || tensor.data.length !== count) {
        throw new TempressError("invalid-argument", "this is a model, not a run that can go on", {
          where: name,
          hint: "give it as --from to start from its weights",
        });
      }
      return [vector, tensor.data];
    }),
  ) as Record<(typeof VECTORS)[number], Float32Array>;
  const numbers = Object.fromEntries(
    ["step", "dice", "seconds", "bestLoss", "waited"].map((key) => [key, Number(model.plan[key])]),
  ) as Record<"step" | "dice" | "seconds" | "bestLoss" | "waited", number>;
  return { ...vectors, ...numbers };
}
