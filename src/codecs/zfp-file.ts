/**
 * A bare zfp stream as a tensor that is read by frames or by box. Only fixed-rate streams know where their blocks
 * are; others are decoded from the last place that is known.
 */
import { TempressError } from "../errors.ts";
import { type Box, copyRegion, intersect, wholeBox } from "../tensor/box.ts";
import type { DType } from "../tensor/dtype.ts";
import { elementCount, formatShape, type Shape } from "../tensor/shape.ts";
import { type ByteSource, byteSource, type TensorSource } from "../tensor/source.ts";
import { emptyTensor, type Tensor } from "../tensor/tensor.ts";
import { blocksPerLayer, frameValues, slabFrames, type ZfpLayout, type ZfpValues } from "./zfp-array.ts";
import { checkRoom, decodeFrom, newValues } from "./zfp-decode.ts";
import { LONGEST_HEADER, looksLikeZfp, readZfpHeader } from "./zfp-header.ts";
import { prepareZfp } from "./zfp-kernel.ts";
import { isFixedRate, isZfpType, type ZfpMode, type ZfpParameters, zfpParameters } from "./zfp-parameters.ts";

/** What a stream without a header does not say; where it has one, these must agree with it. */
export interface ZfpKnown {
  readonly shape?: Shape | undefined;
  readonly dtype?: DType | undefined;
  readonly mode?: ZfpMode | undefined;
}

export interface ZfpFile extends TensorSource {
  readonly hasHeader: boolean;
  readonly parameters: ZfpParameters;
  /** Whether a box is read without what lies before it. */
  readonly randomAccess: boolean;
  /** The values of a box. In fixed-rate streams only the blocks that it touches are read and decoded. */
  readBox(box: Box): Promise<Tensor>;
}

/**
 * @throws TempressError "invalid-argument" where shape, dtype or mode is missing or contradicts the header,
 * "corrupt", "truncated", or "unsupported" for versions and modes that are not read.
 */
export async function openZfp(input: ByteSource | Uint8Array, known: ZfpKnown = {}): Promise<ZfpFile> {
  await prepareZfp();
  const source = input instanceof Uint8Array ? byteSource(input, "zfp stream") : input;
  const where = source.name ?? "zfp stream";
  const start = await source.read(0, Math.min(LONGEST_HEADER, source.byteLength));
  const { layout, bits } = layoutOf(start, known, where);
  checkRoom(layout, source.byteLength * 8 - bits);
  return new OpenZfp(source, layout, bits);
}

/** What rules a stream, by its first bytes or by what is known; and the bit where its blocks start. */
export function layoutOf(start: Uint8Array, known: ZfpKnown, where: string): { layout: ZfpLayout; bits: number } {
  return looksLikeZfp(start) ? withHeader(start, known, where) : withoutHeader(known, where);
}

function withHeader(start: Uint8Array, known: ZfpKnown, where: string): { layout: ZfpLayout; bits: number } {
  const { bits, ...layout } = readZfpHeader(start, where);
  const mode = known.mode && formatParameters(zfpParameters(known.mode, layout.type, layout.shape.length));
  for (const [what, given, found] of [
    ["dtype", known.dtype, layout.type],
    ["shape", known.shape && formatShape(known.shape), formatShape(layout.shape)],
    ["mode", mode, formatParameters(layout.parameters)],
  ]) {
    if (given !== undefined && given !== found) {
      throw new TempressError("invalid-argument", `the stream says ${what} ${found}, not ${given}`, {
        where,
        hint: `leave ${what} out; the header carries it`,
      });
    }
  }
  return { layout, bits };
}

function withoutHeader({ shape, dtype, mode }: ZfpKnown, where: string): { layout: ZfpLayout; bits: number } {
  if (shape === undefined || dtype === undefined || mode === undefined) {
    const missing = Object.entries({ shape, dtype, mode }).filter(([, value]) => value === undefined);
    throw new TempressError("invalid-argument", `the stream has no header, and ${missing[0]![0]} is not given`, {
      where,
      hint: "give shape, dtype and the mode it was written with: --shape 10x20x30 --dtype float32 -O zfp:rate=8",
    });
  }
  if (!isZfpType(dtype) || shape.length > 4 || shape.includes(0)) {
    throw new TempressError("invalid-argument", `no zfp stream holds ${formatShape(shape)} ${dtype}`, {
      where,
      hint: "ranks 1 to 4 of int32, int64, float32 and float64",
    });
  }
  return { layout: { type: dtype, shape, parameters: zfpParameters(mode, dtype, shape.length) }, bits: 0 };
}

function formatParameters({ minbits, maxbits, maxprec, minexp }: ZfpParameters): string {
  return `${minbits} ${maxbits} ${maxprec} ${minexp}`;
}

class OpenZfp implements ZfpFile {
  readonly dtype: ZfpLayout["type"];
  readonly shape: Shape;
  readonly parameters: ZfpParameters;
  readonly hasHeader: boolean;
  readonly randomAccess: boolean;
  readonly #source: ByteSource;
  readonly #layout: ZfpLayout;
  /** First bits of slabs, as far as they are known. */
  readonly #starts: number[];
  readonly #step: number;
  #last: { slab: number; values: ZfpValues } | undefined;

  constructor(source: ByteSource, layout: ZfpLayout, bits: number) {
    this.#source = source;
    this.#layout = layout;
    this.#starts = [bits];
    this.#step = slabFrames(layout);
    this.dtype = layout.type;
    this.shape = Object.freeze([...layout.shape]);
    this.parameters = layout.parameters;
    this.hasHeader = bits > 0;
    this.randomAccess = isFixedRate(layout.parameters);
  }

  async read(t0: number, t1: number): Promise<Tensor> {
    this.#check({ origin: [t0, ...this.shape.slice(1).map(() => 0)], extent: [t1 - t0, ...this.shape.slice(1)] });
    const frame = frameValues(this.shape);
    const out = newValues(this.#layout, (t1 - t0) * frame);
    for (let t = t0; t < t1; ) {
      const slab = Math.floor(t / this.#step);
      const first = slab * this.#step;
      const end = Math.min(t1, first + this.#step);
      const values = await this.#slab(slab);
      (out as Float64Array).set(
        (values as Float64Array).subarray((t - first) * frame, (end - first) * frame),
        (t - t0) * frame,
      );
      t = end;
    }
    return { dtype: this.dtype, shape: [t1 - t0, ...this.shape.slice(1)], data: out } as Tensor;
  }

  async #slab(slab: number): Promise<ZfpValues> {
    if (this.#last?.slab === slab) return this.#last.values;
    let at = Math.min(slab, this.#starts.length - 1);
    let bit = this.#starts[at]!;
    if (this.randomAccess) {
      at = slab;
      const before = ((slab * this.#step) / 4) * blocksPerLayer(this.shape);
      bit = this.#starts[0]! + before * this.parameters.maxbits;
    }
    for (; ; at++) {
      const count = Math.min(this.#step, this.shape[0]! - at * this.#step);
      const shape = [count, ...this.shape.slice(1)];
      const values = newValues(this.#layout, elementCount(shape));
      const run = { layout: this.#layout, shape, bit, byteLength: this.#source.byteLength };
      bit = await decodeFrom(run, this.#source, values);
      if (!this.randomAccess) this.#starts[at + 1] = bit;
      if (at < slab) continue;
      this.#last = { slab, values };
      return values;
    }
  }

  async readBox(box: Box): Promise<Tensor> {
    this.#check(box);
    const out = emptyTensor(this.dtype, box.extent);
    if (!this.randomAccess) {
      const t0 = box.origin[0]!;
      const frames = await this.read(t0, t0 + box.extent[0]!);
      const origin = [t0, ...this.shape.slice(1).map(() => 0)];
      copyRegion(frames, { origin, extent: frames.shape }, out, box, box);
      return out;
    }
    for (const run of this.#blockRuns(box)) {
      const values = newValues(this.#layout, elementCount(run.box.extent));
      const bit = this.#starts[0]! + run.block * this.parameters.maxbits;
      const blocks = run.box.extent.at(-1)! / 4;
      const byteLength = Math.min(this.#source.byteLength, Math.ceil((bit + blocks * this.parameters.maxbits) / 8));
      await decodeFrom({ layout: this.#layout, shape: run.box.extent, bit, byteLength }, this.#source, values);
      const region = intersect(run.box, box);
      const part = { dtype: this.dtype, shape: run.box.extent, data: values } as Tensor;
      if (region) copyRegion(part, run.box, out, box, region);
    }
    return out;
  }

  /** Runs of blocks along x that touch a box, as boxes of whole blocks, with the number of their first block. */
  *#blockRuns({ origin, extent }: Box): Generator<{ box: Box; block: number }> {
    const first = origin.map((at) => Math.floor(at / 4));
    const end = origin.map((at, axis) => Math.ceil((at + extent[axis]!) / 4));
    const x = origin.length - 1;
    if (extent.includes(0)) return;
    const at = [...first];
    for (;;) {
      const block = at.reduce((index, coordinate, axis) => index * Math.ceil(this.shape[axis]! / 4) + coordinate, 0);
      const run = at.map((_, axis) => (axis === x ? 4 * (end[x]! - first[x]!) : 4));
      yield { box: { origin: at.map((coordinate) => 4 * coordinate), extent: run }, block };
      let axis = x - 1;
      while (axis >= 0 && ++at[axis]! === end[axis]) at[axis] = first[axis--]!;
      if (axis < 0) return;
    }
  }

  #check({ origin, extent }: Box): void {
    const whole = [...origin, ...extent].every((n) => Number.isSafeInteger(n) && n >= 0);
    const inside = origin.every((at, axis) => at + extent[axis]! <= this.shape[axis]!);
    if (whole && inside && origin.length === this.shape.length && extent.length === origin.length) return;
    throw new TempressError("invalid-argument", `there is no box ${extent.join("x")} at ${origin.join(",")}`, {
      where: "zfp stream",
      hint: `the array is ${formatShape(wholeBox(this.shape).extent)}`,
    });
  }

  async close(): Promise<void> {
    await this.#source.close?.();
  }
}
