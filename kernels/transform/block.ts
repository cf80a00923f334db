/** Blocks of 4^d values cut out of an array and put back. Strides are in bytes; x is contiguous. */

/** Fills the rest of a line of which the first n values are there. The pattern is part of the stream format. */
// @ts-ignore: decorator
@inline
function pad<V>(at: usize, n: i32, step: usize): void {
  if (n == 4) return;
  if (n == 1) store<V>(at + step, load<V>(at));
  if (n <= 2) store<V>(at + 2 * step, load<V>(at + step));
  store<V>(at + 3 * step, load<V>(at));
}

// @ts-ignore: decorator
@inline
function copyRow<V>(from: usize, to: usize): void {
  v128.store(to, v128.load(from));
  if (sizeof<V>() == 8) v128.store(to, v128.load(from, 16), 16);
}

/** Copies the mx * my * mz * mw values at `from`, and fills the block up. Missing axes count 1 and end the block. */
export function gather<V>(
  from: usize, sy: usize, sz: usize, sw: usize, mx: i32, my: i32, mz: i32, mw: i32, block: usize, rank: i32,
): void {
  const row = 4 * sizeof<V>();
  for (let w = 0; w < mw; w++) {
    for (let z = 0; z < mz; z++) {
      for (let y = 0; y < my; y++) {
        const at = from + <usize>w * sw + <usize>z * sz + <usize>y * sy;
        const to = block + <usize>(((w << 2) + z) << 2) * row + <usize>y * row;
        if (mx == 4) {
          copyRow<V>(at, to);
        } else {
          for (let x = 0; x < mx; x++) store<V>(to + <usize>x * sizeof<V>(), load<V>(at + <usize>x * sizeof<V>()));
          pad<V>(to, mx, sizeof<V>());
        }
      }
      if (rank > 1 && my < 4) {
        const to = block + <usize>((w << 2) + z) * (row << 2);
        for (let i: usize = 0; i < 4; i++) pad<V>(to + i * sizeof<V>(), my, row);
      }
    }
    if (rank > 2 && mz < 4) {
      const to = block + <usize>w * (row << 4);
      for (let i: usize = 0; i < 16; i++) pad<V>(to + i * sizeof<V>(), mz, row << 2);
    }
  }
  if (rank > 3 && mw < 4) {
    for (let i: usize = 0; i < 64; i++) pad<V>(block + i * sizeof<V>(), mw, row << 4);
  }
}

/** Copies the values that are there back. */
export function scatter<V>(
  block: usize, mx: i32, my: i32, mz: i32, mw: i32, to: usize, sy: usize, sz: usize, sw: usize,
): void {
  const row = 4 * sizeof<V>();
  for (let w = 0; w < mw; w++) {
    for (let z = 0; z < mz; z++) {
      for (let y = 0; y < my; y++) {
        const from = block + <usize>(((w << 2) + z) << 2) * row + <usize>y * row;
        const at = to + <usize>w * sw + <usize>z * sz + <usize>y * sy;
        if (mx == 4) copyRow<V>(from, at);
        else for (let x = 0; x < mx; x++) store<V>(at + <usize>x * sizeof<V>(), load<V>(from + <usize>x * sizeof<V>()));
      }
    }
  }
}
