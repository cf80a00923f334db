import { DTYPES } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { instantiate, type KernelModule } from "../wasm/instance.ts";
import type { SsimExports } from "../wasm/ssim.generated.ts";
import { fillNumber, pivotOf } from "./error-sums.ts";
import type { Described, Metric, MetricKind } from "./metric.ts";

/** Extent of a window on each axis, where the data are as long, and from one window to the next. */
const WINDOW = 7;
const SHIFT = 2;
/** Sums of x, y, x^2, y^2, xy; least and largest x. */
const PLANES = 7;
/** Data with one axis pass in pieces of so many values. Even, so that windows start at even places. */
const PIECE = 1 << 16;

/**
 * Wang et al. 2004 over cubes of 7 x 7 x 7 values, 2 apart, with the range of each window as its dynamic range, as in
 * LibPressio (after QCAT). Windows lie in the last three axes. Streams: it keeps the latest 7 frames of these.
 *
 * Windows do not count that hold a NaN, an infinity or the fill in the original.
 */
export const ssim: MetricKind = {
  name: "ssim",
  summary: "structural similarity over windows of up to 7 x 7 x 7 values",
  options: {},
  results: { "ssim:ssim": "mean over all windows of luminance * contrast * structure; 1 for equal data" },
  keeps: "sums",
  async create({ fill }): Promise<Metric> {
    const { wasmBase64 } = await import("../wasm/ssim.generated.ts");
    const kernel = await instantiate<SsimExports>(wasmBase64);
    let frames: Frames | undefined;
    return {
      beforeCompare(whole) {
        frames = new Frames(kernel, whole, fill);
      },
      compare(original, decoded) {
        frames ??= new Frames(kernel, original, fill);
        frames.add(original, decoded);
      },
      results(): Record<string, number> {
        if (!frames) return {};
        const { total, windows } = frames.end();
        return windows === 0 ? {} : { "ssim:ssim": total / windows };
      },
    };
  },
};

/** Data as volumes of frames of rows: [..., depth, height, width]. */
function layout(shape: readonly number[]): { depth: number; height: number; width: number } {
  const [depth = 1, height = 1, width = 1] = shape.length > 2 ? shape.slice(-3) : [shape[0], 1, shape[1]];
  // One axis: pieces that overlap as far as windows do.
  return shape.length === 1
    ? { depth: 1, height: 1, width: Math.min(depth, PIECE + WINDOW - SHIFT) }
    : { depth, height, width };
}

/** Puts runs of values together to frames in the kernel's memory, and has each group of frames measured. */
class Frames {
  total = 0;
  windows = 0;
  readonly #kernel: KernelModule<SsimExports>;
  readonly #fill: number;
  readonly #oneAxis: boolean;
  readonly #size: { depth: number; height: number; width: number };
  readonly #window: { z: number; y: number; x: number };
  readonly #single: boolean;
  readonly #at: { x: number; y: number; sums: number; scratch: number; count: number };
  readonly #sumsBytes: number;
  #pivot: number | undefined;
  /** Values of the frame that are there, and its number in its volume. */
  #filled = 0;
  #frame = 0;
  #done = false;

  constructor(kernel: KernelModule<SsimExports>, { dtype, shape }: Described, fill: number | undefined) {
    const size = layout(shape);
    const { depth, height, width } = size;
    const window = { z: Math.min(WINDOW, depth), y: Math.min(WINDOW, height), x: Math.min(WINDOW, width) };
    const across = Math.floor((width - window.x) / SHIFT) + 1;
    const down = Math.floor((height - window.y) / SHIFT) + 1;
    this.#kernel = kernel;
    this.#fill = fillNumber(dtype, fill);
    this.#oneAxis = shape.length === 1;
    this.#size = size;
    this.#window = window;
    this.#single = dtype === "float32";
    this.#sumsBytes = PLANES * across * down * 8;
    const { arena } = kernel;
    const held = window.z * height * width * (this.#single ? 4 : 8);
    this.#at = {
      x: arena.alloc(held),
      y: arena.alloc(held),
      sums: arena.alloc(window.z * this.#sumsBytes),
      scratch: arena.alloc(8 * (10 * (((width + 1) >> 1) + 8) + window.y * PLANES * across)),
      count: arena.alloc(8),
    };
  }

  add(original: Tensor, decoded: Tensor): void {
    const { width, height } = this.#size;
    this.#pivot ??=
      original.data.length > 0 ? pivotOf(original, Number.isNaN(this.#fill) ? undefined : this.#fill) : undefined;
    const length = width * height;
    for (let i = 0; i < original.data.length; ) {
      const n = Math.min(length - this.#filled, original.data.length - i);
      this.#put(original, this.#at.x, i, n, true);
      this.#put(decoded, this.#at.y, i, n, false);
      i += n;
      this.#filled += n;
      if (this.#filled === length) this.#measure();
    }
  }

  /** What is left of data with one axis is a shorter piece. */
  end(): { readonly total: number; readonly windows: number } {
    // Of a later piece the first values are those of the piece before.
    if (this.#oneAxis && !this.#done && this.#frame > 0 && this.#filled >= WINDOW) this.#run(this.#filled, WINDOW);
    this.#done = true;
    return { total: this.total, windows: this.windows };
  }

  #put({ data, dtype }: Tensor, base: number, from: number, n: number, fills: boolean): void {
    const { width, height } = this.#size;
    const slot = (this.#frame % this.#window.z) * width * height + this.#filled;
    const Values = this.#single ? Float32Array : Float64Array;
    const to = new Values(this.#kernel.memory.buffer, base + slot * Values.BYTES_PER_ELEMENT, n);
    if (DTYPES[dtype].kind === "float") to.set((data as Float64Array).subarray(from, from + n));
    else for (let i = 0; i < n; i++) to[i] = Number(data[from + i]);
    if (!fills || Number.isNaN(this.#fill)) return;
    // 0 and -0 differ in floats only.
    const fill = DTYPES[dtype].kind === "float" || this.#fill !== 0 ? this.#fill : 0;
    for (let i = 0; i < n; i++) if (Object.is(to[i], fill)) to[i] = Number.NaN;
  }

  #measure(): void {
    const { depth, height, width } = this.#size;
    const { z, y, x } = this.#window;
    if (this.#oneAxis) {
      this.#run(width, x);
      this.#carry(width);
      return;
    }
    const slot = this.#frame % z;
    const { exports } = this.#kernel;
    const { x: a, y: b, sums, scratch, count } = this.#at;
    const bytes = height * width * (this.#single ? 4 : 8);
    const pivot = this.#pivot ?? 0;
    const [at, to] = [slot * bytes, sums + slot * this.#sumsBytes];
    exports.ssimFrame(a + at, b + at, this.#single, height, width, y, x, pivot, scratch, to);
    const first = this.#frame - z + 1;
    if (first >= 0 && first % SHIFT === 0) {
      this.total += exports.ssimWindows(sums, a, b, this.#single, height, width, z, y, x, pivot, count);
      this.windows += new Float64Array(this.#kernel.memory.buffer, count, 1)[0]!;
    }
    this.#filled = 0;
    this.#frame = (this.#frame + 1) % depth;
  }

  /** One piece of data with one axis. */
  #run(width: number, window: number): void {
    const { exports, memory } = this.#kernel;
    const { x, y, sums, scratch, count } = this.#at;
    const pivot = this.#pivot ?? 0;
    exports.ssimFrame(x, y, this.#single, 1, width, 1, window, pivot, scratch, sums);
    this.total += exports.ssimWindows(sums, x, y, this.#single, 1, width, 1, 1, window, pivot, count);
    this.windows += new Float64Array(memory.buffer, count, 1)[0]!;
  }

  /** The next piece begins with the values that its first windows share with this one. */
  #carry(width: number): void {
    const over = WINDOW - SHIFT;
    const bytes = this.#single ? 4 : 8;
    const all = new Uint8Array(this.#kernel.memory.buffer);
    for (const base of [this.#at.x, this.#at.y])
      all.copyWithin(base, base + (width - over) * bytes, base + width * bytes);
    this.#filled = over;
    // Not the first piece any more: with one axis z is 1, so the slot stays the same.
    this.#frame = 1;
  }
}
