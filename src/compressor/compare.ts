/** Two sources side by side, some slabs at a time: what metrics watch when no file of ours is between them. */
import { TempressError } from "../errors.ts";
import { DTYPES } from "../tensor/dtype.ts";
import { elementCount, formatShape } from "../tensor/shape.ts";
import type { TensorSource } from "../tensor/source.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { FlatReader } from "./slabs.ts";

/** Bytes read of each side at a time. */
const READ_BYTES = 8 << 20;

/**
 * Shows each pair of slabs, in C order.
 * @throws TempressError "invalid-argument" when shapes or dtypes differ, and what reading throws
 */
export async function compareSources(
  original: TensorSource,
  restored: TensorSource,
  watch: (original: Tensor, restored: Tensor) => void,
): Promise<void> {
  const [have, want] = [original, restored].map((t) => `${formatShape(t.shape)} ${t.dtype}`);
  if (have !== want) {
    throw new TempressError("invalid-argument", `the original is ${have}, the other side ${want}`, {
      where: "compare",
      hint: "both sides need one shape and dtype; raw files need --shape and --dtype",
    });
  }
  const { dtype } = original;
  const [x, y] = [new FlatReader(original), new FlatReader(restored)];
  const count = elementCount(original.shape);
  const step = READ_BYTES / DTYPES[dtype].bytes;
  for (let start = 0; start < count; start += step) {
    const end = Math.min(count, start + step);
    const shape = [end - start];
    watch({ dtype, shape, data: await x.read(start, end) }, { dtype, shape, data: await y.read(start, end) });
  }
}
