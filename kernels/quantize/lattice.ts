/**
 * Values to lattice indices and back: q = nearest((x - base) / step), y = base + step * q, rounded to the type.
 * All arithmetic is float64 (multiply, then add), so that every machine gives the same y.
 *
 * A plane of indices has `stride` numbers a row and a margin that predictors may read: 4 numbers left of a row (the
 * first index of the row above), at least 4 right of it (its last index again), two rows above and one below.
 * `indices` is the address of row 0, column 0. Values are packed, `width` a row, with 16 spare bytes behind.
 *
 * Twin: src/quantize/lattice.reference.ts.
 */

/** Indices stay below 2^28, so that sums of eight of them do not wrap. */
const MOST: f64 = 268435455;
/** 3 * 2^51: added to a number below 2^31, it leaves the nearest whole number in the low bits. */
const TO_WHOLE: f64 = 6755399441055744;

/** How values become indices and back: kept in memory, since a row kernel takes too many numbers otherwise. */
// @ts-ignore: decorator
@unmanaged
class Lattice {
  base: f64;
  step: f64;
  /** 1 / step; only chooses q, so its rounding is harmless. */
  inverse: f64;
  /** Largest allowed |x - y|. */
  bound: f64;
  /** Range of an integer type: y is brought into it. */
  least: f64;
  most: f64;
}

let failures: usize = 0;
let failed: i32 = 0;
let room: i32 = 0;

/** Where positions (row * width + column) of values that break the bound are listed, and how many fit. */
export function failuresInto(list: usize, capacity: i32): void {
  failures = list;
  room = capacity;
}

/** A value off by more than the bound is listed. */
function fail(position: i32): void {
  if (failed < room) store<i32>(failures + (<usize>failed << 2), position);
  failed++;
}

/** An index out of range becomes its left neighbour's, and the value what that stands for. */
// @ts-ignore: decorator
@inline
function replace<T>(q: usize, decoded: usize, lattice: Lattice): void {
  const left = load<i32>(q - 4);
  store<i32>(q, left);
  store<T>(decoded, <T>max(lattice.least, min(lattice.most, lattice.base + <f64>left * lattice.step)));
}

// @ts-ignore: decorator
@inline
function within(t: v128): v128 {
  return f64x2.le(f64x2.abs(t), f64x2.splat(MOST));
}

// @ts-ignore: decorator
@inline
function lower(x: v128): v128 {
  return f64x2.promote_low_f32x4(x);
}

// @ts-ignore: decorator
@inline
function upper(x: v128): v128 {
  return f64x2.promote_low_f32x4(i8x16.shuffle(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15));
}

// @ts-ignore: decorator
@inline
function joined(low: v128, high: v128): v128 {
  return i8x16.shuffle(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
}

export function quantizeRowF32(values: usize, decoded: usize, q: usize, width: i32, at: usize, position: i32): void {
  const lattice = changetype<Lattice>(at);
  const base = f64x2.splat(lattice.base);
  const step = f64x2.splat(lattice.step);
  const inverse = f64x2.splat(lattice.inverse);
  const bound = f64x2.splat(lattice.bound);
  const toWhole = f64x2.splat(TO_WHOLE);
  for (let i = 0; i < width; i += 4) {
    const x = v128.load(values + (<usize>i << 2));
    const x0 = lower(x);
    const x1 = upper(x);
    const whole0 = f64x2.add(f64x2.mul(f64x2.sub(x0, base), inverse), toWhole);
    const whole1 = f64x2.add(f64x2.mul(f64x2.sub(x1, base), inverse), toWhole);
    const t0 = f64x2.sub(whole0, toWhole);
    const t1 = f64x2.sub(whole1, toWhole);
    const low = i8x16.shuffle(whole0, whole1, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
    v128.store(q + (<usize>i << 2), low);
    const y = joined(
      f32x4.demote_f64x2_zero(f64x2.add(base, f64x2.mul(t0, step))),
      f32x4.demote_f64x2_zero(f64x2.add(base, f64x2.mul(t1, step))),
    );
    v128.store(decoded + (<usize>i << 2), y);
    const good0 = v128.and(f64x2.le(f64x2.abs(f64x2.sub(x0, lower(y))), bound), within(t0));
    const good1 = v128.and(f64x2.le(f64x2.abs(f64x2.sub(x1, upper(y))), bound), within(t1));
    if (!v128.any_true(v128.not(v128.and(good0, good1)))) continue;
    for (let lane = 0; lane < 4 && i + lane < width; lane++) {
      const v = <f64>load<f32>(values + (<usize>(i + lane) << 2));
      const error = abs(v - <f64>load<f32>(decoded + (<usize>(i + lane) << 2)));
      const outside = !(abs(nearest((v - lattice.base) * lattice.inverse)) <= MOST);
      if (outside) replace<f32>(q + (<usize>(i + lane) << 2), decoded + (<usize>(i + lane) << 2), lattice);
      if (outside || !(error <= lattice.bound)) fail(position + i + lane);
    }
  }
}

/** Any type but float32 and the 64-bit integers. */
// @ts-ignore: decorator
@inline
function quantizeRow<T>(values: usize, decoded: usize, q: usize, width: i32, at: usize, position: i32): void {
  const lattice = changetype<Lattice>(at);
  for (let i = 0; i < width; i++) {
    const x = <f64>load<T>(values + <usize>i * sizeof<T>());
    const t = nearest((x - lattice.base) * lattice.inverse);
    store<i32>(q + (<usize>i << 2), <i32>t);
    const y = max(lattice.least, min(lattice.most, lattice.base + t * lattice.step));
    store<T>(decoded + <usize>i * sizeof<T>(), <T>y);
    const outside = !(abs(t) <= MOST);
    if (outside) replace<T>(q + (<usize>i << 2), decoded + <usize>i * sizeof<T>(), lattice);
    if (outside || !(abs(x - y) <= lattice.bound)) fail(position + i);
  }
}

export function quantizeRowF64(values: usize, decoded: usize, q: usize, width: i32, at: usize, position: i32): void {
  quantizeRow<f64>(values, decoded, q, width, at, position);
}

/**
 * 64-bit integers in whole arithmetic: here `base` and the range's width above it are 64-bit patterns, as is the
 * step, 2 * bound + 1. Values below the base are out of range.
 */
function quantizeRow64(values: usize, decoded: usize, q: usize, width: i32, at: usize, position: i32): void {
  const base = load<u64>(at);
  const step = load<u64>(at, 8);
  const bound = load<u64>(at, 16);
  const most = load<u64>(at, 24);
  for (let i = 0; i < width; i++) {
    const place = <usize>i << 3;
    const distance = load<u64>(values + place) - base;
    // Rounded by hand: distance + bound could wrap.
    const t = distance / step + <u64>(distance % step > bound);
    const outside = distance > most || t > <u64>MOST;
    const index = outside ? <u64>max<i32>(0, load<i32>(q + (<usize>i << 2) - 4)) : t;
    store<i32>(q + (<usize>i << 2), <i32>index);
    store<u64>(decoded + place, base + min<u64>(index * step, most));
    if (outside) fail(position + i);
  }
}

/** Type numbers of src/tensor/dtype.ts. */
const FLOAT32: i32 = 1;
const FLOAT64: i32 = 2;
const INT8: i32 = 3;
const INT16: i32 = 4;
const INT32: i32 = 5;
const INT64: i32 = 6;
const UINT16: i32 = 8;
const UINT32: i32 = 9;
const UINT64: i32 = 10;

// @ts-ignore: decorator
@inline
function widthOf(type: i32): i32 {
  if (type == FLOAT64 || type == INT64 || type == UINT64) return 8;
  if (type == FLOAT32 || type == INT32 || type == UINT32) return 4;
  return type == INT16 || type == UINT16 ? 2 : 1;
}

/** Fills the margin above a plane: the first row of the plane before it, or zeros (`above` = 0). */
export function startPlane(indices: usize, stride: i32, above: usize): void {
  const bytes = <usize>stride << 2;
  for (let row: usize = 1; row <= 2; row++) {
    if (above) memory.copy(indices - row * bytes - 16, above - 16, bytes);
    else memory.fill(indices - row * bytes - 16, 0, bytes);
  }
  startRow(indices, stride);
}

/** The margin left of a row, known before the row is. */
// @ts-ignore: decorator
@inline
export function startRow(row: usize, stride: i32): void {
  v128.store(row - 16, i32x4.splat(load<i32>(row - (<usize>stride << 2))));
}

/** The margin right of a row, up to 16 bytes beyond its last whole vector. */
// @ts-ignore: decorator
@inline
export function endRow(row: usize, width: i32): void {
  const last = load<i32>(row + (<usize>(width - 1) << 2));
  v128.store(row + (<usize>width << 2), i32x4.splat(last));
}

export function endPlane(indices: usize, stride: i32, height: i32): void {
  const bytes = <usize>stride << 2;
  const below = indices - 16 + <usize>height * bytes;
  memory.copy(below, below - bytes, bytes);
}

/** Indices and decoded values of a plane; returns how many values break the bound (they are in the list). */
export function quantizePlane(
  type: i32,
  values: usize,
  decoded: usize,
  indices: usize,
  width: i32,
  height: i32,
  stride: i32,
  above: usize,
  lattice: usize,
): i32 {
  failed = 0;
  startPlane(indices, stride, above);
  const rowBytes = <usize>(width * widthOf(type));
  for (let y = 0; y < height; y++) {
    const x = values + <usize>y * rowBytes;
    const out = decoded + <usize>y * rowBytes;
    const q = indices + (<usize>(y * stride) << 2);
    const position = y * width;
    if (y > 0) startRow(q, stride);
    if (type == FLOAT32) quantizeRowF32(x, out, q, width, lattice, position);
    else if (type == FLOAT64) quantizeRowF64(x, out, q, width, lattice, position);
    else if (type == INT8) quantizeRow<i8>(x, out, q, width, lattice, position);
    else if (type == INT16) quantizeRow<i16>(x, out, q, width, lattice, position);
    else if (type == INT32) quantizeRow<i32>(x, out, q, width, lattice, position);
    else if (type == UINT16) quantizeRow<u16>(x, out, q, width, lattice, position);
    else if (type == UINT32) quantizeRow<u32>(x, out, q, width, lattice, position);
    else if (type == INT64 || type == UINT64) quantizeRow64(x, out, q, width, lattice, position);
    else quantizeRow<u8>(x, out, q, width, lattice, position);
    endRow(q, width);
  }
  endPlane(indices, stride, height);
  return failed;
}

export function valuesRowF32(q: usize, decoded: usize, width: i32, at: usize): void {
  const lattice = changetype<Lattice>(at);
  const base = f64x2.splat(lattice.base);
  const step = f64x2.splat(lattice.step);
  for (let i = 0; i < width; i += 4) {
    const t = v128.load(q + (<usize>i << 2));
    const high = i8x16.shuffle(t, t, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
    v128.store(
      decoded + (<usize>i << 2),
      joined(
        f32x4.demote_f64x2_zero(f64x2.add(base, f64x2.mul(f64x2.convert_low_i32x4_s(t), step))),
        f32x4.demote_f64x2_zero(f64x2.add(base, f64x2.mul(f64x2.convert_low_i32x4_s(high), step))),
      ),
    );
  }
}

// @ts-ignore: decorator
@inline
function valuesRow<T>(q: usize, decoded: usize, width: i32, at: usize): void {
  const lattice = changetype<Lattice>(at);
  for (let i = 0; i < width; i++) {
    const y = lattice.base + <f64>load<i32>(q + (<usize>i << 2)) * lattice.step;
    store<T>(decoded + <usize>i * sizeof<T>(), <T>max(lattice.least, min(lattice.most, y)));
  }
}

function valuesRow64(q: usize, decoded: usize, width: i32, at: usize): void {
  const base = load<u64>(at);
  const step = load<u64>(at, 8);
  const most = load<u64>(at, 24);
  for (let i = 0; i < width; i++) {
    const t = <u64>max<i32>(0, load<i32>(q + (<usize>i << 2)));
    store<u64>(decoded + (<usize>i << 3), base + min<u64>(t * step, most));
  }
}

/** Decoded values of a plane of indices. */
export function valuesPlane(
  type: i32,
  indices: usize,
  decoded: usize,
  width: i32,
  height: i32,
  stride: i32,
  lattice: usize,
): void {
  const rowBytes = <usize>(width * widthOf(type));
  for (let y = 0; y < height; y++) {
    const out = decoded + <usize>y * rowBytes;
    const q = indices + (<usize>(y * stride) << 2);
    if (type == FLOAT32) valuesRowF32(q, out, width, lattice);
    else if (type == FLOAT64) valuesRow<f64>(q, out, width, lattice);
    else if (type == INT8) valuesRow<i8>(q, out, width, lattice);
    else if (type == INT16) valuesRow<i16>(q, out, width, lattice);
    else if (type == INT32) valuesRow<i32>(q, out, width, lattice);
    else if (type == UINT16) valuesRow<u16>(q, out, width, lattice);
    else if (type == UINT32) valuesRow<u32>(q, out, width, lattice);
    else if (type == INT64 || type == UINT64) valuesRow64(q, out, width, lattice);
    else valuesRow<u8>(q, out, width, lattice);
  }
}
