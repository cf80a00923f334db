/**
 * From quantised differences to the numbers that zstd gets, and back. "Density-based spatial encoding": differences of
 * neighbours in memory, colours side by side. "Partitioned entropy encoding": each number is replaced by its rank among
 * all, the most frequent first.
 */
import { TempressError } from "../errors.ts";

/** Keeps the table's entries apart from ranks. */
const OFFSET = 1600;
/** A difference of differences of levels. */
const FARTHEST = 510;

export interface Symbols {
  /** Ranks; without a table the differences themselves. */
  readonly symbols: Int16Array;
  readonly table: Int16Array | undefined;
}

/** @param ranked whether symbols are ranks (TEZIP's -n says no) */
export function symbolsOf(values: Int16Array, ranked: boolean): Symbols {
  const steps = new Int16Array(values.length);
  let last = 0;
  for (let i = 0; i < values.length; i++) {
    // The first one stands as it is, all others are what the one before has more.
    steps[i] = i === 0 ? values[0]! : last - values[i]!;
    last = values[i]!;
  }
  if (!ranked) return { symbols: steps, table: undefined };
  const counts = new Float64Array(2 * FARTHEST + 1);
  for (const step of steps) counts[FARTHEST - step]!++;
  const order = [...counts.keys()].filter((k) => counts[k]! > 0);
  // Frequent ones first; sorting keeps the order of equals, small ones first.
  order.sort((a, b) => counts[b]! - counts[a]!);
  const rankOf = new Int16Array(counts.length);
  for (const [rank, k] of order.entries()) rankOf[k] = rank;
  return {
    symbols: steps.map((step) => rankOf[FARTHEST - step]!),
    table: Int16Array.from(order, (k) => k - FARTHEST + OFFSET),
  };
}

/** @throws TempressError "corrupt" for what no encoder writes */
export function valuesOf({ symbols, table }: Symbols, where: string): Int16Array {
  const values = new Int16Array(symbols.length);
  let last = 0;
  for (let i = 0; i < symbols.length; i++) {
    const symbol = symbols[i]!;
    let step = symbol;
    if (table) {
      if (symbol < 0 || symbol >= table.length) {
        throw new TempressError("corrupt", `symbol ${symbol} is not in the table of ${table.length}`, { where });
      }
      step = OFFSET - table[symbol]!;
    }
    last = i === 0 ? step : last - step;
    if (Math.abs(last) > FARTHEST) {
      throw new TempressError("corrupt", `difference ${last} lies beyond 8-bit levels`, { where });
    }
    values[i] = last;
  }
  return values;
}
