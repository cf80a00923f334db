/**
 * SZ3's blocks of Lorenzo and regression predictors: where the working array and the lists of a scan lie in memory.
 * The loops are in kernels/predict/sz3-lorenzo.ts.
 */
import type { Shape } from "../tensor/shape.ts";
import type { KernelModule } from "../wasm/instance.ts";
import type { Sz3Exports } from "../wasm/sz3.generated.ts";
import type { BoundedQuantizer } from "./sz3-interpolation.ts";

/** Zeros in front of each axis. */
const PADDING = 2;

/** Kinds of blocks, as the kernel numbers them; SZ3's order. */
export const LORENZO = 0;
export const LORENZO_SECOND = 1;
export const REGRESSION = 2;

/** What Lorenzo prediction from decoded values costs on the average, in bounds, for one to four axes. */
const NOISE = [0.5, 0.81, 1.22, 1.79];
const SECOND_NOISE = [1.08, 2.76, 6.8, 0];

/** Radius of the quantisers of coefficients. */
export const COEFFICIENT_RADIUS = 32768;

export interface LorenzoSettings {
  /** Kinds of blocks to choose from, ascending. */
  readonly active: readonly number[];
  readonly blockSize: number;
}

export function activePredictors(flags: { lorenzo: boolean; lorenzo2: boolean; regression: boolean }): number[] {
  return [
    ...(flags.lorenzo ? [LORENZO] : []),
    ...(flags.lorenzo2 ? [LORENZO_SECOND] : []),
    ...(flags.regression ? [REGRESSION] : []),
  ];
}

export function blockCount(dims: Shape, blockSize: number): number {
  return dims.reduce((product, extent) => product * Math.ceil(extent / blockSize), 1);
}

/** Bounds of a plane's slopes and of its constant. */
export function coefficientBounds(
  bound: number,
  rank: number,
  blockSize: number,
): { linear: number; constant: number } {
  const constant = bound / (rank + 1);
  return { linear: constant / blockSize, constant };
}

/** Second-order differences: pairs of offset (elements back) and coefficient, in SZ3's order of summation. */
export function secondTaps(rank: number, strides: readonly number[]): number[] {
  // Four axes are not implemented by SZ3: it predicts 0.
  if (rank > 3) return [];
  const weights = [1, -2, 1];
  const taps: number[] = [];
  const steps = [0, 1, 2];
  for (const k of rank === 3 ? steps : [0]) {
    for (const j of rank > 1 ? steps : [0]) {
      for (const i of steps) {
        if (k + j + i === 0) continue;
        // SZ3 runs the two slower of three axes in the other order.
        const offset = rank === 3 ? j * strides[1]! + k * strides[2]! + i : j * strides[2]! + i;
        taps.push(offset, -weights[k]! * weights[j]! * weights[i]!);
      }
    }
  }
  return taps;
}

/** Where a scan reads or writes its lists. */
export interface ScanLists {
  readonly values: BoundedQuantizer;
  /** One i32 a block. */
  readonly selections: number;
  readonly coefficients: number;
  readonly coefficientsEnd: number;
  readonly linear?: BoundedQuantizer | undefined;
  readonly constant?: BoundedQuantizer | undefined;
}

/** An array with its padding, in WebAssembly memory; allocated for as long as the caller keeps its arena's mark. */
export class WorkingArray {
  readonly #kernels: KernelModule<Sz3Exports>;
  readonly #type: number;
  readonly #width: number;
  readonly #extents: readonly number[];
  readonly #strides: readonly number[];
  readonly #rank: number;
  readonly #scan: number;
  readonly #base: number;
  readonly #byteLength: number;
  readonly #origin: number;
  readonly #fitted: number;
  readonly #taps: number;

  constructor(kernels: KernelModule<Sz3Exports>, type: number, width: number, dims: Shape) {
    this.#kernels = kernels;
    this.#type = type;
    this.#width = width;
    this.#rank = dims.length;
    const missing = 4 - dims.length;
    this.#extents = [...Array<number>(missing).fill(1), ...dims];
    const padded = this.#extents.map((extent, axis) => (axis < missing ? 1 : extent + PADDING));
    this.#strides = padded.map((_, axis) => padded.slice(axis + 1).reduce((product, extent) => product * extent, 1));
    const { arena, exports } = kernels;
    this.#byteLength = padded.reduce((product, extent) => product * extent, width);
    this.#base = arena.alloc(this.#byteLength);
    const offset = this.#strides.reduce((sum, stride, axis) => sum + (axis < missing ? 0 : PADDING * stride), 0);
    this.#origin = this.#base + offset * width;
    this.#scan = arena.alloc(exports.blockScanBytes());
    this.#fitted = arena.alloc(120);
    this.#taps = arena.alloc(8 * 26);
  }

  #rows(address: number, inward: boolean): void {
    const { exports, memory } = this.#kernels;
    new Int32Array(memory.buffer, this.#scan, 7).set([...this.#extents, ...this.#strides.slice(0, 3)]);
    exports.sz3Rows(address, this.#origin, this.#extents[3]! * this.#width, this.#scan, this.#width, inward);
  }

  /** Zeros, and the values at `address` where the encoder has them. */
  fill(address?: number): void {
    new Uint8Array(this.#kernels.memory.buffer, this.#base, this.#byteLength).fill(0);
    if (address !== undefined) this.#rows(address, true);
  }

  take(address: number): void {
    this.#rows(address, false);
  }

  /** Codes or decodes all blocks; undefined when there are too few coefficients, else where the lists end. */
  scan(
    { active, blockSize }: LorenzoSettings,
    bound: number,
    lists: ScanLists,
  ): { selectionsEnd: number; coefficientsEnd: number } | undefined {
    const { exports, memory } = this.#kernels;
    const taps = secondTaps(this.#rank, this.#strides);
    new Int32Array(memory.buffer, this.#taps, taps.length).set(taps);
    new Uint8Array(memory.buffer, this.#fitted, 120).fill(0);
    const words = new Uint32Array(memory.buffer, this.#scan, 24);
    words.set([...this.#extents, ...this.#strides.slice(0, 3), this.#rank, blockSize]);
    words[9] = active.reduce((bits, predictor, k) => bits | (predictor << (2 * k)), 0);
    words[10] = active.length;
    words[11] = this.#taps;
    words[12] = taps.length / 2;
    words[13] = lists.selections;
    words[14] = lists.coefficients;
    words[15] = lists.coefficientsEnd;
    words[16] = lists.linear?.address ?? 0;
    words[17] = lists.constant?.address ?? 0;
    words[18] = lists.values.address;
    words[19] = this.#fitted;
    const noise = new Float64Array(memory.buffer, this.#scan + 80, 2);
    noise.set([NOISE[this.#rank - 1]! * bound, SECOND_NOISE[this.#rank - 1]! * bound]);
    lists.values.setBound(bound);
    const enough = exports.sz3Blocks(this.#type, this.#origin, this.#scan);
    if (!enough) return undefined;
    const after = new Uint32Array(memory.buffer, this.#scan, 24);
    return { selectionsEnd: after[13]!, coefficientsEnd: after[14]! };
  }
}
