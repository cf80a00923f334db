import { TempressError } from "../errors.ts";
import { type Arrays, DTYPES, type DType } from "./dtype.ts";
import { elementCount, formatShape, frameLength, type Shape } from "./shape.ts";

/** Values on a grid: always C-contiguous, slowest axis first; axis 0 is time. */
export interface Tensor<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: Shape;
  readonly data: Arrays[D];
  readonly axes?: readonly string[];
  readonly name?: string;
  /** Free text carried from the source into the file and back (units, long names, ...). */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Checks that data and shape agree. */
export function tensor<D extends DType>(dtype: D, shape: Shape, data: Arrays[D]): Tensor<D> {
  const count = elementCount(shape);
  if (data.length !== count) {
    throw new TempressError(
      "invalid-argument",
      `${data.length} values do not fill shape ${formatShape(shape)} (${count})`,
      { where: "tensor", hint: "check --shape and --dtype" },
    );
  }
  return { dtype, shape: Object.freeze([...shape]), data };
}

export function emptyTensor<D extends DType>(dtype: D, shape: Shape): Tensor<D> {
  const Values = DTYPES[dtype].Array;
  return { dtype, shape: Object.freeze([...shape]), data: new Values(elementCount(shape)) };
}

/** The same in memory that worker threads see too. */
export function sharedTensor<D extends DType>(dtype: D, shape: Shape): Tensor<D> {
  const { Array: Values, bytes } = DTYPES[dtype];
  const count = elementCount(shape);
  return { dtype, shape: Object.freeze([...shape]), data: new Values(new SharedArrayBuffer(count * bytes), 0, count) };
}

/** The same memory as bytes (little-endian hosts only, which is all that WebAssembly and browsers run on). */
export function bytesOf(t: Tensor): Uint8Array {
  return new Uint8Array(t.data.buffer, t.data.byteOffset, t.data.byteLength);
}

/** A view of `bytes` as a tensor; copies only where the alignment needs it. */
export function tensorFromBytes<D extends DType>(dtype: D, shape: Shape, bytes: Uint8Array): Tensor<D> {
  const { Array: Values, bytes: width } = DTYPES[dtype];
  const count = elementCount(shape);
  if (bytes.byteLength !== count * width) {
    throw new TempressError(
      "invalid-argument",
      `${bytes.byteLength} bytes are not ${count} ${dtype} values (${count * width} bytes, shape ${formatShape(shape)})`,
      { where: "raw data", hint: "check --shape and --dtype" },
    );
  }
  const aligned = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  return { dtype, shape: Object.freeze([...shape]), data: new Values(aligned.buffer, aligned.byteOffset, count) };
}

/** The same memory without the habits of Node's Buffer, a uint8 array whose `slice` is a view and not a copy. */
export function plain(t: Tensor): Tensor {
  const { Array: Values } = DTYPES[t.dtype];
  if (t.data.constructor === Values) return t;
  return { ...t, data: new Values(t.data.buffer, t.data.byteOffset, t.data.length) };
}

/** Frames [t0, t1) along axis 0: a view, no copy. */
export function frames<D extends DType>(t: Tensor<D>, t0: number, t1: number): Tensor<D> {
  const step = frameLength(t.shape);
  const data = t.data.subarray(t0 * step, t1 * step) as Arrays[D];
  return { dtype: t.dtype, shape: Object.freeze([t1 - t0, ...t.shape.slice(1)]), data };
}
