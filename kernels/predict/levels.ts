/**
 * Coarse-to-fine prediction of one plane (frame), row by row. At stride s = 2^L ... 1 the points on the grid of
 * s that are not on that of 2s are predicted in three phases from points already known:
 *
 *     phase 0: (odd, odd)   phase 1: (even, odd)   phase 2: (odd, even)      (row, column) in units of s
 *
 * by a filter over taps: neighbours in this plane, and places in whole planes decoded before (references).
 *
 *     prediction = base + sum_k coefficient_k * (tap_k - base)
 *
 * with base = the first tap, so that constants are predicted exactly. Sums run over k in order in T (f32 or f64):
 * the same bits on every machine, whatever the blocking.
 */

/** One tap in memory: i32 slot (-1 = this plane, else reference), i32 dy, i32 dx (in units of the stride). */
export const TAP_BYTES: usize = 12;

let width: i32 = 0;
let height: i32 = 0;

export function levelsShape(h: i32, w: i32): void {
  height = h;
  width = w;
}

/**
 * Where the tap at p + d falls on an axis of n points: reflected about p when it is outside (which keeps the parity,
 * and so "already known"); when the mirror is outside too, 3s falls back to s and 2s to 0; -1 where nothing is known.
 */
function place(p: i32, d: i32, s: i32, n: i32, reference: bool): i32 {
  let q = p + d * s;
  if (q >= 0 && q < n) return q;
  q = p - d * s;
  if (q >= 0 && q < n) return q;
  if (d == 3 || d == -3) return place(p, d > 0 ? 1 : -1, s, n, reference);
  if (d == 2 || d == -2 || reference) return p;
  return -1;
}

/** Row `y` of tap (dy, dx), n points from x0 in steps of 2s, minus base, to `out` (T[n]). base = 0: the values themselves. */
function gather<T>(plane: usize, reference: bool, dy: i32, dx: i32, y: i32, x0: i32, s: i32, n: i32, base: usize, out: usize): void {
  const ry = place(y, dy, s, height, reference);
  const step = 2 * s;
  if (ry < 0) {
    for (let j = 0; j < n; j++) store<T>(out + <usize>j * sizeof<T>(), <T>0);
    return;
  }
  const row = plane + <usize>(ry * width) * sizeof<T>();
  // Columns whose tap lies inside: lo <= j < hi.
  const shift = x0 + dx * s;
  let lo = shift >= 0 ? 0 : (-shift + step - 1) / step;
  let hi = shift >= width ? 0 : (width - 1 - shift) / step + 1;
  if (lo > n) lo = n;
  if (hi > n) hi = n;
  if (hi < lo) hi = lo;
  for (let j = 0; j < lo; j++) edge<T>(row, reference, dx, x0 + j * step, s, base, j, out);
  let at = row + <usize>(shift + lo * step) * sizeof<T>();
  const stride = <usize>step * sizeof<T>();
  if (base == 0) {
    for (let j = lo; j < hi; j++, at += stride) store<T>(out + <usize>j * sizeof<T>(), load<T>(at));
  } else {
    let j = lo;
    if (sizeof<T>() == 4 && s == 1) {
      for (; j + 4 < hi; j += 4, at += 32) {
        const even = i8x16.shuffle(v128.load(at), v128.load(at, 16), 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
        v128.store(out + <usize>j * 4, f32x4.sub(even, v128.load(base + <usize>j * 4)));
      }
    }
    for (; j < hi; j++, at += stride) {
      store<T>(out + <usize>j * sizeof<T>(), load<T>(at) - load<T>(base + <usize>j * sizeof<T>()));
    }
  }
  for (let j = hi; j < n; j++) edge<T>(row, reference, dx, x0 + j * step, s, base, j, out);
}

function edge<T>(row: usize, reference: bool, dx: i32, x: i32, s: i32, base: usize, j: i32, out: usize): void {
  const rx = place(x, dx, s, width, reference);
  const at = out + <usize>j * sizeof<T>();
  if (rx < 0) {
    store<T>(at, <T>0);
    return;
  }
  const value = load<T>(row + <usize>rx * sizeof<T>());
  store<T>(at, base == 0 ? value : value - load<T>(base + <usize>j * sizeof<T>()));
}

/**
 * Gathers all `taps` differences of a row into a matrix `rows` (T[taps][pitch]) with the base values in row 0.
 * `planes`: u32 addresses, [0] this plane, [1 + slot] the references.
 */
export function gatherRow<T>(planes: usize, taps: usize, count: i32, y: i32, x0: i32, s: i32, n: i32, rows: usize, pitch: i32): void {
  for (let k = 0; k < count; k++) {
    const tap = taps + <usize>k * TAP_BYTES;
    const slot = load<i32>(tap);
    const plane = <usize>load<u32>(planes + <usize>(4 * (slot + 1)));
    gather<T>(plane, slot >= 0, load<i32>(tap, 4), load<i32>(tap, 8), y, x0, s, n, k == 0 ? 0 : rows, rows + <usize>(k * pitch) * sizeof<T>());
  }
}

/** prediction[j] = base[j] + sum_k c_k * difference_k[j], k = 1 .. count-1 in order. */
export function filterRow<T>(rows: usize, pitch: i32, count: i32, coefficients: usize, n: i32, out: usize): void {
  memory.copy(out, rows, <usize>n * sizeof<T>());
  for (let k = 1; k < count; k++) {
    const c = load<T>(coefficients + <usize>k * sizeof<T>());
    if (c == <T>0) continue;
    const row = rows + <usize>(k * pitch) * sizeof<T>();
    let j = 0;
    if (sizeof<T>() == 4) {
      const c4 = f32x4.splat(<f32>c);
      for (; j + 4 <= n; j += 4) {
        const at = out + <usize>j * 4;
        v128.store(at, f32x4.add(v128.load(at), f32x4.mul(c4, v128.load(row + <usize>j * 4))));
      }
    }
    for (; j < n; j++) {
      const at = out + <usize>j * sizeof<T>();
      store<T>(at, load<T>(at) + c * load<T>(row + <usize>j * sizeof<T>()));
    }
  }
}

/**
 * Adds a row's products to the normal equations of the filter (encoder only): gram is f64[count * count] (upper
 * triangle, index 0 = the target), rows 1.. are differences, row 0 is overwritten with target - base.
 */
export function accumulateRow<T>(rows: usize, pitch: i32, count: i32, n: i32, gram: usize): void {
  const line = <usize>pitch * sizeof<T>();
  for (let a = 0; a < count; a++) {
    const ra = rows + <usize>a * line;
    let b = a;
    if (sizeof<T>() == 4) {
      // Four columns at once: the row of `a` is loaded once for four products.
      for (; b + 4 <= count; b += 4) {
        const r0 = rows + <usize>b * line;
        const r1 = r0 + line;
        const r2 = r1 + line;
        const r3 = r2 + line;
        let s0 = f32x4.splat(0);
        let s1 = s0;
        let s2 = s0;
        let s3 = s0;
        let j: usize = 0;
        const whole = <usize>(n & ~3) << 2;
        for (; j < whole; j += 16) {
          const v = v128.load(ra + j);
          s0 = f32x4.add(s0, f32x4.mul(v, v128.load(r0 + j)));
          s1 = f32x4.add(s1, f32x4.mul(v, v128.load(r1 + j)));
          s2 = f32x4.add(s2, f32x4.mul(v, v128.load(r2 + j)));
          s3 = f32x4.add(s3, f32x4.mul(v, v128.load(r3 + j)));
        }
        const end = <usize>n << 2;
        for (; j < end; j += 4) {
          const v = load<f32>(ra + j);
          s0 = f32x4.replace_lane(s0, 0, f32x4.extract_lane(s0, 0) + v * load<f32>(r0 + j));
          s1 = f32x4.replace_lane(s1, 0, f32x4.extract_lane(s1, 0) + v * load<f32>(r1 + j));
          s2 = f32x4.replace_lane(s2, 0, f32x4.extract_lane(s2, 0) + v * load<f32>(r2 + j));
          s3 = f32x4.replace_lane(s3, 0, f32x4.extract_lane(s3, 0) + v * load<f32>(r3 + j));
        }
        const at = gram + <usize>((a * count + b) * 8);
        store<f64>(at, load<f64>(at) + lanes(s0));
        store<f64>(at, load<f64>(at, 8) + lanes(s1), 8);
        store<f64>(at, load<f64>(at, 16) + lanes(s2), 16);
        store<f64>(at, load<f64>(at, 24) + lanes(s3), 24);
      }
    }
    for (; b < count; b++) {
      const rb = rows + <usize>b * line;
      let sum: f64 = 0;
      for (let j = 0; j < n; j++) {
        sum += <f64>load<T>(ra + <usize>j * sizeof<T>()) * <f64>load<T>(rb + <usize>j * sizeof<T>());
      }
      const at = gram + <usize>((a * count + b) * 8);
      store<f64>(at, load<f64>(at) + sum);
    }
  }
}

// @ts-ignore: decorator
@inline
function lanes(v: v128): f64 {
  return <f64>f32x4.extract_lane(v, 0) + <f64>f32x4.extract_lane(v, 1) + <f64>f32x4.extract_lane(v, 2) + <f64>f32x4.extract_lane(v, 3);
}

/** target - base into row 0 of `rows`; masked points become zero in every row, so that they do not count. */
export function targetRow<T>(plane: usize, mask: usize, y: i32, x0: i32, s: i32, n: i32, rows: usize, pitch: i32, count: i32): i32 {
  let used = n;
  for (let j = 0; j < n; j++) {
    const i = y * width + x0 + j * 2 * s;
    const at = rows + <usize>j * sizeof<T>();
    if (mask != 0 && load<u8>(mask + <usize>i) != 0) {
      used--;
      for (let k = 0; k < count; k++) store<T>(rows + <usize>(k * pitch + j) * sizeof<T>(), <T>0);
    } else {
      store<T>(at, load<T>(plane + <usize>i * sizeof<T>()) - load<T>(at));
    }
  }
  return used;
}
