/**
 * Structural similarity over windows of up to 7 x 7 x 7 values, one every 2 values on each axis.
 *
 * Sums over a window are sums over its rows, then over its frames: `ssimFrame` makes those of one frame for all
 * windows, `ssimWindows` adds up those of a window's frames. All values are taken from a pivot, so that squares keep
 * their digits; windows whose variance is still small against their mean are taken anew from the values in two passes.
 *
 * Twin: src/metrics/ssim.reference.ts (not bit for bit: sums are taken in another order).
 */

const SHIFT = 2;
/** Sums of x, y, x^2, y^2, xy; least and largest x. */
const PLANES: usize = 7;
const SUMS: usize = 5;
const LEAST: usize = 5;
const MOST: usize = 6;
/** (0.01 range)^2 and (0.03 range)^2 (Wang et al. 2004, section III B). */
const K1: f64 = 0.01;
const K2: f64 = 0.03;
/** Smaller ranges have squares that float64 cannot hold, and count as none. */
const FLAT: f64 = 1e-150;
/** Below this share of the squared mean a variance from sums has lost too many digits. */
const SHARP: f64 = 1e-6;

// @ts-ignore: decorator
@inline
function valueAt(from: usize, i: usize, single: bool): f64 {
  return single ? <f64>load<f32>(from + (i << 2)) : load<f64>(from + (i << 3));
}

/**
 * Sums of one frame's rows for all windows: PLANES planes of `down * across` f64 to `out`.
 * @param scratch room for 10 * (half + 8) + wy * PLANES * across f64, where half = (nx + 1) / 2
 */
export function ssimFrame(
  x: usize,
  y: usize,
  single: bool,
  ny: i32,
  nx: i32,
  wy: i32,
  wx: i32,
  pivot: f64,
  scratch: usize,
  out: usize,
): void {
  const across = <usize>((nx - wx) / SHIFT + 1);
  const down = (ny - wy) / SHIFT + 1;
  // Even and odd places apart, so that neighbouring windows take neighbouring numbers.
  const half = <usize>((nx + 1) >> 1) + 8;
  const odd = SUMS * half * 8;
  const rows = scratch + 2 * odd;
  const rowBytes = across * 8;
  const plane = <usize>down * rowBytes;
  for (let r = 0; r < ny; r++) {
    for (let i = 0; i < nx; i++) {
      const at = <usize>(r * nx + i);
      const a = valueAt(x, at, single) - pivot;
      const b = valueAt(y, at, single) - pivot;
      const to = scratch + <usize>(i & 1) * odd + (<usize>(i >> 1) << 3);
      const step = half << 3;
      store<f64>(to, a);
      store<f64>(to + step, b);
      store<f64>(to + 2 * step, a * a);
      store<f64>(to + 3 * step, b * b);
      store<f64>(to + 4 * step, a * b);
    }
    const row = rows + <usize>(r % wy) * PLANES * rowBytes;
    for (let p: usize = 0; p < across; p += 2) {
      const last = p + 1 == across;
      let least = f64x2.splat(Infinity);
      let most = f64x2.splat(-Infinity);
      for (let s: usize = 0; s < SUMS; s++) {
        let sum = f64x2.splat(0);
        for (let j = 0; j < wx; j++) {
          const v = v128.load(scratch + <usize>(j & 1) * odd + ((s * half + p + <usize>(j >> 1)) << 3));
          sum = f64x2.add(sum, v);
          if (s == 0) {
            least = f64x2.min(least, v);
            most = f64x2.max(most, v);
          }
        }
        keep(row + s * rowBytes + (p << 3), sum, last);
      }
      keep(row + LEAST * rowBytes + (p << 3), least, last);
      keep(row + MOST * rowBytes + (p << 3), most, last);
    }
    const first = r - wy + 1;
    if (first < 0 || first % SHIFT != 0) continue;
    const to = out + <usize>(first / SHIFT) * rowBytes;
    for (let s: usize = 0; s < PLANES; s++) {
      for (let p: usize = 0; p < across; p += 2) {
        const last = p + 1 == across;
        let sum = v128.load(rows + s * rowBytes + (p << 3));
        for (let j: usize = 1; j < <usize>wy; j++) {
          const v = v128.load(rows + (j * PLANES + s) * rowBytes + (p << 3));
          sum = s < SUMS ? f64x2.add(sum, v) : s == LEAST ? f64x2.min(sum, v) : f64x2.max(sum, v);
        }
        keep(to + s * plane + (p << 3), sum, last);
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function keep(to: usize, pair: v128, single: bool): void {
  if (single) store<f64>(to, f64x2.extract_lane(pair, 0));
  else v128.store(to, pair);
}

/**
 * Sum of the similarity over all windows whose frames are the `wz` that are held. The count goes to `count` (f64):
 * windows with an x that is NaN or infinite do not.
 * @param held the sums of each frame, in any order
 * @param x, y the frames themselves, in any order
 */
export function ssimWindows(
  held: usize,
  x: usize,
  y: usize,
  single: bool,
  ny: i32,
  nx: i32,
  wz: i32,
  wy: i32,
  wx: i32,
  pivot: f64,
  count: usize,
): f64 {
  const across = (nx - wx) / SHIFT + 1;
  const down = (ny - wy) / SHIFT + 1;
  const plane = <usize>(across * down) << 3;
  const n = <f64>(wx * wy * wz);
  let total: f64 = 0;
  let windows: f64 = 0;
  for (let w = 0; w < across * down; w++) {
    let sx: f64 = 0;
    let sy: f64 = 0;
    let xx: f64 = 0;
    let yy: f64 = 0;
    let xy: f64 = 0;
    let least: f64 = Infinity;
    let most: f64 = -Infinity;
    for (let f = 0; f < wz; f++) {
      const at = held + <usize>f * PLANES * plane + (<usize>w << 3);
      sx += load<f64>(at);
      sy += load<f64>(at + plane);
      xx += load<f64>(at + 2 * plane);
      yy += load<f64>(at + 3 * plane);
      xy += load<f64>(at + 4 * plane);
      least = min(least, load<f64>(at + LEAST * plane));
      most = max(most, load<f64>(at + MOST * plane));
    }
    const range = most - least;
    if (!(range < Infinity)) continue;
    windows += 1;
    const mx = sx / n;
    const my = sy / n;
    let vx = xx / n - mx * mx;
    let vy = yy / n - my * my;
    let cov = xy / n - mx * my;
    if (vx < SHARP * mx * mx || vy < SHARP * my * my) {
      const column = (w % across) * SHIFT;
      const row = (w / across) * SHIFT;
      vx = 0;
      vy = 0;
      cov = 0;
      for (let f = 0; f < wz; f++) {
        for (let r = row; r < row + wy; r++) {
          for (let i = column; i < column + wx; i++) {
            const at = <usize>((f * ny + r) * nx + i);
            const a = valueAt(x, at, single) - pivot - mx;
            const b = valueAt(y, at, single) - pivot - my;
            vx += a * a;
            vy += b * b;
            cov += a * b;
          }
        }
      }
      vx /= n;
      vy /= n;
      cov /= n;
    }
    const scale = range < FLAT ? <f64>1 : range;
    const c1 = K1 * scale * (K1 * scale);
    const c2 = K2 * scale * (K2 * scale);
    const a = mx + pivot;
    const b = my + pivot;
    const spread = sqrt(vx) * sqrt(vy);
    const luminance = (2 * a * b + c1) / (a * a + b * b + c1);
    const contrast = (2 * spread + c2) / (vx + vy + c2);
    const structure = (cov + c2 / 2) / (spread + c2 / 2);
    total += luminance * contrast * structure;
  }
  store<f64>(count, windows);
  return total;
}
