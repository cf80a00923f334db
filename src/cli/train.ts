import { basename } from "node:path";
import { trainReports } from "../bridge/train-reports.ts";
import { EFFORTS, type Effort } from "../compressor/codec.ts";
import { TempressError } from "../errors.ts";
import { existsError, statOf } from "../io/node-file.ts";
import { type Architecture, graphOf } from "../neural/architecture.ts";
import { costOf } from "../neural/graph.ts";
import { floatTensors, floatWeights, hashText, readModel, writeModel } from "../neural/model-file.ts";
import { NETWORKS, networkFrom } from "../neural/networks.ts";
import type { Recording } from "../neural/recordings.ts";
import { normalisationOf, type Round, SCHEDULES, type TrainOptions, train as trainNetwork } from "../neural/train.ts";
import { readCheckpoint, writeCheckpoint } from "../neural/train-checkpoint.ts";
import { LOSSES } from "../neural/unrolled.ts";
import { weightCount } from "../neural/weights.ts";
import { parseShape } from "../tensor/shape.ts";
import { jsonLine, note, print } from "./output.ts";
import { progressBar } from "./progress.ts";
import { pairs, table } from "./table.ts";
import { boundList, boundsOf, openRecordings } from "./train-data.ts";
import { checkpointKeeper, contentOf, saveFile, stopSignal } from "./train-keep.ts";
import { formatBytes, formatNumber, formatSeconds } from "./units.ts";
import { countOf, dtypeOf, keyValue, numberOf, oneOf } from "./values.ts";
import type { Verb } from "./verb.ts";

export const train: Verb = {
  define(command) {
    command
      .argument("<data...>", "frames to learn from: raw values, .npy, .hkl, folders of images, ...")
      .requiredOption("-o, --output <file>", "the model to write (.tpm)")
      .option("--network <name>", "which network (default: warp)", oneOf("--network", Object.keys(NETWORKS)))
      .option("--set <KEY=VALUE>", "an entry of the network, repeatable: body=32, stack=1,12,12", keyValue("--set"))
      .option("--rel <bounds>", "inputs are decoded at these parts of the range (default: 1e-3)", boundList("--rel"))
      .option("--abs <bounds>", "inputs are decoded at these bounds, in the data's unit", boundList("--abs"))
      .option("--loss <name>", `${LOSSES.join(", ")} (default: bits)`, oneOf("--loss", LOSSES))
      .option("--frames <N>", "frames of a sequence (default: 10)", countOf("--frames", 2))
      .option("--steps <N>", "steps of the optimiser (default: 2000)", countOf("--steps"))
      .option("--minutes <N>", "stop after this time (default: 30)", numberOf("--minutes"))
      .option("--batch <N>", "samples a step (default: 16, PredNet 4)", countOf("--batch"))
      .option("--crop <N>", "side of a sample in pixels (default: 64)", countOf("--crop"))
      .option("--rate <R>", "learning rate at the start (default: 0.003)", numberOf("--rate"))
      .option("--schedule <name>", "how it falls: cosine, step or constant", oneOf("--schedule", SCHEDULES))
      .option("--seed <N>", "of weights, split and batches (default: 1)", countOf("--seed", 0))
      .option("--validation <part>", "part of the sequences kept back (default: 0.1)", numberOf("--validation"))
      .option("--no-augment", "no flips and transposes")
      .option(
        "--patience <N>",
        "stop after so many rounds of 50 steps without a gain (default: 20)",
        countOf("--patience"),
      )
      .option("--threads <N>", "threads of the training (default: 1)", countOf("--threads"))
      .option("--from <model>", "start from the weights of this model")
      .option("--resume", "go on with a run that was stopped: MODEL.checkpoint")
      .option("--together", "levels and colours are channels of one network; default for colours only")
      .option(
        "--effort <level>",
        "effort of the codec that decodes inputs (default: balanced)",
        oneOf("--effort", EFFORTS),
      )
      .option("--shape <extents>", "extents of raw values, slowest first: 132x73x144", (text) => parseShape(text))
      .option("--dtype <name>", "type of raw values: float32, uint16, ...", dtypeOf)
      .option("--fill <V>", "a value that marks missing data", numberOf("--fill"))
      .option("--force", "replace an existing model")
      .option("--json", "print one JSON object a round, and one at the end")
      .option("--quiet", "print nothing but errors");
  },

  async notes() {
    const rows = Object.entries(NETWORKS).map(([name, { summary, architecture }]) => {
      const graph = graphOf(architecture);
      return [name, String(weightCount(graph)), String(Math.round(costOf(graph))), summary];
    });
    return table(["network", "weights", "MAC a value", ""], rows);
  },

  async run(paths, flags) {
    const output = flags.output as string;
    const checkpoint = `${output}.checkpoint`;
    refuseOutput(output, flags.force === true);
    if (flags.resume === true) refuseAbsent(checkpoint);
    const silent = flags.quiet === true || flags.json === true;
    const data = {
      bounds: boundsOf(flags),
      effort: (flags.effort ?? "balanced") as Effort,
      fill: flags.fill as number | undefined,
      together: flags.together as boolean | undefined,
      flags,
    };
    const recordings = await openRecordings(paths, data, (what) => (silent ? undefined : note(what)));
    const network = (flags.network ?? "warp") as string;
    const changes = (flags.set ?? {}) as Record<string, string>;
    const architecture = networkFrom(network, changes, recordings[0]!.channels);
    const options = optionsFrom(flags, architecture, await startOf(flags, architecture, checkpoint));
    const recipe = recipeOf(options, recordings, data.effort);
    const normalisation = normalisationOf(architecture);

    const keeper = checkpointKeeper(checkpoint, (state) => writeCheckpoint(architecture, normalisation, recipe, state));
    const bar = progressBar("train", !silent);
    let measured = "";
    const reports = await trainReports(output);
    const result = await trainNetwork(recordings, options, {
      signal: stopSignal(),
      onStep: (done, loss) => bar.update(done, 1, `loss ${formatNumber(loss, 4)}${measured}`),
      async onRound(round, state) {
        measured = `, ${formatNumber(round.bits, 3)} bits of ${formatNumber(round.bitsOfPrevious, 3)}`;
        if (flags.json) print(jsonLine(round));
        else if (!silent) note(roundText(round, options));
        reports.send({ stage: "training", step: round.step, steps: round.steps, loss: round.loss });
        await keeper.keep(state);
      },
    }).catch(async (error: unknown) => {
      reports.send({ stage: "failed", step: 0, steps: options.steps, loss: null });
      await reports.close();
      throw error;
    });
    bar.end();
    const { step, steps, loss } = result.rounds.at(-1) ?? { step: 0, steps: options.steps, loss: null };
    reports.send({ stage: "done", step, steps, loss });
    await reports.close();
    const found = foundBy(result.rounds);
    const tensors = floatTensors(result.graph, result.weights);
    const bytes = writeModel({ architecture, normalisation, tensors, plan: {}, recipe: { ...recipe, result: found } });
    await keeper.keep(result.state, true); // should the model find no room on the disk
    await saveFile(output, bytes, flags.force === true);
    if (result.why !== "stopped") keeper.remove();
    const { hash } = readModel(bytes);
    const summary = { model: output, bytes: bytes.length, hash: hashText(hash), ended: result.why, ...found };
    if (flags.json) print(jsonLine(summary));
    else if (!silent) print(summaryText(summary, checkpoint));
    return 0;
  },
};

function refuseOutput(output: string, force: boolean): void {
  if (output === "-") {
    throw new TempressError("invalid-argument", "a model is a file; training does not write to standard output", {
      where: "-o",
    });
  }
  if (!force && statOf(output, "write")) throw existsError(output);
}

function refuseAbsent(checkpoint: string): void {
  if (statOf(checkpoint, "read")) return;
  throw new TempressError("io", "there is no run to go on with", {
    where: checkpoint,
    hint: "a checkpoint stands beside the model while it is trained and after it was stopped",
  });
}

/** Weights to start from, or the run to go on with. */
async function startOf(
  flags: Readonly<Record<string, unknown>>,
  architecture: Architecture,
  checkpoint: string,
): Promise<Pick<TrainOptions, "from" | "resume">> {
  if (flags.resume === true) {
    return { resume: readCheckpoint(await contentOf(checkpoint), architecture, checkpoint) };
  }
  if (flags.from === undefined) return {};
  const model = readModel(await contentOf(flags.from as string), flags.from as string);
  if (JSON.stringify(model.architecture) !== JSON.stringify(architecture)) {
    throw new TempressError("invalid-argument", "this model is another network than the one to train", {
      where: "--from",
      hint: `it is ${JSON.stringify(model.architecture)}: give --network and --set accordingly`,
    });
  }
  return { from: floatWeights(model) };
}

function optionsFrom(
  flags: Readonly<Record<string, unknown>>,
  architecture: Architecture,
  start: Pick<TrainOptions, "from" | "resume">,
): TrainOptions {
  const of = <T>(name: string, otherwise: T): T => (flags[name] ?? otherwise) as T;
  return {
    architecture,
    loss: of("loss", "bits"),
    frames: of("frames", 10),
    batch: of("batch", architecture.kind === "prednet" ? 4 : 16),
    crop: of("crop", 64),
    steps: of("steps", 2000),
    seconds: 60 * of("minutes", 30),
    rate: of("rate", 0.003),
    schedule: of("schedule", "cosine"),
    seed: of("seed", 1),
    validation: of("validation", 0.1),
    augment: flags.augment !== false,
    patience: of("patience", 20),
    threads: of("threads", 1),
    ...start,
  };
}

/** What a model file says of its making. */
function recipeOf(options: TrainOptions, recordings: readonly Recording[], effort: Effort): Record<string, unknown> {
  const { architecture, from, resume, ...rest } = options;
  const data = recordings.map(({ name, frames, channels, height, width, decoded }) => {
    return {
      name: basename(name),
      shape: [frames, channels, height, width],
      bounds: decoded.map(({ bound }) => bound),
    };
  });
  return { ...rest, started: resume ? "resumed" : from ? "from a model" : "new", effort, data };
}

function foundBy(rounds: readonly Round[]): Record<string, number> {
  const best = rounds.filter((round) => round.best).at(-1) ?? rounds.at(-1);
  if (!best) return {};
  const { step, validation, error, bits, bitsOfPrevious } = best;
  return { step, validation, error, bits, bitsOfPrevious };
}

function roundText(round: Round, { steps, seconds }: TrainOptions): string {
  const done = Math.max(round.step / steps, round.seconds / seconds);
  const left = done > 0 ? Math.min(seconds - round.seconds, round.seconds / done - round.seconds) : seconds;
  const parts = [
    `step ${round.step} of ${steps}`,
    ...(Number.isFinite(round.loss) ? [`loss ${formatNumber(round.loss, 4)}`] : []),
    `validation ${formatNumber(round.validation, 4)}`,
    `${formatNumber(round.bits, 3)} bits (previous frame ${formatNumber(round.bitsOfPrevious, 3)})`,
    `at most ${formatSeconds(Math.max(0, left))} left`,
  ];
  return `${parts.join(", ")}${round.best ? " *" : ""}`;
}

const ENDED = {
  steps: "all steps taken",
  time: "its time is over",
  patience: "no gain any more",
  stopped: "stopped; --resume goes on",
} as const;

function summaryText(summary: Record<string, unknown> & { ended: keyof typeof ENDED }, checkpoint: string): string {
  const number = (key: string) => formatNumber(Number(summary[key]));
  return `${summary.model}\n${pairs([
    ["size", formatBytes(Number(summary.bytes))],
    ["ended", ENDED[summary.ended]],
    ["best step", Number(summary.step)],
    ["residual entropy", `${number("bits")} bits (previous frame ${number("bitsOfPrevious")})`],
    ["mean error", `${number("error")} of the previous frame's`],
    ...(summary.ended === "stopped" ? [["checkpoint", checkpoint] as const] : []),
  ])}`;
}
