import type { PromiseSpec } from "../../src/promise/spec.ts";
import { DTYPES } from "../../src/tensor/dtype.ts";
import { bytesOf, type Tensor } from "../../src/tensor/tensor.ts";

/**
 * The promise checked value by value, written apart from src/promise so that one mistake is not made twice.
 * Returns the first offence as text, or undefined.
 */
export function offence(x: Tensor, y: Tensor, promise: PromiseSpec, fill?: number): string | undefined {
  if (x.dtype !== y.dtype || x.shape.join("x") !== y.shape.join("x")) return `${y.dtype} ${y.shape.join("x")}`;
  const { bytes, kind } = DTYPES[x.dtype];
  const bound = absoluteBound(x, promise, fill);
  const together = promise.kind === "eps" || promise.kind === "rmse" || promise.kind === "psnr";
  let squaredErrors = 0;
  const a = bytesOf(x);
  const b = bytesOf(y);
  for (let i = 0; i < x.data.length; i++) {
    let sameBits = true;
    for (let k = i * bytes; k < (i + 1) * bytes; k++) if (a[k] !== b[k]) sameBits = false;
    if (sameBits) continue;
    const from = x.data[i]!;
    const to = y.data[i]!;
    const told = `value ${i}: ${from} became ${to} under ${JSON.stringify(promise)}`;
    if (promise.kind === "lossless" || kind === "bool" || isFill(from, fill)) return told;
    if (kind === "float" && !isOrdinary(Number(from), bytes)) return told;
    if (together) {
      squaredErrors += Number(typeof from === "bigint" ? from - BigInt(to) : from - Number(to)) ** 2;
      continue;
    }
    if (typeof from === "bigint") {
      const off = from > BigInt(to) ? from - BigInt(to) : BigInt(to) - from;
      const size = from < 0n ? -from : from;
      const allowed = promise.kind === "pw_rel" ? promise.pwRel * Number(size) : bound;
      if (Number(off) > allowed * (1 + 2 ** -50)) return told;
      continue;
    }
    const off = Math.abs(from - Number(to));
    const allowed = promise.kind === "pw_rel" ? promise.pwRel * Math.abs(from) : bound;
    if (!(off <= allowed)) return told;
    if (bytes === 4 && kind === "float" && !(Math.fround(off) <= allowed)) return told;
  }
  if (together && !(squaredErrors <= allowedSquares(x, promise, fill))) {
    return `squared errors of ${squaredErrors} in sum under ${JSON.stringify(promise)}`;
  }
  return undefined;
}

/** Exactly the fill: a whole number of 64 bits may be one that only rounds to it. */
function isFill(value: number | bigint, fill: number | undefined): boolean {
  return typeof value === "bigint" ? Number.isInteger(fill) && value === BigInt(fill!) : value === fill;
}

/** Sum of squared errors that a promise about all values together allows. */
function allowedSquares(x: Tensor, promise: PromiseSpec, fill: number | undefined): number {
  const { bytes, kind } = DTYPES[x.dtype];
  let [count, squares, min, max] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of x.data) {
    const plain = Number(value);
    if (isFill(value, fill) || (kind === "float" && !isOrdinary(plain, bytes))) continue;
    count++;
    squares += plain * plain;
    min = Math.min(min, plain);
    max = Math.max(max, plain);
  }
  if (promise.kind === "eps") return promise.eps ** 2 * squares;
  if (promise.kind === "rmse") return count * promise.rmse ** 2 * (1 + 1e-14);
  if (promise.kind !== "psnr" || count === 0) return 0;
  return count * ((max - min) / 10 ** (promise.psnr / 20)) ** 2 * (1 + 1e-12);
}

/** Zero, or a normal finite number; -0, denormals, infinities and NaN must come back bit for bit. */
function isOrdinary(value: number, bytes: number): boolean {
  if (value === 0) return !Object.is(value, -0);
  const least = bytes === 4 ? 2 ** -126 : 2 ** -1022;
  return Math.abs(value) >= least && Math.abs(value) < Number.POSITIVE_INFINITY;
}

function absoluteBound(x: Tensor, promise: PromiseSpec, fill: number | undefined): number {
  if (promise.kind === "abs") return promise.abs;
  if (promise.kind !== "rel" && promise.kind !== "abs_and_rel") return 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of x.data) {
    const plain = Number(value);
    if (!Number.isFinite(plain) || isFill(value, fill)) continue;
    min = Math.min(min, plain);
    max = Math.max(max, plain);
  }
  const rel = max > min ? promise.rel * (max - min) : 0;
  return promise.kind === "rel" ? rel : Math.min(rel, promise.abs);
}
