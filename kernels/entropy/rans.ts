/**
 * Static range asymmetric numeral system: 12-bit frequencies, a 32-bit state of at least 2^16, 16-bit words.
 *
 * A table gives each of 64 symbols a frequency; they add up to 4096. It is stored as weights of up to 12 bits with
 * four significant bits, from which coder and decoder derive the frequencies alike.
 *
 * Twin: src/entropy/rans.reference.ts.
 */
import { decodeBit, decodeRaw, decoderStart, encodeBit, encoderFinish, encoderStart, encodeRaw } from "./binary";

export const SYMBOLS: i32 = 64;
export const BITS: u32 = 12;
export const TOTAL: u32 = 1 << BITS;

/** Four significant bits of counts scaled so that the largest is below 4096; what was seen stays above 0. */
export function weightsOf(counts: usize, weights: usize): void {
  let most: u32 = 0;
  for (let s = 0; s < SYMBOLS; s++) most = max(most, load<u32>(counts + (<usize>s << 2)));
  for (let s = 0; s < SYMBOLS; s++) {
    const count = load<u32>(counts + (<usize>s << 2));
    let weight: u32 = 0;
    if (count > 0) {
      weight = max<u32>(1, <u32>((<u64>count * 4095) / most));
      const dropped = max<i32>(0, 28 - <i32>clz<u32>(weight));
      // Rounded to the nearest; at the top it would leave 12 bits.
      weight = min<u32>(4095, weight + ((1 << dropped) >> 1)) >> dropped << dropped;
    }
    store<u16>(weights + (<usize>s << 1), weight);
  }
}

/**
 * Frequencies from weights, each packed with its start: frequency | start << 16. Symbols with a weight get at least
 * 1 of 4096; what rounding leaves goes to (or comes from) the largest. A table without weights is all symbol 0.
 */
export function frequenciesOf(weights: usize, frequencies: usize): void {
  let sum: u32 = 0;
  for (let s = 0; s < SYMBOLS; s++) sum += load<u16>(weights + (<usize>s << 1));
  let left = <i32>TOTAL;
  for (let s = 0; s < SYMBOLS; s++) {
    const weight = <u32>load<u16>(weights + (<usize>s << 1));
    const frequency = weight == 0 ? 0 : max<u32>(1, (weight * TOTAL + (sum >> 1)) / sum);
    store<u32>(frequencies + (<usize>s << 2), frequency);
    left -= <i32>frequency;
  }
  while (left != 0) {
    let largest: usize = 0;
    for (let s: usize = 1; s < <usize>SYMBOLS; s++) {
      if (load<u32>(frequencies + (s << 2)) > load<u32>(frequencies + (largest << 2))) largest = s;
    }
    const at = frequencies + (largest << 2);
    const frequency = <i32>load<u32>(at);
    const change = left > 0 ? left : max<i32>(left, -(frequency >> 1));
    store<u32>(at, frequency + change);
    left -= change;
  }
  let start: u32 = 0;
  for (let s = 0; s < SYMBOLS; s++) {
    const at = frequencies + (<usize>s << 2);
    const frequency = load<u32>(at);
    store<u32>(at, frequency | (start << 16));
    start += frequency;
  }
}

/** Symbol of each of the 4096 slots. */
export function slotsOf(frequencies: usize, slots: usize): void {
  for (let s = 0; s < SYMBOLS; s++) {
    const entry = load<u32>(frequencies + (<usize>s << 2));
    memory.fill(slots + <usize>(entry >> 16), <u8>s, <usize>(entry & 0xffff));
  }
}

/**
 * Entries for the coder of `count` packed frequencies, 16 bytes each: reciprocal (64 bits), frequency, start.
 * A state before coding is below frequency * 2^(32 - BITS), so state / frequency is state * reciprocal >> 44 exactly.
 */
export function entriesOf(frequencies: usize, count: i32, entries: usize): void {
  for (let i: usize = 0; i < <usize>count; i++) {
    const packed = load<u32>(frequencies + (i << 2));
    const frequency = packed & 0xffff;
    const at = entries + (i << 4);
    store<u64>(at, frequency == 0 ? 0 : (((<u64>1) << 44) + frequency - 1) / frequency);
    store<u32>(at, frequency, 8);
    store<u32>(at, packed >> 16, 12);
  }
}

/**
 * A stream while it is coded, last symbol first: state, where the next word goes (downwards), symbols left to do.
 */
// @ts-ignore: decorator
@unmanaged
class Coder {
  state: u32;
  out: usize;
  symbols: usize;
}

/** Codes the last `count` symbols (16 bits each: context * 64 + symbol) of a stream, 2 bytes each at most. */
export function encodeSymbols(entries: usize, at: usize, count: i32): void {
  const a = changetype<Coder>(at);
  let symbolsA = a.symbols;
  let stateA = a.state;
  let outA = a.out;
  for (let i = 0; i < count; i++) {
    symbolsA -= 2;
    const entryA = entries + (<usize>load<u16>(symbolsA) << 4);
    const frequencyA = load<u32>(entryA, 8);
    store<u16>(outA - 2, stateA);
    const fullA = stateA >> (32 - BITS) >= frequencyA;
    outA -= <usize>fullA << 1;
    const restA = fullA ? stateA >> 16 : stateA;
    const quotientA = <u32>((<u64>restA * load<u64>(entryA)) >> 44);
    stateA = restA + quotientA * (TOTAL - frequencyA) + load<u32>(entryA, 12);
  }
  a.symbols = symbolsA;
  a.state = stateA;
  a.out = outA;
}

/** The same for two streams at once. */
export function encodeTwoSymbols(entries: usize, first: usize, second: usize, count: i32): void {
  const a = changetype<Coder>(first);
  const b = changetype<Coder>(second);
  let symbolsA = a.symbols;
  let stateA = a.state;
  let outA = a.out;
  let symbolsB = b.symbols;
  let stateB = b.state;
  let outB = b.out;
  for (let i = 0; i < count; i++) {
    symbolsA -= 2;
    const entryA = entries + (<usize>load<u16>(symbolsA) << 4);
    const frequencyA = load<u32>(entryA, 8);
    store<u16>(outA - 2, stateA);
    const fullA = stateA >> (32 - BITS) >= frequencyA;
    outA -= <usize>fullA << 1;
    const restA = fullA ? stateA >> 16 : stateA;
    const quotientA = <u32>((<u64>restA * load<u64>(entryA)) >> 44);
    stateA = restA + quotientA * (TOTAL - frequencyA) + load<u32>(entryA, 12);
    symbolsB -= 2;
    const entryB = entries + (<usize>load<u16>(symbolsB) << 4);
    const frequencyB = load<u32>(entryB, 8);
    store<u16>(outB - 2, stateB);
    const fullB = stateB >> (32 - BITS) >= frequencyB;
    outB -= <usize>fullB << 1;
    const restB = fullB ? stateB >> 16 : stateB;
    const quotientB = <u32>((<u64>restB * load<u64>(entryB)) >> 44);
    stateB = restB + quotientB * (TOTAL - frequencyB) + load<u32>(entryB, 12);
  }
  a.symbols = symbolsA;
  a.state = stateA;
  a.out = outA;
  b.symbols = symbolsB;
  b.state = stateB;
  b.out = outB;
}

/** Bit lengths of weights (0..12), in the context of the one before. */
let lengths: usize = 0;

// @ts-ignore: decorator
@inline
function adapt(at: usize, bit: bool): void {
  const p = <i32>load<u16>(at);
  store<u16>(at, bit ? p + ((65536 - p) >> 4) : p - (p >> 4));
}

function startLengths(at: usize): void {
  lengths = at;
  for (let i: usize = 0; i < 16 * 16; i++) store<u16>(at + (i << 1), 32768);
}

/** Tables' weights (64 of 16 bits each) to bytes; `scratch` is 512 bytes. Returns the number of bytes. */
export function writeWeights(weights: usize, tables: i32, out: usize, scratch: usize): i32 {
  startLengths(scratch);
  encoderStart(out);
  let before: usize = 0;
  for (let i = 0; i < tables * SYMBOLS; i++) {
    const weight = <u32>load<u16>(weights + (<usize>i << 1));
    const length = 32 - <i32>clz<u32>(weight);
    let node: usize = 1;
    for (let b = 3; b >= 0; b--) {
      const bit = ((length >> b) & 1) != 0;
      const at = lengths + (((before << 4) + node) << 1);
      encodeBit(bit, load<u16>(at));
      adapt(at, bit);
      node = (node << 1) | <usize>bit;
    }
    const kept = min<i32>(3, max<i32>(0, length - 1));
    if (kept > 0) encodeRaw((weight >> max<i32>(0, length - 4)) & ((1 << kept) - 1), kept);
    before = <usize>length;
  }
  return encoderFinish();
}

/** Back; false when a weight has more than 12 bits. */
export function readWeights(from: usize, byteLength: i32, weights: usize, tables: i32, scratch: usize): bool {
  startLengths(scratch);
  decoderStart(from, byteLength);
  let before: usize = 0;
  for (let i = 0; i < tables * SYMBOLS; i++) {
    let node: usize = 1;
    for (let b = 0; b < 4; b++) {
      const at = lengths + (((before << 4) + node) << 1);
      const bit = decodeBit(load<u16>(at));
      adapt(at, bit);
      node = (node << 1) | <usize>bit;
    }
    const length = <i32>node - 16;
    if (length > 12) return false;
    const kept = min<i32>(3, max<i32>(0, length - 1));
    let weight: u32 = length > 0 ? (1 << kept) | (kept > 0 ? decodeRaw(kept) : 0) : 0;
    weight <<= max<i32>(0, length - 4);
    store<u16>(weights + (<usize>i << 1), weight);
    before = <usize>length;
  }
  return true;
}

/** log2 of a count, to about 0.01: only choices of the encoder rest on it. */
// @ts-ignore: decorator
@inline
function log2(n: u32): f64 {
  const e = 31 - <i32>clz<u32>(n);
  const f = <f64>n / <f64>(<u32>1 << e) - 1;
  return <f64>e + f * (1.34 - 0.34 * f);
}

/** Bits for the symbols of one table and for the table itself. */
function tableCost(counts: usize, more: usize): f64 {
  let total: u32 = 0;
  let bits: f64 = 0;
  for (let s = 0; s < SYMBOLS; s++) {
    let count = load<u32>(counts + (<usize>s << 2));
    if (more) count += load<u32>(more + (<usize>s << 2));
    if (count == 0) continue;
    total += count;
    bits += 5 - <f64>count * log2(count);
  }
  return total == 0 ? 0 : bits + <f64>total * log2(total);
}

function groupCost(counts: usize, more: usize, bins: i32): f64 {
  let bits: f64 = 0;
  for (let b: usize = 0; b < <usize>bins; b++) bits += tableCost(counts + (b << 8), more ? more + (b << 8) : 0);
  return bits;
}

/**
 * Joins activity levels whose symbols are alike (each is compared with the groups of the last two: with shifted
 * residuals every second level looks the same). `counts`: levels * bins tables of 64 counts; the groups' sums go to
 * `grouped`, each level's group to `groups` (bytes). Returns the number of groups.
 */
export function groupLevels(counts: usize, levels: i32, bins: i32, grouped: usize, groups: usize): i32 {
  const size = <usize>bins << 8;
  let made = 0;
  for (let level = 0; level < levels; level++) {
    const own = counts + <usize>level * size;
    const alone = groupCost(own, 0, bins);
    let best = 0;
    let saved: f64 = 0;
    let found = false;
    for (let back = 1; back <= 2 && back <= level; back++) {
      const group = <i32>load<u8>(groups + <usize>(level - back));
      const into = grouped + <usize>group * size;
      const gain = alone + groupCost(into, 0, bins) - groupCost(into, own, bins);
      if (!found || gain > saved) {
        found = true;
        saved = gain;
        best = group;
      }
    }
    if (!found || saved < 0) {
      best = made++;
      memory.fill(grouped + <usize>best * size, 0, size);
    }
    store<u8>(groups + <usize>level, best);
    const into = grouped + <usize>best * size;
    for (let i: usize = 0; i < size; i += 4) store<u32>(into + i, load<u32>(into + i) + load<u32>(own + i));
  }
  return made;
}
