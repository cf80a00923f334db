/** What SZ3's block scan works on: the host fills it, kernels keep their place in it. */
import { Quantizer } from "../quantize/linear";

export const LORENZO: i32 = 0;
export const LORENZO_SECOND: i32 = 1;
export const REGRESSION: i32 = 2;

/** Room for five coefficients of the widest type. */
export const COEFFICIENT_BYTES: usize = 40;

@unmanaged
export class BlockScan {
  extent0: i32;
  extent1: i32;
  extent2: i32;
  extent3: i32;
  /** Elements of the working array. */
  stride0: i32;
  stride1: i32;
  stride2: i32;
  rank: i32;
  blockSize: i32;
  /** The active predictors in SZ3's order, two bits each; how many they are. */
  active: i32;
  activeCount: i32;
  /** Pairs of i32: offset in elements, coefficient. */
  secondTaps: usize;
  secondTapCount: i32;
  /** i32 number among the active predictors for each block; read or written. */
  selection: usize;
  /** i32 indices of coefficients, linear ones before the independent one. */
  coefficient: usize;
  coefficientsEnd: usize;
  linear: Quantizer;
  independent: Quantizer;
  values: Quantizer;
  /** Three sets of five: fitted, quantised, those of the last block with a plane. Zeroed by the host. */
  fitted: usize;
  /** What Lorenzo prediction from decoded values costs on the average. */
  noise: f64;
  secondNoise: f64;
  // The block.
  side0: i32;
  side1: i32;
  side2: i32;
  side3: i32;
}

export function blockScanBytes(): i32 {
  return offsetof<BlockScan>();
}

// @ts-ignore: decorator
@inline
export function rowAddress<T>(scan: BlockScan, block: usize, i0: i32, i1: i32, i2: i32): usize {
  return block + <usize>(i0 * scan.stride0 + i1 * scan.stride1 + i2 * scan.stride2) * sizeof<T>();
}
