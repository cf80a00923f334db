/**
 * Slow twin of kernels/entropy/logistic.ts: how several guesses about one bit become one probability.
 *
 * Each guess is a probability of a 1, in 1/65536. It is *stretched* to log-odds, ln(p / (1 - p)) in 1/256; log-odds
 * are what may be added with weights; the sum is *squashed* back to a probability. Both functions are tables of
 * whole numbers, made by multiplication alone, so that every machine has the same ones.
 */
export const STRETCH_LIMIT = 2815;

const SQUASH = squashTable();
const STRETCH = stretchTable();

/** Log-odds (any size, 1/256) to probability, 1 to 65535. */
export function squash(x: number): number {
  return SQUASH[Math.max(-STRETCH_LIMIT, Math.min(STRETCH_LIMIT, x)) + STRETCH_LIMIT]!;
}

/** Probability, 0 to 65535, to log-odds. Four neighbouring probabilities share a bucket. */
export function stretch(p: number): number {
  return STRETCH[p >> 2]!;
}

function squashTable(): number[] {
  const table: number[] = [];
  // e^(1/256) in float64; its powers by repeated multiplication.
  const base = 1.0039138893383475;
  let power = 1;
  for (let x = 0; x <= STRETCH_LIMIT; x++) {
    const up = Math.min(65535, Math.round((65536 * power) / (1 + power)));
    table[STRETCH_LIMIT + x] = up;
    table[STRETCH_LIMIT - x] = Math.max(1, 65536 - up);
    power *= base;
  }
  return table;
}

/** The smallest log-odds whose probability reaches the middle of the bucket. */
function stretchTable(): number[] {
  let x = -STRETCH_LIMIT;
  return Array.from({ length: 16384 }, (_, bucket) => {
    while (x < STRETCH_LIMIT && squash(x) < 4 * bucket + 2) x++;
    return x;
  });
}

/** How often a bit was 1 in one context: quick while young, steady when old. */
export class Counter {
  /** P(bit = 1) in 1/2^22. */
  #p = 2 ** 21;
  #seen = 0;

  /** In 1/65536. */
  get probability(): number {
    return this.#p >> 6;
  }

  /** Moves towards the bit by 1/(n + 1.6) of the way after n bits; n stops at `limit`. */
  learn(bit: boolean, limit: number): void {
    const target = bit ? 2 ** 22 - 1 : 0;
    const rate = Math.trunc(65536 / (this.#seen + 1.6));
    this.#p += Math.floor(((target - this.#p) * rate) / 65536);
    if (this.#seen < limit) this.#seen++;
  }
}
