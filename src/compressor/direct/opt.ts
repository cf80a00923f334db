import { TempressError } from "../../errors.ts";
import type { TensorSource } from "../../tensor/source.ts";
import type { CompressOptions } from "../options.ts";
import { bool, child, choice, float, int, numbers, strings } from "../schema.ts";
import { director, optionsFor } from "./director.ts";
import { type Found, type Search, seek } from "./search.ts";
import { resultOf, sampleOf } from "./target.ts";

const unstored = { stored: false };

/**
 * Sets options so that a result comes near a target, or is as small or large as can be: a ratio of 20, a PSNR of 80.
 * Bounds that it finds are promises like any other: the file keeps them.
 */
export const opt = director({
  name: "opt",
  id: 66,
  summary: "searches options for a target ratio, PSNR, SSIM or any other result",
  options: {
    "opt:compressor": child("tezip", "codec whose options are searched"),
    "opt:inputs": strings(["pressio:abs"], "options to search, one after the other", unstored),
    "opt:output": strings(["size:compression_ratio"], "result to look at: the first counts", unstored),
    "opt:objective_mode_name": choice(["target", "min", "max"], "target", "what the result is to be", unstored),
    "opt:target": float(10, "the wanted result", unstored),
    "opt:global_rel_tolerance": float(0.01, "how near the target is near enough, as a part of it", {
      ...unstored,
      min: 0,
    }),
    "opt:lower_bound": numbers([], "least value of each input; default 1e-9 of the range", unstored),
    "opt:upper_bound": numbers([], "largest value of each input; default the range", unstored),
    "opt:is_integral": bool(false, "inputs are whole numbers", unstored),
    "opt:prediction": float(0, "where to start; 0: a guess", unstored),
    "opt:max_iterations": int(20, "evaluations at most, on samples and on the whole together", { ...unstored, min: 2 }),
  },

  async direct(input, given, tree, run) {
    const options = tree.options as unknown as Values;
    const inner = optionsFor(tree.children["opt:compressor"]![0]!, given);
    const inputs = options["opt:inputs"];
    const output = options["opt:output"][0]!;
    if (inputs.length === 0 || output === undefined) throw wrong("opt needs inputs and an output", "opt:inputs");
    const { sample, whole, spread } = await sampleOf(input);
    const point: Record<string, number> = {};
    let evaluations = 0;
    let found: Found | undefined;
    const on = (where: TensorSource, key: string) => async (at: number) => {
      evaluations++;
      const bytes = await run(withPoint(inner, { ...point, [key]: at }), where);
      return await resultOf(where, bytes, output);
    };
    const budget = Math.ceil(options["opt:max_iterations"] / inputs.length);
    for (const [k, key] of inputs.entries()) {
      const search = searchFor(options, key, k, spread, budget);
      found =
        options["opt:objective_mode_name"] === "target"
          ? await seek(on(sample, key), search)
          : await extreme(on(sample, key), search, options["opt:objective_mode_name"] === "max" ? -1 : 1);
      point[key] = found.at;
      if (found.met && options["opt:objective_mode_name"] === "target") break;
    }
    const last = inputs.findLast((key) => point[key] !== undefined)!;
    if (!whole && options["opt:objective_mode_name"] === "target") {
      const k = inputs.indexOf(last);
      const near = { ...searchFor(options, last, k, spread, Math.max(2, budget - evaluations)), start: found!.at };
      found = await seek(on(input, last), near);
      point[last] = found.at;
    }
    refuseFar(options, found!, output, last);
    return {
      options: withPoint(inner, point),
      results: { "opt:input": point[last]!, "opt:output": found!.value, "opt:evaluations": evaluations },
    };
  },
});

interface Values {
  readonly "opt:inputs": readonly string[];
  readonly "opt:output": readonly string[];
  readonly "opt:objective_mode_name": "target" | "min" | "max";
  readonly "opt:target": number;
  readonly "opt:global_rel_tolerance": number;
  readonly "opt:lower_bound": readonly number[];
  readonly "opt:upper_bound": readonly number[];
  readonly "opt:is_integral": boolean;
  readonly "opt:prediction": number;
  readonly "opt:max_iterations": number;
}

const BOUNDS: Readonly<Record<string, "abs" | "rel" | "pwRel">> = {
  "pressio:abs": "abs",
  "pressio:rel": "rel",
  "pressio:pw_rel": "pwRel",
};

function searchFor(options: Values, key: string, k: number, spread: number, most: number): Search {
  const target = options["opt:target"];
  const scale = key === "pressio:abs" ? spread : 1;
  const isBound = Object.hasOwn(BOUNDS, key);
  const lower = options["opt:lower_bound"][k] ?? (isBound ? 1e-9 * scale : undefined);
  const upper = options["opt:upper_bound"][k] ?? (isBound ? scale : undefined);
  if (lower === undefined || upper === undefined || !(lower < upper)) {
    throw wrong(`option ${key} has no range to search`, "opt:lower_bound", "give opt:lower_bound and opt:upper_bound");
  }
  const logarithmic = lower > 0 && upper / lower > 100;
  const middle = logarithmic ? Math.sqrt(lower * upper) : (lower + upper) / 2;
  // Errors spread evenly over the bound have a mean square of a third of its square.
  const byPsnr = Math.sqrt(3) * 10 ** (-target / 20) * scale;
  const guess = options["opt:output"][0] === "error_stat:psnr" ? byPsnr : 1e-3 * scale;
  const start = options["opt:prediction"] || (isBound ? guess : middle);
  const tolerance = options["opt:global_rel_tolerance"] * Math.abs(target);
  const output = options["opt:output"][0]!;
  const ratio = output === "size:compression_ratio" && target > 0;
  // Measured: ratios grow with about the square root of the bound, a PSNR falls by 20 dB for each factor of ten.
  const expected = ratio ? 0.5 : output === "error_stat:psnr" ? -20 / Math.LN10 : -Math.abs(target) / 20;
  const slope = logarithmic ? expected : expected / (upper - lower);
  return {
    ...{ lower, upper, logarithmic, target, most, ratio, slope },
    start: Math.min(upper, Math.max(lower, start)),
    integral: options["opt:is_integral"],
    near: (value) => Math.abs(value - target) <= tolerance,
  };
}

/** Golden sections towards the least of sign * f. */
async function extreme(f: (at: number) => Promise<number>, search: Search, sign: number): Promise<Found> {
  const into = (x: number) => (search.logarithmic ? Math.log(x) : x);
  const outOf = (x: number) => {
    const at = search.logarithmic ? Math.exp(x) : x;
    return search.integral ? Math.round(at) : at;
  };
  const seen = new Map<number, number>();
  const value = async (x: number) => {
    const at = outOf(x);
    const result = seen.get(at) ?? (await f(at));
    seen.set(at, result);
    return sign * result;
  };
  let [low, high] = [into(search.lower), into(search.upper)];
  const share = (Math.sqrt(5) - 1) / 2;
  await value(low);
  await value(high);
  let [x1, x2] = [high - share * (high - low), low + share * (high - low)];
  let [f1, f2] = [await value(x1), await value(x2)];
  for (let turns = 0; turns < search.most && seen.size < search.most && outOf(x1) !== outOf(x2); turns++) {
    if (f1 <= f2) {
      [high, x2, f2] = [x2, x1, f1];
      x1 = high - share * (high - low);
      f1 = await value(x1);
    } else {
      [low, x1, f1] = [x1, x2, f2];
      x2 = low + share * (high - low);
      f2 = await value(x2);
    }
  }
  const [at, best] = [...seen].reduce((a, b) => (sign * b[1] < sign * a[1] ? b : a));
  return { at, value: best, evaluations: seen.size, met: true };
}

function withPoint(options: CompressOptions, point: Readonly<Record<string, number>>): CompressOptions {
  const bounds = Object.entries(point).filter(([key]) => Object.hasOwn(BOUNDS, key));
  const others = Object.entries(point).filter(([key]) => !Object.hasOwn(BOUNDS, key));
  const set = { ...options, options: { ...options.options, ...Object.fromEntries(others.map(placed(options))) } };
  return bounds.length === 0 ? set : { ...set, ...Object.fromEntries(bounds.map(([key, at]) => [BOUNDS[key]!, at])) };
}

/** A plain key is that of every codec inside that has it, over what each was told. */
function placed(options: CompressOptions) {
  return ([key, at]: readonly [string, number]): [string, number] => {
    const place = Object.keys(options.options ?? {}).find((full) => full === key || full.endsWith(`:${key}`));
    return [place ?? key, at];
  };
}

function refuseFar(options: Values, found: Found, output: string, key: string): void {
  const target = options["opt:target"];
  if (options["opt:objective_mode_name"] !== "target" || found.met) return;
  // Some data jump: integers, lattices. A tenth beside the target is told in the report, more is an error.
  if (Math.abs(found.value - target) <= Math.max(0.1, options["opt:global_rel_tolerance"]) * Math.abs(target)) return;
  throw wrong(
    `${output} ${target} was not reached in ${found.evaluations} evaluations; the nearest is ${found.value} at ${key} ${found.at}`,
    "opt:target",
    "choose another target, other inputs or wider bounds of them",
  );
}

function wrong(message: string, where: string, hint?: string): TempressError {
  return new TempressError("unsupported", message, { where, ...(hint === undefined ? {} : { hint }) });
}
