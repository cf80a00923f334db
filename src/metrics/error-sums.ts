import { DTYPES, type DType } from "../tensor/dtype.ts";
import { fillPattern, type Pattern } from "../tensor/fill.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { instantiateNow, type KernelModule } from "../wasm/instance.ts";
import { type MetricsExports, wasmBase64 } from "../wasm/metrics.generated.ts";

/**
 * Sums and extremes over pairs of values x (original) and y (decompressed), with d = x - y taken in the data's own
 * type (exactly for whole numbers; LibPressio's unsigned differences wrap around). Values left out: NaN or infinite
 * in the original, or equal to the fill bit for bit. Extremes are Infinity and -Infinity over nothing.
 */
export interface ErrorSums {
  /** A value of the data, near which sums are taken so that they keep their digits. */
  pivot: number;
  count: number;
  /** Values left out whose bits changed. */
  changed: number;
  sum: number;
  squares: number;
  differences: number;
  errors: number;
  squaredErrors: number;
  leastD: number;
  mostD: number;
  leastE: number;
  mostE: number;
  leastP: number;
  mostP: number;
  leastX: number;
  mostX: number;
}

export function emptySums(pivot: number): ErrorSums {
  return {
    pivot,
    count: 0,
    changed: 0,
    sum: 0,
    squares: 0,
    differences: 0,
    errors: 0,
    squaredErrors: 0,
    leastD: Infinity,
    mostD: -Infinity,
    leastE: Infinity,
    mostE: -Infinity,
    leastP: Infinity,
    mostP: -Infinity,
    leastX: Infinity,
    mostX: -Infinity,
  };
}

/** The fill as a number of the data's type; NaN, which equals nothing, where none is named. */
export function fillNumber(dtype: DType, fill: number | undefined): number {
  if (fill === undefined) return Number.NaN;
  fillPattern(dtype, fill);
  return dtype === "float32" ? Math.fround(fill) : fill;
}

/** A value to take sums around: the first that counts, 0 where none does. */
export function pivotOf({ data, dtype }: Tensor, fill: number | undefined): number {
  const named = fillNumber(dtype, fill);
  for (let i = 0; i < data.length; i++) {
    const x = Number(data[i]);
    if (Number.isFinite(x) && x !== named) return x;
  }
  return 0;
}

/** Adds one slab to `into`. */
export function addErrors(into: ErrorSums, original: Tensor, decoded: Tensor, fill: number | undefined): void {
  const pattern = fill === undefined ? undefined : fillPattern(original.dtype, fill);
  if (DTYPES[original.dtype].kind === "float") kernelSums(into, original, decoded, pattern);
  else plainSums(into, original, decoded, pattern);
}

/** The plain definition, for whole numbers and as the kernel's twin. */
export function plainSums(into: ErrorSums, original: Tensor, decoded: Tensor, fill: Pattern | undefined): void {
  const { data: x } = original;
  const { data: y } = decoded;
  const own = original.dtype === "float32" ? Math.fround : Number;
  const bits = { x: patternReader(original), y: patternReader(decoded) };
  for (let i = 0; i < x.length; i++) {
    const value = Number(x[i]);
    if (!Number.isFinite(value) || (fill && same(bits.x(i), fill))) {
      if (!same(bits.x(i), bits.y(i))) into.changed++;
      continue;
    }
    const d = own((x[i] as number) - (y[i] as number));
    const e = Math.abs(d);
    into.count++;
    into.sum += value - into.pivot;
    into.squares += (value - into.pivot) ** 2;
    into.differences += d;
    into.errors += e;
    into.squaredErrors += e * e;
    into.leastD = Math.min(into.leastD, d);
    into.mostD = Math.max(into.mostD, d);
    into.leastE = Math.min(into.leastE, e);
    into.mostE = Math.max(into.mostE, e);
    into.leastX = Math.min(into.leastX, value);
    into.mostX = Math.max(into.mostX, value);
    if (value === 0) continue;
    const share = e / Math.abs(value);
    into.leastP = Math.min(into.leastP, share);
    into.mostP = Math.max(into.mostP, share);
  }
}

function same(a: Pattern, b: Pattern): boolean {
  return a.low === b.low && a.high === b.high;
}

function patternReader({ data, dtype }: Tensor): (i: number) => Pattern {
  const { bytes } = DTYPES[dtype];
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (bytes === 8) return (i) => ({ low: view.getUint32(8 * i, true), high: view.getUint32(8 * i + 4, true) });
  if (bytes === 4) return (i) => ({ low: view.getUint32(4 * i, true), high: 0 });
  if (bytes === 2) return (i) => ({ low: view.getUint16(2 * i, true), high: 0 });
  return (i) => ({ low: view.getUint8(i), high: 0 });
}

const BLOCK = 1 << 16;
/** Vectors in the kernel's state, and the places of its sums, extremes and settings there. */
const VECTORS = 19;
const SUMS = ["sum", "squares", "differences", "errors", "squaredErrors", "count", "changed"] as const;
const EXTREMES = ["leastD", "mostD", "leastE", "mostE", "leastP", "mostP", "leastX", "mostX"] as const;
const PIVOT = 15;
const FILL = 16;

let kernel: (KernelModule<MetricsExports> & { a: number; b: number; state: number }) | undefined;

function metricsKernel() {
  if (!kernel) {
    const module = instantiateNow<MetricsExports>(wasmBase64);
    const { arena } = module;
    kernel = { ...module, a: arena.alloc(BLOCK), b: arena.alloc(BLOCK), state: arena.alloc(16 * VECTORS) };
  }
  return kernel;
}

export function kernelSums(into: ErrorSums, original: Tensor, decoded: Tensor, fill: Pattern | undefined): void {
  const { exports, memory, a, b, state } = metricsKernel();
  const single = original.dtype === "float32";
  const run = single ? exports.errorSums32 : exports.errorSums64;
  const lanes = new Float64Array(memory.buffer, state, 2 * VECTORS);
  const words = new Uint32Array(memory.buffer, state, 4 * VECTORS);
  const { low, high } = fill ?? { low: 0xffffffff, high: 0xffffffff };
  words.set(single ? [low, low, low, low] : [low, high, low, high], 4 * FILL);
  lanes.fill(into.pivot, 2 * PIVOT, 2 * PIVOT + 2);
  EXTREMES.forEach((name, k) => {
    lanes.fill(into[name], 2 * (SUMS.length + k), 2 * (SUMS.length + k) + 2);
  });
  const x = new Uint8Array(memory.buffer, a, BLOCK);
  const y = new Uint8Array(memory.buffer, b, BLOCK);
  const { buffer: from, byteOffset: fromAt, byteLength: total } = original.data;
  const { buffer: to, byteOffset: toAt } = decoded.data;
  for (let at = 0; at < total; at += BLOCK) {
    const length = Math.min(BLOCK, total - at);
    const whole = (length + 15) & ~15;
    x.set(new Uint8Array(from, fromAt + at, length));
    y.set(new Uint8Array(to, toAt + at, length));
    // NaN, which is left out.
    x.fill(255, length, whole);
    y.fill(255, length, whole);
    // Sums start anew in every block, so that long sums keep their digits.
    lanes.fill(0, 0, 2 * SUMS.length);
    run(a, b, whole, state);
    SUMS.forEach((name, k) => {
      into[name] += lanes[2 * k]! + lanes[2 * k + 1]!;
    });
  }
  EXTREMES.forEach((name, k) => {
    const at = 2 * (SUMS.length + k);
    const pick = name.startsWith("least") ? Math.min : Math.max;
    into[name] = pick(lanes[at]!, lanes[at + 1]!);
  });
}
