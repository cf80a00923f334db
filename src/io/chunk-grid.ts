/** Frames of an array that is stored in chunks of a regular grid; the last few decoded chunks are kept. */
import { type Box, copyRegion, intersect } from "../tensor/box.ts";
import { DTYPES, type DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import { emptyTensor, type Tensor } from "../tensor/tensor.ts";

/** Frames of one chunk are often read one after the other. */
const KEPT_BYTES = 64 << 20;

export class ChunkGrid {
  readonly #dtype: DType;
  readonly #shape: Shape;
  readonly #chunks: Shape;
  readonly #load: (at: readonly number[]) => Promise<Tensor>;
  readonly #kept = new Map<string, Promise<Tensor>>();

  /** @param load gives a whole chunk, also where it reaches beyond the array's edge. */
  constructor(dtype: DType, shape: Shape, chunks: Shape, load: (at: readonly number[]) => Promise<Tensor>) {
    this.#dtype = dtype;
    this.#shape = shape;
    this.#chunks = chunks;
    this.#load = load;
  }

  async frames(t0: number, t1: number): Promise<Tensor> {
    const shape = this.#shape;
    const out = emptyTensor(this.#dtype, [t1 - t0, ...shape.slice(1)]);
    if (out.data.length === 0) return out;
    const box: Box = { origin: shape.map((_, k) => (k === 0 ? t0 : 0)), extent: out.shape };
    for (const at of this.#touched(box)) {
      const origin = at.map((index, k) => index * this.#chunks[k]!);
      const inside = this.#chunks.map((extent, k) => Math.min(extent, shape[k]! - origin[k]!));
      const region = intersect(box, { origin, extent: inside });
      const values = await this.#keep(at);
      if (region) copyRegion(values, { origin, extent: this.#chunks }, out, box, region);
    }
    return out;
  }

  *#touched(box: Box): Generator<number[]> {
    const first = box.origin.map((start, k) => Math.floor(start / this.#chunks[k]!));
    const last = box.origin.map((start, k) => Math.floor((start + box.extent[k]! - 1) / this.#chunks[k]!));
    const at = [...first];
    for (;;) {
      yield [...at];
      let axis = at.length - 1;
      while (axis >= 0 && ++at[axis]! > last[axis]!) {
        at[axis] = first[axis]!;
        axis--;
      }
      if (axis < 0) return;
    }
  }

  #keep(at: readonly number[]): Promise<Tensor> {
    const key = at.join();
    const found = this.#kept.get(key) ?? this.#load(at);
    this.#kept.delete(key);
    this.#kept.set(key, found);
    const bytes = this.#chunks.reduce((a, b) => a * b, DTYPES[this.#dtype].bytes);
    while (this.#kept.size > 1 && this.#kept.size * bytes > KEPT_BYTES) {
      this.#kept.delete(this.#kept.keys().next().value!);
    }
    return found;
  }
}
