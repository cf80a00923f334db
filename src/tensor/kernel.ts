import { instantiateNow, type KernelModule } from "../wasm/instance.ts";
import { type TensorExports, wasmBase64 } from "../wasm/tensor.generated.ts";

let kernel: KernelModule<TensorExports> | undefined;

/** The kernels for special values; instantiated only where there are some. */
export function tensorKernel(): KernelModule<TensorExports> {
  kernel ??= instantiateNow<TensorExports>(wasmBase64);
  return kernel;
}
