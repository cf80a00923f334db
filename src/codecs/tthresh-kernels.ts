/** TTHRESH's kernels: coefficient arrays and matrix products. */
import { TempressError } from "../errors.ts";
import { type KernelModule, lazyModule } from "../wasm/instance.ts";
import type { TthreshExports } from "../wasm/tthresh.generated.ts";

export type TthreshKernel = KernelModule<TthreshExports>;

export const tthreshKernels = lazyModule<TthreshExports>(() => import("../wasm/tthresh.generated.ts"));

/** Kernels count coefficients in 32 bits, and their memory ends at 4 GiB. */
const MOST_VALUES = 2 ** 29 - 2 ** 20;

export function refuseLarge(count: number): void {
  if (count <= MOST_VALUES) return;
  throw new TempressError("unsupported", `${count} values are too many for one Tucker transform here`, {
    where: "tthresh",
    hint: "compress it in parts; a .tpz file does",
  });
}

export const volume = (extents: readonly number[]): number => extents.reduce((product, extent) => product * extent, 1);
