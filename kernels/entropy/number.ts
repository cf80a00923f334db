/**
 * A whole number, told by decisions (entropy/decisions) about how it lies to a `centre`, the rounded prediction.
 *
 * Where errors are small: is it the centre; below or above; then further away one by one. Where they are large: below
 * or not; then in strides of 2^g; then the bits inside the stride, the first two of them in context. Far away numbers
 * end in an exponential Golomb code.
 *
 * Each expert's distribution is cut at the same edges as the number line, so that it has an opinion on each decision:
 * FROM and TO are its shares below the part that is still possible.
 *
 * Twin: src/entropy/number.reference.ts.
 */
import { decodeRaw, encodeRaw } from "./binary";
import { clearExperts, decide, EXPERTS, setExpert } from "./decisions";
import { logistic } from "./log-odds";

const NODE_CENTRE: i32 = 0;
const NODE_BELOW: i32 = 1;
const NODE_DOWN: i32 = 2; // + steps away
const NODE_UP: i32 = 22; // + steps away
const NODE_FAR: i32 = 44; // + 0..6
const NODE_BITS: i32 = 52; // + 2 * depth + (below)
/** Steps told one by one. */
const NEAR: i32 = 12;
const NEAR_STRIDES: i32 = 17;
/** Longest exponential Golomb code. */
const LONGEST: i32 = 30;

/** f64 each: predictions, 1 / scales, shares FROM and TO, and shares at the last edge. */
let predictions: usize = 0;
const SCALES: usize = 8 * EXPERTS;
const FROM: usize = 2 * SCALES;
const TO: usize = 3 * SCALES;
const EDGE: usize = 4 * SCALES;
export const NUMBER_BYTES: i32 = 5 * 8 * EXPERTS;

export function numberStart(at: usize): void {
  predictions = at;
}

/** `inverse`: 1 / the scale of the expert's logistic distribution. */
// @ts-ignore: decorator
@inline
export function setPrediction(expert: i32, prediction: f64, inverse: f64): void {
  const at = predictions + <usize>(expert << 3);
  store<f64>(at, prediction);
  store<f64>(at, inverse, SCALES);
}

// @ts-ignore: decorator
@inline
function below(at: usize, edge: f64): f64 {
  return logistic((edge - load<f64>(at)) * load<f64>(at, SCALES));
}

/** Is the number below the edge? */
function belowEdge(encode: bool, bit: bool, node: i32, edge: f64): bool {
  for (let i = 0; i < EXPERTS; i++) {
    const at = predictions + <usize>(i << 3);
    const from = load<f64>(at, FROM);
    const to = load<f64>(at, TO);
    const share = max(from, min(to, below(at, edge)));
    store<f64>(at, share, EDGE);
    setExpert(i, share - from, to - share);
  }
  const is = decide(encode, bit, node);
  for (let i = 0; i < EXPERTS; i++) {
    const at = predictions + <usize>(i << 3);
    if (is) store<f64>(at, load<f64>(at, EDGE), TO);
    else store<f64>(at, load<f64>(at, EDGE), FROM);
  }
  return is;
}

/** Exponential Golomb code of a number from 0 on; nobody has an opinion. */
function codeFar(encode: bool, far: i32): i32 {
  clearExperts();
  let bits = 0;
  while (bits < LONGEST) {
    const more = encode && far + 1 >= 1 << (bits + 1);
    if (!decide(encode, more, NODE_FAR + min(bits, 6))) break;
    bits++;
  }
  if (encode) {
    encodeRaw((far + 1) & ((1 << bits) - 1), bits);
    return far;
  }
  return ((1 << bits) | <i32>decodeRaw(bits)) - 1;
}

/** `offset`: number minus centre, when encoding. */
function codeNear(encode: bool, offset: i32, centre: f64): i32 {
  for (let i = 0; i < EXPERTS; i++) {
    const at = predictions + <usize>(i << 3);
    const low = below(at, centre - 0.5);
    const high = below(at, centre + 0.5);
    store<f64>(at, low, FROM);
    store<f64>(at, high, TO);
    setExpert(i, high - low, 1 - (high - low));
  }
  if (decide(encode, offset == 0, NODE_CENTRE)) return 0;
  for (let i = 0; i < EXPERTS; i++) {
    const at = predictions + <usize>(i << 3);
    setExpert(i, load<f64>(at, FROM), 1 - load<f64>(at, TO));
  }
  const under = decide(encode, offset < 0, NODE_BELOW);
  for (let i = 0; i < EXPERTS; i++) {
    const at = predictions + <usize>(i << 3);
    if (under) {
      store<f64>(at, load<f64>(at, FROM), TO);
      store<f64>(at, 0, FROM);
    } else {
      store<f64>(at, load<f64>(at, TO), FROM);
      store<f64>(at, 1, TO);
    }
  }
  const size = abs(offset);
  let steps = 1;
  for (; steps < NEAR; steps++) {
    const more = under
      ? belowEdge(encode, size > steps, NODE_DOWN + steps - 1, centre - <f64>steps - 0.5)
      : !belowEdge(encode, size <= steps, NODE_UP + steps - 1, centre + <f64>steps + 0.5);
    if (!more) break;
  }
  if (steps == NEAR) steps += codeFar(encode, size - NEAR);
  return under ? -steps : steps;
}

/** In strides of 2^g, g at least 1. */
function codeStrides(encode: bool, offset: i32, centre: f64, g: i32): i32 {
  for (let i = 0; i < EXPERTS; i++) {
    const at = predictions + <usize>(i << 3);
    store<f64>(at, 0, FROM);
    store<f64>(at, 1, TO);
  }
  const edge = centre - 0.5;
  const under = belowEdge(encode, offset < 0, NODE_BELOW, edge);
  const size = offset < 0 ? -1 - offset : offset;
  const stride = <f64>(1 << g);
  let strides = 0;
  for (; strides < NEAR_STRIDES; strides++) {
    const away = <f64>(strides + 1) * stride;
    const further = size >> g > strides;
    const more = under
      ? belowEdge(encode, further, NODE_DOWN + strides, edge - away)
      : !belowEdge(encode, !further, NODE_UP + strides, edge + away);
    if (!more) break;
  }
  if (strides == NEAR_STRIDES) strides += codeFar(encode, (size >> g) - NEAR_STRIDES);
  // The place inside the stride, counted from its lower end.
  let low = under ? edge - <f64>(strides + 1) * stride : edge + <f64>strides * stride;
  const last = (1 << g) - 1;
  const wanted = under ? last - (size & last) : size & last;
  let place = 0;
  for (let bit = g - 1; bit >= 0; bit--) {
    const depth = g - 1 - bit;
    if (depth == 2) {
      const rest = bit + 1;
      if (encode) encodeRaw(wanted & ((1 << rest) - 1), rest);
      else place |= <i32>decodeRaw(rest);
      break;
    }
    const half = <f64>(1 << bit);
    if (belowEdge(encode, ((wanted >> bit) & 1) == 0, NODE_BITS + 2 * depth + <i32>under, low + half)) continue;
    place |= 1 << bit;
    low += half;
  }
  if (encode) return offset;
  const found = (strides << g) + (under ? last - place : place);
  return under ? -1 - found : found;
}

/** `g`: strides of 2^g; 0 where errors are small. */
export function codeNumber(encode: bool, offset: i32, centre: f64, g: i32): i32 {
  return g == 0 ? codeNear(encode, offset, centre) : codeStrides(encode, offset, centre, g);
}
