/**
 * Block transforms of zfp: lifting steps on lines of four along x, y, z, w of a block of 4^d integers that lies
 * with x fastest. Integers wrap. The lossy pair drops bits; the exact pair is its own inverse's inverse.
 *
 * Along y, z, w vectors hold neighbours in x. Along x the rows of a tile of 64 bytes are turned first; blocks of
 * one row have room for a tile. Twin: src/transform/lifting.reference.ts.
 */

/** The four vectors at `at`, `at + step`, ...: forward, lossy. */
// @ts-ignore: decorator
@inline
function lift<I>(at: usize, step: usize): void {
  let x = v128.load(at);
  let y = v128.load(at + step);
  let z = v128.load(at + 2 * step);
  let w = v128.load(at + 3 * step);
  x = v128.shr<I>(v128.add<I>(x, w), 1);
  w = v128.sub<I>(w, x);
  z = v128.shr<I>(v128.add<I>(z, y), 1);
  y = v128.sub<I>(y, z);
  x = v128.shr<I>(v128.add<I>(x, z), 1);
  z = v128.sub<I>(z, x);
  w = v128.shr<I>(v128.add<I>(w, y), 1);
  y = v128.sub<I>(y, w);
  w = v128.add<I>(w, v128.shr<I>(y, 1));
  y = v128.sub<I>(y, v128.shr<I>(w, 1));
  v128.store(at, x);
  v128.store(at + step, y);
  v128.store(at + 2 * step, z);
  v128.store(at + 3 * step, w);
}

// @ts-ignore: decorator
@inline
function unlift<I>(at: usize, step: usize): void {
  let x = v128.load(at);
  let y = v128.load(at + step);
  let z = v128.load(at + 2 * step);
  let w = v128.load(at + 3 * step);
  y = v128.add<I>(y, v128.shr<I>(w, 1));
  w = v128.sub<I>(w, v128.shr<I>(y, 1));
  y = v128.add<I>(y, w);
  w = v128.sub<I>(v128.shl<I>(w, 1), y);
  z = v128.add<I>(z, x);
  x = v128.sub<I>(v128.shl<I>(x, 1), z);
  y = v128.add<I>(y, z);
  z = v128.sub<I>(v128.shl<I>(z, 1), y);
  w = v128.add<I>(w, x);
  x = v128.sub<I>(v128.shl<I>(x, 1), w);
  v128.store(at, x);
  v128.store(at + step, y);
  v128.store(at + 2 * step, z);
  v128.store(at + 3 * step, w);
}

/** Differences up to the third: forward, exact. */
// @ts-ignore: decorator
@inline
function liftExact<I>(at: usize, step: usize): void {
  const x = v128.load(at);
  let y = v128.load(at + step);
  let z = v128.load(at + 2 * step);
  let w = v128.load(at + 3 * step);
  w = v128.sub<I>(w, z);
  z = v128.sub<I>(z, y);
  y = v128.sub<I>(y, x);
  w = v128.sub<I>(w, z);
  z = v128.sub<I>(z, y);
  w = v128.sub<I>(w, z);
  v128.store(at + step, y);
  v128.store(at + 2 * step, z);
  v128.store(at + 3 * step, w);
}

// @ts-ignore: decorator
@inline
function unliftExact<I>(at: usize, step: usize): void {
  const x = v128.load(at);
  let y = v128.load(at + step);
  let z = v128.load(at + 2 * step);
  let w = v128.load(at + 3 * step);
  w = v128.add<I>(w, z);
  z = v128.add<I>(z, y);
  w = v128.add<I>(w, z);
  y = v128.add<I>(y, x);
  z = v128.add<I>(z, y);
  w = v128.add<I>(w, z);
  v128.store(at + step, y);
  v128.store(at + 2 * step, z);
  v128.store(at + 3 * step, w);
}

const LOSSY: i32 = 0;
const EXACT: i32 = 1;

// @ts-ignore: decorator
@inline
function forwardLine<I>(at: usize, step: usize, kind: i32): void {
  if (kind == EXACT) liftExact<I>(at, step);
  else lift<I>(at, step);
}

// @ts-ignore: decorator
@inline
function inverseLine<I>(at: usize, step: usize, kind: i32): void {
  if (kind == EXACT) unliftExact<I>(at, step);
  else unlift<I>(at, step);
}

/** Rows of a tile (4 of 32-bit values, 2 of 64-bit ones) to vectors of its x-neighbours. */
// @ts-ignore: decorator
@inline
function turn<I>(at: usize): void {
  const a = v128.load(at);
  const b = v128.load(at, 16);
  const c = v128.load(at, 32);
  const d = v128.load(at, 48);
  if (sizeof<I>() == 4) {
    const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
    const AB = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
    const CD = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
    v128.store(at, v128.shuffle<i64>(ab, cd, 0, 2));
    v128.store(at, v128.shuffle<i64>(ab, cd, 1, 3), 16);
    v128.store(at, v128.shuffle<i64>(AB, CD, 0, 2), 32);
    v128.store(at, v128.shuffle<i64>(AB, CD, 1, 3), 48);
  } else {
    v128.store(at, v128.shuffle<i64>(a, c, 0, 2));
    v128.store(at, v128.shuffle<i64>(a, c, 1, 3), 16);
    v128.store(at, v128.shuffle<i64>(b, d, 0, 2), 32);
    v128.store(at, v128.shuffle<i64>(b, d, 1, 3), 48);
  }
}

// @ts-ignore: decorator
@inline
function turnBack<I>(at: usize): void {
  if (sizeof<I>() == 4) {
    turn<I>(at);
  } else {
    const x = v128.load(at);
    const y = v128.load(at, 16);
    const z = v128.load(at, 32);
    const w = v128.load(at, 48);
    v128.store(at, v128.shuffle<i64>(x, y, 0, 2));
    v128.store(at, v128.shuffle<i64>(z, w, 0, 2), 16);
    v128.store(at, v128.shuffle<i64>(x, y, 1, 3), 32);
    v128.store(at, v128.shuffle<i64>(z, w, 1, 3), 48);
  }
}

// @ts-ignore: decorator
@inline
function forwardAll<I>(at: usize, size: i32, kind: i32): void {
  const end = at + <usize>size * sizeof<I>();
  for (let tile = at; tile < end; tile += 64) {
    turn<I>(tile);
    forwardLine<I>(tile, 16, kind);
    turnBack<I>(tile);
  }
  for (let step: usize = 4 * sizeof<I>(); step < end - at; step <<= 2) {
    for (let outer = at; outer < end; outer += step << 2) {
      for (let inner: usize = 0; inner < step; inner += 16) forwardLine<I>(outer + inner, step, kind);
    }
  }
}

// @ts-ignore: decorator
@inline
function inverseAll<I>(at: usize, size: i32, kind: i32): void {
  const end = at + <usize>size * sizeof<I>();
  for (let step: usize = (end - at) >> 2; step > sizeof<I>(); step >>= 2) {
    for (let outer = at; outer < end; outer += step << 2) {
      for (let inner: usize = 0; inner < step; inner += 16) inverseLine<I>(outer + inner, step, kind);
    }
  }
  for (let tile = at; tile < end; tile += 64) {
    turn<I>(tile);
    inverseLine<I>(tile, 16, kind);
    turnBack<I>(tile);
  }
}

export function forward<I>(at: usize, size: i32, exact: bool): void {
  if (exact) forwardAll<I>(at, size, EXACT);
  else forwardAll<I>(at, size, LOSSY);
}

export function inverse<I>(at: usize, size: i32, exact: bool): void {
  if (exact) inverseAll<I>(at, size, EXACT);
  else inverseAll<I>(at, size, LOSSY);
}
