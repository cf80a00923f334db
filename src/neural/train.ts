/** Training: draws batches, lets the ONNX graph take steps, measures on sequences that were kept back, keeps the best. */
import { TempressError } from "../errors.ts";
import { type Architecture, graphOf } from "./architecture.ts";
import type { Graph } from "./graph.ts";
import type { Normalisation } from "./model-file.ts";
import { random } from "./random.ts";
import { type Batch, type BatchShape, type Recording, Sampler, splitSequences } from "./recordings.ts";
import type { RunState } from "./train-checkpoint.ts";
import { compute } from "./train-runtime.ts";
import { ADAM, type Loss, unrolled } from "./unrolled.ts";
import { startWeights, vectorOf, type Weights, weightsOf } from "./weights.ts";

export interface TrainOptions {
  readonly architecture: Architecture;
  readonly loss: Loss;
  /** Frames of a sequence: what is kept together in one part of the split, and seen in one go by a recurrent network. */
  readonly frames: number;
  /** Samples of a step, and the side of the square that is cut out of frames. */
  readonly batch: number;
  readonly crop: number;
  readonly steps: number;
  /** Stop after this time too, however many steps were taken. */
  readonly seconds: number;
  /** Learning rate at the start, and how it falls. */
  readonly rate: number;
  readonly schedule: Schedule;
  readonly seed: number;
  /** Part of the sequences that is kept back; 0 measures on what is trained on. */
  readonly validation: number;
  readonly augment: boolean;
  /** Stop when this many rounds brought nothing. */
  readonly patience: number;
  readonly threads: number;
  /** Weights to start from instead of random ones. */
  readonly from?: Weights;
  /** A run to take up again. */
  readonly resume?: RunState;
}

/** `cosine`: to a fiftieth, along half a wave. `step`: to a tenth after three quarters, as PredNet was trained. */
export const SCHEDULES = ["cosine", "step", "constant"] as const;
export type Schedule = (typeof SCHEDULES)[number];

/** A round: some steps, then a measurement. */
export interface Round {
  readonly step: number;
  readonly steps: number;
  readonly seconds: number;
  /** Mean loss of the round's batches, and on what was kept back. */
  readonly loss: number;
  readonly validation: number;
  /** Mean absolute error on what was kept back, as part of that of the previous frame. */
  readonly error: number;
  /** Entropy of the residuals' codes at the bound, in bits a value; of the network and of the previous frame. */
  readonly bits: number;
  readonly bitsOfPrevious: number;
  /** This is the best so far. */
  readonly best: boolean;
}

export interface TrainHooks {
  /** After each step, with the part of the work that is done. */
  onStep?(done: number, loss: number): void;
  onRound?(round: Round, state: RunState): void | Promise<void>;
  /** Stops after the step that runs; the best so far is returned. */
  readonly signal?: AbortSignal;
}

export interface Trained {
  readonly graph: Graph;
  readonly weights: Weights;
  readonly rounds: readonly Round[];
  readonly why: "steps" | "time" | "patience" | "stopped";
  readonly state: RunState;
}

const STEPS_A_ROUND = 50;
const VALIDATION_BATCHES = 6;
/** Longest gradient, in the unit of a loss of about 1. */
const LONGEST = 1;
const LAST_RATE = 1 / 50;

/** Which normalisation an architecture is made for. */
export function normalisationOf(architecture: Architecture): Normalisation {
  return architecture.kind === "prednet" && !architecture.shortcut ? "range" : "deviation";
}

/** @throws TempressError: onnxruntime-node is not there, too few frames, or the loss is no number any more. */
export async function train(
  recordings: readonly Recording[],
  options: TrainOptions,
  hooks: TrainHooks = {},
): Promise<Trained> {
  const { architecture, batch, crop, loss, seed, threads } = options;
  const graph = graphOf(architecture);
  const recurrent = Object.keys(graph.states).length > 0;
  const side = Math.max(graph.multiple, Math.ceil(crop / graph.multiple) * graph.multiple);
  const frames = recurrent ? options.frames : graph.past + 1;
  const shape: BatchShape = { batch, frames, height: side, width: side };
  const from = recurrent ? 1 : graph.past;
  const normalisation = normalisationOf(architecture);
  const { train, validate } = splitSequences(recordings, options.frames, options.validation, seed);
  const sampler = new Sampler(train, shape, from, normalisation, options.augment);
  const judge = new Sampler(validate, shape, from, normalisation, false);
  const judged = Array.from({ length: VALIDATION_BATCHES }, (_, i) => judge.batch(random(seed + 1000 + i)));

  const updates = await compute(unrolled(graph, { ...shape, loss, from, gives: "update" }), threads);
  const losses = await compute(unrolled(graph, { ...shape, loss, from, gives: "loss" }), threads);
  const start = options.resume ?? startState(vectorOf(graph, options.from ?? startWeights(graph, seed)), seed);
  let { weights, m, v, best, bestLoss, waited, step } = start;
  const dice = random(start.dice);
  const rounds: Round[] = [];
  const begun = performance.now() - 1000 * start.seconds;
  const seconds = () => (performance.now() - begun) / 1000;
  const stateNow = (): RunState => ({
    step,
    dice: dice.state,
    seconds: seconds(),
    weights,
    m,
    v,
    best,
    bestLoss,
    waited,
  });

  const measure = async (mean: number): Promise<void> => {
    const now = await judgement(losses.run, judged, weights, shape, from);
    const isBest = now.validation < bestLoss;
    if (isBest) [best, bestLoss, waited] = [weights, now.validation, 0];
    else waited++;
    const round = { step, steps: options.steps, seconds: seconds(), loss: mean, ...now, best: isBest };
    rounds.push(round);
    await hooks.onRound?.(round, stateNow());
  };

  let why: Trained["why"] = "steps";
  try {
    if (step === 0) await measure(Number.NaN);
    let [sum, count] = [0, 0];
    while (step < options.steps) {
      const done = Math.max(step / options.steps, seconds() / options.seconds);
      if (hooks.signal?.aborted) why = "stopped";
      else if (done >= 1) why = "time";
      else if (waited > options.patience) why = "patience";
      if (why !== "steps") break;
      step++;
      const rate = (options.rate * share(options.schedule, done)) / (1 - ADAM.beta1 ** step);
      const result = await updates.run({
        ...sampler.batch(dice),
        weights,
        m,
        v,
        rate: Float32Array.of(rate),
        correction: Float32Array.of(1 / (1 - ADAM.beta2 ** step)),
        most: Float32Array.of(LONGEST),
      });
      const now = result.loss![0]!;
      if (!Number.isFinite(now)) throw diverged(step, options.rate);
      [weights, m, v] = [result["weights'"]!, result["m'"]!, result["v'"]!];
      sum += now;
      count++;
      hooks.onStep?.(Math.max(step / options.steps, seconds() / options.seconds), now);
      if (step % STEPS_A_ROUND === 0 || step === options.steps) {
        await measure(sum / count);
        [sum, count] = [0, 0];
      }
    }
    if (count > 0 && why !== "stopped") await measure(sum / count);
  } finally {
    await updates.release();
    await losses.release();
  }
  return { graph, weights: weightsOf(graph, best), rounds, why, state: stateNow() };
}

/** Of the learning rate, when a part of the work is done. */
function share(schedule: Schedule, done: number): number {
  if (schedule === "constant") return 1;
  if (schedule === "step") return done < 0.75 ? 1 : 0.1;
  return LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + Math.cos(Math.PI * done));
}

function startState(weights: Float32Array, seed: number): RunState {
  const zeros = () => new Float32Array(weights.length);
  const best = { best: weights, bestLoss: Number.POSITIVE_INFINITY, waited: 0 };
  return { step: 0, dice: seed, seconds: 0, weights, m: zeros(), v: zeros(), ...best };
}

/** Loss, error and entropy on batches that stay the same. */
async function judgement(
  run: (inputs: Record<string, Float32Array>) => Promise<Record<string, Float32Array>>,
  batches: readonly Batch[],
  weights: Float32Array,
  shape: BatchShape,
  from: number,
): Promise<Pick<Round, "validation" | "error" | "bits" | "bitsOfPrevious">> {
  let [validation, ours, previous] = [0, 0, 0];
  const [codes, codesOfPrevious] = [new Map<number, number>(), new Map<number, number>()];
  for (const batch of batches) {
    const { loss, predictions } = await run({ ...batch, weights });
    validation += loss![0]! / batches.length;
    const each = batch.frames.length / shape.batch / shape.frames;
    const counted = (shape.frames - from) * each;
    for (let i = 0; i < predictions!.length; i++) {
      const n = Math.floor(i / counted);
      const at = n * shape.frames * each + from * each + (i % counted);
      if (batch.mask[at] === 0) continue;
      const target = batch.targets[at]!;
      const [a, b] = [predictions![i]! - target, batch.frames[at - each]! - target];
      ours += Math.abs(a);
      previous += Math.abs(b);
      const sharp = batch.sharpness[n]! / 2;
      for (const [map, x] of [
        [codes, a],
        [codesOfPrevious, b],
      ] as const) {
        const code = Math.round(x * sharp);
        map.set(code, (map.get(code) ?? 0) + 1);
      }
    }
  }
  const error = previous > 0 ? ours / previous : 1;
  return { validation, error, bits: entropy(codes), bitsOfPrevious: entropy(codesOfPrevious) };
}

function entropy(counts: ReadonlyMap<number, number>): number {
  let total = 0;
  for (const count of counts.values()) total += count;
  let bits = 0;
  for (const count of counts.values()) bits -= (count / total) * Math.log2(count / total);
  return bits;
}

function diverged(step: number, rate: number): TempressError {
  return new TempressError("invalid-argument", `the loss is no number any more after ${step} steps`, {
    where: "training",
    hint: `give a lower --rate than ${rate}; the last checkpoint is intact`,
  });
}
