/**
 * What was asked (`PromiseSpec`) and what the codec must keep (`Bound`), as one number for every value.
 * Special values (NaN, infinities, -0, denormals, the named fill value) are exact under every promise.
 */
export type PromiseSpec =
  | { readonly kind: "abs"; readonly abs: number }
  | { readonly kind: "rel"; readonly rel: number }
  | { readonly kind: "pw_rel"; readonly pwRel: number }
  | { readonly kind: "abs_and_rel"; readonly abs: number; readonly rel: number }
  | { readonly kind: "lossless" };

export type PromiseKind = PromiseSpec["kind"];

/**
 * `abs`: |x - y| <= value. `pw_rel`: |x - y| <= value * |x|. `lossless`: the same bits; value is 0.
 * Differences are taken in float64 (exact BigInt for 64-bit integers), without slack.
 */
export interface Bound {
  readonly kind: "abs" | "pw_rel" | "lossless";
  readonly value: number;
}
