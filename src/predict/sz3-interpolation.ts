/**
 * SZ3's interpolation: its settings, its levels and their bounds. The loops are in
 * kernels/predict/sz3-interpolation.ts.
 */
import type { Shape } from "../tensor/shape.ts";
import type { KernelModule } from "../wasm/instance.ts";
import type { Sz3Exports } from "../wasm/sz3.generated.ts";

/** A quantiser in kernel memory (quantize/linear). */
export interface BoundedQuantizer {
  readonly address: number;
  setBound(bound: number): void;
}

export interface InterpolationSettings {
  /** Cubic, else linear. */
  readonly cubic: boolean;
  /** Number of the order of axes, among all orders sorted: 0 is slowest first. */
  readonly direction: number;
  /** Distance of the values that are stored as they are, a power of two; 0: none are. */
  readonly anchorStride: number;
  /** Coarser levels have a bound smaller by this factor each ... */
  readonly alpha: number;
  /** ... but at most by this one. */
  readonly beta: number;
}

/** SZ3's own: every how many values one is stored as it is. */
export function defaultAnchorStride(rank: number): number {
  return [4096, 128, 32, 16][rank - 1]!;
}

export function orderCount(rank: number): number {
  return [1, 2, 6, 24][rank - 1]!;
}

/** The axes of order number `direction`. */
export function axesOf(direction: number, rank: number): number[] {
  const left = Array.from({ length: rank }, (_, axis) => axis);
  let rest = direction;
  return Array.from({ length: rank }, (_, done) => {
    const each = done === rank - 1 ? 1 : orderCount(rank - 1 - done);
    const [axis] = left.splice(Math.floor(rest / each), 1);
    rest %= each;
    return axis!;
  });
}

/** Anchors that no axis is long enough for are none. */
export function effectiveStride(dims: Shape, stride: number): number {
  return dims.some((extent) => extent > stride) ? stride : 0;
}

export function levelCount(dims: Shape, stride: number): number {
  // ceil(log2(extent)) without logarithms.
  const most = Math.max(...dims.map((extent) => 32 - Math.clz32(extent - 1)));
  return stride > 0 ? Math.min(most, 31 - Math.clz32(stride)) : most;
}

/** Bound of a level; level 1 is the finest. */
export function levelBound(bound: number, level: number, { alpha, beta }: InterpolationSettings): number {
  if (alpha < 0) return level >= 3 ? bound * 0.5 : bound;
  if (alpha < 1) return bound;
  const factor = power(alpha, level - 1);
  return bound / (factor > beta ? beta : factor);
}

/** base ** exponent, rounded once, on every machine alike; base >= 1. */
export function power(base: number, exponent: number): number {
  if (exponent === 0) return 1;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, base);
  const bits = view.getBigUint64(0);
  const mantissa = (bits & 0xfffffffffffffn) | 0x10000000000000n;
  const scale = Number(bits >> 52n) - 1075;
  const exact = mantissa ** BigInt(exponent);
  // Rounding to nearest even at 53 bits.
  const spare = BigInt(exact.toString(2).length - 53);
  if (spare <= 0n) return Number(exact) * 2 ** (scale * exponent);
  const half = 1n << (spare - 1n);
  let top = exact >> spare;
  const rest = exact & (2n * half - 1n);
  if (rest > half || (rest === half && (top & 1n) === 1n)) top += 1n;
  const binary = Number(spare) + scale * exponent;
  return binary > 971 ? Number.POSITIVE_INFINITY : Number(top) * 2 ** binary;
}

/** Words of the kernel's plan that the host fills, of four each: extents, strides, order; then the rank. */
const PLAN_WORDS = 13;

/** Codes or decodes all values at `values`, on the levels from coarse to fine. */
export function interpolate(
  { exports, arena, memory }: KernelModule<Sz3Exports>,
  type: number,
  values: number,
  dims: Shape,
  settings: InterpolationSettings,
  quantizer: BoundedQuantizer,
  bound: number,
): void {
  const mark = arena.mark();
  const plan = arena.alloc(exports.interpolationPlanBytes());
  const rank = dims.length;
  const missing = 4 - rank;
  const extents = [...Array<number>(missing).fill(1), ...dims];
  const strides = extents.map((_, axis) => extents.slice(axis + 1).reduce((product, extent) => product * extent, 1));
  const order = axesOf(settings.direction, rank).map((axis) => axis + missing);
  const words = new Int32Array(memory.buffer, plan, PLAN_WORDS);
  words.fill(0);
  words.set([...extents, ...strides, ...order]);
  words[12] = rank;
  const stride = effectiveStride(dims, settings.anchorStride);
  quantizer.setBound(bound);
  exports.sz3Seeds(type, values, plan, quantizer.address, stride);
  for (let level = levelCount(dims, stride); level > 0; level--) {
    quantizer.setBound(levelBound(bound, level, settings));
    exports.sz3Level(type, values, plan, quantizer.address, 2 ** (level - 1), settings.cubic);
  }
  arena.release(mark);
}
