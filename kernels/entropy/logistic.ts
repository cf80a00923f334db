/**
 * Logistic mixing in integers (Mahoney's PAQ/lpaq construction): several adaptive probabilities of one binary
 * decision are stretched to log-odds, added with learned weights, and squashed back.
 *
 * Units: probabilities are 16-bit (p / 65536); log-odds are ln(p / (1 - p)) * 256 in -2815..2815; weights are
 * 16.16 fixed point. The two tables are built from one IEEE constant by multiplication only, so that every
 * machine has the same ones.
 */
export const STRETCH_LIMIT: i32 = 2815;

let squashTable: usize = 0; // u16[2 * STRETCH_LIMIT + 1]
let stretchTable: usize = 0; // i16[16384], indexed by p >> 2
let rateTable: usize = 0; // i32[1024], 65536 / (n + 1.6)

/** Bytes the tables take. */
export function logisticTableBytes(): i32 {
  return 2 * (2 * STRETCH_LIMIT + 2) + 2 * 16384 + 4 * 1024;
}

/** Builds the tables at `at`; call once for an instance. */
export function logisticBuild(at: usize): void {
  squashTable = at;
  stretchTable = at + 2 * (2 * STRETCH_LIMIT + 2);
  rateTable = stretchTable + 2 * 16384;
  // e^(1/256), rounded to f64; powers by repeated multiplication.
  const base: f64 = 1.003913889338347573443609603903460281;
  let power: f64 = 1;
  for (let x = 0; x <= STRETCH_LIMIT; x++) {
    const p = 65536.0 * power / (1 + power);
    let up = <i32>nearest(p);
    if (up > 65535) up = 65535;
    store<u16>(squashTable + 2 * (STRETCH_LIMIT + x), <u16>up);
    store<u16>(squashTable + 2 * (STRETCH_LIMIT - x), <u16>max(1, 65536 - up));
    power *= base;
  }
  // The inverse: the smallest x whose probability reaches the middle of the bucket.
  let x = -STRETCH_LIMIT;
  for (let i = 0; i < 16384; i++) {
    const p = i * 4 + 2;
    while (x < STRETCH_LIMIT && <i32>load<u16>(squashTable + 2 * (STRETCH_LIMIT + x)) < p) x++;
    store<i16>(stretchTable + 2 * i, <i16>x);
  }
  for (let n = 0; n < 1024; n++) store<i32>(rateTable + 4 * n, <i32>(65536.0 / (<f64>n + 1.6)));
}

// @ts-ignore: decorator
@inline
export function squash(x: i32): i32 {
  x = max(-STRETCH_LIMIT, min(STRETCH_LIMIT, x));
  return <i32>load<u16>(squashTable + 2 * (STRETCH_LIMIT + x));
}

// @ts-ignore: decorator
@inline
export function stretch(p: i32): i32 {
  return <i32>load<i16>(stretchTable + ((p >> 2) << 1));
}

/**
 * A counter is u32: probability of a 1 in the upper 22 bits, observations in the lower 10. It moves by
 * 1/(n + 1.6) until n reaches `limit`, so that new contexts learn fast and old ones stay steady.
 */
// @ts-ignore: decorator
@inline
export function counterProbability(slot: usize): i32 {
  return <i32>(load<u32>(slot) >> 16);
}

// @ts-ignore: decorator
@inline
export function counterUpdate(slot: usize, bit: bool, limit: u32): void {
  const state = load<u32>(slot);
  const n = state & 1023;
  const p = <i32>(state >> 10);
  const target: i32 = bit ? 4194303 : 0;
  const rate = load<i32>(rateTable + 4 * n);
  const moved = p + <i32>((<i64>(target - p) * <i64>rate) >> 16);
  store<u32>(slot, (<u32>moved << 10) | (n < limit ? n + 1 : n));
}

/** Probability one half, nothing seen. */
export const COUNTER_START: u32 = 2097152 << 10;
