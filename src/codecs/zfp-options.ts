/** Options of the codec, and the mode they or the promise ask for. */
import { bool, float, int, type OptionValues } from "../compressor/schema.ts";
import { TempressError } from "../errors.ts";
import type { Bound } from "../promise/spec.ts";
import { scanValues } from "../tensor/scan.ts";
import type { ZfpValues } from "./zfp-array.ts";
import { MAXBITS, MAXPREC, MINBITS, MINEXP, MOST_BLOCK_BITS, type ZfpMode, type ZfpType } from "./zfp-parameters.ts";

export const zfpOptions = {
  "zfp:rate": float(0, "bits a value; 0 leaves the mode to the promise", { min: 0, max: 8192, unit: "bits" }),
  "zfp:precision": int(0, "bit planes a block; 0 leaves the mode to the promise", { min: 0, max: 64, unit: "planes" }),
  "zfp:accuracy": float(0, "tolerance, rounded down to a power of two; 0 takes the promise", { min: 0 }),
  "zfp:reversible": bool(false, "keep every bit, whatever is promised"),
  "zfp:minbits": int(MINBITS, "expert: bits of a block at least", { min: 0, max: MOST_BLOCK_BITS, unit: "bits" }),
  "zfp:maxbits": int(MAXBITS, "expert: bits of a block at most", { min: 1, max: MOST_BLOCK_BITS, unit: "bits" }),
  "zfp:maxprec": int(MAXPREC, "expert: bit planes of a block at most", { min: 1, max: 64, unit: "planes" }),
  "zfp:minexp": int(MINEXP, "expert: exponent of the lowest bit plane; below -1074 is reversible", {
    min: -16495,
    max: 16272,
  }),
};

/**
 * What the options ask for; undefined where they leave it to the promise.
 * @throws TempressError "invalid-argument" for two modes at once.
 */
export function modeOfOptions(values: OptionValues<typeof zfpOptions>): ZfpMode | undefined {
  const [minbits, maxbits] = [values["zfp:minbits"], values["zfp:maxbits"]];
  const [maxprec, minexp] = [values["zfp:maxprec"], values["zfp:minexp"]];
  const expert = minbits !== MINBITS || maxbits !== MAXBITS || maxprec !== MAXPREC || minexp !== MINEXP;
  const modes: [name: string, mode: ZfpMode | undefined][] = [
    ["zfp:rate", values["zfp:rate"] > 0 ? { rate: values["zfp:rate"] } : undefined],
    ["zfp:precision", values["zfp:precision"] > 0 ? { precision: values["zfp:precision"] } : undefined],
    ["zfp:accuracy", values["zfp:accuracy"] > 0 ? { accuracy: values["zfp:accuracy"] } : undefined],
    ["zfp:reversible", values["zfp:reversible"] ? { reversible: true } : undefined],
    ["zfp:minbits|maxbits|maxprec|minexp", expert ? { minbits, maxbits, maxprec, minexp } : undefined],
  ];
  const given = modes.filter(([, mode]) => mode !== undefined);
  if (given.length < 2) return given[0]?.[1];
  throw new TempressError("invalid-argument", `two modes at once: ${given.map(([name]) => name).join(" and ")}`, {
    where: "options",
    hint: "set one; with none the promise chooses",
  });
}

/**
 * The mode that keeps a promise. Tolerances below what a block's integers can tell keep nothing: there the
 * reversible mode is both smaller and true.
 */
export function modeOfBound(bound: Bound, type: ZfpType, rank: number, values: ZfpValues): ZfpMode {
  if (bound.kind === "lossless" || !type.startsWith("float")) return { reversible: true };
  const { min, max, ordinary } = scanValues({ dtype: type, shape: [values.length], data: values });
  const most = ordinary > 0 ? Math.max(-min, max) : 0;
  // Planes between the largest value and the tolerance: what the integers hold, and what the type's own digits do.
  const [planes, digits, tiny] = type === "float32" ? [30 - 2 * rank, 23, 2 ** -96] : [62 - 2 * rank, 52, 2 ** -960];
  const deepest = most * 2 ** -Math.min(planes, digits);
  return bound.value <= deepest || bound.value < tiny ? { reversible: true } : { accuracy: bound.value };
}
