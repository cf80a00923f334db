/**
 * Slow twin of `point` and `exactPoint` in kernels/codecs/levels.ts: how a value becomes a code beside its prediction,
 * and comes back. Encoder and decoder both call `fromCode`, with the same roundings: the closed loop.
 */
import { ESCAPE } from "../entropy/codes.reference.ts";
import { nearestEven, type Round, rounding } from "../predict/levels.reference.ts";
import { patternAfter, patternDifference } from "../quantize/patterns.reference.ts";
import type { Quantizer } from "./tezip-levels.ts";

/** Codes stay below 27 bits. */
const MOST_STEPS = 134_000_000;

/** A value as it is told: a code in context, then bits at even odds. */
export interface Told {
  readonly code: number;
  readonly low: readonly { readonly bits: number; readonly count: number }[];
}

/** How a value becomes a code beside its prediction, and comes back. */
export interface ValueCoding {
  /** How many bits at even odds follow a code, in portions of at most 32. */
  readonly lowCounts: readonly number[];
  toCode(value: number, prediction: number): Told;
  fromCode(told: Told, prediction: number): number;
}

export function valueCoding(quantizer: Quantizer, wide: boolean): ValueCoding {
  const { exactShift } = quantizer;
  return exactShift === undefined ? quantised(quantizer, rounding(wide)) : exact(exactShift, wide);
}

/** Whole steps from the prediction; an escape where the value that comes back would miss the bound. */
function quantised({ step, bound }: Quantizer, round: Round): ValueCoding {
  const dequantise = (q: number, prediction: number) => round(prediction + round(round(q) * round(step)));
  return {
    lowCounts: [],
    toCode(value, prediction) {
      const steps = round(value - prediction) / step;
      if (!(Math.abs(steps) < MOST_STEPS)) return { code: ESCAPE, low: [] };
      // As an integer: a code of -0 would not come back.
      const code = nearestEven(steps) | 0;
      const near = Math.abs(value - dequantise(code, prediction)) <= bound;
      return { code: near ? code : ESCAPE, low: [] };
    },
    fromCode: ({ code }, prediction) => dequantise(code, prediction),
  };
}

/** Lossless: the distance from the prediction in floats; its `shift` low bits, mostly noise, at even odds. */
function exact(shift: number, wide: boolean): ValueCoding {
  const lowCounts = [Math.max(0, shift - 32), Math.min(32, shift)];
  return {
    lowCounts,
    toCode(value, prediction) {
      const difference = patternDifference(value, prediction, wide);
      const steps = Number(difference >> BigInt(shift));
      const [high, low] = lowCounts as [number, number];
      return {
        code: Math.abs(steps) < MOST_STEPS ? steps : ESCAPE,
        low: [
          { bits: Number(BigInt.asUintN(high, difference >> 32n)), count: high },
          { bits: Number(BigInt.asUintN(low, difference)), count: low },
        ],
      };
    },
    fromCode({ code, low }, prediction) {
      const difference = low.reduce((sum, { bits, count }) => (sum << BigInt(count)) + BigInt(bits), BigInt(code));
      return patternAfter(prediction, difference, wide);
    },
  };
}
