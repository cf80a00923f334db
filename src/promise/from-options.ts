import { TempressError } from "../errors.ts";
import type { PromiseSpec } from "./spec.ts";

/** The promise among the options of compress; exactly one is named. */
export interface PromiseOptions {
  readonly abs?: number | undefined;
  readonly rel?: number | undefined;
  readonly pwRel?: number | undefined;
  readonly absAndRel?: readonly [number, number] | undefined;
  /** sqrt(sum (x - y)^2 / sum x^2), over all values. */
  readonly eps?: number | undefined;
  /** sqrt(mean (x - y)^2), in the data's unit. */
  readonly rmse?: number | undefined;
  /** 20 log10(range / rmse), in dB. */
  readonly psnr?: number | undefined;
  readonly lossless?: boolean | undefined;
}

const NAMES: readonly (keyof PromiseOptions)[] = [
  "abs",
  "rel",
  "pwRel",
  "absAndRel",
  "eps",
  "rmse",
  "psnr",
  "lossless",
];

/** The promises that the options name. */
export function namedPromises(options: PromiseOptions): (keyof PromiseOptions)[] {
  return NAMES.filter((name) => options[name] !== undefined && options[name] !== false);
}

/** Throws `invalid-argument` for no promise, more than one, or a bound that is not a finite number >= 0. */
export function promiseFromOptions(options: PromiseOptions): PromiseSpec {
  const { abs, rel, pwRel, absAndRel, eps, rmse, psnr, lossless } = options;
  if (lossless !== undefined && typeof lossless !== "boolean") {
    throw wrong(`lossless is ${JSON.stringify(lossless)}, not true or false`, "lossless");
  }
  const given = namedPromises(options);
  if (given.length === 0) {
    throw wrong("no promise is named", "options", "give one of abs, rel, pwRel, absAndRel, lossless, eps, rmse, psnr");
  }
  if (given.length > 1) {
    const hint = "give one; absAndRel keeps an absolute and a relative bound at once";
    throw wrong(`${given.length} promises at once: ${given.join(", ")}`, "options", hint);
  }
  if (abs !== undefined) return { kind: "abs", abs: bound(abs, "abs") };
  if (rel !== undefined) return { kind: "rel", rel: bound(rel, "rel") };
  if (pwRel !== undefined) return { kind: "pw_rel", pwRel: bound(pwRel, "pwRel") };
  if (eps !== undefined) return { kind: "eps", eps: bound(eps, "eps") };
  if (rmse !== undefined) return { kind: "rmse", rmse: bound(rmse, "rmse") };
  if (psnr !== undefined) return { kind: "psnr", psnr: bound(psnr, "psnr") };
  if (absAndRel !== undefined) {
    if (!Array.isArray(absAndRel) || absAndRel.length !== 2) {
      throw wrong("absAndRel is not two bounds", "absAndRel", "give [absolute, relative]");
    }
    return { kind: "abs_and_rel", abs: bound(absAndRel[0], "absAndRel"), rel: bound(absAndRel[1], "absAndRel") };
  }
  return { kind: "lossless" };
}

function bound(value: unknown, where: string): number {
  if (typeof value !== "number") throw wrong(`bound ${JSON.stringify(value)} is not a number`, where);
  if (!Number.isFinite(value) || value < 0) {
    throw wrong(`bound ${value} is not a finite number >= 0`, where, "give a number such as 0.001; 0 keeps every bit");
  }
  // -0 is 0.
  return value + 0;
}

function wrong(message: string, where: string, hint?: string): TempressError {
  return new TempressError("invalid-argument", message, hint === undefined ? { where } : { where, hint });
}
