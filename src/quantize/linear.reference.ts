/**
 * Twin of kernels/quantize/linear.ts: SZ3's arithmetic in each element type, and its linear quantiser. Values of 64
 * bits are bigint, all others number.
 */
import { DTYPES, type DType } from "../tensor/dtype.ts";

export type Value = number | bigint;

/** Operations round or wrap after each step. Types of 8 and 16 bits compute in int32, as C++ does. */
export interface Arithmetic {
  add(a: Value, b: Value): Value;
  multiply(by: number, a: Value): Value;
  /** Towards zero for integers. */
  divide(a: Value, parts: number): Value;
  /** From what is computed in to the element type. */
  narrow(a: Value): Value;
  /** From a double, as C++ on x86-64 does. */
  cut(x: number): Value;
  /** What SZ3 sums for the slope of a plane: integers are taken as unsigned. */
  moment(i: number, a: Value): number;
  /** Whether |a - b| <= bound, without rounding. */
  within(a: Value, b: Value, bound: number): boolean;
}

const INT64_MIN = -(2n ** 63n);

function wide(x: number): bigint {
  return x >= -(2 ** 63) && x < 2 ** 63 ? BigInt(Math.trunc(x)) : INT64_MIN;
}

export function arithmeticOf(dtype: DType): Arithmetic {
  const { kind, bytes } = DTYPES[dtype];
  if (kind === "float") return onNumbers(bytes === 4 ? Math.fround : (x) => x);
  const narrow = (x: bigint) => (kind === "int" ? BigInt.asIntN(8 * bytes, x) : BigInt.asUintN(8 * bytes, x));
  // What C++ computes in.
  const work = bytes >= 4 ? narrow : (x: bigint) => BigInt.asIntN(32, x);
  const shown = (x: bigint): Value => (bytes === 8 ? x : Number(x));
  const cut = (x: number): bigint => {
    if (bytes <= 2 || dtype === "int32") {
      return BigInt(x > -2147483649 && x < 2147483648 ? Math.trunc(x) : -2147483648);
    }
    if (dtype !== "uint64" || x < 2 ** 63) return wide(x);
    return wide(x - 2 ** 63) ^ INT64_MIN;
  };
  return {
    add: (a, b) => shown(work(BigInt(a) + BigInt(b))),
    multiply: (by, a) => shown(work(BigInt(by) * BigInt(a))),
    divide: (a, parts) => shown(work(BigInt(a) / BigInt(parts))),
    narrow: (a) => shown(narrow(BigInt(a))),
    cut: (x) => shown(narrow(cut(x))),
    moment: (i, a) => Number(BigInt.asUintN(64, BigInt(i) * BigInt(a))),
    within: (a, b, bound) => {
      const off = BigInt(a) > BigInt(b) ? BigInt(a) - BigInt(b) : BigInt(b) - BigInt(a);
      return bound >= 2 ** 64 || off <= BigInt(Math.trunc(bound));
    },
  };
}

function onNumbers(round: (x: number) => number): Arithmetic {
  return {
    add: (a, b) => round(Number(a) + Number(b)),
    multiply: (by, a) => round(by * Number(a)),
    divide: (a, parts) => round(Number(a) / parts),
    narrow: (a) => a,
    cut: round,
    moment: (i, a) => round(i * Number(a)),
    within: (a, b, bound) => Math.abs(Number(a) - Number(b)) <= bound,
  };
}

/** Codes values in place, or decodes them when it has `indices` to begin with. */
export class PlainQuantizer {
  bound = 0;
  readonly radius: number;
  readonly indices: number[];
  readonly escapes: Value[];
  readonly #decoding: boolean;
  readonly #arithmetic: Arithmetic;
  #next = 0;
  #nextEscape = 0;

  constructor(dtype: DType, radius: number, coded?: { indices: number[]; escapes: Value[] }) {
    this.#arithmetic = arithmeticOf(dtype);
    this.radius = radius;
    this.#decoding = coded !== undefined;
    this.indices = coded?.indices ?? [];
    this.escapes = coded?.escapes ?? [];
  }

  /** The value that the decoder has in the place of `x`. */
  code(x: Value, prediction: Value): Value {
    return this.#decoding ? this.#decode(prediction) : this.#encode(x, prediction);
  }

  /** The value itself, stored apart. */
  verbatim(x: Value): Value {
    if (this.#decoding) {
      this.#next++;
      return this.escapes[this.#nextEscape++]!;
    }
    this.indices.push(0);
    this.escapes.push(x);
    return x;
  }

  #encode(x: Value, prediction: Value): Value {
    const { add, multiply, narrow, cut, within } = this.#arithmetic;
    const difference = narrow(add(x, multiply(-1, prediction)));
    const scaled = Math.abs(Number(difference)) * (1 / this.bound);
    if (scaled < 2 * this.radius - 1) {
      const half = Math.floor((Math.trunc(scaled) + 1) / 2);
      const index = difference < 0 ? -half : half;
      const y = cut(Number(prediction) + 2 * index * this.bound);
      if (within(x, y, this.bound)) {
        this.indices.push(this.radius + index);
        return y;
      }
    }
    return this.verbatim(x);
  }

  #decode(prediction: Value): Value {
    const index = this.indices[this.#next++]!;
    if (index === 0) return this.escapes[this.#nextEscape++]!;
    return this.#arithmetic.cut(Number(prediction) + 2 * (index - this.radius) * this.bound);
  }
}
