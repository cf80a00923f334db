/**
 * PredNet's layers in float32, the same bits on every machine: each sum runs over input channels, then over the nine
 * taps row by row, from the bias on; lanes run over pixels. No multiplication is fused with an addition.
 *
 * A plane of h x w values has a border of zeros: h + 2 rows of `stride(w)` values, of which 4 stand before the first
 * column and at least 4 behind the last. Addresses of planes are those of their first value, border included.
 *
 * Twin: src/neural/prednet-frames.reference.ts
 */

const LEFT: usize = 4;

/** Values from row to row. */
export function stride(w: i32): i32 {
  return ((w + 7) & ~7) + 8;
}

/** Values of a plane. */
export function planeSize(h: i32, w: i32): i32 {
  return (h + 2) * stride(w);
}

// @ts-ignore: decorator
@inline
function rowAt(plane: usize, y: i32, rowBytes: usize): usize {
  return plane + <usize>(y + 1) * rowBytes + (LEFT << 2);
}

/**
 * 3 x 3 cross-correlation of `planes` planes to `blocks` times four. Columns behind the last are written too.
 * @param weights for each block: four biases, then [planes][9][4]
 */
export function convolve(
  from: usize,
  planes: i32,
  weights: usize,
  to: usize,
  blocks: i32,
  h: i32,
  w: i32,
): void {
  const row = <usize>stride(w) << 2;
  const plane = <usize>(h + 2) * row;
  for (let block: i32 = 0; block < blocks; block++) {
    const bias = weights;
    weights += 16;
    for (let y: i32 = 0; y < h; y++) {
      const source = rowAt(from, y - 1, row) - 4;
      const target = rowAt(to, y, row);
      for (let x: usize = 0; x < <usize>w << 2; x += 32) {
        let a0 = v128.load32_splat(bias);
        let b0 = v128.load32_splat(bias, 4);
        let c0 = v128.load32_splat(bias, 8);
        let d0 = v128.load32_splat(bias, 12);
        let a1 = a0;
        let b1 = b0;
        let c1 = c0;
        let d1 = d0;
        let at = source + x;
        let factor = weights;
        for (let i: i32 = 0; i < planes; i++) {
          let line = at;
          for (let down: i32 = 0; down < 3; down++) {
            for (let right: usize = 0; right < 12; right += 4) {
              const u = v128.load(line + right);
              const v = v128.load(line + right, 16);
              let f = v128.load32_splat(factor);
              a0 = f32x4.add(a0, f32x4.mul(f, u));
              a1 = f32x4.add(a1, f32x4.mul(f, v));
              f = v128.load32_splat(factor, 4);
              b0 = f32x4.add(b0, f32x4.mul(f, u));
              b1 = f32x4.add(b1, f32x4.mul(f, v));
              f = v128.load32_splat(factor, 8);
              c0 = f32x4.add(c0, f32x4.mul(f, u));
              c1 = f32x4.add(c1, f32x4.mul(f, v));
              f = v128.load32_splat(factor, 12);
              d0 = f32x4.add(d0, f32x4.mul(f, u));
              d1 = f32x4.add(d1, f32x4.mul(f, v));
              factor += 16;
            }
            line += row;
          }
          at += plane;
        }
        let out = target + x;
        v128.store(out, a0);
        v128.store(out, a1, 16);
        out += plane;
        v128.store(out, b0);
        v128.store(out, b1, 16);
        out += plane;
        v128.store(out, c0);
        v128.store(out, c1, 16);
        out += plane;
        v128.store(out, d0);
        v128.store(out, d1, 16);
      }
    }
    weights += <usize>planes * 144;
    to += plane << 2;
  }
}

/** Zeros behind the last column, so that the planes can be read by `convolve`. */
export function clearTails(planes: usize, count: i32, h: i32, w: i32): void {
  const row = <usize>stride(w) << 2;
  for (let i: i32 = 0; i < count; i++) {
    for (let y: i32 = 0; y < h; y++) {
      const line = rowAt(planes, y, row);
      memory.fill(line + (<usize>w << 2), 0, row - (LEFT << 2) - (<usize>w << 2));
    }
    planes += <usize>(h + 2) * row;
  }
}

/** clip(0.2 x + 0.5, 0, 1) */
// @ts-ignore: decorator
@inline
function hardSigmoid(x: v128): v128 {
  const line = f32x4.add(f32x4.mul(f32x4.splat(0.2), x), f32x4.splat(0.5));
  return f32x4.min(f32x4.splat(1), f32x4.max(f32x4.splat(0), line));
}

/**
 * With t = tanh(x / 2) by Lambert's continued fraction, cut after five steps: 2 t / (1 + t^2). Within 4e-7; from 9 on
 * tanh is 1 in float32.
 */
// @ts-ignore: decorator
@inline
function tanh(x: v128): v128 {
  const half = f32x4.mul(f32x4.splat(0.5), f32x4.min(f32x4.splat(9), f32x4.max(f32x4.splat(-9), x)));
  const s = f32x4.mul(half, half);
  let up = f32x4.add(s, f32x4.splat(990));
  up = f32x4.add(f32x4.mul(up, s), f32x4.splat(135135));
  up = f32x4.add(f32x4.mul(up, s), f32x4.splat(4729725));
  up = f32x4.add(f32x4.mul(up, s), f32x4.splat(34459425));
  let down = f32x4.add(f32x4.mul(f32x4.splat(45), s), f32x4.splat(13860));
  down = f32x4.add(f32x4.mul(down, s), f32x4.splat(945945));
  down = f32x4.add(f32x4.mul(down, s), f32x4.splat(16216200));
  down = f32x4.add(f32x4.mul(down, s), f32x4.splat(34459425));
  const t = f32x4.div(f32x4.mul(half, up), down);
  const y = f32x4.div(f32x4.add(t, t), f32x4.add(f32x4.splat(1), f32x4.mul(t, t)));
  return f32x4.min(f32x4.splat(1), f32x4.max(f32x4.splat(-1), y));
}

/**
 * The cells of a ConvLSTM: c' = f c + i g, r = o tanh(c').
 * @param gates `count` planes each of i, f, o and of what becomes g by tanh
 * @param cells c; with `keep` they become c'
 */
export function renew(gates: usize, cells: usize, keep: bool, to: usize, count: i32, h: i32, w: i32): void {
  const row = <usize>stride(w) << 2;
  const plane = <usize>(h + 2) * row;
  const each = <usize>count * plane;
  for (let i: i32 = 0; i < count; i++) {
    for (let y: i32 = 0; y < h; y++) {
      const gate = rowAt(gates, y, row);
      const cell = rowAt(cells, y, row);
      const out = rowAt(to, y, row);
      for (let x: usize = 0; x < <usize>w << 2; x += 16) {
        const input = hardSigmoid(v128.load(gate + x));
        const forget = hardSigmoid(v128.load(gate + each + x));
        const output = hardSigmoid(v128.load(gate + 2 * each + x));
        const g = tanh(v128.load(gate + 3 * each + x));
        const next = f32x4.add(f32x4.mul(forget, v128.load(cell + x)), f32x4.mul(input, g));
        if (keep) v128.store(cell + x, next);
        v128.store(out + x, f32x4.mul(output, tanh(next)));
      }
    }
    gates += plane;
    cells += plane;
    to += plane;
  }
}

/** Values below zero become zero, above `most` become `most`. */
export function clamp(planes: usize, count: i32, most: f32, h: i32, w: i32): void {
  const row = <usize>stride(w) << 2;
  const top = f32x4.splat(most);
  for (let i: i32 = 0; i < count; i++) {
    for (let y: i32 = 0; y < h; y++) {
      const line = rowAt(planes, y, row);
      for (let x: usize = 0; x < <usize>w << 2; x += 16) {
        v128.store(line + x, f32x4.min(top, f32x4.max(f32x4.splat(0), v128.load(line + x))));
      }
    }
    planes += <usize>(h + 2) * row;
  }
}

/** Error units: `count` planes of what the guess is too large by, then as many of what it is too small by. */
export function errors(guess: usize, target: usize, to: usize, count: i32, h: i32, w: i32): void {
  const row = <usize>stride(w) << 2;
  const plane = <usize>(h + 2) * row;
  const each = <usize>count * plane;
  for (let i: i32 = 0; i < count; i++) {
    for (let y: i32 = 0; y < h; y++) {
      const a = rowAt(guess, y, row);
      const b = rowAt(target, y, row);
      const out = rowAt(to, y, row);
      for (let x: usize = 0; x < <usize>w << 2; x += 16) {
        const u = v128.load(a + x);
        const v = v128.load(b + x);
        v128.store(out + x, f32x4.max(f32x4.splat(0), f32x4.sub(u, v)));
        v128.store(out + each + x, f32x4.max(f32x4.splat(0), f32x4.sub(v, u)));
      }
    }
    guess += plane;
    target += plane;
    to += plane;
  }
}

/** The largest of 2 x 2 values, and of zero; h and w are those of the result. */
export function poolAboveZero(from: usize, to: usize, count: i32, h: i32, w: i32): void {
  const wide = <usize>stride(2 * w) << 2;
  const narrow = <usize>stride(w) << 2;
  for (let i: i32 = 0; i < count; i++) {
    for (let y: i32 = 0; y < h; y++) {
      let a = rowAt(from, 2 * y, wide);
      let out = rowAt(to, y, narrow);
      for (let x: i32 = 0; x < w; x++) {
        const upper = max<f32>(load<f32>(a), load<f32>(a, 4));
        const lower = max<f32>(load<f32>(a + wide), load<f32>(a + wide, 4));
        store<f32>(out, max<f32>(0, max<f32>(upper, lower)));
        a += 8;
        out += 4;
      }
    }
    from += <usize>(2 * h + 2) * wide;
    to += <usize>(h + 2) * narrow;
  }
}

/** Each value four times; h and w are those of the result. */
export function upsample(from: usize, to: usize, count: i32, h: i32, w: i32): void {
  const narrow = <usize>stride(w >> 1) << 2;
  const wide = <usize>stride(w) << 2;
  for (let i: i32 = 0; i < count; i++) {
    for (let y: i32 = 0; y < h; y++) {
      const a = rowAt(from, y >> 1, narrow);
      const out = rowAt(to, y, wide);
      for (let x: i32 = 0; x < w; x++) store<f32>(out + (<usize>x << 2), load<f32>(a + (<usize>(x >> 1) << 2)));
    }
    from += <usize>((h >> 1) + 2) * narrow;
    to += <usize>(h + 2) * wide;
  }
}
