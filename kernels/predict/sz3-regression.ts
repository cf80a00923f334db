/**
 * Planes fitted to SZ3's blocks. R is the type that C++ computes planes in: i64 for all integers, since it computes
 * modulo 2^64 and cuts.
 *
 * Twin: src/predict/sz3-lorenzo.reference.ts.
 */
import { codePoint, cut } from "../quantize/linear";
import { BlockScan, COEFFICIENT_BYTES, rowAddress } from "./sz3-block-scan";

// @ts-ignore: decorator
@inline
function coefficientAt<T, R>(coefficients: usize, index: i32): R {
  return <R>load<T>(coefficients + <usize>index * sizeof<T>());
}

/** The plane without the last axis' share and the constant, for one row. */
export function planeRow<T, R>(scan: BlockScan, c: usize, i0: i32, i1: i32, i2: i32): R {
  switch (scan.rank) {
    case 1: return <R>0;
    case 2: return coefficientAt<T, R>(c, 0) * <R>i2;
    case 3: return coefficientAt<T, R>(c, 0) * <R>i1 + coefficientAt<T, R>(c, 1) * <R>i2;
    default:
      return (
        coefficientAt<T, R>(c, 0) * <R>i0 + coefficientAt<T, R>(c, 1) * <R>i1 + coefficientAt<T, R>(c, 2) * <R>i2
      );
  }
}

// @ts-ignore: decorator
@inline
export function planePoint<T, R>(scan: BlockScan, c: usize, rowShare: R, i3: i32): T {
  const last = coefficientAt<T, R>(c, scan.rank - 1) * <R>i3;
  const sum = scan.rank == 1 ? last : rowShare + last;
  return <T>(sum + coefficientAt<T, R>(c, scan.rank));
}

export function possible(scan: BlockScan): bool {
  const r = scan.rank;
  return scan.side3 > 1 && (r < 2 || scan.side2 > 1) && (r < 3 || scan.side1 > 1) && (r < 4 || scan.side0 > 1);
}

/** The product that SZ3 sums for the slope: in T for floats, in unsigned 64 bits for integers. */
// @ts-ignore: decorator
@inline
function moment<T>(i: i32, x: T): f64 {
  if (isFloat<T>()) return <f64>(<T>i * x);
  return <f64>(<u64>i * <u64>x);
}

// @ts-ignore: decorator
@inline
function sideOf(scan: BlockScan, axis: i32): i32 {
  return load<i32>(changetype<usize>(scan) + offsetof<BlockScan>("side0") + (<usize>axis << 2));
}

/** Least squares plane of the block's values. */
export function fit<T>(scan: BlockScan, block: usize): void {
  let sum: f64 = 0;
  let s0: f64 = 0;
  let s1: f64 = 0;
  let s2: f64 = 0;
  let s3: f64 = 0;
  for (let i0 = 0; i0 < scan.side0; i0++) {
    for (let i1 = 0; i1 < scan.side1; i1++) {
      for (let i2 = 0; i2 < scan.side2; i2++) {
        let p = rowAddress<T>(scan, block, i0, i1, i2);
        for (let i3 = 0; i3 < scan.side3; i3++, p += sizeof<T>()) {
          const x = load<T>(p);
          sum += <f64>x;
          s0 += moment<T>(i0, x);
          s1 += moment<T>(i1, x);
          s2 += moment<T>(i2, x);
          s3 += moment<T>(i3, x);
        }
      }
    }
  }
  const rank = scan.rank;
  const count = <f64>scan.side0 * <f64>scan.side1 * <f64>scan.side2 * <f64>scan.side3;
  let constant = cut<T>(sum / count);
  for (let a = 0; a < rank; a++) {
    const axis = 4 - rank + a;
    const n = sideOf(scan, axis);
    const s = axis == 0 ? s0 : axis == 1 ? s1 : axis == 2 ? s2 : s3;
    const slope = cut<T>((((2 * s) / <f64>(n - 1) - sum) * 6) / count / <f64>(n + 1));
    store<T>(scan.fitted + <usize>a * sizeof<T>(), slope);
    constant = cut<T>(<f64>constant - (<f64>(n - 1) * <f64>slope) / 2);
  }
  store<T>(scan.fitted + <usize>rank * sizeof<T>(), constant);
}

/** Codes the block's coefficients against the last ones. */
export function codeCoefficients<T>(scan: BlockScan): bool {
  const rank = scan.rank;
  if (scan.coefficient + <usize>(rank + 1) * 4 > scan.coefficientsEnd) return false;
  const now = scan.fitted + COEFFICIENT_BYTES;
  const last = now + COEFFICIENT_BYTES;
  if (scan.linear.encoding) memory.copy(now, scan.fitted, COEFFICIENT_BYTES);
  scan.linear.next = scan.coefficient;
  for (let a: usize = 0; a < <usize>rank; a++) {
    codePoint<T>(scan.linear, now + a * sizeof<T>(), load<T>(last + a * sizeof<T>()));
  }
  scan.independent.next = scan.linear.next;
  const constant = <usize>rank * sizeof<T>();
  codePoint<T>(scan.independent, now + constant, load<T>(last + constant));
  scan.coefficient = scan.independent.next;
  memory.copy(last, now, COEFFICIENT_BYTES);
  return true;
}
