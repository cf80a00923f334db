/** A list of runs, slow and plain: the twin of the reader in kernels/entropy/run-list.ts. */

/** Gives the next bit, 0 or 1. */
export type NextBit = () => number;

export function bitsFrom(next: NextBit, count: number): bigint {
  let value = 0n;
  for (let i = 0; i < count; i++) value = 2n * value + BigInt(next());
  return value;
}

const QUARTER = 2n ** 30n;
const HALF = 2n ** 31n;

export function readRunsReference(next: NextBit): bigint[] {
  const entries = Number(bitsFrom(next, 64));
  const dictionary: { run: bigint; low: bigint; high: bigint }[] = [];
  let total = 0n;
  for (let i = 0; i < entries; i++) {
    const run = bitsFrom(next, Number(bitsFrom(next, 6)));
    const frequency = bitsFrom(next, Number(bitsFrom(next, 6)));
    dictionary.push({ run, low: total, high: total + frequency });
    total += frequency;
  }
  const symbols = bitsFrom(next, 64);
  if (symbols !== total) throw new Error(`${symbols} runs, but frequencies of ${total}`);
  let low = 0n;
  let high = 2n ** 32n - 1n;
  let value = bitsFrom(next, 32);
  const runs: bigint[] = [];
  while (BigInt(runs.length) < symbols) {
    const range = high - low + 1n;
    const mark = ((value - low + 1n) * symbols - 1n) / range;
    const entry = dictionary.find((one) => one.low <= mark && mark < one.high)!;
    high = low + (range * entry.high) / symbols - 1n;
    low += (range * entry.low) / symbols;
    for (;;) {
      let less = 0n;
      if (high < HALF) less = 0n;
      else if (low >= HALF) less = HALF;
      else if (low >= QUARTER && high < 3n * QUARTER) less = QUARTER;
      else break;
      low = 2n * (low - less);
      high = 2n * (high - less) + 1n;
      value = 2n * (value - less) + BigInt(next());
    }
    runs.push(entry.run);
  }
  return runs;
}
