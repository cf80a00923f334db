/**
 * TEZIP as published, from frames to key frames and numbers, and back; the bytes around them are made by
 * tezip-classic-archive.ts (its own three files) and tezip-classic.ts (chunks of ours).
 *
 *     frames -> keys, guesses -> differences -> quantised -> steps -> ranks
 *
 * Key frames are found again as those that are not all zero. So a black key is lost by the published encoder. The
 * repaired one stores a black key with one level in its first value, and takes that off again by its difference: any
 * decoder of TEZIP's gives black.
 */
import { TempressError } from "../errors.ts";
import { type ClassicBound, quantize } from "./tezip-classic-quantize.ts";
import { chooseKeys, type Frames, followKeys, type Network, type Schedule } from "./tezip-classic-schedule.ts";
import { type Symbols, symbolsOf, valuesOf } from "./tezip-classic-symbols.ts";

export interface ClassicParts extends Symbols {
  /** As many values as the frames have; zero where a frame is no key. */
  readonly keys: Uint8Array;
  readonly warmUp: number;
}

export interface ClassicEncoded extends ClassicParts {
  readonly keyFrames: number;
  /** What a decoder gives. */
  readonly decoded: Uint8Array;
}

export interface ClassicSettings extends Schedule {
  readonly bound: ClassicBound;
  readonly ranked: boolean;
}

export function encodeFrames(given: Frames, network: Network, settings: ClassicSettings): ClassicEncoded {
  const { bound, warmUp, ranked } = settings;
  const { count, height, width, channels } = given;
  const each = height * width * channels;
  if (bound.arithmetic === "published") refuseUnpublished(given, warmUp);
  const frames = bound.arithmetic === "published" ? given : { ...given, data: lit(given.data, each) };
  const { isKey, levels } = chooseKeys(frames, network, settings);
  const keys = new Uint8Array(count * each);
  const differences = new Int16Array(count * each);
  for (let t = 0; t < count; t++) {
    const [from, to] = [t * each, (t + 1) * each];
    const original = given.data.subarray(from, to);
    if (isKey[t]) keys.set(frames.data.subarray(from, to), from);
    for (let i = from; i < to; i++) differences[i] = levels[i]! - given.data[i]!;
    // Keys need none; those of the warm-up after the first are stored a second time, exactly.
    if (isKey[t]) continue;
    for (let c = 0; c < channels; c++) {
      quantize(differences.subarray(from + c, to), original.subarray(c), channels, bound);
    }
  }
  const decoded = settle(levels, differences);
  const keyFrames = isKey.reduce((sum, one) => sum + one, 0);
  return { keys, warmUp, ...symbolsOf(differences, ranked), keyFrames, decoded };
}

/** @throws TempressError "corrupt" for what no encoder writes */
export function decodeFrames(parts: ClassicParts, size: Omit<Frames, "data">, network: Network, where: string) {
  const { count, height, width, channels } = size;
  const { keys, warmUp } = parts;
  const each = height * width * channels;
  const differences = valuesOf(parts, where);
  const isKey = new Uint8Array(count);
  for (let t = 0; t < count; t++)
    isKey[t] = keys.subarray(t * each, (t + 1) * each).some((value) => value !== 0) ? 1 : 0;
  for (const t of new Set([0, Math.min(warmUp, count - 1)])) {
    if (isKey[t]) continue;
    throw new TempressError("corrupt", `frame ${t} should be a key frame, and is black`, {
      where,
      hint: "TEZIP as published loses black key frames; compress anew with repaired arithmetic",
    });
  }
  const { levels } = followKeys({ ...size, data: keys }, network, warmUp, isKey);
  return settle(levels, differences);
}

function settle(levels: Uint8Array, differences: Int16Array): Uint8Array {
  return levels.map((level, i) => Math.min(255, Math.max(0, level - differences[i]!)));
}

/** Frames with one level in the first value of those that are black. */
function lit(data: Uint8Array, each: number): Uint8Array {
  let copy: Uint8Array | undefined;
  for (let at = 0; at < data.length; at += each) {
    if (data.subarray(at, at + each).some((value) => value !== 0)) continue;
    copy ??= data.slice();
    copy[at] = 1;
  }
  return copy ?? data;
}

/** What the published program takes and cannot give back. */
function refuseUnpublished({ count, data, height, width, channels }: Frames, warmUp: number): void {
  const each = height * width * channels;
  const why = data.subarray(0, each).every((value) => value === 0)
    ? "its first frame is black"
    : count === warmUp + 1
      ? "one frame follows the warm-up, and is not stored"
      : undefined;
  if (why === undefined) return;
  throw new TempressError("unsupported", `TEZIP as published cannot decompress what it makes of this: ${why}`, {
    where: "tezip_classic",
    hint: "use the repaired arithmetic",
  });
}
