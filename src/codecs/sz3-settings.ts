/** SZ3's options under LibPressio's names, and what the encoder makes of them. */
import { bool, choice, float, int, type OptionValues } from "../compressor/schema.ts";
import { TempressError } from "../errors.ts";
import { defaultAnchorStride, type InterpolationSettings, orderCount } from "../predict/sz3-interpolation.ts";
import type { PromiseOptions } from "../promise/from-options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { absoluteBound, BOUND_MODES, type BoundMode } from "./sz3-bound.ts";
import { ALGORITHMS, type Algorithm, type Predictors, squeezed } from "./sz3-config.ts";

export interface Sz3Settings extends Predictors {
  readonly algorithm: Algorithm;
  /** Absolute bound; 0 is lossless. */
  readonly abs: number;
  readonly interpolation: InterpolationSettings;
  /** 0: SZ3's own for the rank. */
  readonly blockSize: number;
  readonly quantBins: number;
  /** SZ3's number of the element type; 0, as its programs write it, tells nothing. */
  readonly dataType?: number;
}

const INTERPOLATIONS = ["INTERP_ALGO_LINEAR", "INTERP_ALGO_CUBIC"] as const;
const named = (algorithm: Algorithm) => `ALGO_${algorithm}` as const;

/** Larger counts of bins would need tables of more than 256 MB. */
const MOST_BINS = 2 ** 24;

export const sz3Options = {
  "sz3:algorithm_str": choice(
    ALGORITHMS.map(named),
    "ALGO_INTERP_LORENZO",
    "How values are predicted; ALGO_INTERP_LORENZO tries what is best.",
    { stored: false },
  ),
  // The misspelling is LibPressio's.
  "sz3:intrep_algo_str": choice(INTERPOLATIONS, "INTERP_ALGO_CUBIC", "Interpolation, where it is not tuned.", {
    stored: false,
  }),
  "sz3:interp_direction": int(0, "Order of the axes in interpolation: 0 slowest first, N! - 1 fastest first.", {
    min: 0,
    max: 23,
    stored: false,
  }),
  "sz3:interp_anchor_stride": int(-1, "Every how many values one is stored as it is, a power of two; 0: none.", {
    min: -1,
    max: 2 ** 29,
    stored: false,
  }),
  "sz3:interp_alpha": float(1.25, "Coarser levels have a bound smaller by this factor each.", {
    min: -1,
    max: 1e6,
    stored: false,
  }),
  "sz3:interp_beta": float(2, "Coarser levels have a bound smaller by this factor at most.", {
    min: 1,
    max: 1e6,
    stored: false,
  }),
  "sz3:lorenzo": bool(true, "ALGO_LORENZO_REG may predict by first differences.", { stored: false }),
  "sz3:lorenzo2": bool(false, "ALGO_LORENZO_REG may predict by second differences.", { stored: false }),
  "sz3:regression": bool(true, "ALGO_LORENZO_REG may predict by fitted planes.", { stored: false }),
  "sz3:block_size": int(0, "Side of ALGO_LORENZO_REG's blocks; 0: 128, 16, 6 for 1, 2, more axes.", {
    min: 0,
    max: 2 ** 20,
    stored: false,
  }),
  "sz3:quant_bin_size": int(65536, "How many steps of twice the bound there are.", {
    min: 2,
    max: MOST_BINS,
    stored: false,
  }),
  "sz3:error_bound_mode_str": choice(BOUND_MODES, "ABS", "Which of sz3's error bounds count.", { stored: false }),
  "sz3:abs_error_bound": float(0, "Absolute bound; 0: not set.", { min: 0, stored: false }),
  "sz3:rel_error_bound": float(0, "Bound as a part of the value range; 0: not set.", { min: 0, stored: false }),
  "sz3:psnr_error_bound": float(0, "Peak signal to noise ratio that is aimed at; 0: not set.", {
    min: 0,
    unit: "dB",
    stored: false,
  }),
  "sz3:l2_norm_error_bound": float(0, "Euclidean length of all errors that is aimed at; 0: not set.", {
    min: 0,
    stored: false,
  }),
} as const;

export type Sz3Options = OptionValues<typeof sz3Options>;

/**
 * Settings for `values` under `bound`, the promise; sz3's own bounds can only make it tighter. Without a promise
 * (undefined) they are all there is.
 * @throws TempressError "invalid-argument" when there is no bound at all or an option does not fit the rank.
 */
export function sz3Settings(values: Tensor, bound: number | undefined, options: Sz3Options): Sz3Settings {
  const rank = Math.min(4, squeezed(values.shape).length);
  const direction = options["sz3:interp_direction"];
  if (direction >= orderCount(rank)) {
    throw new TempressError("invalid-argument", `${rank} axes have no order number ${direction}`, {
      where: "sz3:interp_direction",
      hint: `use 0 to ${orderCount(rank) - 1}`,
    });
  }
  const stride = options["sz3:interp_anchor_stride"];
  if (stride > 0 && (stride & (stride - 1)) !== 0) {
    throw new TempressError("invalid-argument", `an anchor stride of ${stride} is no power of two`, {
      where: "sz3:interp_anchor_stride",
      hint: "such as 32; 0 for no anchors",
    });
  }
  const own = ownBound(values, options);
  const abs = bound === undefined ? own : own === undefined ? bound : Math.min(bound, own);
  if (abs === undefined) {
    throw new TempressError("invalid-argument", "there is no error bound", {
      where: "sz3:error_bound_mode_str",
      hint: "give --abs, --rel or --lossless, or set sz3:abs_error_bound or another bound and its mode",
    });
  }
  return {
    algorithm: options["sz3:algorithm_str"].slice("ALGO_".length) as Algorithm,
    abs,
    lorenzo: options["sz3:lorenzo"],
    lorenzo2: options["sz3:lorenzo2"],
    regression: options["sz3:regression"],
    blockSize: options["sz3:block_size"],
    quantBins: options["sz3:quant_bin_size"],
    interpolation: {
      cubic: options["sz3:intrep_algo_str"] === "INTERP_ALGO_CUBIC",
      direction,
      anchorStride: stride < 0 ? defaultAnchorStride(rank) : stride,
      alpha: options["sz3:interp_alpha"],
      beta: options["sz3:interp_beta"],
    },
  };
}

/** Bounds that can be promised: those of PSNR and NORM are estimates, and ABS_OR_REL is known when all is seen. */
export function sz3Promise(options: Sz3Options): PromiseOptions | undefined {
  const mode: BoundMode = options["sz3:error_bound_mode_str"];
  const abs = options["sz3:abs_error_bound"];
  const rel = options["sz3:rel_error_bound"];
  if (mode === "ABS" && abs > 0) return { abs };
  if (mode === "REL" && rel > 0) return { rel };
  return mode === "ABS_AND_REL" && abs > 0 && rel > 0 ? { absAndRel: [abs, rel] } : undefined;
}

/** What the mode's own bounds come to; undefined while they are not set. */
function ownBound(values: Tensor, options: Sz3Options): number | undefined {
  const mode: BoundMode = options["sz3:error_bound_mode_str"];
  const abs = options["sz3:abs_error_bound"];
  const rel = options["sz3:rel_error_bound"];
  const psnr = options["sz3:psnr_error_bound"];
  const norm = options["sz3:l2_norm_error_bound"];
  const needed = {
    ABS: [abs],
    REL: [rel],
    PSNR: [psnr],
    NORM: [norm],
    ABS_AND_REL: [abs, rel],
    ABS_OR_REL: [abs, rel],
  };
  if (needed[mode].every((value) => value === 0)) return undefined;
  return absoluteBound(values, { mode, abs, rel, psnr, norm });
}
