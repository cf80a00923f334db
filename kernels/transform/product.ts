/**
 * Matrix products in float64, for the Tucker transform. Sums run over the inner index in order, from 0 on, and lanes
 * over outputs: neither blocks nor threads nor machines change a bit.
 *
 * The right matrix is packed into panels of four columns, [panel][inner][4], the last one filled up with zeros.
 */

const PANEL: i32 = 4;

/** Packs `columns` columns of an `inner` x n matrix; rows are `stride` values apart. */
export function packColumns(from: usize, stride: i32, inner: i32, columns: i32, to: usize): void {
  for (let j: i32 = 0; j < columns; j += PANEL) {
    let source = from + (<usize>j << 3);
    if (j + PANEL <= columns) {
      for (let k: i32 = 0; k < inner; k++) {
        v128.store(to, v128.load(source));
        v128.store(to, v128.load(source, 16), 16);
        source += <usize>stride << 3;
        to += 32;
      }
    } else {
      for (let k: i32 = 0; k < inner; k++) {
        for (let i: i32 = 0; i < PANEL; i++) {
          store<f64>(to + (<usize>i << 3), j + i < columns ? load<f64>(source + (<usize>i << 3)) : 0);
        }
        source += <usize>stride << 3;
        to += 32;
      }
    }
  }
}

/** The same of the transpose: `rows` rows of `inner` values become columns. */
export function packRows(from: usize, stride: i32, inner: i32, rows: i32, to: usize): void {
  for (let j: i32 = 0; j < rows; j += PANEL) {
    const a = from + ((<usize>j * <usize>stride) << 3);
    if (j + PANEL <= rows) {
      const b = a + (<usize>stride << 3);
      const c = b + (<usize>stride << 3);
      const d = c + (<usize>stride << 3);
      for (let k: usize = 0; k < <usize>inner; k++) {
        store<f64>(to, load<f64>(a + (k << 3)));
        store<f64>(to, load<f64>(b + (k << 3)), 8);
        store<f64>(to, load<f64>(c + (k << 3)), 16);
        store<f64>(to, load<f64>(d + (k << 3)), 24);
        to += 32;
      }
    } else {
      for (let i: i32 = 0; i < PANEL; i++) {
        const source = a + ((<usize>i * <usize>stride) << 3);
        for (let k: usize = 0; k < <usize>inner; k++) {
          let value: f64 = 0;
          if (j + i < rows) value = load<f64>(source + (k << 3));
          store<f64>(to + (k << 5) + (<usize>i << 3), value);
        }
      }
    }
  }
}

/**
 * out (m x n) = left (m x inner) times `packed` (inner x n); with `add` it is added to what is there.
 * Strides are values from row to row.
 */
export function product(
  left: usize,
  leftStride: i32,
  packed: usize,
  out: usize,
  outStride: i32,
  m: i32,
  inner: i32,
  n: i32,
  add: i32,
): void {
  for (let j: i32 = 0; j < n; j += PANEL) {
    const panel = packed + ((<usize>j * <usize>inner) << 3);
    const width = min(PANEL, n - j);
    const to = out + (<usize>j << 3);
    tiles(left, leftStride, panel, to, outStride, m, inner, width, add);
  }
}

/** `product` of a symmetric result: only entries (i, j) with i <= j are made, others may be too. */
export function symmetricProduct(
  left: usize,
  leftStride: i32,
  packed: usize,
  out: usize,
  n: i32,
  inner: i32,
): void {
  for (let j: i32 = 0; j < n; j += PANEL) {
    const panel = packed + ((<usize>j * <usize>inner) << 3);
    const width = min(PANEL, n - j);
    tiles(left, leftStride, panel, out + (<usize>j << 3), n, j + width, inner, width, 1);
  }
}

/** One panel of columns: rows in fours, then one by one. */
function tiles(
  left: usize,
  leftStride: i32,
  panel: usize,
  out: usize,
  outStride: i32,
  m: i32,
  inner: i32,
  width: i32,
  add: i32,
): void {
  const step = <usize>leftStride << 3;
  const outStep = <usize>outStride << 3;
  let i: i32 = 0;
  for (; i + 4 <= m; i += 4) {
    let a = left + <usize>i * step;
    const to = out + <usize>i * outStep;
    tile4(a, step, panel, to, outStep, inner, width, add);
  }
  for (; i < m; i++) tile1(left + <usize>i * step, panel, out + <usize>i * outStep, inner, width, add);
}

@inline
function put(to: usize, low: v128, high: v128, width: i32, add: i32): void {
  if (width == 4) {
    if (add) {
      low = f64x2.add(v128.load(to), low);
      high = f64x2.add(v128.load(to, 16), high);
    }
    v128.store(to, low);
    v128.store(to, high, 16);
    return;
  }
  one(to, f64x2.extract_lane(low, 0), add);
  if (width > 1) one(to + 8, f64x2.extract_lane(low, 1), add);
  if (width > 2) one(to + 16, f64x2.extract_lane(high, 0), add);
}

@inline
function one(to: usize, value: f64, add: i32): void {
  store<f64>(to, add ? load<f64>(to) + value : value);
}

function tile4(a: usize, step: usize, panel: usize, to: usize, outStep: usize, inner: i32, width: i32, add: i32): void {
  let c00 = f64x2.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  let a1 = a + step;
  let a2 = a1 + step;
  let a3 = a2 + step;
  const end = panel + (<usize>inner << 5);
  while (panel < end) {
    const b0 = v128.load(panel);
    const b1 = v128.load(panel, 16);
    let x = v128.load64_splat(a);
    c00 = f64x2.add(c00, f64x2.mul(x, b0));
    c01 = f64x2.add(c01, f64x2.mul(x, b1));
    x = v128.load64_splat(a1);
    c10 = f64x2.add(c10, f64x2.mul(x, b0));
    c11 = f64x2.add(c11, f64x2.mul(x, b1));
    x = v128.load64_splat(a2);
    c20 = f64x2.add(c20, f64x2.mul(x, b0));
    c21 = f64x2.add(c21, f64x2.mul(x, b1));
    x = v128.load64_splat(a3);
    c30 = f64x2.add(c30, f64x2.mul(x, b0));
    c31 = f64x2.add(c31, f64x2.mul(x, b1));
    panel += 32;
    a += 8;
    a1 += 8;
    a2 += 8;
    a3 += 8;
  }
  put(to, c00, c01, width, add);
  put(to + outStep, c10, c11, width, add);
  put(to + 2 * outStep, c20, c21, width, add);
  put(to + 3 * outStep, c30, c31, width, add);
}

function tile1(a: usize, panel: usize, to: usize, inner: i32, width: i32, add: i32): void {
  let low = f64x2.splat(0);
  let high = low;
  const end = panel + (<usize>inner << 5);
  while (panel < end) {
    const x = v128.load64_splat(a);
    low = f64x2.add(low, f64x2.mul(x, v128.load(panel)));
    high = f64x2.add(high, f64x2.mul(x, v128.load(panel, 16)));
    panel += 32;
    a += 8;
  }
  put(to, low, high, width, add);
}

/** out (columns x rows) = the transpose of `from` (rows x columns, rows `stride` values apart). */
export function transpose(from: usize, stride: i32, rows: i32, columns: i32, out: usize): void {
  for (let i: i32 = 0; i < rows; i += 8) {
    const most = min(i + 8, rows);
    for (let j: i32 = 0; j < columns; j++) {
      for (let k = i; k < most; k++) {
        const value = load<f64>(from + ((<usize>k * <usize>stride + <usize>j) << 3));
        store<f64>(out + ((<usize>j * <usize>rows + <usize>k) << 3), value);
      }
    }
  }
}

/** `rows` rows of `width` values are moved together: from a distance of `stride` values to none. In place, forwards. */
export function gather(from: usize, stride: i32, rows: i32, width: i32, to: usize): void {
  for (let i: i32 = 0; i < rows; i++) {
    memory.copy(to + ((<usize>i * <usize>width) << 3), from + ((<usize>i * <usize>stride) << 3), <usize>width << 3);
  }
}
