/**
 * Yes-or-no decisions about a whole number, guessed from two sides at once: by adaptive counters in CONTEXTS contexts
 * (each a slow and a quick one), and by EXPERTS, predictors whose errors are taken to be spread like a logistic
 * distribution around their prediction. All guesses, as log-odds, are added with weights learned while coding
 * (logistic mixing, Mahoney 2005); the result is corrected by what came of it in the same surroundings before (an
 * adaptive map), and given to the arithmetic coder.
 *
 * Two mixers with weights chosen by different surroundings work side by side; their log-odds are averaged.
 * Lanes are inputs; sums over inputs run over four lanes, which are added as (0 + 2) + (1 + 3).
 *
 * Twin: src/entropy/decisions.reference.ts.
 */
import { decodeBit, encodeBit } from "./binary";
import { logarithm, logistic } from "./log-odds";
import { COUNTER_START, counterProbability, counterUpdate, stretch } from "./logistic";

export const CONTEXTS: i32 = 7;
export const EXPERTS: i32 = 6;
/** Decisions that surroundings tell apart. */
export const NODES: i32 = 64;
/** Choices of the two mixers' weights, and of the map. */
export const SETS: i32 = 48;
/** Counters of one context: 2^16 places for pairs. Places are shared by chance. */
const PLACES: i32 = 1 << 16;
/** 14 counters, 6 experts, a constant, and zeros to whole vectors. */
const INPUTS: i32 = 24;
const EXPERT_INPUTS: usize = 14 * 4;
const CONSTANT_INPUT: usize = 20 * 4;
const WEIGHTS_BYTES: usize = INPUTS * 4;

const SLOW: u32 = 500;
const QUICK: u32 = 10;
const WEIGHT_START: f32 = 0.06;
const CONSTANT: f32 = 0.3;
const RATE: f32 = 0.006;
/** The map: 33 log-odds from -8 to 8. */
const STOPS: i32 = 33;
const MAP_RATE: f32 = 0.02;
/** Added to shares of a distribution, so that none is nothing. */
export const LEAST_SHARE: f64 = 1e-7;

let counters: usize = 0;
let weights: usize = 0;
let map: usize = 0;
let inputs: usize = 0;
/** u32[CONTEXTS], and addresses of the counters in use, u32[CONTEXTS]. */
let hashes: usize = 0;
const PLACES_IN_USE: usize = 4 * 8;
let firstSet: i32 = 0;
let secondSet: i32 = 0;

export function decisionsBytes(): i32 {
  return CONTEXTS * PLACES * 8 + 2 * SETS * NODES * <i32>WEIGHTS_BYTES + SETS * NODES * STOPS * 4 + INPUTS * 4 + 2 * 4 * 8 + 64;
}

/** Nothing seen. `at` is a multiple of 16. */
export function decisionsStart(at: usize): void {
  counters = at;
  const pairs = CONTEXTS * PLACES * 2;
  for (let i = 0; i < pairs; i++) store<u32>(at + <usize>(i << 2), COUNTER_START);
  weights = at + <usize>(pairs << 2);
  const weightCount = 2 * SETS * NODES * INPUTS;
  for (let i = 0; i < weightCount; i++) store<f32>(weights + <usize>(i << 2), WEIGHT_START);
  inputs = weights + <usize>(weightCount << 2);
  memory.fill(inputs, 0, WEIGHTS_BYTES);
  store<f32>(inputs + CONSTANT_INPUT, CONSTANT);
  map = inputs + WEIGHTS_BYTES;
  for (let i = 0; i < SETS * NODES; i++) {
    for (let j = 0; j < STOPS; j++) {
      store<f32>(map + <usize>((i * STOPS + j) << 2), <f32>logistic((<f64>j - 16) / 2));
    }
  }
  hashes = map + <usize>((SETS * NODES * STOPS) << 2);
}

/** What surrounds the number that is asked for next: a hash for each context, and the sets (below SETS). */
// @ts-ignore: decorator
@inline
export function setContext(context: i32, hash: u32): void {
  store<u32>(hashes + <usize>(context << 2), hash);
}

// @ts-ignore: decorator
@inline
export function setMixers(first: i32, second: i32): void {
  firstSet = first;
  secondSet = second;
}

/** An expert holds that yes and no are as `yes` to `no` (shares of its distribution, not normalised). */
// @ts-ignore: decorator
@inline
export function setExpert(expert: i32, yes: f64, no: f64): void {
  store<f32>(inputs + EXPERT_INPUTS + <usize>(expert << 2), <f32>logarithm((yes + LEAST_SHARE) / (no + LEAST_SHARE)));
}

/** No expert has an opinion. */
export function clearExperts(): void {
  for (let i = 0; i < EXPERTS; i++) store<f32>(inputs + EXPERT_INPUTS + <usize>(i << 2), 0);
}

// @ts-ignore: decorator
@inline
function placeOf(context: i32, node: i32): usize {
  const hash = (load<u32>(hashes + <usize>(context << 2)) + <u32>node * 0x9e3779b1) * 0x85ebca6b;
  return counters + ((<usize>(context * PLACES) + <usize>(hash >> 16)) << 3);
}

// @ts-ignore: decorator
@inline
function mixed(at: usize): f32 {
  let sum = f32x4.splat(0);
  for (let i: usize = 0; i < WEIGHTS_BYTES; i += 16) {
    sum = f32x4.add(sum, f32x4.mul(v128.load(at + i), v128.load(inputs + i)));
  }
  return f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 2) + (f32x4.extract_lane(sum, 1) + f32x4.extract_lane(sum, 3));
}

// @ts-ignore: decorator
@inline
function learn(at: usize, error: f32): void {
  const step = f32x4.splat(error * RATE);
  for (let i: usize = 0; i < WEIGHTS_BYTES; i += 16) {
    v128.store(at + i, f32x4.add(v128.load(at + i), f32x4.mul(step, v128.load(inputs + i))));
  }
}

/** One decision: guesses, codes (or decodes), learns. */
export function decide(encode: bool, bit: bool, node: i32): bool {
  for (let i = 0; i < CONTEXTS; i++) {
    const at = placeOf(i, node);
    store<u32>(hashes + PLACES_IN_USE + <usize>(i << 2), <u32>at);
    const input = inputs + <usize>(i << 3);
    store<f32>(input, <f32>stretch(counterProbability(at)) * <f32>0.00390625);
    store<f32>(input, <f32>stretch(counterProbability(at + 4)) * <f32>0.00390625, 4);
  }
  const first = weights + <usize>(firstSet * NODES + node) * WEIGHTS_BYTES;
  const second = weights + <usize>((SETS + secondSet) * NODES + node) * WEIGHTS_BYTES;
  const sum1 = mixed(first);
  const sum2 = mixed(second);
  const odds = <f32>0.5 * (sum1 + sum2);
  const p = <f32>logistic(<f64>odds);
  // Between two stops of the map.
  const place = (max<f32>(-7.99, min<f32>(7.99, odds)) + 8) * 2;
  const stop = <i32>place;
  const upper = place - <f32>stop;
  const lower = <f32>1 - upper;
  const entry = map + <usize>(((firstSet * NODES + node) * STOPS + stop) << 2);
  const low = load<f32>(entry);
  const high = load<f32>(entry, 4);
  const corrected = <f32>0.5 * (p + (low * lower + high * upper));
  const whole = max(1, min(65535, <i32>(corrected * 65536)));
  let b = bit;
  if (encode) encodeBit(bit, whole);
  else b = decodeBit(whole);
  const target: f32 = b ? 1 : 0;
  store<f32>(entry, low + (target - low) * MAP_RATE * lower);
  store<f32>(entry, high + (target - high) * MAP_RATE * upper, 4);
  learn(first, target - <f32>logistic(<f64>sum1));
  learn(second, target - <f32>logistic(<f64>sum2));
  for (let i = 0; i < CONTEXTS; i++) {
    const at = <usize>load<u32>(hashes + PLACES_IN_USE + <usize>(i << 2));
    counterUpdate(at, b, SLOW);
    counterUpdate(at + 4, b, QUICK);
  }
  return b;
}
