/** From tensors to recordings: which axes are channels, what is missing, and what a decoder would see at a bound. */
import { TempressError } from "../errors.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Decoded, Recording } from "./recordings.ts";

/** A promise that inputs are decoded at. */
export type InputBound = { readonly abs: number } | { readonly rel: number };

/** Compresses by a codec without a network and decompresses again. */
export type Decoder = (
  original: Tensor,
  bound: InputBound,
) => Promise<{ readonly decoded: Tensor; readonly abs: number }>;

export interface RecordingOptions {
  readonly name: string;
  readonly bounds: readonly InputBound[];
  readonly decode: Decoder;
  /** A value that means "no data", like NaN. */
  readonly fill?: number | undefined;
  /** Axes between time and plane are channels of one recording, or recordings of their own. */
  readonly together: boolean;
}

/**
 * Recordings of a tensor [time, ..., height, width], or [time, height, width, channels] where the last axis is called
 * "rgb". Numbers are read as float32.
 * @throws TempressError if there is no plane or only one frame.
 */
export async function recordingsOf(given: Tensor, options: RecordingOptions): Promise<Recording[]> {
  const { name, bounds, decode, fill, together } = options;
  const [frames = 0, ...rest] = given.shape;
  if (rest.length < 2 || frames < 2) {
    throw new TempressError("invalid-argument", `${formatShape(given.shape)} is no sequence of frames`, {
      where: name,
      hint: "frames are planes that follow each other in time: give --shape TIMExHEIGHTxWIDTH",
    });
  }
  const last = rest.length > 2 && given.axes?.at(-1) === "rgb";
  const [height, width] = last ? rest.slice(-3, -1) : rest.slice(-2);
  const channels = rest.reduce((a, b) => a * b, 1) / (height! * width!);
  const floats = (t: Tensor): Float32Array => {
    const values = Float32Array.from(t.data as ArrayLike<number>, Number);
    return last ? channelsFirst(values, channels, height! * width!) : values;
  };
  const original = floats(given).map((x) => (x === fill || !Number.isFinite(x) ? Number.NaN : x));
  const seen: Decoded[] = [];
  for (const bound of bounds) {
    const { decoded, abs } = await decode(given, bound);
    // Places without data stay so: a decoder knows them.
    seen.push({ bound: abs, values: floats(decoded).map((x, i) => (Number.isNaN(original[i]!) ? Number.NaN : x)) });
  }
  if (original.every(Number.isNaN)) {
    throw new TempressError("invalid-argument", "there is not one value in it", { where: name });
  }
  const shape = { frames, height: height!, width: width! };
  if (together || channels === 1) return [{ name, ...shape, channels, original, decoded: seen }];
  return Array.from({ length: channels }, (_, c) => {
    const one = (values: Float32Array) => channelOf(values, c, channels, height! * width!);
    const parts = seen.map(({ bound, values }) => ({ bound, values: one(values) }));
    return { name: `${name}, plane ${c}`, ...shape, channels: 1, original: one(original), decoded: parts };
  });
}

/** [time, height, width, channels] to [time, channels, height, width]. */
function channelsFirst(values: Float32Array, channels: number, plane: number): Float32Array {
  const turned = new Float32Array(values.length);
  for (let from = 0; from < values.length; from++) {
    const pixel = Math.floor(from / channels);
    const frame = Math.floor(pixel / plane);
    turned[(frame * channels + (from % channels)) * plane + (pixel % plane)] = values[from]!;
  }
  return turned;
}

function channelOf(values: Float32Array, channel: number, channels: number, plane: number): Float32Array {
  const frames = values.length / channels / plane;
  const one = new Float32Array(frames * plane);
  for (let t = 0; t < frames; t++) {
    const from = (t * channels + channel) * plane;
    one.set(values.subarray(from, from + plane), t * plane);
  }
  return one;
}
