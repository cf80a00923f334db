/** An array as zfp sees it: x fastest, blocks of 4 along each axis, cut into slabs of whole blocks along the slowest. */
import { type Arrays, DTYPES } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import { ZFP_TYPES, type ZfpParameters, type ZfpType } from "./zfp-parameters.ts";

export type ZfpValues = Arrays[ZfpType];

/** What rules the blocks of a stream. */
export interface ZfpLayout {
  readonly type: ZfpType;
  /** C order, slowest axis first, rank 1 to 4. */
  readonly shape: Shape;
  readonly parameters: ZfpParameters;
}

/** Bytes of values that go through the kernel's memory at once, where a layer of blocks is not larger. */
const SLAB_BYTES = 2 << 20;

export function blockCount(shape: Shape): number {
  return shape.reduce((product, extent) => product * Math.ceil(extent / 4), 1);
}

/** Blocks of four frames. */
export function blocksPerLayer(shape: Shape): number {
  return blockCount([1, ...shape.slice(1)]);
}

export function frameValues(shape: Shape): number {
  return shape.slice(1).reduce((product, extent) => product * extent, 1);
}

/** Frames of a slab: a multiple of 4. */
export function slabFrames({ type, shape }: ZfpLayout): number {
  const layer = 4 * frameValues(shape) * DTYPES[type].bytes;
  return 4 * Math.max(1, Math.floor(SLAB_BYTES / layer));
}

/** The kernel's arguments for an array of this shape: type, address, rank, extents from x on. */
export function kernelArray(
  type: ZfpType,
  at: number,
  shape: Shape,
): [number, number, number, number, number, number, number] {
  const [nx, ny = 1, nz = 1, nw = 1] = shape.toReversed();
  return [ZFP_TYPES[type], at, shape.length, nx!, ny, nz, nw];
}

export function parameterList({ minbits, maxbits, maxprec, minexp }: ZfpParameters): [number, number, number, number] {
  return [minbits, maxbits, maxprec, minexp];
}
