/**
 * Slow twin of kernels/entropy/number.ts: a whole number told by decisions about how it lies to a centre, while each
 * expert's distribution is cut at the same edges as the number line.
 */
import type { Decisions } from "./decisions.reference.ts";
import { logistic } from "./log-odds.reference.ts";

/** Decisions by number: + steps, + steps, + 0..6, + 2 * depth + (below). */
const NODE_CENTRE = 0;
const NODE_BELOW = 1;
const NODE_DOWN = 2;
const NODE_UP = 22;
const NODE_FAR = 44;
const NODE_BITS = 52;
/** Steps, and strides, told one by one. */
const NEAR = 12;
const NEAR_STRIDES = 17;
/** Longest exponential Golomb code. */
const LONGEST = 30;

/** A logistic distribution. */
export interface Expert {
  readonly prediction: number;
  /** 1 / its scale. */
  readonly inverse: number;
}

/** The part of the number line that is still possible, and each expert's share below its ends. */
interface Part {
  from: number[];
  to: number[];
}

export class NumberCoder {
  readonly #decisions: Decisions;
  readonly #experts: readonly Expert[];
  readonly #part: Part;

  constructor(decisions: Decisions, experts: readonly Expert[]) {
    this.#decisions = decisions;
    this.#experts = experts;
    this.#part = { from: experts.map(() => 0), to: experts.map(() => 1) };
  }

  /** `offset`: number minus centre (when decoding: anything); `g`: strides of 2^g, 0 where errors are small. */
  code(offset: number, centre: number, g: number): number {
    return g === 0 ? this.#near(offset, centre) : this.#strides(offset, centre, g);
  }

  #sharesBelow(edge: number): number[] {
    return this.#experts.map(({ prediction, inverse }) => logistic((edge - prediction) * inverse));
  }

  #below(bit: boolean, node: number, edge: number): boolean {
    const { from, to } = this.#part;
    const shares = this.#sharesBelow(edge).map((share, i) => Math.max(from[i]!, Math.min(to[i]!, share)));
    this.#decisions.experts(shares.map((share, i) => [share - from[i]!, to[i]! - share]));
    const is = this.#decisions.decide(bit, node);
    if (is) this.#part.to = shares;
    else this.#part.from = shares;
    return is;
  }

  /** Exponential Golomb code of a number from 0 on. */
  #far(far: number): number {
    this.#decisions.noExperts();
    let bits = 0;
    while (bits < LONGEST && this.#decisions.decide(far + 1 >= 2 ** (bits + 1), NODE_FAR + Math.min(bits, 6))) bits++;
    return 2 ** bits + this.#decisions.raw(far + 1 - 2 ** bits, bits) - 1;
  }

  #near(offset: number, centre: number): number {
    const low = this.#sharesBelow(centre - 0.5);
    const high = this.#sharesBelow(centre + 0.5);
    this.#decisions.experts(low.map((from, i) => [high[i]! - from, 1 - (high[i]! - from)]));
    if (this.#decisions.decide(offset === 0, NODE_CENTRE)) return 0;
    this.#decisions.experts(low.map((from, i) => [from, 1 - high[i]!]));
    const under = this.#decisions.decide(offset < 0, NODE_BELOW);
    if (under) this.#part.to = low;
    else this.#part.from = high;
    const size = Math.abs(offset);
    let steps = 1;
    for (; steps < NEAR; steps++) {
      const more = under
        ? this.#below(size > steps, NODE_DOWN + steps - 1, centre - steps - 0.5)
        : !this.#below(size <= steps, NODE_UP + steps - 1, centre + steps + 0.5);
      if (!more) break;
    }
    if (steps === NEAR) steps += this.#far(size - NEAR);
    return under ? -steps : steps;
  }

  #strides(offset: number, centre: number, g: number): number {
    const edge = centre - 0.5;
    const under = this.#below(offset < 0, NODE_BELOW, edge);
    const size = offset < 0 ? -1 - offset : offset;
    const stride = 2 ** g;
    const whole = Math.floor(size / stride);
    let strides = 0;
    for (; strides < NEAR_STRIDES; strides++) {
      const away = (strides + 1) * stride;
      const further = whole > strides;
      const more = under
        ? this.#below(further, NODE_DOWN + strides, edge - away)
        : !this.#below(!further, NODE_UP + strides, edge + away);
      if (!more) break;
    }
    if (strides === NEAR_STRIDES) strides += this.#far(whole - NEAR_STRIDES);
    let low = under ? edge - (strides + 1) * stride : edge + strides * stride;
    const wanted = under ? stride - 1 - (size % stride) : size % stride;
    let place = 0;
    for (let bit = g - 1; bit >= 0; bit--) {
      const depth = g - 1 - bit;
      if (depth === 2) {
        place += this.#decisions.raw(wanted % 2 ** (bit + 1), bit + 1);
        break;
      }
      const upperHalf = Math.floor(wanted / 2 ** bit) % 2 === 1;
      if (this.#below(!upperHalf, NODE_BITS + 2 * depth + (under ? 1 : 0), low + 2 ** bit)) continue;
      place += 2 ** bit;
      low += 2 ** bit;
    }
    const found = strides * stride + (under ? stride - 1 - place : place);
    return under ? -1 - found : found;
  }
}
