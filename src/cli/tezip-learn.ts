/** `tempress tezip -l MODEL_DIR HKL_DIR`: the published network on TEZIP's training data, with TEZIP's settings. */
import * as fs from "node:fs";
import { join } from "node:path";
import { TempressError } from "../errors.ts";
import { ioError, statOf } from "../io/node-file.ts";
import { closeHdf5, inHdf5, openHdf5 } from "../io/node-hdf5-file.ts";
import { openTensor } from "../io/node-open.ts";
import { architectureFrom } from "../neural/architecture.ts";
import { floatTensors, hashText, readModel, writeModel } from "../neural/model-file.ts";
import { PUBLISHED_PREDNET } from "../neural/prednet.ts";
import type { Recording } from "../neural/recordings.ts";
import { train } from "../neural/train.ts";
import { recordingsOf } from "../neural/train-data.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { frames } from "../tensor/tensor.ts";
import { jsonLine, note, print } from "./output.ts";
import { pairs } from "./table.ts";
import { OWN_MODEL } from "./tezip-files.ts";
import { saveFile, stopSignal } from "./train-keep.ts";
import { formatBytes, formatNumber, formatSeconds } from "./units.ts";

/** Two frames a sample, one sample a step, 500 steps, Adam at 1e-3, after three quarters a tenth of that. */
const TEZIP = { frames: 2, batch: 1, steps: 500, rate: 1e-3, schedule: "step", loss: "L_0" } as const;
/** TEZIP trains on whole frames; here the side of the square that is cut out of them is at most this. */
const LARGEST_CROP = 128;
const MOST_VALUES = 1 << 28;

export async function learn(
  modelFolder: string,
  data: string,
  flags: Readonly<Record<string, unknown>>,
): Promise<number> {
  const output = join(modelFolder, OWN_MODEL);
  if (statOf(output, "write") && flags.replace !== true) {
    throw new TempressError("io", "there is a network already", { where: output, hint: "use --replace" });
  }
  const stack = flags.stack === undefined ? PUBLISHED_PREDNET.stack : String(flags.stack).split(",").map(Number);
  const architecture = architectureFrom({ kind: "prednet", stack, recurrent: stack, shortcut: false });
  const recordings = await recordingsIn(data);
  const steps = (flags.steps as number | undefined) ?? TEZIP.steps;
  const side = Math.min(recordings[0]!.height, recordings[0]!.width, LARGEST_CROP);
  const settings = { ...TEZIP, steps, seed: 123, validation: 0.1, augment: false, threads: 1, crop: side };
  const more = { seconds: Number.POSITIVE_INFINITY, patience: Number.POSITIVE_INFINITY };
  const started = performance.now();
  const trained = await train(
    recordings,
    { ...settings, ...more, architecture },
    {
      signal: stopSignal(),
      onRound(round) {
        const seconds = (performance.now() - started) / 1000;
        const left = round.step > 0 ? (seconds / round.step) * (steps - round.step) : undefined;
        const shown = left === undefined ? "" : `, ${formatSeconds(left)} left`;
        if (flags.json) print(jsonLine(round));
        else note(`step ${round.step} of ${steps}, error ${formatNumber(round.validation, 3)}${shown}`);
      },
    },
  );
  const tensors = floatTensors(trained.graph, trained.weights);
  const recipe = { ...settings, data: "X_train.hkl", ended: trained.why };
  const bytes = writeModel({ architecture, normalisation: "range", tensors, plan: {}, recipe });
  try {
    fs.mkdirSync(modelFolder, { recursive: true });
  } catch (cause) {
    throw ioError(cause, modelFolder, "write");
  }
  await saveFile(output, bytes, true);
  const hash = hashText(readModel(bytes).hash);
  if (flags.json) print(jsonLine({ model: output, bytes: bytes.length, hash, ended: trained.why }));
  else
    print(
      `${output}\n${pairs([
        ["size", formatBytes(bytes.length)],
        ["hash", hash],
        ["ended", trained.why],
      ])}`,
    );
  return 0;
}

/** X_train.hkl: frames of all series one after another; sources_train.hkl: which series each is of. */
async function recordingsIn(folder: string): Promise<Recording[]> {
  const path = join(folder, "X_train.hkl");
  const source = await openTensor(path, {});
  let all: Tensor;
  try {
    const { shape, dtype } = source;
    if (shape.length !== 4 || dtype !== "uint8" || shape.reduce((a, b) => a * b, 1) > MOST_VALUES) {
      throw new TempressError("unsupported", `${shape.join("x")} ${dtype} are no images of TEZIP's training data`, {
        where: path,
        hint: `uint8 [frames, height, width, channels] of at most ${MOST_VALUES} values`,
      });
    }
    all = await source.read(0, shape[0]!);
  } finally {
    await source.close?.();
  }
  const sources = await sourcesIn(join(folder, "sources_train.hkl"), all.shape[0]!);
  const recordings: Recording[] = [];
  const options = {
    name: path,
    bounds: [{ abs: 1 }],
    decode: async (original: Tensor) => ({ decoded: original, abs: 1 }),
    together: true,
  };
  for (let from = 0; from < sources.length; ) {
    let to = from + 1;
    while (to < sources.length && sources[to] === sources[from]) to++;
    const series = { ...frames(all, from, to), axes: ["t", "y", "x", "rgb"] };
    if (to - from >= TEZIP.frames) recordings.push(...(await recordingsOf(series, options)));
    from = to;
  }
  if (recordings.length > 0) return recordings;
  throw new TempressError("invalid-argument", "no series has two frames", { where: path });
}

async function sourcesIn(path: string, count: number): Promise<readonly string[]> {
  const file = await openHdf5(path);
  try {
    const labels = inHdf5(path, "read the series", () => {
      const name = file.keys().find((key) => key.startsWith("data"));
      const value = name === undefined ? undefined : (file.get(name) as { value?: unknown } | null)?.value;
      return Array.isArray(value) ? value.map(String) : [];
    });
    if (labels.length === count) return labels;
    throw new TempressError("corrupt", `${labels.length} labels for ${count} frames`, {
      where: path,
      hint: "X_train.hkl and sources_train.hkl belong together",
    });
  } finally {
    closeHdf5(file);
  }
}
