/**
 * What a network is trained on: recordings, cut into sequences of frames of which some are kept back for validation,
 * and batches drawn from them.
 */
import { TempressError } from "../errors.ts";
import type { Normalisation } from "./model-file.ts";
import { type Random, random } from "./random.ts";

/** Frames of one kind that belong together in time. */
export interface Recording {
  readonly name: string;
  readonly frames: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** [frames, channels, height, width], in the data's unit; NaN where there is no data. */
  readonly original: Float32Array;
  /** The same as a codec without the network decodes them: what the network will see. At least one. */
  readonly decoded: readonly Decoded[];
}

export interface Decoded {
  /** Absolute bound. */
  readonly bound: number;
  readonly values: Float32Array;
}

/** Frames [first, first + frames) of a recording. */
export interface Sequence {
  readonly recording: Recording;
  readonly first: number;
  readonly frames: number;
}

export interface BatchShape {
  readonly batch: number;
  readonly frames: number;
  readonly height: number;
  readonly width: number;
}

/** A batch as the training graph takes it; all in the network's numbers. */
export interface Batch {
  readonly frames: Float32Array;
  readonly targets: Float32Array;
  readonly mask: Float32Array;
  readonly sharpness: Float32Array;
}

/** Numbers beyond this many spreads are cut off: decoding holds them in 16 bits. */
export const LARGEST_NUMBER = 8;
/** Of a window, or of the bound where the window is empty: no spread is smaller than this many bounds. */
const SMALLEST_SPREAD = 4;
/** Part of samples whose oldest frames are copies, as at the start of a window. */
const SHORT_PAST = 0.1;

/**
 * Cuts recordings into sequences and keeps back a part of them for validation, whole sequences, chosen by the seed.
 * @throws TempressError if there are too few frames or channels differ.
 */
export function splitSequences(
  recordings: readonly Recording[],
  frames: number,
  validation: number,
  seed: number,
): { train: Sequence[]; validate: Sequence[] } {
  const channels = new Set(recordings.map((recording) => recording.channels));
  if (channels.size > 1) {
    throw new TempressError("invalid-argument", `recordings have ${[...channels].join(" and ")} channels`, {
      where: "training data",
      hint: "train one model for each, or split channels into recordings of their own",
    });
  }
  const all = recordings.flatMap((recording) => {
    const count = Math.max(1, Math.floor(recording.frames / frames));
    return Array.from({ length: count }, (_, i): Sequence => {
      const first = i * frames;
      return { recording, first, frames: Math.min(frames, recording.frames - first) };
    });
  });
  const dice = random(seed);
  const order = all.map((sequence) => ({ sequence, key: dice.next() })).sort((a, b) => a.key - b.key);
  const kept =
    validation > 0 && all.length > 1 ? Math.min(all.length - 1, Math.max(1, Math.round(validation * all.length))) : 0;
  const sequences = order.map(({ sequence }) => sequence);
  const train = sequences.slice(kept);
  return { train, validate: kept > 0 ? sequences.slice(0, kept) : train };
}

/** Draws samples: which sequence, bound, place in time and space, turned how, is all the dice's. */
export class Sampler {
  readonly #sequences: readonly Sequence[];
  readonly #shape: BatchShape;
  readonly #from: number;
  readonly #normalisation: Normalisation;
  readonly #augment: boolean;
  /** Sums of sequences' shares, for drawing. */
  readonly #shares: number[] = [];

  /** @param from first frame of a sample whose prediction counts; @param augment flips, transposes, short pasts */
  constructor(
    sequences: readonly Sequence[],
    shape: BatchShape,
    from: number,
    normalisation: Normalisation,
    augment: boolean,
  ) {
    const fit = sequences.filter((sequence) => sequence.frames >= shape.frames);
    if (fit.length === 0) {
      const most = sequences.reduce((longest, { frames }) => Math.max(longest, frames), 0);
      throw new TempressError("invalid-argument", `no sequence has ${shape.frames} frames; the longest has ${most}`, {
        where: "training data",
        hint: "give longer recordings, or a smaller --frames",
      });
    }
    this.#sequences = fit;
    this.#shape = shape;
    this.#from = from;
    this.#normalisation = normalisation;
    this.#augment = augment;
    // Large frames hold more to learn from, but must not silence small ones.
    let sum = 0;
    for (const { recording } of fit) {
      sum += Math.sqrt(recording.height * recording.width);
      this.#shares.push(sum);
    }
  }

  batch(dice: Random): Batch {
    const { batch, frames, height, width } = this.#shape;
    const { channels } = this.#sequences[0]!.recording;
    const each = frames * channels * height * width;
    const made = {
      frames: new Float32Array(batch * each),
      targets: new Float32Array(batch * each),
      mask: new Float32Array(batch * each),
      sharpness: new Float32Array(batch),
    };
    for (let n = 0; n < batch; n++) this.#sample(dice, made, n, n * each);
    const counted = made.mask.reduce((sum, x) => sum + x, 0);
    if (counted > 0) for (let i = 0; i < made.mask.length; i++) made.mask[i]! /= counted;
    return made;
  }

  #sample(dice: Random, into: Batch, n: number, first: number): void {
    const at = dice.next() * this.#shares.at(-1)!;
    const { recording, first: start, frames } = this.#sequences[this.#shares.findIndex((share) => at < share)]!;
    const { channels, height, width, original, decoded } = recording;
    const { values, bound } = decoded[dice.below(decoded.length)]!;
    const begin = start + dice.below(frames - this.#shape.frames + 1);
    // A window's key frame is the first of a sample, or one before it.
    const key = start + dice.below(begin - start + 1);
    const { centre, spread } = scaleOf(recording, values, bound, key, this.#normalisation);
    into.sharpness[n] = spread / Math.max(bound, spread * 2 ** -12);

    const turn = this.#augment ? dice.below(8) : 0;
    const short = this.#augment && dice.next() < SHORT_PAST ? dice.below(this.#from) : 0;
    const [rows, columns] = turn & 4 ? [width, height] : [height, width];
    const top = dice.below(Math.max(1, rows - this.#shape.height + 1));
    const left = dice.below(Math.max(1, columns - this.#shape.width + 1));
    const [seenRows, seenColumns] = [Math.min(rows, this.#shape.height), Math.min(columns, this.#shape.width)];
    const plane = this.#shape.height * this.#shape.width;
    for (let t = 0; t < this.#shape.frames; t++) {
      const seen = (begin + Math.max(t, short)) * channels;
      const meant = (begin + t) * channels;
      for (let c = 0; c < channels; c++) {
        const target = first + (t * channels + c) * plane;
        for (let y = 0; y < seenRows; y++) {
          for (let x = 0; x < seenColumns; x++) {
            let [row, column] = [top + y, left + x];
            if (turn & 1) row = rows - 1 - row;
            if (turn & 2) column = columns - 1 - column;
            const place = turn & 4 ? column * width + row : row * width + column;
            const to = target + y * this.#shape.width + x;
            into.frames[to] = numberOf(values[(seen + c) * height * width + place]!, centre, spread);
            const truth = original[(meant + c) * height * width + place]!;
            if (Number.isNaN(truth)) continue;
            into.targets[to] = (truth - centre) / spread;
            if (t >= this.#from) into.mask[to] = 1;
          }
        }
      }
    }
  }
}

/** A value as the network sees it; places without data are 0. */
export function numberOf(value: number, centre: number, spread: number): number {
  const number = (value - centre) / spread;
  if (Number.isNaN(number)) return 0;
  return Math.min(LARGEST_NUMBER, Math.max(-LARGEST_NUMBER, number));
}

/** Centre and spread of the window that starts with frame `key`. */
export function scaleOf(
  recording: Pick<Recording, "channels" | "height" | "width" | "frames">,
  values: Float32Array,
  bound: number,
  key: number,
  normalisation: Normalisation,
): { centre: number; spread: number } {
  const each = recording.channels * recording.height * recording.width;
  let [count, sum, squares, least, most] = [0, 0, 0, Infinity, -Infinity];
  const [from, to] = normalisation === "range" ? [0, recording.frames * each] : [key * each, (key + 1) * each];
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) continue;
    count++;
    sum += value;
    squares += value * value;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  const smallest = Math.max(SMALLEST_SPREAD * bound, 1e-30);
  if (count === 0) return { centre: 0, spread: smallest };
  if (normalisation === "range") return { centre: least, spread: Math.max(smallest, most - least) };
  const mean = sum / count;
  return { centre: mean, spread: Math.max(smallest, Math.sqrt(Math.max(0, squares / count - mean * mean))) };
}
