/**
 * Slow twin of kernels/entropy/codes.ts: quantisation codes as binary decisions in mixed contexts.
 *
 * A code q is told in three steps. First the bit length L of |q| (0 for zero): beginning at the length that the
 * neighbours suggest, "is L >= t?" is asked upwards or downwards until the answer turns. Then the sign. Then the bits
 * below the leading one: the first two in context, the rest at even odds.
 *
 * Each decision is guessed by INPUTS counters, one for each view of the surroundings. A set of weights, learned as
 * it goes, mixes the guesses.
 */
import type { BinaryDecoder, BinaryEncoder } from "./binary.reference.ts";
import { Counter, squash, stretch } from "./logistic.reference.ts";

/** Says that the value follows in the escapes section. */
export const ESCAPE = -(2 ** 31);

/** What surrounds a code. */
export interface CodeContext {
  /** The class of the surroundings in each of the three views. */
  readonly views: readonly [number, number, number];
  /** Which set of weights mixes them. */
  readonly set: number;
  /** The bit length that the neighbours suggest, 1..27. */
  readonly guess: number;
  /** What the neighbours' signs say, 0..8. */
  readonly sign: number;
}

const INPUTS = 3;
const NODES = 128;
/** Decisions by number: + t, + t, + L, + 2 L + first bit, + sign. */
const NODE_UP = 0;
const NODE_DOWN = 28;
const NODE_FIRST = 56;
const NODE_SECOND = 80;
const NODE_SIGN = 116;
/** One more than the longest code: announces an escape. */
const LONGEST = 28;
/** Longer codes have their second bit at even odds. */
const LONGEST_SECOND = 17;
/** Observations after which a counter moves by a fixed share. */
const LIMIT = 255;
/** 16.16 fixed point. */
const WEIGHT_START = 26000;
/** Weights move by log-odds times error, over 2^RATE. */
const RATE = 15;

/** A binary coder seen from the model: given a probability, the encoder passes the bit on, the decoder returns it. */
type BitCoder = (bit: boolean, p: number) => boolean;

export class CodeModel {
  readonly #counters = new Map<number, Counter>();
  readonly #weights = new Map<number, number[]>();

  encode(encoder: BinaryEncoder, q: number, context: CodeContext): void {
    const coder: BitCoder = (bit, p) => {
      encoder.encodeBit(bit, p);
      return bit;
    };
    const ask = (node: number, bit: boolean) => this.#decide(coder, context, node, bit);
    const magnitude = q === ESCAPE ? 0 : Math.abs(q);
    const length = q === ESCAPE ? LONGEST : bitLength(magnitude);
    findLength(context.guess, (node, t) => ask(node, length >= t));
    if (length === 0 || length === LONGEST) return;
    ask(NODE_SIGN + context.sign, q < 0);
    if (length < 2) return;
    const first = (magnitude >> (length - 2)) & 1;
    ask(NODE_FIRST + length, first === 1);
    if (length < 3) return;
    const second = (magnitude >> (length - 3)) & 1;
    if (length <= LONGEST_SECOND) ask(NODE_SECOND + 2 * length + first, second === 1);
    else encoder.encodeRaw(second, 1);
    encoder.encodeRaw(magnitude % 2 ** (length - 3), length - 3);
  }

  decode(decoder: BinaryDecoder, context: CodeContext): number {
    const coder: BitCoder = (_bit, p) => decoder.decodeBit(p);
    const ask = (node: number) => this.#decide(coder, context, node, false);
    const length = findLength(context.guess, ask);
    if (length === 0) return 0;
    if (length === LONGEST) return ESCAPE;
    const negative = ask(NODE_SIGN + context.sign);
    let magnitude = 1;
    if (length >= 2) {
      const first = ask(NODE_FIRST + length) ? 1 : 0;
      magnitude = 2 + first;
      if (length >= 3) {
        const second = length <= LONGEST_SECOND ? ask(NODE_SECOND + 2 * length + first) : decoder.decodeRaw(1) === 1;
        magnitude = 2 * magnitude + (second ? 1 : 0);
        magnitude = magnitude * 2 ** (length - 3) + decoder.decodeRaw(length - 3);
      }
    }
    return negative ? -magnitude : magnitude;
  }

  /** One decision: guess, mix, code, learn. */
  #decide(coder: BitCoder, { views, set }: CodeContext, node: number, bit: boolean): boolean {
    const counters = views.map((view, input) => {
      return heldOrNew(this.#counters, (view * INPUTS + input) * NODES + node, () => new Counter());
    });
    const weights = heldOrNew(this.#weights, set * NODES + node, () => new Array(INPUTS).fill(WEIGHT_START));
    const odds = counters.map(({ probability }) => stretch(probability));
    const sum = odds.reduce((total, s, input) => total + weights[input]! * s, 0);
    const p = squash(Math.floor(sum / 65536));
    const coded = coder(bit, p);
    const error = (coded ? 65536 : 0) - p;
    for (let input = 0; input < INPUTS; input++) {
      weights[input]! += (odds[input]! * error + 2 ** (RATE - 1)) >> RATE;
      counters[input]!.learn(coded, LIMIT);
    }
    return coded;
  }
}

/** What the map holds under a key; made on first sight, since of all contexts few occur. */
function heldOrNew<T>(map: Map<number, T>, key: number, make: () => T): T {
  const held = map.get(key) ?? make();
  map.set(key, held);
  return held;
}

/** Asks "is the length >= t?" from `guess` on until the answer turns; the length that is left. */
function findLength(guess: number, reaches: (node: number, t: number) => boolean): number {
  let t = guess;
  if (reaches(NODE_UP + t, t)) {
    while (t < LONGEST && reaches(NODE_UP + t + 1, t + 1)) t++;
    return t;
  }
  while (t > 1 && !reaches(NODE_DOWN + t - 1, t - 1)) t--;
  return t - 1;
}

/** 0, 1, 2, 2, 3, 3, 3, 3, 4, ... */
export function bitLength(magnitude: number): number {
  return 32 - Math.clz32(magnitude);
}
