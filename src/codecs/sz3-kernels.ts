/** SZ3's kernels, and one array with its quantiser in their memory. */
import { TempressError } from "../errors.ts";
import { KernelQuantizer } from "../quantize/linear.ts";
import type { Shape } from "../tensor/shape.ts";
import { type KernelModule, lazyModule } from "../wasm/instance.ts";
import type { Sz3Exports } from "../wasm/sz3.generated.ts";
import { type Sz3Type, TYPES, widthOf } from "./sz3-config.ts";

export const sz3Kernels = lazyModule<Sz3Exports>(() => import("../wasm/sz3.generated.ts"));

/** Kernels count values and indices in 32 bits. */
const MOST_VALUES = 2 ** 29;

/** Values, their indices and those stored apart, for as long as `run` of `withArray` lasts. */
export interface CodedArray {
  readonly kernels: KernelModule<Sz3Exports>;
  readonly type: number;
  readonly width: number;
  readonly dims: Shape;
  readonly count: number;
  /** Addresses. */
  readonly values: number;
  readonly indices: number;
  readonly quantizer: KernelQuantizer;
}

/**
 * Lays out an array of `dims` and its lists. With `escapes` it is to be decoded, else encoded.
 * @throws TempressError "unsupported" when it is too large.
 */
export function withArray<R>(
  type: Sz3Type,
  dims: Shape,
  radius: number,
  escapes: Uint8Array | undefined,
  run: (array: CodedArray) => R,
): R {
  const kernels = sz3Kernels.get();
  const { arena, memory } = kernels;
  const width = widthOf(type);
  const count = dims.reduce((product, extent) => product * extent, 1);
  if (count > MOST_VALUES) {
    throw new TempressError("unsupported", `${count} values are too many for one SZ3 stream here`, {
      where: "sz3",
      hint: "compress it in parts",
    });
  }
  const mark = arena.mark();
  try {
    const values = arena.alloc(count * width);
    const indices = arena.alloc(count * 4);
    const apart = arena.alloc(escapes ? escapes.length : count * width);
    if (escapes) new Uint8Array(memory.buffer, apart, escapes.length).set(escapes);
    const quantizer = new KernelQuantizer(kernels, radius, {
      indices,
      escapes: apart,
      escapesEnd: apart + (escapes ? escapes.length : count * width),
      encoding: escapes === undefined,
    });
    return run({ kernels, type: TYPES.indexOf(type), width, dims, count, values, indices, quantizer });
  } finally {
    arena.release(mark);
  }
}

export function bytesAt({ kernels, values, count, width }: CodedArray): Uint8Array {
  return new Uint8Array(kernels.memory.buffer, values, count * width);
}
