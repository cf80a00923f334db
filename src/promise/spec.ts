/**
 * What was asked (`PromiseSpec`) and what the codec must keep (`Bound`), as one number for every value.
 * Special values (NaN, infinities, -0, denormals, the named fill value) are exact under every promise.
 */
export type PromiseSpec =
  | { readonly kind: "abs"; readonly abs: number }
  | { readonly kind: "rel"; readonly rel: number }
  | { readonly kind: "pw_rel"; readonly pwRel: number }
  | { readonly kind: "abs_and_rel"; readonly abs: number; readonly rel: number }
  | { readonly kind: "eps"; readonly eps: number }
  | { readonly kind: "rmse"; readonly rmse: number }
  | { readonly kind: "psnr"; readonly psnr: number }
  | { readonly kind: "lossless" };

export type PromiseKind = PromiseSpec["kind"];

/**
 * `eps`, `rmse` and `psnr` are about all values together: a single one may be off by more. With errors x - y,
 * rmse = sqrt(mean (x - y)^2), psnr = 20 log10(range / rmse) in dB, eps = sqrt(sum (x - y)^2 / sum x^2).
 * Each means one bound for rmse, which every chunk keeps.
 *
 * `abs`: |x - y| <= value. `rmse`: sqrt(mean (x - y)^2) <= value over ordinary values. `pw_rel`: |x - y| <= value * |x|. `lossless`: the same bits; value is 0.
 * Differences are taken in float64 (exact BigInt for 64-bit integers), without slack.
 */
export interface Bound {
  readonly kind: "abs" | "pw_rel" | "rmse" | "lossless";
  readonly value: number;
}
