/**
 * SZ3's interpolation: levels from coarse to fine, on each level blocks of 32 strides in C order, in each block one
 * pass an axis. Values on odd knots are predicted from even ones along the axis.
 *
 * T is the element type, W the type that C++ computes in (i32 for types of 8 and 16 bits).
 * Arrays have four axes; those that are not there come first and have extent 1.
 *
 * Twin: src/predict/sz3-interpolation.reference.ts.
 */
import { codePoint, codeVerbatim, cut, Quantizer } from "../quantize/linear";

// Words of the plan that the host fills: extents, strides in elements, the axes in the order of passes, their number.
const EXTENT = 0;
const STRIDE = 16;
const ORDER = 32;
const RANK = 48;
// Words that are used here: the block, and the points of one set on each axis.
const BEGIN = 64;
const END = 80;
const FROM = 96;
const TO = 112;
const STEP = 128;

export function interpolationPlanBytes(): i32 {
  return 144;
}

// How a knot is predicted; distances are in knots.
const PREVIOUS = 0;
const LINEAR = 1;
const CUBIC = 2;
const QUADRATIC_FIRST = 3;
const QUADRATIC_MIDDLE = 4;
const QUADRATIC_LAST = 5;
const EXTRAPOLATE = 6;
/** Linear extrapolation from the two knots before, with the weights for knots twice as far: SZ3 does so. */
const EXTRAPOLATE_NEAR = 7;

// @ts-ignore: decorator
@inline
function word(plan: usize, field: i32, axis: i32): i32 {
  return load<i32>(plan + field + (axis << 2));
}

// @ts-ignore: decorator
@inline
function setWord(plan: usize, field: i32, axis: i32, value: i32): void {
  store<i32>(plan + field + (axis << 2), value);
}

// @ts-ignore: decorator
@inline
function at<T, W>(address: usize): W {
  return <W>load<T>(address);
}

// @ts-ignore: decorator
@inline
function share<W>(sum: W, parts: i32): W {
  // For floats the parts are powers of two, so that a product gives the same.
  if (isFloat<W>()) return <W>(sum * (<W>1 / <W>parts));
  return <W>(sum / <W>parts);
}

// @ts-ignore: decorator
@inline
function cubic<T, W>(p: usize, d: isize): T {
  const a = at<T, W>(p - 3 * d);
  const b = at<T, W>(p - d);
  const c = at<T, W>(p + d);
  const e = at<T, W>(p + 3 * d);
  return <T>share<W>(-a + <W>9 * b + <W>9 * c - e, 16);
}

// @ts-ignore: decorator
@inline
function linear<T, W>(p: usize, d: isize): T {
  return <T>share<W>(at<T, W>(p - d) + at<T, W>(p + d), 2);
}

// @ts-ignore: decorator
@inline
function extrapolated<T>(a: T, b: T): T {
  return cut<T>(-0.5 * <f64>a + 1.5 * <f64>b);
}

function predicted<T, W>(kind: i32, p: usize, d: isize): T {
  switch (kind) {
    case QUADRATIC_FIRST:
      return <T>share<W>(<W>3 * at<T, W>(p - d) + <W>6 * at<T, W>(p + d) - at<T, W>(p + 3 * d), 8);
    case QUADRATIC_MIDDLE:
      return <T>share<W>(-at<T, W>(p - 3 * d) + <W>6 * at<T, W>(p - d) + <W>3 * at<T, W>(p + d), 8);
    case QUADRATIC_LAST:
      return <T>share<W>(<W>3 * at<T, W>(p - 5 * d) - <W>10 * at<T, W>(p - 3 * d) + <W>15 * at<T, W>(p - d), 8);
    case EXTRAPOLATE:
      return extrapolated<T>(load<T>(p - 3 * d), load<T>(p - d));
    case EXTRAPOLATE_NEAR:
      return extrapolated<T>(load<T>(p - 2 * d), load<T>(p - d));
    default:
      return load<T>(p - d);
  }
}

/** `count` points that lie `step` bytes apart; knots lie `d` bytes apart. */
function row<T, W>(q: Quantizer, kind: i32, from: usize, count: i32, step: usize, d: isize): void {
  const end = from + <usize>count * step;
  if (kind == CUBIC) for (let p = from; p < end; p += step) codePoint<T>(q, p, cubic<T, W>(p, d));
  else if (kind == LINEAR) for (let p = from; p < end; p += step) codePoint<T>(q, p, linear<T, W>(p, d));
  else for (let p = from; p < end; p += step) codePoint<T>(q, p, predicted<T, W>(kind, p, d));
}

/** Knots first, first + 2, ..., last of axis `u`, for all points of the other axes, in C order. */
function knots<T, W>(values: usize, plan: usize, q: Quantizer, u: i32, s: i32, first: i32, last: i32, kind: i32): void {
  if (last < first) return;
  const begin = word(plan, BEGIN, u);
  setWord(plan, FROM, u, begin + first * s);
  setWord(plan, TO, u, begin + last * s);
  setWord(plan, STEP, u, 2 * s);
  const d = <isize>(s * word(plan, STRIDE, u)) * sizeof<T>();
  const from3 = word(plan, FROM, 3);
  const step3 = word(plan, STEP, 3);
  const count = (word(plan, TO, 3) - from3) / step3 + 1;
  const to0 = word(plan, TO, 0);
  const to1 = word(plan, TO, 1);
  const to2 = word(plan, TO, 2);
  const step0 = word(plan, STEP, 0);
  const step1 = word(plan, STEP, 1);
  const step2 = word(plan, STEP, 2);
  for (let x0 = word(plan, FROM, 0); x0 <= to0; x0 += step0) {
    for (let x1 = word(plan, FROM, 1); x1 <= to1; x1 += step1) {
      const plane = x0 * word(plan, STRIDE, 0) + x1 * word(plan, STRIDE, 1) + from3;
      for (let x2 = word(plan, FROM, 2); x2 <= to2; x2 += step2) {
        const p = values + <usize>(plane + x2 * word(plan, STRIDE, 2)) * sizeof<T>();
        row<T, W>(q, kind, p, count, <usize>step3 * sizeof<T>(), d);
      }
    }
  }
}

/** Arrays of one and two axes: one line at a time. */
function line<T, W>(values: usize, plan: usize, q: Quantizer, u: i32, s: i32, n: i32, smooth: bool): void {
  const even = (n & 1) == 0;
  if (!smooth || n < 5) {
    knots<T, W>(values, plan, q, u, s, 1, (n - 3) | 1, LINEAR);
    if (even) knots<T, W>(values, plan, q, u, s, n - 1, n - 1, n == 2 ? PREVIOUS : EXTRAPOLATE);
    return;
  }
  const middle = even ? n - 3 : n - 2;
  knots<T, W>(values, plan, q, u, s, 3, middle - 2, CUBIC);
  knots<T, W>(values, plan, q, u, s, 1, 1, QUADRATIC_FIRST);
  knots<T, W>(values, plan, q, u, s, middle, middle, QUADRATIC_MIDDLE);
  if (even) knots<T, W>(values, plan, q, u, s, n - 1, n - 1, QUADRATIC_LAST);
}

function edgeKind(i: i32, n: i32): i32 {
  if (i < 3) return i + 3 < n ? QUADRATIC_FIRST : i + 1 < n ? LINEAR : PREVIOUS;
  return i + 1 < n ? QUADRATIC_MIDDLE : EXTRAPOLATE;
}

/** Arrays of three and four axes: all lines at once, knot set by knot set. */
function sets<T, W>(values: usize, plan: usize, q: Quantizer, u: i32, s: i32, n: i32, smooth: bool): void {
  const even = (n & 1) == 0;
  if (!smooth) {
    knots<T, W>(values, plan, q, u, s, 1, (n - 3) | 1, LINEAR);
    if (even) knots<T, W>(values, plan, q, u, s, n - 1, n - 1, n == 2 ? PREVIOUS : EXTRAPOLATE_NEAR);
    return;
  }
  const middle = even ? n - 3 : n - 2;
  knots<T, W>(values, plan, q, u, s, 3, middle - 2, CUBIC);
  knots<T, W>(values, plan, q, u, s, 1, 1, edgeKind(1, n));
  if (middle > 1) knots<T, W>(values, plan, q, u, s, middle, middle, edgeKind(middle, n));
  if (even && n > 2) knots<T, W>(values, plan, q, u, s, n - 1, n - 1, edgeKind(n - 1, n));
}

function pass<T, W>(values: usize, plan: usize, q: Quantizer, k: i32, s: i32, smooth: bool): void {
  const rank = load<i32>(plan + RANK);
  const u = word(plan, ORDER, k);
  for (let j = 0; j < rank; j++) {
    if (j == k) continue;
    const v = word(plan, ORDER, j);
    const step = j < k ? s : 2 * s;
    const begin = word(plan, BEGIN, v);
    const from = begin > 0 ? begin + step : 0;
    if (from > word(plan, END, v)) return;
    setWord(plan, FROM, v, from);
    setWord(plan, TO, v, word(plan, END, v));
    setWord(plan, STEP, v, step);
  }
  const n = (word(plan, END, u) - word(plan, BEGIN, u)) / s + 1;
  if (n <= 1) return;
  if (rank > 2) return sets<T, W>(values, plan, q, u, s, n, smooth);
  if (rank == 1) return line<T, W>(values, plan, q, u, s, n, smooth);
  const other = u == 3 ? 2 : 3;
  const end = word(plan, TO, other);
  const step = word(plan, STEP, other);
  for (let c = word(plan, FROM, other); c <= end; c += step) {
    setWord(plan, FROM, other, c);
    setWord(plan, TO, other, c);
    line<T, W>(values, plan, q, u, s, n, smooth);
  }
}

function level<T, W>(values: usize, plan: usize, q: Quantizer, s: i32, smooth: bool): void {
  const rank = load<i32>(plan + RANK);
  // Extents stay below 2^30, so that sums of extent and side do.
  const side = <i32>min(<i64>32 * s, 0x3fffffff);
  for (let axis = 0; axis < 4 - rank; axis++) {
    setWord(plan, FROM, axis, 0);
    setWord(plan, TO, axis, 0);
    setWord(plan, STEP, axis, 1);
  }
  const e0 = word(plan, EXTENT, 0);
  const e1 = word(plan, EXTENT, 1);
  const e2 = word(plan, EXTENT, 2);
  const e3 = word(plan, EXTENT, 3);
  for (let b0 = 0; b0 < e0; b0 += side) {
    setWord(plan, BEGIN, 0, b0);
    setWord(plan, END, 0, min(b0 + side, e0 - 1));
    for (let b1 = 0; b1 < e1; b1 += side) {
      setWord(plan, BEGIN, 1, b1);
      setWord(plan, END, 1, min(b1 + side, e1 - 1));
      for (let b2 = 0; b2 < e2; b2 += side) {
        setWord(plan, BEGIN, 2, b2);
        setWord(plan, END, 2, min(b2 + side, e2 - 1));
        for (let b3 = 0; b3 < e3; b3 += side) {
          setWord(plan, BEGIN, 3, b3);
          setWord(plan, END, 3, min(b3 + side, e3 - 1));
          for (let k = 0; k < rank; k++) pass<T, W>(values, plan, q, k, s, smooth);
        }
      }
    }
  }
}

/** The points that everything else is predicted from: every `stride`-th on each axis, or the first alone (0). */
function seeds<T>(values: usize, plan: usize, q: Quantizer, stride: i32): void {
  if (stride == 0) return codePoint<T>(q, values, <T>0);
  for (let x0 = 0; x0 < word(plan, EXTENT, 0); x0 += stride) {
    for (let x1 = 0; x1 < word(plan, EXTENT, 1); x1 += stride) {
      for (let x2 = 0; x2 < word(plan, EXTENT, 2); x2 += stride) {
        const line = x0 * word(plan, STRIDE, 0) + x1 * word(plan, STRIDE, 1) + x2 * word(plan, STRIDE, 2);
        for (let x3 = 0; x3 < word(plan, EXTENT, 3); x3 += stride) {
          codeVerbatim<T>(q, values + <usize>(line + x3) * sizeof<T>());
        }
      }
    }
  }
}

/** `type` as SZ3 numbers element types. */
export function sz3Seeds(type: i32, values: usize, plan: usize, quantizer: usize, stride: i32): void {
  const q = changetype<Quantizer>(quantizer);
  switch (type) {
    case 0: return seeds<f32>(values, plan, q, stride);
    case 1: return seeds<f64>(values, plan, q, stride);
    case 2: return seeds<u8>(values, plan, q, stride);
    case 3: return seeds<i8>(values, plan, q, stride);
    case 4: return seeds<u16>(values, plan, q, stride);
    case 5: return seeds<i16>(values, plan, q, stride);
    case 6: return seeds<u32>(values, plan, q, stride);
    case 7: return seeds<i32>(values, plan, q, stride);
    case 8: return seeds<u64>(values, plan, q, stride);
    default: return seeds<i64>(values, plan, q, stride);
  }
}

/** All points of one level; `smooth`: cubic, else linear. */
export function sz3Level(type: i32, values: usize, plan: usize, quantizer: usize, s: i32, smooth: bool): void {
  const q = changetype<Quantizer>(quantizer);
  switch (type) {
    case 0: return level<f32, f32>(values, plan, q, s, smooth);
    case 1: return level<f64, f64>(values, plan, q, s, smooth);
    case 2: return level<u8, i32>(values, plan, q, s, smooth);
    case 3: return level<i8, i32>(values, plan, q, s, smooth);
    case 4: return level<u16, i32>(values, plan, q, s, smooth);
    case 5: return level<i16, i32>(values, plan, q, s, smooth);
    case 6: return level<u32, u32>(values, plan, q, s, smooth);
    case 7: return level<i32, i32>(values, plan, q, s, smooth);
    case 8: return level<u64, u64>(values, plan, q, s, smooth);
    default: return level<i64, i64>(values, plan, q, s, smooth);
  }
}
