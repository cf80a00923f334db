/**
 * Quantisation codes as binary decisions in mixed contexts.
 *
 * A code q becomes: the bit length L of |q| (0 for zero), found by asking "L >= t?" upwards or downwards from the
 * length that the neighbours suggest; the sign; then the bits below the leading one (the first two in context, the
 * rest at even odds). Each decision has one adaptive counter in each of INPUTS contexts; their stretched
 * probabilities are mixed by a weight set chosen by the decision and the place in the hierarchy.
 *
 * Twin: src/entropy/codes.reference.ts.
 */
import { decodeBit, decodeRaw, encodeBit, encodeRaw } from "./binary";
import { COUNTER_START, counterProbability, counterUpdate, squash, stretch } from "./logistic";

/** Contexts mixed for each decision. */
export const INPUTS: i32 = 3;
/** Binary decisions (nodes) a context distinguishes. */
const NODES: i32 = 128;
const NODE_UP: i32 = 0; // + t, 1..28: "L >= t?" on the way up
const NODE_DOWN: i32 = 28; // + t, 1..28: the same on the way down
const NODE_FIRST: i32 = 56; // + L, 2..27: first bit below the leading one
const NODE_SECOND: i32 = 80; // + 2 * L + first bit, L in 3..17: second bit
const NODE_SIGN: i32 = 116; // + 0..8: what the neighbours' signs say
/** Lengths above 17 have their second bit at even odds; 28 announces an escape. */
const LONGEST: i32 = 28;
/** The class that announces an escape: the value follows in the escapes section. */
export const ESCAPE: i32 = i32.MIN_VALUE;

let counters: usize = 0;
let weights: usize = 0;
let contextsPerInput: i32 = 0;
let weightSets: i32 = 0;

let c0: usize = 0;
let c1: usize = 0;
let c2: usize = 0;
let w: usize = 0;

const LIMIT: u32 = 255;
const WEIGHT_START: i32 = 26000; // 0.397 in 16.16
const RATE: i32 = 15;

export function codesBytes(contexts: i32, sets: i32): i32 {
  return INPUTS * contexts * NODES * 4 + sets * NODES * 16;
}

/** Fresh statistics at `at`. `contexts`: contexts of each input; `sets`: weight-set selectors. */
export function codesStart(at: usize, contexts: i32, sets: i32): void {
  counters = at;
  contextsPerInput = contexts;
  weightSets = sets;
  const total = INPUTS * contexts * NODES;
  for (let i = 0; i < total; i++) store<u32>(at + 4 * i, COUNTER_START);
  weights = at + 4 * total;
  const slots = sets * NODES * 4;
  for (let i = 0; i < slots; i++) store<i32>(weights + 4 * i, WEIGHT_START);
}

// @ts-ignore: decorator
@inline
export function codesContext(k0: i32, k1: i32, k2: i32, set: i32): void {
  const row = NODES * 4;
  c0 = counters + k0 * row;
  c1 = counters + (contextsPerInput + k1) * row;
  c2 = counters + (2 * contextsPerInput + k2) * row;
  w = weights + set * NODES * 16;
}

/** One decision: mixes, codes (or decodes), learns. */
// @ts-ignore: decorator
@inline
function decide(encode: bool, bit: bool, node: i32): bool {
  const at = node << 2;
  const s0 = stretch(counterProbability(c0 + at));
  const s1 = stretch(counterProbability(c1 + at));
  const s2 = stretch(counterProbability(c2 + at));
  const v = w + (node << 4);
  const w0 = load<i32>(v);
  const w1 = load<i32>(v, 4);
  const w2 = load<i32>(v, 8);
  // In i64: three products of 12 bits and a weight may pass 2^31.
  const dot = (<i64>w0 * s0 + <i64>w1 * s1 + <i64>w2 * s2) >> 16;
  const p = squash(<i32>dot);
  let b: bool;
  if (encode) {
    b = bit;
    encodeBit(b, p);
  } else {
    b = decodeBit(p);
  }
  const error = (b ? 65536 : 0) - p;
  store<i32>(v, w0 + ((s0 * error + (1 << (RATE - 1))) >> RATE));
  store<i32>(v, w1 + ((s1 * error + (1 << (RATE - 1))) >> RATE), 4);
  store<i32>(v, w2 + ((s2 * error + (1 << (RATE - 1))) >> RATE), 8);
  counterUpdate(c0 + at, b, LIMIT);
  counterUpdate(c1 + at, b, LIMIT);
  counterUpdate(c2 + at, b, LIMIT);
  return b;
}

/** `guess`: the bit length that the neighbours suggest, 1..27. */
export function encodeCode(q: i32, guess: i32, sign: i32): void {
  const magnitude = q == ESCAPE ? 0 : <u32>abs(q);
  const length = q == ESCAPE ? LONGEST : 32 - <i32>clz<u32>(magnitude);
  let t = guess;
  if (length >= t) {
    decide(true, true, NODE_UP + t);
    while (t < LONGEST) {
      t++;
      const more = length >= t;
      decide(true, more, NODE_UP + t);
      if (!more) break;
    }
  } else {
    decide(true, false, NODE_UP + t);
    while (t > 1) {
      t--;
      const reached = length >= t;
      decide(true, reached, NODE_DOWN + t);
      if (reached) break;
    }
  }
  if (length == 0 || length == LONGEST) return;
  decide(true, q < 0, NODE_SIGN + sign);
  if (length < 2) return;
  const first = (magnitude >> (length - 2)) & 1;
  decide(true, first != 0, NODE_FIRST + length);
  if (length < 3) return;
  const second = (magnitude >> (length - 3)) & 1;
  if (length <= 17) decide(true, second != 0, NODE_SECOND + 2 * length + first);
  else encodeRaw(second, 1);
  if (length > 3) encodeRaw(magnitude & ((1 << (length - 3)) - 1), length - 3);
}

export function decodeCode(guess: i32, sign: i32): i32 {
  let length = guess;
  if (decide(false, false, NODE_UP + length)) {
    while (length < LONGEST && decide(false, false, NODE_UP + length + 1)) length++;
  } else {
    length--;
    while (length > 0 && !decide(false, false, NODE_DOWN + length)) length--;
  }
  if (length == 0) return 0;
  if (length == LONGEST) return ESCAPE;
  const negative = decide(false, false, NODE_SIGN + sign);
  let magnitude: u32 = 1;
  if (length > 1) {
    const first = <u32>decide(false, false, NODE_FIRST + length);
    magnitude = 2 | first;
    if (length > 2) {
      const second = length <= 17 ? <u32>decide(false, false, NODE_SECOND + 2 * length + first) : decodeRaw(1);
      magnitude = (magnitude << 1) | second;
      if (length > 3) magnitude = (magnitude << (length - 3)) | decodeRaw(length - 3);
    }
  }
  return negative ? -(<i32>magnitude) : <i32>magnitude;
}
