/**
 * TEZIP's own quantiser: in raster order, values are given one common value as long as there is one that suits all of
 * them; then the next run begins. With whole bounds nothing is lost by it. With others the published arithmetic breaks
 * its bound: it cuts the common value off to a whole number, which may lie outside. The repaired arithmetic cuts off
 * the bound before: differences are whole, so nothing that was allowed is lost.
 */
export const MODES = ["abs", "rel", "absrel", "pwrel"] as const;
export type Mode = (typeof MODES)[number];

export const ARITHMETICS = ["repaired", "published"] as const;
export type Arithmetic = (typeof ARITHMETICS)[number];

/** In levels of an 8-bit frame; rel is a part of the range of one channel of one frame, pwrel of the value itself. */
export interface ClassicBound {
  readonly mode: Mode;
  /** Two for absrel, else one. */
  readonly values: readonly number[];
  readonly arithmetic: Arithmetic;
}

export function isLossless({ mode, values }: ClassicBound): boolean {
  return values[0] === 0 || (mode === "absrel" && values[1] === 0);
}

/**
 * Replaces differences (guess minus original) of one channel of one frame, every `step` values.
 * @param differences and originals of the frame, the channel's first value first
 */
export function quantize(differences: Int16Array, originals: Uint8Array, step: number, bound: ClassicBound): void {
  if (isLossless(bound)) return;
  const { mode, values, arithmetic } = bound;
  const usable = (error: number): number => (arithmetic === "repaired" ? Math.floor(error) : error);
  const allowed = usable(boundOf(originals, step, bound));
  const part = mode === "pwrel" ? values[0]! : 0;
  let [from, low, high] = [0, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const assign = (to: number): void => {
    const common = Math.trunc((high + low) / 2);
    for (let i = from; i < to; i += step) differences[i] = common;
  };
  for (let i = 0; i < differences.length; i += step) {
    const error = mode === "pwrel" ? usable(originals[i]! * part) : allowed;
    const difference = differences[i]!;
    const [least, most] = [Math.max(low, difference - error), Math.min(high, difference + error)];
    if (most < least) {
      assign(i);
      [from, low, high] = [i, difference - error, difference + error];
    } else [low, high] = [least, most];
  }
  assign(differences.length);
}

/** How far a value of this channel may be off; for pwrel nothing, it depends on the value. */
function boundOf(originals: Uint8Array, step: number, { mode, values }: ClassicBound): number {
  const [first = 0, second = 0] = values;
  if (mode === "abs") return Math.abs(first);
  if (mode === "pwrel") return 0;
  let [least, most] = [255, 0];
  for (let i = 0; i < originals.length; i += step) {
    least = Math.min(least, originals[i]!);
    most = Math.max(most, originals[i]!);
  }
  const range = most - least;
  return mode === "rel" ? range * first : Math.min(Math.abs(first), range * second);
}

/** By how much the worst value is off beyond what the bound allows, in levels; 0 or less: the bound holds. */
export function excess(originals: Uint8Array, decoded: Uint8Array, step: number, bound: ClassicBound): number {
  const lossless = isLossless(bound);
  const allowed = lossless ? 0 : boundOf(originals, step, bound);
  let worst = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < originals.length; i += step) {
    const limit = !lossless && bound.mode === "pwrel" ? originals[i]! * bound.values[0]! : allowed;
    worst = Math.max(worst, Math.abs(originals[i]! - decoded[i]!) - limit);
  }
  return worst;
}
