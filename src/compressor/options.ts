import { TempressError } from "../errors.ts";
import { suggestion } from "../nearest.ts";
import type { PromiseOptions } from "../promise/from-options.ts";
import { EFFORTS, type Effort } from "./codec.ts";

/** What `compress` is told. Exactly one promise: abs, rel, pwRel, absAndRel, eps, rmse, psnr or lossless. */
export interface CompressOptions extends PromiseOptions {
  /** Default "tezip". */
  readonly codec?: string | undefined;
  /** A value that stands for "no data": kept exactly and left out of the range. */
  readonly fill?: number | undefined;
  /** Time spent for size; default "balanced". */
  readonly effort?: Effort | undefined;
  /** Worker threads, in Node; default 1. The bytes do not depend on it. */
  readonly threads?: number | undefined;
  /** The axis that is time; default 0. */
  readonly timeAxis?: number | undefined;
  /** Frames of a chunk; by default as many as make about 8 MiB. */
  readonly window?: number | undefined;
  /**
   * Whether each chunk's bytes are decoded before they are written, and the promise is proved on what the decoder
   * gives. Default: at effort "max" only; else the encoder's own account of it is trusted where it gives one.
   */
  readonly readBack?: boolean | undefined;
  /** Instead of a promise: an absolute bound is searched that gives this ratio, to 1 %. */
  readonly targetRatio?: number | undefined;
  /** The same for a PSNR in dB. */
  readonly targetPsnr?: number | undefined;
  /** The same for a mean SSIM. */
  readonly targetSsim?: number | undefined;
  /** Options of the codec by their full names: `{ "zstd:level": 19 }`. */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  readonly onProgress?: ((done: Progress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Progress {
  readonly frames: number;
  readonly totalFrames: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export const MAX_THREADS = 256;

const KEYS: readonly (keyof CompressOptions)[] = [
  "abs",
  "rel",
  "pwRel",
  "absAndRel",
  "eps",
  "rmse",
  "psnr",
  "lossless",
  "codec",
  "fill",
  "effort",
  "threads",
  "timeAxis",
  "window",
  "readBack",
  "targetRatio",
  "targetPsnr",
  "targetSsim",
  "options",
  "onProgress",
  "signal",
];

/** Checks everything but the promise, the codec and its options. `rank` is that of the input. */
export function checkCompressOptions(given: CompressOptions, rank: number): void {
  if (typeof given !== "object" || given === null)
    throw refused("options", "options are missing", "give at least a promise: { abs: 0.01 }");
  for (const key of Object.keys(given)) {
    if (KEYS.includes(key as keyof CompressOptions)) continue;
    const hint = key.includes(":") ? `write { options: { "${key}": ... } }` : suggestion(key, KEYS);
    throw refused("options", `there is no option "${key}"`, hint);
  }
  const { fill, effort, threads, timeAxis, window } = given;
  if (given.codec !== undefined && typeof given.codec !== "string")
    throw refused("codec", "codec is not a name", 'such as "zstd"');
  if (fill !== undefined && typeof fill !== "number")
    throw refused("fill", `fill value "${String(fill)}" is no number`, "such as 1e20");
  if (effort !== undefined && !EFFORTS.includes(effort)) {
    throw refused("effort", `effort "${String(effort)}" is unknown`, suggestion(String(effort), EFFORTS));
  }
  wholeNumber("threads", threads, 1, MAX_THREADS);
  wholeNumber("timeAxis", timeAxis, 0, rank - 1);
  wholeNumber("window", window, 1, Number.MAX_SAFE_INTEGER);
  if (given.readBack !== undefined && typeof given.readBack !== "boolean")
    throw refused("readBack", `readBack cannot be ${JSON.stringify(given.readBack)}`, "it is true or false");
  if (given.options !== undefined && (typeof given.options !== "object" || given.options === null)) {
    throw refused("options", "codec options are not an object", 'write { options: { "zstd:level": 19 } }');
  }
}

export function wholeNumber(name: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return;
  const range = most === Number.MAX_SAFE_INTEGER ? `at least ${least}` : `${least} to ${most}`;
  throw refused(name, `${name} cannot be ${JSON.stringify(value)}`, `it takes a whole number, ${range}`);
}

function refused(where: string, message: string, hint: string): TempressError {
  return new TempressError("invalid-argument", message, { where, hint });
}
