/** How SZ3's default, INTERP_LORENZO, chooses: trials on sample blocks. */
import { ByteWriter } from "../container/cursor.ts";
import {
  defaultAnchorStride,
  type InterpolationSettings,
  interpolate,
  orderCount,
} from "../predict/sz3-interpolation.ts";
import { blockCount, LORENZO, LORENZO_SECOND, WorkingArray } from "../predict/sz3-lorenzo.ts";
import { type Arrays, DTYPES, type DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { BlockLists } from "./sz3-blocks.ts";
import type { Sz3Type } from "./sz3-config.ts";
import { writeInterpolationHead } from "./sz3-interpolation-head.ts";
import { type CodedArray, withArray } from "./sz3-kernels.ts";
import { pack, radiusOf } from "./sz3-pack.ts";
import type { Sz3Settings } from "./sz3-settings.ts";

export interface Choice {
  readonly algorithm: "INTERP" | "LORENZO_REG";
  readonly interpolation: InterpolationSettings;
  readonly quantBins: number;
}

/** The part of all values that samples take. */
const SAMPLED = 0.005;
/** A setting must be better by this factor to replace SZ3's default. */
const CLEARLY = 1.02;
/** Ratios from here on are good enough. */
const ENOUGH = 50;

/** Undefined when a trial's buffer does not suffice in SZ3's eyes: then it goes lossless. */
export function tune(values: Tensor, dims: Shape, settings: Sz3Settings): Choice | undefined {
  const plain: Choice = {
    algorithm: "INTERP",
    interpolation: settings.interpolation,
    quantBins: settings.quantBins,
  };
  const samples = sampleBlocks(values, dims, settings.abs);
  if (!samples) return plain;
  let best = 0;
  let chosen: InterpolationSettings = { ...settings.interpolation, direction: 0, alpha: 1.25, beta: 2 };
  let failed = false;
  const attempt = (changes: Partial<InterpolationSettings>, factor: number): void => {
    const candidate = { ...chosen, ...changes };
    const ratio = failed ? undefined : tryInterpolation(samples, candidate, settings);
    if (ratio === undefined) failed = true;
    else if (ratio > best * factor) [best, chosen] = [ratio, candidate];
  };
  attempt({ cubic: false }, 1);
  attempt({ cubic: true }, 1);
  attempt({ direction: orderCount(dims.length) - 1 }, CLEARLY);
  for (const [alpha, beta] of [
    [1, 1],
    [1.5, 2.5],
    [2, 3],
  ] as const) {
    attempt({ alpha, beta }, CLEARLY);
  }
  if (failed) return undefined;
  const tuned: Choice = { ...plain, interpolation: chosen };
  if (dims.length > 1 || best >= ENOUGH) return tuned;
  const ratio = tryLorenzo(samples, settings, settings.quantBins);
  if (ratio === undefined) return undefined;
  if (!(ratio >= 1.1 * best && ratio < ENOUGH)) return tuned;
  let { quantBins } = settings;
  if (ratio > 5 && quantBins !== 16384) {
    const fewer = tryLorenzo(samples, settings, 16384);
    if (fewer === undefined) return undefined;
    if (fewer > CLEARLY * ratio) quantBins = 16384;
  }
  return { ...tuned, algorithm: "LORENZO_REG", quantBins };
}

interface Samples {
  readonly type: Sz3Type;
  /** Values of each block, one after the other. */
  readonly data: Arrays[DType];
  readonly count: number;
  readonly dims: Shape;
  /** Bytes of the whole array: the room that SZ3 gives a trial. */
  readonly room: number;
}

/** Blocks that are tried, or undefined where there are too few or too many. */
function sampleBlocks({ data, dtype }: Tensor, dims: Shape, bound: number): Samples | undefined {
  const rank = dims.length;
  const total = data.length;
  let side = defaultAnchorStride(rank);
  const shortest = Math.min(...dims);
  while (side >= shortest) side = Math.floor(side / 2);
  while (side >= 16 && (side + 1) ** rank / total > 1.5 * SAMPLED) side = Math.floor(side / 2);
  if (side < 8) side = 8;
  const volume = (side + 1) ** rank;
  if (volume > 0.05 * total || shortest < side) return undefined;
  const candidates = origins(dims, side);
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((product, extent) => product * extent, 1));
  const kept = candidates.filter((origin) => blockSpread(data, dtype, origin, strides, side) > bound);
  let taken: number[][];
  if (kept.length * volume >= 0.5 * SAMPLED * total) {
    const blocks = dims.reduce((product, extent) => product * Math.floor((extent - 1) / side), 1);
    const step = Math.max(1, Math.floor(kept.length / (blocks * SAMPLED)));
    taken = kept.filter((_, i) => i % step === 0);
  } else taken = candidates.filter((_, i) => i % 200 === 0);
  if (taken.length === 0 || taken.length * volume >= 0.2 * total) return undefined;
  const Values = DTYPES[dtype].Array;
  const picked = new Values(taken.length * volume);
  let to = 0;
  for (const origin of taken) {
    const rows = grid(origin.slice(0, -1), strides, side + 1, 1);
    for (const row of rows) {
      const from = row + origin[rank - 1]!;
      (picked as Float64Array).set(data.subarray(from, from + side + 1) as Float64Array, to);
      to += side + 1;
    }
  }
  return {
    type: dtype as Sz3Type,
    data: picked,
    count: taken.length,
    dims: dims.map(() => side + 1),
    room: data.byteLength,
  };
}

/** Corners 0, side, 2 side, ... on each axis, as far as a whole block fits, in C order. */
function origins(dims: Shape, side: number): number[][] {
  let all: number[][] = [[]];
  for (const extent of dims) {
    const next: number[][] = [];
    for (const origin of all) for (let at = 0; at < extent - side; at += side) next.push([...origin, at]);
    all = next;
  }
  return all;
}

/** Offsets of `count` positions `step` apart on each axis of `origin`, in C order. */
function grid(origin: readonly number[], strides: readonly number[], count: number, step: number): number[] {
  let all = [0];
  origin.forEach((start, axis) => {
    const next: number[] = [];
    for (const base of all) for (let i = 0; i < count; i++) next.push(base + (start + i * step) * strides[axis]!);
    all = next;
  });
  return all;
}

/** max - min over every fourth of the block's side, in the values' own type. */
function blockSpread(
  data: Arrays[DType],
  dtype: DType,
  origin: readonly number[],
  strides: readonly number[],
  side: number,
): number {
  const step = Math.floor(side / 4);
  const places = grid(origin, strides, Math.floor(side / step) + 1, step);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    let least = data[places[0]!]!;
    let most = least;
    for (const place of places) {
      if (data[place]! < least) least = data[place]!;
      if (data[place]! > most) most = data[place]!;
    }
    return Number(most - least);
  }
  let least = data[places[0]!]!;
  let most = least;
  for (const place of places) {
    const value = data[place]!;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return dtype === "float32" ? Math.fround(most - least) : most - least;
}

/** The ratio that all samples together reach; undefined as above. */
function trial(
  { type, data, count, dims, room }: Samples,
  quantBins: number,
  bound: number,
  code: (array: CodedArray, each: number) => ByteWriter,
): number | undefined {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  // One list of all samples, so that they share a quantiser.
  return withArray(type, [data.length], radiusOf(quantBins), undefined, (list) => {
    const { kernels, values } = list;
    new Uint8Array(kernels.memory.buffer, values, bytes.length).set(bytes);
    const array = { ...list, dims };
    const head = code(array, data.length / count);
    const payload = pack(head, array, bound, data.length, room);
    return payload && bytes.length / payload.length;
  });
}

function tryInterpolation(
  samples: Samples,
  interpolation: InterpolationSettings,
  { quantBins, abs }: Sz3Settings,
): number | undefined {
  return trial(samples, quantBins, abs, ({ kernels, type, width, dims, values, quantizer }, each) => {
    for (let block = 0; block < samples.count; block++) {
      interpolate(kernels, type, values + block * each * width, dims, interpolation, quantizer, abs);
    }
    const head = new ByteWriter();
    writeInterpolationHead(head, dims, interpolation);
    return head;
  });
}

/** SZ3 takes blocks of this size in its trials. */
const TRIAL_BLOCK = 5;

function tryLorenzo(samples: Samples, { abs }: Sz3Settings, quantBins: number): number | undefined {
  return trial(samples, quantBins, abs, (array, each) => {
    const { kernels, type, width, dims, values } = array;
    const settings = { active: [LORENZO, LORENZO_SECOND], blockSize: TRIAL_BLOCK };
    const lists = new BlockLists(array, settings, abs, samples.count * blockCount(dims, TRIAL_BLOCK));
    const work = new WorkingArray(kernels, type, width, dims);
    for (let block = 0; block < samples.count; block++) {
      work.fill(values + block * each * width);
      lists.scan(work);
    }
    const head = new ByteWriter();
    lists.writeHead(head);
    return head;
  });
}
