/**
 * Slow twin of kernels/entropy/decisions.ts: yes-or-no decisions, guessed by counters in contexts and by experts, mixed.
 */
import { logarithm, logistic } from "./log-odds.reference.ts";
import { Counter, stretch } from "./logistic.reference.ts";

export const EXPERTS = 6;
const CONTEXTS = 7;
const SLOW = 500;
const QUICK = 10;
const PLACES = 2 ** 16;
/** 14 counters, 6 experts, a constant; zeros to 24. */
const INPUTS = 24;
const STOPS = 33;
const f32 = Math.fround;
const WEIGHT_START = f32(0.06);
const CONSTANT = f32(0.3);
const RATE = f32(0.006);
const MAP_RATE = f32(0.02);
const LEAST_SHARE = 1e-7;

/** What surrounds the number that is asked for. */
export interface Surrounding {
  /** A hash for each context, u32. */
  readonly hashes: readonly number[];
  /** Sets of weights. */
  readonly sets: readonly [number, number];
}

/** Given P(yes) * 65536, the encoder passes the decision on, the decoder returns it. */
export type BitCoder = (bit: boolean, p: number) => boolean;

export class Decisions {
  readonly #coder: BitCoder;
  readonly #counters = new Map<number, [Counter, Counter]>();
  readonly #weights = new Map<string, number[]>();
  readonly #map = new Map<string, number[]>();
  #opinions: readonly number[] = new Array(EXPERTS).fill(0);
  surrounding: Surrounding = { hashes: [], sets: [0, 0] };

  constructor(coder: BitCoder) {
    this.#coder = coder;
  }

  /** Each expert's shares of yes and no. */
  experts(shares: readonly (readonly [yes: number, no: number])[]): void {
    this.#opinions = shares.map(([yes, no]) => f32(logarithm((yes + LEAST_SHARE) / (no + LEAST_SHARE))));
  }

  noExperts(): void {
    this.#opinions = new Array(EXPERTS).fill(0);
  }

  raw(value: number, count: number): number {
    let found = 0;
    for (let i = count - 1; i >= 0; i--) found = 2 * found + (this.#coder(((value >>> i) & 1) !== 0, 32768) ? 1 : 0);
    return found;
  }

  decide(bit: boolean, node: number): boolean {
    const { hashes, sets } = this.surrounding;
    const counters = Array.from({ length: CONTEXTS }, (_, i) => this.#counter(i, hashes[i]!, node));
    const inputs = [
      ...counters.flatMap((pair) => pair.map((counter) => f32(stretch(counter.probability) / 256))),
      ...this.#opinions,
      CONSTANT,
    ];
    while (inputs.length < INPUTS) inputs.push(0);
    const weights = sets.map((set, mixer) => made(this.#weights, `${mixer} ${set} ${node}`, startWeights));
    const sums = weights.map((of) => mixed(of, inputs));
    const odds = f32(0.5 * f32(sums[0]! + sums[1]!));
    const p = f32(logistic(odds));
    const map = made(this.#map, `${sets[0]} ${node}`, startMap);
    const place = f32(f32(Math.max(f32(-7.99), Math.min(f32(7.99), odds)) + 8) * 2);
    const stop = Math.trunc(place);
    const upper = f32(place - stop);
    const lower = f32(1 - upper);
    const [low, high] = [map[stop]!, map[stop + 1]!];
    const corrected = f32(0.5 * f32(p + f32(f32(low * lower) + f32(high * upper))));
    const b = this.#coder(bit, Math.max(1, Math.min(65535, Math.trunc(f32(corrected * 65536)))));
    const target = b ? 1 : 0;
    map[stop] = f32(low + f32(f32(f32(target - low) * MAP_RATE) * lower));
    map[stop + 1] = f32(high + f32(f32(f32(target - high) * MAP_RATE) * upper));
    weights.forEach((of, mixer) => {
      const step = f32(f32(target - f32(logistic(sums[mixer]!))) * RATE);
      inputs.forEach((input, i) => {
        of[i] = f32(of[i]! + f32(step * input));
      });
    });
    // Two contexts never share a counter: each has places of its own.
    for (const [slow, quick] of counters) {
      slow.learn(b, SLOW);
      quick.learn(b, QUICK);
    }
    return b;
  }

  #counter(context: number, hash: number, node: number): [Counter, Counter] {
    const spread = Math.imul((hash + Math.imul(node, 0x9e3779b1)) | 0, 0x85ebca6b) >>> 16;
    return made(this.#counters, context * PLACES + spread, () => [new Counter(), new Counter()] as [Counter, Counter]);
  }
}

function made<K, V>(map: Map<K, V>, key: K, start: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const value = start();
  map.set(key, value);
  return value;
}

function startWeights(): number[] {
  return new Array<number>(INPUTS).fill(WEIGHT_START);
}

/** Log-odds from -8 to 8, unchanged. */
function startMap(): number[] {
  return Array.from({ length: STOPS }, (_, j) => f32(logistic((j - 16) / 2)));
}

/** Over four lanes, which are then added crosswise. */
function mixed(weights: readonly number[], inputs: readonly number[]): number {
  const lanes = [0, 0, 0, 0];
  inputs.forEach((input, i) => {
    lanes[i % 4] = f32(lanes[i % 4]! + f32(weights[i]! * input));
  });
  return f32(f32(lanes[0]! + lanes[2]!) + f32(lanes[1]! + lanes[3]!));
}
