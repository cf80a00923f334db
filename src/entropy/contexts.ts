/**
 * Contexts of residuals by activity (weighted sizes of residuals around, kernels/predict/causal.ts): half octaves.
 */

/** Activities are below this. */
export const ACTIVITIES = 8192;
export const LEVELS = 26;
/** Symbols of a table. */
export const SYMBOLS = 64;

/** The smallest activity of a level: 0, 1, 2, 3, 4, 6, 8, 12, 16, 24, ... */
export function levelStart(level: number): number {
  return level < 4 ? level : (2 + (level & 1)) * 2 ** ((level >> 1) - 1);
}

/** Low bits that a residual's symbol leaves out: so many that the symbols 1..63 reach about ten times its expected size. */
export function lowBitsOf(level: number, scale: number): number {
  const expected = levelStart(level) * 2 ** scale;
  let k = 0;
  while (expected >= 160 * 2 ** k) k++;
  return k;
}

/** Bits that sizes of residuals are shifted down by to fit activities: their mean becomes 24 at most. */
export function scaleOf(mean: number): number {
  let scale = 0;
  while (mean > 24 * 2 ** scale && scale < MOST_SCALE) scale++;
  return scale;
}

export const MOST_SCALE = 20;

/** Where the tables of contexts are in the block of memory that kernels/codecs/fast.ts reads. */
const LEVELS_AT = 2 * 5 * 4224;
const SCALE_AT = LEVELS_AT + 4 * ACTIVITIES;
export const CONTEXTS_AT = SCALE_AT + 256;
/** Bytes of a context: counts, or symbols by slot and then frequencies. */
export const COUNTS_BYTES = 4 * SYMBOLS;
export const SLOTS_BYTES = 4096;
export const TABLE_BYTES = SLOTS_BYTES + 4 * SYMBOLS;
const MOST_BINS = 3;
export const BLOCK_BYTES = CONTEXTS_AT + TABLE_BYTES * LEVELS * MOST_BINS;

/**
 * Fills the block's table of activities: the address of the first context of each level's group, and its low bits.
 * `block`: the address of the block, a multiple of 256; `size`: bytes of a context.
 */
export function storeContexts(
  buffer: ArrayBufferLike,
  block: number,
  groups: ArrayLike<number>,
  bins: number,
  size: number,
  scale: number,
): void {
  const entries = new Uint32Array(buffer, block + LEVELS_AT, ACTIVITIES);
  for (let level = 0; level < LEVELS; level++) {
    const end = level + 1 < LEVELS ? levelStart(level + 1) : ACTIVITIES;
    const context = block + CONTEXTS_AT + groups[level]! * bins * size;
    entries.fill(context + lowBitsOf(level, scale), levelStart(level), end);
  }
  new Uint32Array(buffer, block + SCALE_AT, 1)[0] = scale;
}
