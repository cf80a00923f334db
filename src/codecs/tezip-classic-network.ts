/** The network of a run: a PredNet with the channels it was made for, or none. */
import { TempressError } from "../errors.ts";
import type { Model } from "../neural/model-file.ts";
import { multipleOf, openPredNet, publishedPredNet } from "../neural/prednet-frames.ts";
import { COPY, type Frames, type Network } from "./tezip-classic-schedule.ts";

/** Without a model the last frame is the guess. */
export function networkOf(model: Model | undefined): Network {
  if (!model) return COPY;
  const multiple = multipleOf(publishedPredNet(model));
  return { multiple, open: (_, height, width) => openPredNet(model, height, width) };
}

/**
 * Channels of the frames that the network sees: its own. TEZIP makes three equal ones of grey frames; a network of one
 * channel saves that.
 * @throws TempressError if colours do not fit
 */
export function channelsFor(model: Model | undefined, channels: number): number {
  const own = model ? publishedPredNet(model).stack[0]! : channels;
  if (own === channels || (channels === 1 && own === 3)) return own;
  throw new TempressError("invalid-argument", `the network has ${own} channels, frames have ${channels}`, {
    where: "model",
    hint: "choose a network made for such frames",
  });
}

/** Grey frames in three equal channels. */
export function widen(frames: Frames, channels: number): Frames {
  if (frames.channels === channels) return frames;
  const data = new Uint8Array(frames.data.length * channels);
  for (let i = 0; i < data.length; i++) data[i] = frames.data[Math.floor(i / channels)]!;
  return { ...frames, channels, data };
}

/** The first of equal channels. */
export function narrow(data: Uint8Array, from: number, to: number): Uint8Array {
  if (from === to) return data;
  return Uint8Array.from({ length: data.length / from }, (_, i) => data[i * from]!);
}
