/**
 * Eigenvalues and eigenvectors of a symmetric matrix: Householder's reduction to a tridiagonal matrix, then QL
 * iterations with implicit shifts (Golub and Van Loan, chapter 8). The same machine code order everywhere: same bits.
 */

@inline
function row(z: usize, n: i32, i: i32): usize {
  return z + ((<usize>i * <usize>n) << 3);
}

/** Sum of a[k] * b[k] in two lanes. */
function dot(a: usize, b: usize, n: i32): f64 {
  let sum = f64x2.splat(0);
  let k: i32 = 0;
  for (; k + 2 <= n; k += 2) {
    sum = f64x2.add(sum, f64x2.mul(v128.load(a), v128.load(b)));
    a += 16;
    b += 16;
  }
  let total = f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
  if (k < n) total += load<f64>(a) * load<f64>(b);
  return total;
}

/** a[k] += x * b[k] */
function addScaled(a: usize, b: usize, x: f64, n: i32): void {
  const factor = f64x2.splat(x);
  let k: i32 = 0;
  for (; k + 2 <= n; k += 2) {
    v128.store(a, f64x2.add(v128.load(a), f64x2.mul(factor, v128.load(b))));
    a += 16;
    b += 16;
  }
  if (k < n) store<f64>(a, load<f64>(a) + x * load<f64>(b));
}

/**
 * `z`: n x n, symmetric, only entries (i, j) with i <= j are read; becomes the eigenvectors, one a row, ordered by
 * descending eigenvalue. `values` (n) takes the eigenvalues, `work` holds n numbers.
 * Gives 0, or 1 where an eigenvalue does not converge (not seen for finite input).
 */
export function eigen(z: usize, n: i32, values: usize, work: usize): i32 {
  for (let i: i32 = 1; i < n; i++) {
    for (let j: i32 = 0; j < i; j++) store<f64>(row(z, n, i) + (<usize>j << 3), load<f64>(row(z, n, j) + (<usize>i << 3)));
  }
  tridiagonal(z, n, values, work);
  if (iterate(z, n, values, work)) return 1;
  order(z, n, values);
  return 0;
}

/**
 * z = Q T Q^T. Reflector i acts on indices below i and is kept in row i while the reduction goes on; in the end row i
 * of z is column i of Q.
 */
function tridiagonal(z: usize, n: i32, d: usize, e: usize): void {
  for (let i = n - 1; i > 0; i--) {
    const u = row(z, n, i);
    const last = u + (<usize>(i - 1) << 3);
    // Scaled by the largest entry, so that squares neither overflow nor vanish.
    let scale: f64 = 0;
    for (let k: i32 = 0; k < i; k++) scale = max(scale, abs(load<f64>(u + (<usize>k << 3))));
    if (i == 1 || scale == 0) {
      store<f64>(e + (<usize>i << 3), load<f64>(last));
      store<f64>(d + (<usize>i << 3), 0);
      continue;
    }
    for (let k: i32 = 0; k < i; k++) store<f64>(u + (<usize>k << 3), load<f64>(u + (<usize>k << 3)) / scale);
    let h = dot(u, u, i);
    const f = load<f64>(last);
    const g = f >= 0 ? -sqrt(h) : sqrt(h);
    store<f64>(e + (<usize>i << 3), scale * g);
    h -= f * g;
    store<f64>(last, f - g);
    store<f64>(d + (<usize>i << 3), h);
    // p = A u / h into e[0..i), A from its lower triangle.
    for (let k: i32 = 0; k < i; k++) store<f64>(e + (<usize>k << 3), 0);
    for (let j: i32 = 0; j < i; j++) {
      const r = row(z, n, j);
      const x = load<f64>(u + (<usize>j << 3));
      const sum = dot(r, u, j) + load<f64>(r + (<usize>j << 3)) * x;
      addScaled(e, r, x, j);
      store<f64>(e + (<usize>j << 3), load<f64>(e + (<usize>j << 3)) + sum);
    }
    for (let k: i32 = 0; k < i; k++) store<f64>(e + (<usize>k << 3), load<f64>(e + (<usize>k << 3)) / h);
    const half = dot(u, e, i) / (h + h);
    addScaled(e, u, -half, i);
    // A -= u q^T + q u^T
    for (let j: i32 = 0; j < i; j++) {
      const r = row(z, n, j);
      addScaled(r, e, -load<f64>(u + (<usize>j << 3)), j + 1);
      addScaled(r, u, -load<f64>(e + (<usize>j << 3)), j + 1);
    }
  }
  store<f64>(e, 0);
  store<f64>(d, 0);
  // Q from its reflectors, smallest first; rows of z become columns of Q.
  for (let i: i32 = 0; i < n; i++) {
    const u = row(z, n, i);
    const h = load<f64>(d + (<usize>i << 3));
    store<f64>(d + (<usize>i << 3), load<f64>(u + (<usize>i << 3)));
    if (h != 0) {
      for (let j: i32 = 0; j < i; j++) {
        const r = row(z, n, j);
        addScaled(r, u, -dot(u, r, i) / h, i);
      }
    }
    store<f64>(u + (<usize>i << 3), 1);
    for (let j: i32 = 0; j < i; j++) {
      store<f64>(u + (<usize>j << 3), 0);
      store<f64>(row(z, n, j) + (<usize>i << 3), 0);
    }
  }
}

/** QL: d becomes the eigenvalues; rotations turn rows of z. */
function iterate(z: usize, n: i32, d: usize, e: usize): i32 {
  for (let i: i32 = 1; i < n; i++) store<f64>(e + (<usize>(i - 1) << 3), load<f64>(e + (<usize>i << 3)));
  store<f64>(e + (<usize>(n - 1) << 3), 0);
  for (let l: i32 = 0; l < n; l++) {
    for (let turn: i32 = 0; ; turn++) {
      let m = l;
      for (; m < n - 1; m++) {
        const size = abs(load<f64>(d + (<usize>m << 3))) + abs(load<f64>(d + (<usize>(m + 1) << 3)));
        if (abs(load<f64>(e + (<usize>m << 3))) <= 1.1102230246251565e-16 * size) break;
      }
      if (m == l) break;
      if (turn == 60) return 1;
      const dl = load<f64>(d + (<usize>l << 3));
      const el = load<f64>(e + (<usize>l << 3));
      let g = (load<f64>(d + (<usize>(l + 1) << 3)) - dl) / (2 * el);
      let r = length(g, 1);
      g = load<f64>(d + (<usize>m << 3)) - dl + el / (g + (g >= 0 ? r : -r));
      let s: f64 = 1;
      let c: f64 = 1;
      let p: f64 = 0;
      let i = m - 1;
      for (; i >= l; i--) {
        let f = s * load<f64>(e + (<usize>i << 3));
        const b = c * load<f64>(e + (<usize>i << 3));
        r = length(f, g);
        store<f64>(e + (<usize>(i + 1) << 3), r);
        if (r == 0) {
          store<f64>(d + (<usize>(i + 1) << 3), load<f64>(d + (<usize>(i + 1) << 3)) - p);
          store<f64>(e + (<usize>m << 3), 0);
          break;
        }
        s = f / r;
        c = g / r;
        g = load<f64>(d + (<usize>(i + 1) << 3)) - p;
        r = (load<f64>(d + (<usize>i << 3)) - g) * s + 2 * c * b;
        p = s * r;
        store<f64>(d + (<usize>(i + 1) << 3), g + p);
        g = c * r - b;
        rotate(row(z, n, i), row(z, n, i + 1), c, s, n);
      }
      if (r == 0 && i >= l) continue;
      store<f64>(d + (<usize>l << 3), load<f64>(d + (<usize>l << 3)) - p);
      store<f64>(e + (<usize>l << 3), g);
      store<f64>(e + (<usize>m << 3), 0);
    }
  }
  return 0;
}

/** Length of (a, b) without overflow. */
function length(a: f64, b: f64): f64 {
  const x = abs(a);
  const y = abs(b);
  const most = max(x, y);
  if (most == 0) return 0;
  const part = min(x, y) / most;
  return most * sqrt(1 + part * part);
}

/** (a, b) = (c a - s b, s a + c b) */
function rotate(a: usize, b: usize, c: f64, s: f64, n: i32): void {
  const cc = f64x2.splat(c);
  const ss = f64x2.splat(s);
  let k: i32 = 0;
  for (; k + 2 <= n; k += 2) {
    const x = v128.load(a);
    const y = v128.load(b);
    v128.store(a, f64x2.sub(f64x2.mul(cc, x), f64x2.mul(ss, y)));
    v128.store(b, f64x2.add(f64x2.mul(ss, x), f64x2.mul(cc, y)));
    a += 16;
    b += 16;
  }
  if (k < n) {
    const x = load<f64>(a);
    const y = load<f64>(b);
    store<f64>(a, c * x - s * y);
    store<f64>(b, s * x + c * y);
  }
}

/** Selection: the largest first, the earlier of two equal ones. */
function order(z: usize, n: i32, d: usize): void {
  for (let i: i32 = 0; i < n - 1; i++) {
    let best = i;
    for (let j = i + 1; j < n; j++) {
      if (load<f64>(d + (<usize>j << 3)) > load<f64>(d + (<usize>best << 3))) best = j;
    }
    if (best == i) continue;
    swap(d + (<usize>i << 3), d + (<usize>best << 3), 1);
    swap(row(z, n, i), row(z, n, best), n);
  }
}

function swap(a: usize, b: usize, n: i32): void {
  for (let k: i32 = 0; k < n; k++) {
    const at = <usize>k << 3;
    const x = load<f64>(a + at);
    store<f64>(a + at, load<f64>(b + at));
    store<f64>(b + at, x);
  }
}
