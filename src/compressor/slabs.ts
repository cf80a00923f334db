/** Reads the boxes of a plan from a source of frames, in as little memory as the source allows. */
import { storedShape } from "../container/header.ts";
import { TempressError } from "../errors.ts";
import type { Box } from "../tensor/box.ts";
import { type Arrays, DTYPES, type DType } from "../tensor/dtype.ts";
import { formatShape, frameLength, type Shape } from "../tensor/shape.ts";
import type { TensorSource } from "../tensor/source.ts";
import { emptyTensor, type Tensor } from "../tensor/tensor.ts";

/** Bytes of a source read at a time where its order is changed. */
const TRANSPOSE_BYTES = 128 << 20;

/** A source as one run of C-order values. */
export class FlatReader {
  readonly source: TensorSource;
  readonly #frame: number;
  /** The last frame, for sources that only know whole frames. */
  #last: { readonly t: number; readonly values: Tensor } | undefined;

  constructor(source: TensorSource) {
    this.source = source;
    this.#frame = frameLength(source.shape);
  }

  /** Values [start, end): a view where the source gives one. */
  async read(start: number, end: number): Promise<Arrays[DType]> {
    const { source } = this;
    const t0 = Math.floor(start / this.#frame);
    const t1 = Math.ceil(end / this.#frame);
    const from = start - t0 * this.#frame;
    const whole = from === 0 && end === t1 * this.#frame;
    if (whole) return this.#checked(await source.read(t0, t1), end - start);
    if (t1 - t0 === 1) return this.#part(t0, from, from + end - start);
    const out = emptyTensor(source.dtype, [end - start]).data as Float64Array;
    for (let t = t0, done = 0; t < t1; t++) {
      const first = t === t0 ? from : 0;
      const last = Math.min(this.#frame, end - t * this.#frame);
      out.set((await this.#part(t, first, last)) as Float64Array, done);
      done += last - first;
    }
    return out as Arrays[DType];
  }

  async #part(t: number, start: number, end: number): Promise<Arrays[DType]> {
    const { source } = this;
    if (source.readPart) return this.#checked(await source.readPart(t, start, end), end - start);
    if (this.#last?.t !== t) {
      const values = await source.read(t, t + 1);
      this.#checked(values, this.#frame);
      this.#last = { t, values };
    }
    return this.#last.values.data.subarray(start, end) as Arrays[DType];
  }

  #checked({ dtype, data }: Tensor, length: number): Arrays[DType] {
    const { source } = this;
    if (dtype === source.dtype && data.length === length) return data;
    throw new TempressError("io", `${length} ${source.dtype} values were asked for; ${data.length} ${dtype} came`, {
      where: source.name ?? "source",
      hint: "the source contradicts its own shape or dtype",
    });
  }
}

/** Reads boxes of `planChunks`: each is a run of values in every frame of its window. */
export class SlabReader {
  readonly #flat: FlatReader;
  readonly #lead: number;
  readonly #frame: number;

  constructor(source: TensorSource, lead: number) {
    this.#flat = new FlatReader(source);
    this.#lead = lead;
    this.#frame = frameLength(source.shape.slice(lead));
  }

  async read(box: Box): Promise<Tensor> {
    const { dtype, shape } = this.#flat.source;
    const lead = this.#lead;
    const first = box.origin[lead]!;
    const count = box.extent[lead]!;
    const length = frameLength(box.extent.slice(lead));
    if (length === this.#frame) {
      const data = await this.#flat.read(first * length, (first + count) * length);
      return { dtype, shape: box.extent, data };
    }
    let start = 0;
    for (let k = lead + 1; k < shape.length; k++) start = start * shape[k]! + box.origin[k]!;
    if (count === 1) {
      const at = first * this.#frame + start;
      return { dtype, shape: box.extent, data: await this.#flat.read(at, at + length) };
    }
    const out = emptyTensor(dtype, box.extent);
    for (let i = 0; i < count; i++) {
      const at = (first + i) * this.#frame + start;
      (out.data as Float64Array).set((await this.#flat.read(at, at + length)) as Float64Array, i * length);
    }
    return out;
  }
}

/** Names of the layout around one axis: `outer` steps of `count` x `inner` values. */
function around(shape: Shape, axis: number): { outer: number; count: number; inner: number } {
  const product = (extents: Shape) => extents.reduce((all, extent) => all * extent, 1);
  return { outer: product(shape.slice(0, axis)), count: shape[axis]!, inner: product(shape.slice(axis + 1)) };
}

/** The same values with axis `timeAxis` first. Frames are gathered many at a time: each pass reads the whole source. */
export function timeFirstSource(source: TensorSource, timeAxis: number): TensorSource {
  const { dtype } = source;
  const { outer, count, inner } = around(source.shape, timeAxis);
  const shape = storedShape({ shape: source.shape, timeAxis });
  const frame = outer * inner;
  const width = DTYPES[dtype].bytes;
  const flat = new FlatReader(source);
  let held: { readonly t0: number; readonly t1: number; readonly values: Tensor } | undefined;

  /** Positions [start, end) of frames [t0, t1). */
  async function gather(t0: number, t1: number, start: number, end: number): Promise<Tensor> {
    const length = end - start;
    const out = emptyTensor(dtype, [t1 - t0, length]);
    if (length === 0) return out;
    const into = out.data as Float64Array;
    const row = count * inner;
    const lastRow = Math.ceil(end / inner);
    const step = Math.max(1, Math.floor((16 << 20) / (row * width)));
    for (let r = Math.floor(start / inner); r < lastRow; r += step) {
      const rows = Math.min(step, lastRow - r);
      const block = (await flat.read(r * row, (r + rows) * row)) as Float64Array;
      for (let i = 0; i < rows; i++) {
        const first = Math.max(start, (r + i) * inner);
        const last = Math.min(end, (r + i + 1) * inner);
        const skip = first - (r + i) * inner;
        for (let t = t0; t < t1; t++) {
          const from = i * row + t * inner + skip;
          copyRun(block, from, into, (t - t0) * length + first - start, last - first);
        }
      }
    }
    return out;
  }

  return {
    dtype,
    shape,
    ...(source.name === undefined ? {} : { name: source.name }),
    async read(t0, t1) {
      if (!held || t0 < held.t0 || t1 > held.t1) {
        const more = Math.max(t1 - t0, Math.floor(TRANSPOSE_BYTES / Math.max(1, frame * width)));
        const end = Math.min(count, t0 + more);
        held = undefined;
        held = { t0, t1: end, values: await gather(t0, end, 0, frame) };
      }
      const data = held.values.data.subarray((t0 - held.t0) * frame, (t1 - held.t0) * frame) as Arrays[DType];
      return { dtype, shape: [t1 - t0, ...shape.slice(1)], data };
    },
    async readPart(t, start, end) {
      return { ...(await gather(t, t + 1, start, end)), shape: [end - start] };
    },
  };
}

/** The reverse for frames in memory: from time first to time at `timeAxis`. `t` is a whole tensor or some frames. */
export function timeBack(t: Tensor, timeAxis: number): Tensor {
  if (timeAxis === 0) return t;
  const [time, ...others] = t.shape as [number, ...number[]];
  const shape = [...others.slice(0, timeAxis), time, ...others.slice(timeAxis)];
  const { outer, count, inner } = around(shape, timeAxis);
  const from = t.data as Float64Array;
  const out = emptyTensor(t.dtype, shape);
  const into = out.data as Float64Array;
  if (from.length !== into.length) throw new TypeError(`shape ${formatShape(t.shape)} and its values disagree`);
  for (let k = 0; k < count; k++) {
    for (let o = 0; o < outer; o++) {
      const start = (k * outer + o) * inner;
      copyRun(from, start, into, (o * count + k) * inner, inner);
    }
  }
  return out;
}

/** `set` has a cost that short runs do not repay. */
function copyRun(from: Float64Array, start: number, into: Float64Array, at: number, length: number): void {
  if (length > 16) into.set(from.subarray(start, start + length), at);
  else for (let i = 0; i < length; i++) into[at + i] = from[start + i]!;
}
