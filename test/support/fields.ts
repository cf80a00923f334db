import { DTYPES, type DType } from "../../src/tensor/dtype.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { bytesOf, emptyTensor, type Tensor } from "../../src/tensor/tensor.ts";

/** Small fields of every kind that a compressor can trip over. Whole-number arithmetic only: the same everywhere. */
export interface Field {
  readonly name: string;
  readonly tensor: Tensor;
  readonly fill?: number;
}

const isWide = (dtype: DType): boolean => DTYPES[dtype].bytes === 8 && DTYPES[dtype].kind !== "float";

/** Puts a plain number into any array, clipped to what the type holds. */
function put(t: Tensor, i: number, value: number): void {
  const { kind, bytes } = DTYPES[t.dtype];
  if (kind === "float") (t.data as Float64Array)[i] = value;
  else if (kind === "bool") (t.data as Uint8Array)[i] = value > 0 ? 1 : 0;
  else {
    const most = kind === "int" ? 2 ** (8 * bytes - 1) - 1 : 2 ** (8 * bytes) - 1;
    const least = kind === "int" ? -(2 ** (8 * bytes - 1)) : 0;
    const whole = Math.max(least, Math.min(most, Math.round(value)));
    if (isWide(t.dtype)) (t.data as BigInt64Array)[i] = BigInt(whole >= 2 ** 63 ? 0 : whole);
    else (t.data as Int32Array)[i] = whole;
  }
}

/** A whole number in 0..65535 from a position. */
const hash = (i: number): number => Math.imul(i + 1, 0x9e3779b1) >>> 16;

function made(dtype: DType, shape: Shape, value: (i: number) => number): Tensor {
  const t = emptyTensor(dtype, shape);
  for (let i = 0; i < t.data.length; i++) put(t, i, value(i));
  return t;
}

function smooth(dtype: DType, shape: Shape): Tensor {
  const last = shape.at(-1) ?? 1;
  return made(dtype, shape, (i) => {
    const x = i % last;
    const y = Math.floor(i / last);
    return 40 + ((x * (last - x)) / last) * 3 + y / 4;
  });
}

/** Zeros of both signs, infinities, NaN with payloads, denormals, extremes; whole numbers: the ends of the type. */
function nasty(dtype: DType, shape: Shape): Tensor {
  const t = smooth(dtype, shape);
  const { bytes, kind } = DTYPES[dtype];
  const bits = bytesOf(t);
  const patterns: Record<string, readonly string[]> = {
    float4: ["7fc00001", "ff800000", "7f800000", "80000000", "00000001", "807fffff", "00000000", "7f7fffff"],
    float8: [
      "7ff8000000000001",
      "fff0000000000000",
      "8000000000000000",
      "0000000000000001",
      "0000000000000000",
      "7fe0000000000000",
    ],
    int: ["80", "7f", "ff", "00"],
    uint: ["ff", "80", "00"],
    bool: ["01", "00"],
  };
  const list = patterns[kind === "float" ? `float${bytes}` : kind]!;
  for (let i = 0; i < t.data.length; i++) {
    if (hash(i) % 3 !== 0) continue;
    const hex = list[hash(i + 7) % list.length]!;
    for (let k = 0; k < bytes; k++) {
      // Whole numbers: the pattern is the top byte, the rest are its last bit repeated.
      const at = 2 * (hex.length / 2 - 1 - k);
      const short = kind === "float" ? undefined : k === bytes - 1 ? hex : hex === "7f" || hex === "ff" ? "ff" : "00";
      bits[i * bytes + k] = Number.parseInt(kind === "bool" ? hex : (short ?? hex.slice(at, at + 2)), 16);
    }
  }
  return t;
}

export function fields(dtype: DType, shape: Shape): Field[] {
  const float = DTYPES[dtype].kind === "float";
  const fill = float ? 1e20 : DTYPES[dtype].kind === "bool" ? 1 : 99;
  const masked = smooth(dtype, shape);
  for (let i = 0; i < masked.data.length; i++) if (hash(i >> 2) % 3 === 0) put(masked, i, fill);
  // A fill value is written in the type's own precision.
  const held = dtype === "float32" ? Math.fround(fill) : fill;
  const all: Field[] = [
    { name: "constant", tensor: made(dtype, shape, () => 42.5) },
    { name: "smooth", tensor: smooth(dtype, shape) },
    { name: "noise", tensor: made(dtype, shape, (i) => hash(i) / 256 - (float ? 100 : 0)) },
    { name: "nasty", tensor: nasty(dtype, shape) },
    { name: "fill", tensor: masked, fill: held },
    { name: "large", tensor: made(dtype, shape, (i) => (float ? 1e30 : 2 ** 52) + hash(i) * (float ? 1e26 : 65536)) },
    { name: "all fill", tensor: made(dtype, shape, () => fill), fill: held },
  ];
  if (float) all.push({ name: "all NaN", tensor: made(dtype, shape, () => Number.NaN) });
  return all;
}

/** Shapes of ranks 1 to 8, with empty and one-value ones. */
export const SHAPES: readonly Shape[] = [
  [97],
  [9, 11],
  [5, 6, 7],
  [3, 4, 5, 6],
  [2, 3, 2, 3, 4],
  [2, 2, 2, 2, 3, 3],
  [1, 2, 1, 3, 2, 2, 3],
  [2, 1, 2, 2, 1, 2, 2, 3],
  [1],
  [1, 1, 1],
  [1, 1, 13, 8],
  [0],
  [3, 0, 2],
];
