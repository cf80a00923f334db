/**
 * SZ3's blocks predicted by Lorenzo differences of first or second order or by a plane fitted to the block
 * (regression), in SZ3's arithmetic. The working array has two zeros in front of each axis, so that neighbours
 * outside the array read 0.
 *
 * T is the element type, W the type that C++ computes in (i32 for types of 8 and 16 bits), R that of planes (i64 for
 * all integers: C++ computes modulo 2^64 and cuts). Arrays have four axes; those that are not there come first.
 *
 * Twin: src/predict/sz3-lorenzo.reference.ts.
 */
import { codePoint, cut } from "../quantize/linear";
import { BlockScan, COEFFICIENT_BYTES, LORENZO, LORENZO_SECOND, REGRESSION, rowAddress } from "./sz3-block-scan";
import { codeCoefficients, fit, planePoint, planeRow, possible } from "./sz3-regression";

// @ts-ignore: decorator
@inline
function back<T, W>(p: usize, elements: i32): W {
  return <W>load<T>(p - <usize>elements * sizeof<T>());
}

// The order of the terms is SZ3's: it decides how floats round.

// @ts-ignore: decorator
@inline
function first1<T, W>(p: usize): T {
  return <T>back<T, W>(p, 1);
}

// @ts-ignore: decorator
@inline
function first2<T, W>(p: usize, a: i32): T {
  return <T>(back<T, W>(p, 1) + back<T, W>(p, a) - back<T, W>(p, a + 1));
}

// @ts-ignore: decorator
@inline
function first3<T, W>(p: usize, a: i32, b: i32): T {
  const near = back<T, W>(p, 1) + back<T, W>(p, a) + back<T, W>(p, b);
  return <T>(near - back<T, W>(p, a + 1) - back<T, W>(p, b + 1) - back<T, W>(p, a + b) + back<T, W>(p, a + b + 1));
}

// @ts-ignore: decorator
@inline
function first4<T, W>(p: usize, a: i32, b: i32, c: i32): T {
  let sum = back<T, W>(p, 1) + back<T, W>(p, a) - back<T, W>(p, a + 1) + back<T, W>(p, b);
  sum = sum - back<T, W>(p, b + 1) - back<T, W>(p, a + b) + back<T, W>(p, a + b + 1) + back<T, W>(p, c);
  sum = sum - back<T, W>(p, c + 1) - back<T, W>(p, a + c) + back<T, W>(p, a + c + 1) - back<T, W>(p, b + c);
  return <T>(sum + back<T, W>(p, b + c + 1) + back<T, W>(p, a + b + c) - back<T, W>(p, a + b + c + 1));
}

function first<T, W>(scan: BlockScan, p: usize): T {
  switch (scan.rank) {
    case 1: return first1<T, W>(p);
    case 2: return first2<T, W>(p, scan.stride2);
    case 3: return first3<T, W>(p, scan.stride1, scan.stride2);
    default: return first4<T, W>(p, scan.stride0, scan.stride1, scan.stride2);
  }
}

function second<T, W>(scan: BlockScan, p: usize): T {
  let tap = scan.secondTaps;
  const end = tap + (<usize>scan.secondTapCount << 3);
  if (tap == end) return <T>0;
  let sum = <W>load<i32>(tap, 4) * back<T, W>(p, load<i32>(tap));
  for (tap += 8; tap < end; tap += 8) sum = sum + <W>load<i32>(tap, 4) * back<T, W>(p, load<i32>(tap));
  return <T>sum;
}

/** What a predictor is off by on the block's diagonals. */
function estimate<T, W, R>(scan: BlockScan, block: usize, predictor: i32): f64 {
  const rank = scan.rank;
  const a = scan.side3;
  let m = a;
  if (rank > 1) m = min(m, scan.side2);
  if (rank > 2) m = min(m, scan.side1);
  if (rank > 3) m = min(m, scan.side0);
  const corners = rank == 1 ? 1 : 1 << (rank - 1);
  const noise = cut<T>(predictor == LORENZO_SECOND ? scan.secondNoise : scan.noise);
  let total: f64 = 0;
  // On one axis: the two ends.
  const step = rank == 1 ? max(m - 1, 1) : 1;
  const rounds = rank == 1 ? 2 : m;
  for (let round = 0; round < rounds; round++) {
    const i = rank == 1 ? min(round * step, m - 1) : round;
    const j = m - 1 - i;
    for (let corner = 0; corner < corners; corner++) {
      const i3 = rank > 1 && (corner & 1) != 0 ? j : i;
      const i2 = rank < 2 ? 0 : rank == 2 ? i : (corner & 2) != 0 ? j : i;
      const i1 = rank < 3 ? 0 : rank == 3 ? i : (corner & 4) != 0 ? j : i;
      const i0 = rank < 4 ? 0 : i;
      const p = rowAddress<T>(scan, block, i0, i1, i2) + <usize>i3 * sizeof<T>();
      let prediction: T;
      if (predictor == REGRESSION) {
        prediction = planePoint<T, R>(scan, scan.fitted, planeRow<T, R>(scan, scan.fitted, i0, i1, i2), i3);
      } else prediction = predictor == LORENZO ? first<T, W>(scan, p) : second<T, W>(scan, p);
      const difference = <T>(load<T>(p) - prediction);
      if (isFloat<T>()) {
        const size = <T>abs(difference);
        total += <f64>(predictor == REGRESSION ? size : <T>(size + noise));
      } else {
        const size = abs(<f64>difference);
        total += <f64>cut<T>(predictor == REGRESSION ? size : size + <f64>noise);
      }
    }
  }
  return total;
}

function choose<T, W, R>(scan: BlockScan, block: usize): i32 {
  let best = 0;
  let least = f64.MAX_VALUE;
  for (let k = 0; k < scan.activeCount; k++) {
    const predictor = (scan.active >> (2 * k)) & 3;
    // A predictor that is not possible never wins, not even over infinite errors.
    if (predictor == REGRESSION && !possible(scan)) continue;
    const error = estimate<T, W, R>(scan, block, predictor);
    if (error < least) {
      least = error;
      best = k;
    }
  }
  return best;
}

function codeRow<T, W, R>(scan: BlockScan, predictor: i32, row: usize, i0: i32, i1: i32, i2: i32): void {
  const q = scan.values;
  const end = row + <usize>scan.side3 * sizeof<T>();
  const a = scan.stride0;
  const b = scan.stride1;
  const c = scan.stride2;
  if (predictor == REGRESSION) {
    const coefficients = scan.fitted + COEFFICIENT_BYTES;
    const rowShare = planeRow<T, R>(scan, coefficients, i0, i1, i2);
    let i = 0;
    for (let p = row; p < end; p += sizeof<T>()) codePoint<T>(q, p, planePoint<T, R>(scan, coefficients, rowShare, i++));
  } else if (predictor == LORENZO_SECOND) {
    for (let p = row; p < end; p += sizeof<T>()) codePoint<T>(q, p, second<T, W>(scan, p));
  } else if (scan.rank == 3) {
    for (let p = row; p < end; p += sizeof<T>()) codePoint<T>(q, p, first3<T, W>(p, b, c));
  } else if (scan.rank == 2) {
    for (let p = row; p < end; p += sizeof<T>()) codePoint<T>(q, p, first2<T, W>(p, c));
  } else if (scan.rank == 1) {
    for (let p = row; p < end; p += sizeof<T>()) codePoint<T>(q, p, first1<T, W>(p));
  } else {
    for (let p = row; p < end; p += sizeof<T>()) codePoint<T>(q, p, first4<T, W>(p, a, b, c));
  }
}

function codeBlock<T, W, R>(scan: BlockScan, block: usize): bool {
  const encoding = scan.values.encoding;
  let k = 0;
  if (encoding && (scan.active >> (2 * (scan.activeCount - 1)) & 3) == REGRESSION && possible(scan)) fit<T>(scan, block);
  if (scan.activeCount > 1) {
    if (encoding) store<i32>(scan.selection, choose<T, W, R>(scan, block));
    k = load<i32>(scan.selection);
    scan.selection += 4;
  }
  let predictor = (scan.active >> (2 * k)) & 3;
  // A block one thick has no plane; SZ3 falls back in the same way.
  if (predictor == REGRESSION && !possible(scan)) predictor = LORENZO;
  if (predictor == REGRESSION && !codeCoefficients<T>(scan)) return false;
  for (let i0 = 0; i0 < scan.side0; i0++) {
    for (let i1 = 0; i1 < scan.side1; i1++) {
      for (let i2 = 0; i2 < scan.side2; i2++) {
        codeRow<T, W, R>(scan, predictor, rowAddress<T>(scan, block, i0, i1, i2), i0, i1, i2);
      }
    }
  }
  return true;
}

function blocks<T, W, R>(work: usize, scan: BlockScan): bool {
  const size = scan.blockSize;
  for (let b0 = 0; b0 < scan.extent0; b0 += size) {
    scan.side0 = min(size, scan.extent0 - b0);
    for (let b1 = 0; b1 < scan.extent1; b1 += size) {
      scan.side1 = min(size, scan.extent1 - b1);
      for (let b2 = 0; b2 < scan.extent2; b2 += size) {
        scan.side2 = min(size, scan.extent2 - b2);
        for (let b3 = 0; b3 < scan.extent3; b3 += size) {
          scan.side3 = min(size, scan.extent3 - b3);
          const p = rowAddress<T>(scan, work, b0, b1, b2) + <usize>b3 * sizeof<T>();
          if (!codeBlock<T, W, R>(scan, p)) return false;
        }
      }
    }
  }
  return true;
}

/**
 * Codes or decodes all blocks. `work` is the address of the first value in the working array.
 * False when the coefficients do not suffice.
 */
export function sz3Blocks(type: i32, work: usize, address: usize): bool {
  const scan = changetype<BlockScan>(address);
  switch (type) {
    case 0: return blocks<f32, f32, f32>(work, scan);
    case 1: return blocks<f64, f64, f64>(work, scan);
    case 2: return blocks<u8, i32, i64>(work, scan);
    case 3: return blocks<i8, i32, i64>(work, scan);
    case 4: return blocks<u16, i32, i64>(work, scan);
    case 5: return blocks<i16, i32, i64>(work, scan);
    case 6: return blocks<u32, u32, i64>(work, scan);
    case 7: return blocks<i32, i32, i64>(work, scan);
    case 8: return blocks<u64, u64, i64>(work, scan);
    default: return blocks<i64, i64, i64>(work, scan);
  }
}

/** Rows of `rowBytes` between an array without gaps and the working array; `inward`: into the latter. */
export function sz3Rows(plain: usize, work: usize, rowBytes: usize, address: usize, width: i32, inward: bool): void {
  const scan = changetype<BlockScan>(address);
  let from = plain;
  for (let i0 = 0; i0 < scan.extent0; i0++) {
    for (let i1 = 0; i1 < scan.extent1; i1++) {
      for (let i2 = 0; i2 < scan.extent2; i2++) {
        const at = work + <usize>(i0 * scan.stride0 + i1 * scan.stride1 + i2 * scan.stride2) * width;
        if (inward) memory.copy(at, from, rowBytes);
        else memory.copy(from, at, rowBytes);
        from += rowBytes;
      }
    }
  }
}
