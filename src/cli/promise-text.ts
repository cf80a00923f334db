/** Promises and what was achieved, in words. */
import type { Bound, PromiseSpec } from "../promise/spec.ts";
import { formatNumber } from "./units.ts";

export function promiseText(promise: PromiseSpec): string {
  switch (promise.kind) {
    case "abs":
      return `abs ${formatNumber(promise.abs)}`;
    case "rel":
      return `rel ${formatNumber(promise.rel)} of the range`;
    case "pw_rel":
      return `pw_rel ${formatNumber(promise.pwRel)} of each value`;
    case "abs_and_rel":
      return `abs ${formatNumber(promise.abs)} and rel ${formatNumber(promise.rel)} of the range`;
    case "eps":
      return `eps ${formatNumber(promise.eps)} of the values' norm`;
    case "rmse":
      return `rmse ${formatNumber(promise.rmse)}`;
    case "psnr":
      return `psnr ${formatNumber(promise.psnr)} dB`;
    case "lossless":
      return "lossless";
  }
}

export function errorLabel({ kind }: Bound): string {
  return kind === "rmse" ? "rmse" : "max error";
}

/** "0.04391 of 0.04409 allowed (rel 0.001 of the range)". */
export function errorText(maxError: number, bound: Bound, promise: PromiseSpec): string {
  if (promise.kind === "lossless") return maxError === 0 ? "0 (lossless)" : `${formatNumber(maxError)} of 0 allowed`;
  const allowed = `${formatNumber(maxError)} of ${formatNumber(bound.value)} allowed`;
  return promise.kind === "abs" || promise.kind === "rmse" ? allowed : `${allowed} (${promiseText(promise)})`;
}
