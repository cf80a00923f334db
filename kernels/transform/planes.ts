/**
 * Embedded coding of bit planes, from the highest down. The first n values of a plane are written as they are,
 * n being how many were known to be significant; then the rest by group tests: "is there a 1 behind here?", and if
 * so, zeros up to it. The encoder's stream may be cut anywhere: it is the same stream, shorter.
 *
 * Plane k of `size` values lies at planes + k * stride: a bit a value, 8 bytes up to 64 values, else 32.
 * Twin: src/transform/planes.reference.ts.
 */
import { peekAt, put, putZeros, readingAt, skipTo } from "./bits";

// @ts-ignore: decorator
@inline
export function planeStride(size: i32): usize {
  return size > 64 ? 32 : 8;
}

/** Position of the first 1 from n on; `size` where there is none. */
// @ts-ignore: decorator
@inline
function nextOne(plane: usize, n: i32, size: i32): i32 {
  const first = load<u64>(plane + (<usize>(n >> 6) << 3)) >> <u64>(n & 63);
  if (first != 0) return n + <i32>ctz(first);
  for (let at = (n >> 6) + 1; at << 6 < size; at++) {
    const word = load<u64>(plane + (<usize>at << 3));
    if (word != 0) return (at << 6) + <i32>ctz(word);
  }
  return size;
}

/** "1", `run` zeros and, if `closed`, another 1: as many of these bits as there is budget. Gives the budget left. */
function putLongRun(run: i32, closed: i32, budget: i32): i32 {
  put(1, 1);
  const zeros = min(run, budget - 1);
  putZeros(zeros);
  const left = budget - 1 - zeros;
  if (closed == 0 || left == 0) return left;
  put(1, 1);
  return left - 1;
}

/** Writes planes width-1 down to width-precision; gives the bits of the budget that are left. */
export function encodePlanes(planes: usize, size: i32, width: i32, precision: i32, budget: i32): i32 {
  const stride = planeStride(size);
  const lowest = max(0, width - precision);
  let n = 0;
  for (let k = width - 1; k >= lowest && budget > 0; k--) {
    const plane = planes + <usize>k * stride;
    let known = min(n, budget);
    budget -= known;
    for (let at = plane; known > 0; at += 8, known -= 64) {
      const count = <u64>min(known, 64);
      put(load<u64>(at) & (u64.MAX_VALUE >> (64 - count)), count);
    }
    while (budget > 0 && n < size) {
      const one = nextOne(plane, n, size);
      if (one == size) {
        put(0, 1);
        budget--;
        break;
      }
      // The last value needs no 1 of its own: the group test told.
      const run = one - n;
      const closed = <i32>(one < size - 1);
      const length = run + 1 + closed;
      if (length <= 64 && length <= budget) {
        put(1 | (<u64>closed << <u64>(run + 1)), <u64>length);
        budget -= length;
      } else budget = putLongRun(run, closed, budget);
      n = one + 1;
    }
  }
  return budget;
}

/** The lowest plane that `decodePlanes` stored; planes below are zero. */
export let lowestDecoded: i32 = 0;

/** Reads what `encodePlanes` wrote; gives the bits of the budget that are left. */
export function decodePlanes(planes: usize, size: i32, width: i32, precision: i32, budget: i32): i32 {
  const stride = planeStride(size);
  const lowest = max(0, width - precision);
  let at = readingAt();
  let n = 0;
  let k = width - 1;
  for (; k >= lowest && budget > 0; k--) {
    const plane = planes + <usize>k * stride;
    let known = min(n, budget);
    budget -= known;
    for (let word: usize = 0; word < stride; word += 8) {
      let bits: u64 = 0;
      if (known > 32) bits = (peekAt(at) & 0xffffffff) | (peekAt(at + 32) << 32);
      else if (known > 0) bits = peekAt(at);
      if (known > 0 && known < 64) bits &= u64.MAX_VALUE >> <u64>(64 - known);
      at += <u32>max(0, min(known, 64));
      known -= 64;
      store<u64>(plane + word, bits);
    }
    while (budget > 0 && n < size) {
      const window = peekAt(at);
      at++;
      budget--;
      if ((window & 1) == 0) break;
      // Zeros before the next 1, which is not looked for where only one value is left or the budget ends.
      const most = min(budget, size - 1 - n);
      let run = <i32>ctz((window >> 1) | (1 << 55));
      if (run < 55 || most <= 55) {
        const found = run < most;
        run = min(run, most);
        at += run + <i32>found;
        budget -= run + <i32>found;
      } else {
        // More than a window of zeros: bit by bit, which is rare.
        run = 0;
        while (run < most && (peekAt(at + run) & 1) == 0) run++;
        const found = run < most;
        at += run + <i32>found;
        budget -= run + <i32>found;
      }
      n += run;
      const word = plane + (<usize>(n >> 6) << 3);
      store<u64>(word, load<u64>(word) | (<u64>1 << <u64>(n & 63)));
      n++;
    }
  }
  skipTo(at);
  lowestDecoded = k + 1;
  return budget;
}
