import fc from "fast-check";
import { DTYPE_NAMES, DTYPES, type DType } from "../src/tensor/dtype.ts";
import { elementCount, type Shape } from "../src/tensor/shape.ts";
import { bytesOf, emptyTensor, type Tensor, tensorFromBytes } from "../src/tensor/tensor.ts";

/** Bit patterns that break things: NaNs with payloads, infinities, zeros, denormals, extremes. */
const NASTY: { readonly [D in DType]: readonly bigint[] } = {
  float32: [
    0x7fc00000n,
    0xffc00001n,
    0x7f800001n,
    0x7f800000n,
    0xff800000n,
    0x80000000n,
    1n,
    0x807fffffn,
    0x7f7fffffn,
    0xff7fffffn,
    0x00800000n,
    0x60ad78ecn,
  ],
  float64: [
    0x7ff8000000000000n,
    0xfff8000000000001n,
    0x7ff0000000000001n,
    0x7ff0000000000000n,
    0xfff0000000000000n,
    1n << 63n,
    1n,
    0x800fffffffffffffn,
    0x7fefffffffffffffn,
    0xffefffffffffffffn,
    0x0010000000000000n,
  ],
  int8: [0x80n, 0x7fn, 0xffn],
  int16: [0x8000n, 0x7fffn, 0xffffn],
  int32: [0x80000000n, 0x7fffffffn, 0xffffffffn],
  int64: [1n << 63n, (1n << 63n) - 1n, (1n << 64n) - 1n, 1n << 53n, (1n << 53n) + 1n],
  uint8: [0xffn, 0x80n],
  uint16: [0xffffn, 0x8000n],
  uint32: [0xffffffffn, 0x80000000n],
  uint64: [(1n << 64n) - 1n, 1n << 63n, 1n << 53n, (1n << 53n) + 1n],
  bool: [0n, 1n],
};

export const dtypes: fc.Arbitrary<DType> = fc.constantFrom(...DTYPE_NAMES);

/** Ranks 1 to 5 of small extents, zero included. */
export const shapes: fc.Arbitrary<number[]> = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 5 });

export function tensorOfBits<D extends DType>(dtype: D, shape: Shape, bits: readonly bigint[]): Tensor<D> {
  const made = emptyTensor(dtype, shape);
  const view = bytesOf(made);
  const { bytes } = DTYPES[dtype];
  for (let i = 0; i < bits.length; i++) {
    for (let k = 0; k < bytes; k++) view[i * bytes + k] = Number((bits[i]! >> BigInt(8 * k)) & 255n);
  }
  return tensorFromBytes(dtype, shape, view);
}

/** A value's bits: ordinary ones, nasty ones (in runs, as land masks have them), or any pattern at all. */
function valueBits(dtype: DType): fc.Arbitrary<bigint> {
  const { bytes, kind } = DTYPES[dtype];
  const any = fc.bigInt({ min: 0n, max: kind === "bool" ? 1n : (1n << BigInt(8 * bytes)) - 1n });
  return fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...NASTY[dtype]) },
    { weight: 2, arbitrary: any },
    { weight: 4, arbitrary: plainBits(dtype) },
  );
}

function plainBits(dtype: DType): fc.Arbitrary<bigint> {
  const { kind, bytes, Array: Values } = DTYPES[dtype];
  if (kind !== "float") return fc.bigInt({ min: 0n, max: kind === "bool" ? 1n : 20n });
  return fc.integer({ min: -1000, max: 1000 }).map((n) => {
    const words = new BigUint64Array(1);
    (new Values(words.buffer, 0, 1) as Float32Array)[0] = n / 8;
    return words[0]! & ((1n << BigInt(8 * bytes)) - 1n);
  });
}

/** Values of one type in which patterns repeat in runs. */
export function tensorsOf<D extends DType>(
  dtype: D,
  shape: fc.Arbitrary<readonly number[]> = shapes,
): fc.Arbitrary<Tensor<D>> {
  return shape.chain((extents) => {
    const count = elementCount(extents);
    return fc
      .array(fc.tuple(valueBits(dtype), fc.integer({ min: 1, max: 9 })), { minLength: count, maxLength: count })
      .map((runs) =>
        tensorOfBits(dtype, extents, runs.flatMap(([bits, n]) => Array<bigint>(n).fill(bits)).slice(0, count)),
      );
  });
}

export const tensors: fc.Arbitrary<Tensor> = dtypes.chain((dtype) => tensorsOf(dtype) as fc.Arbitrary<Tensor>);

/** A fill value that `values` may well hold, or none. */
export function fillsFor(values: Tensor): fc.Arbitrary<number | undefined> {
  const held = [...values.data]
    .map(Number)
    .filter((x) => values.data.some((v) => Object.is(Number(v), x) && (typeof v === "number" || BigInt(x) === v)));
  return held.length === 0 ? fc.constant(undefined) : fc.oneof(fc.constant(undefined), fc.constantFrom(...held));
}
