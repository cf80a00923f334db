/**
 * Which frame TEZIP predicts from which. A window begins with a key frame, which is stored; each next frame is guessed
 * from the guess before it, never from what is decoded (open loop). Warm-up frames are keys whose "guess" knows no
 * frame.
 */
import type { FrameGuesser } from "../neural/prednet-frames.ts";

/** Frames [count, height, width, channels] of 8-bit values, as TEZIP has them. */
export interface Frames {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

export interface Schedule {
  /** The first so many frames are keys. */
  readonly warmUp: number;
  /** Static windows: a key every so many frames (SWP, TEZIP's -w). */
  readonly window?: number | undefined;
  /** Dynamic windows: a key where the mean square error of the window so far, of values in [0, 1], gets above (DWP, -t). */
  readonly threshold?: number | undefined;
}

export interface Guesses {
  /** 1 for each key frame, warm-up frames among them. */
  readonly isKey: Uint8Array;
  /** What each frame is taken from: the guess in whole levels, or the key itself. */
  readonly levels: Uint8Array;
}

/** Opens a network for frames padded below and to the right; `multiple` is what height and width are padded to. */
export interface Network {
  readonly multiple: number;
  open(channels: number, height: number, width: number): FrameGuesser;
}

/** No network: the next frame is guessed to be the last one. The control for what a network gains. */
export const COPY: Network = {
  multiple: 1,
  open: (channels, height, width) => ({
    blank: new Float32Array(channels * height * width),
    next: (frame) => frame,
    close: () => undefined,
  }),
};

/** The encoder's way: keys are chosen by the schedule. */
export function chooseKeys(frames: Frames, network: Network, schedule: Schedule): Guesses {
  const { warmUp, window, threshold } = schedule;
  let [sum, compared] = [0, 0];
  return walk(frames, network, warmUp, (t, planes) => {
    if (window !== undefined) return (t - warmUp) % window === 0;
    const { guess, original } = planes();
    for (let i = 0; i < guess.length; i++) sum += (original[i]! - guess[i]!) ** 2;
    compared += guess.length;
    const next = sum / compared > threshold!;
    if (next) [sum, compared] = [0, 0];
    return next;
  });
}

/** The decoder's way: keys are known, all other frames are zero. */
export function followKeys(keys: Frames, network: Network, warmUp: number, isKey: Uint8Array): Guesses {
  return walk(keys, network, warmUp, (t) => isKey[t] === 1);
}

function walk(
  frames: Frames,
  network: Network,
  warmUp: number,
  decide: (t: number, planes: () => { guess: Float32Array; original: Float32Array }) => boolean,
): Guesses {
  const { count, height, width, channels, data } = frames;
  const padded = { height: roundUp(height, network.multiple), width: roundUp(width, network.multiple) };
  const each = height * width * channels;
  const isKey = new Uint8Array(count);
  const levels = new Uint8Array(count * each);
  const guesser = network.open(channels, padded.height, padded.width);
  try {
    const planesOf = (t: number) => planes(data.subarray(t * each, (t + 1) * each), frames, padded);
    let last: Float32Array | undefined;
    for (let t = 0; t < count; t++) {
      const place = levels.subarray(t * each, (t + 1) * each);
      if (t < warmUp) {
        isKey[t] = 1;
        // Frame 0 is taken from its key all the same.
        if (t === 0) place.set(data.subarray(0, each));
        else wholeLevels(guesser.blank, frames, padded, place);
        continue;
      }
      let guess: Float32Array | undefined;
      const guessed = () => {
        guess ??= guesser.next(last!);
        return { guess, original: planesOf(t) };
      };
      if (last === undefined || decide(t, guessed)) {
        isKey[t] = 1;
        place.set(data.subarray(t * each, (t + 1) * each));
        last = planesOf(t);
      } else {
        last = guess ?? guesser.next(last);
        wholeLevels(last, frames, padded, place);
      }
    }
  } finally {
    guesser.close();
  }
  return { isKey, levels };
}

const roundUp = (extent: number, multiple: number): number => Math.ceil(extent / multiple) * multiple;

type Size = { readonly height: number; readonly width: number };

/** [y, x, c] of levels to padded planes [c, y, x] in [0, 1]. */
function planes(levels: Uint8Array, { height, width, channels }: Frames, padded: Size): Float32Array {
  const out = new Float32Array(channels * padded.height * padded.width);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      const to = (c * padded.height + y) * padded.width;
      const from = y * width * channels + c;
      for (let x = 0; x < width; x++) out[to + x] = levels[from + x * channels]! / 255;
    }
  }
  return out;
}

/** The way back; what lies between two levels becomes the lower one. */
function wholeLevels(guess: Float32Array, { height, width, channels }: Frames, padded: Size, to: Uint8Array): void {
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      const from = (c * padded.height + y) * padded.width;
      const at = y * width * channels + c;
      for (let x = 0; x < width; x++) to[at + x * channels] = Math.fround(guess[from + x]! * 255);
    }
  }
}
