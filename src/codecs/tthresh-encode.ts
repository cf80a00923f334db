/**
 * Values to a TTHRESH stream with a given sum of squared errors. Native tthresh stops coding when cutting off reaches
 * the target, and does not count what its factors lose. Here both are estimated before a bit is written: coefficients
 * come back in the middle of their step, and since factors are orthogonal, the squared errors of their weighted columns
 * add to those of the core. Whoever promises anything decodes and measures all the same.
 */
import { ByteWriter } from "../container/cursor.ts";
import { TempressError } from "../errors.ts";
import { analyse } from "../transform/tucker.ts";
import { TTHRESH_TYPES, type TthreshType } from "./tthresh-decode.ts";
import { refuseLarge, type TthreshKernel, tthreshKernels, volume } from "./tthresh-kernels.ts";

/** Values in the kernel's memory, as their core and factors. Axes from the fastest on. */
export interface Analysis {
  readonly kernel: TthreshKernel;
  readonly extents: readonly number[];
  readonly count: number;
  /** Address of the core's coefficients. */
  readonly core: number;
  /** For each axis the address of its factor, a column after the other. */
  readonly factors: readonly number[];
  /** Coefficients times 2^up fill 64 bits. */
  readonly up: number;
  /** Squared error of the core by its lowest plane, as it becomes known. */
  readonly errors: Map<number, number>;
}

/** How finely the core is coded: down to `plane`, of which only the first `coverage` coefficients have their bit. */
interface Cut {
  readonly plane: number;
  readonly coverage: number;
  readonly error: number;
}

interface CodedFactor {
  readonly rank: number;
  readonly norms: Float64Array;
}

interface Plan {
  readonly cut: Cut;
  readonly coded: readonly CodedFactor[];
  /** Addresses of the factors' columns times their weights. */
  readonly weighted: readonly number[];
  readonly columnStep: number;
}

/** Estimate and target may differ by this. */
const CLOSE = 0.002;
const ROUNDS = 8;
/** The part of the error that the factors may have. */
const MOST_LOST = 0.8;
/** Below what a core's 64 planes can be. */
const LEAST_PLANE = -20;
/** Highest bit plane: magnitudes have 64 bits. */
const TOP = 63;
/** What a float64 scale allows. */
const MOST_UP = 1022;

/**
 * Analyses `values` and gives the result to `run`; its memory is free afterwards.
 * @param fill writes the values, in float64.
 */
export function withAnalysis<R>(
  extents: readonly number[],
  fill: (values: Float64Array) => void,
  run: (analysis: Analysis) => R,
): R {
  const kernel = tthreshKernels.get();
  const { exports, arena, memory } = kernel;
  const count = volume(extents);
  refuseLarge(count);
  const mark = arena.mark();
  try {
    const core = arena.alloc(count * 8);
    fill(new Float64Array(memory.buffer, core, count));
    const factors = analyse(kernel, core, extents);
    const largest = exports.largestExponent(core, count);
    if (largest > 1000) {
      throw new TempressError("unsupported", "values are not finite, or too large for a Tucker transform", {
        where: "tthresh",
        hint: "choose another codec",
      });
    }
    const up = Math.min(MOST_UP, TOP - largest);
    return run({ kernel, extents, count, core, factors, up, errors: new Map() });
  } finally {
    arena.release(mark);
  }
}

/**
 * A stream whose squared errors are about `target` in sum.
 * @param finer planes of the factors more than usual
 */
export function encodeTthresh(analysis: Analysis, type: TthreshType, target: number, finer = 0): Uint8Array {
  const { kernel, extents } = analysis;
  const { arena } = kernel;
  const mark = arena.mark();
  try {
    const out = new ByteWriter();
    out.u8(extents.length);
    for (const extent of extents) out.u32(extent);
    out.u8(TTHRESH_TYPES.indexOf(type));
    const plan = planFor(analysis, target, finer);
    const { coded, weighted } = plan;
    const { core, count, up } = analysis;
    const section = new SectionWriter(kernel, out);
    section.array(core, count, up, plan.cut.plane, plan.cut.coverage);
    section.end();
    for (const { rank } of coded) out.u32(rank);
    for (const { norms } of coded) for (const norm of norms) out.f64(norm);
    for (const [axis, { rank }] of coded.entries()) {
      const size = rank * extents[axis]!;
      const scaled = Math.min(MOST_UP, TOP - kernel.exports.largestExponent(weighted[axis]!, size));
      const plane = Math.min(TOP, Math.max(0, Math.log2(plan.columnStep) + scaled));
      // Weights are written as magnitudes, 2^up times what they are here.
      section.array(weighted[axis]!, size, scaled, plane, size, up);
    }
    section.end();
    return out.written().slice();
  } finally {
    arena.release(mark);
  }
}

/**
 * The coarsest cut whose error, with that of the factors, is within the target. Factors are coded to whole planes of
 * one step: a plane has a head of 30 bytes, and one in part saved less than it took.
 */
function planFor(analysis: Analysis, target: number, finer: number): Plan {
  const { kernel, extents, up } = analysis;
  const weighted = extents.map((extent) => kernel.arena.alloc(extent * extent * 8));
  let cut = cutFor(analysis, target);
  // Measured: steps like those of the core, or four times as large, give larger streams more often than twice.
  let columnPlane = cut.plane + 1 - finer;
  for (let round = 1; ; round++) {
    const coded = weigh(analysis, cut, weighted);
    let lost = columnError(analysis, coded, weighted, columnPlane);
    while (lost > MOST_LOST * target && columnPlane > LEAST_PLANE) {
      columnPlane--;
      lost = columnError(analysis, coded, weighted, columnPlane);
    }
    const error = cut.error + lost;
    const close = error <= target && error >= target * (1 - CLOSE);
    if (close || round === ROUNDS) return { cut, coded, weighted, columnStep: 2 ** (columnPlane - up) };
    cut = cutFor(analysis, target * (1 - CLOSE / 2) - lost);
  }
}

function columnError(analysis: Analysis, coded: readonly CodedFactor[], weighted: readonly number[], plane: number) {
  const { kernel, extents } = analysis;
  const step = stepOf(analysis, plane);
  const errors = coded.map(({ rank }, axis) => kernel.exports.errorAt(weighted[axis]!, rank * extents[axis]!, step));
  return errors.reduce((sum, error) => sum + error, 0);
}

function stepOf({ up }: Analysis, plane: number): number {
  return 2 ** (plane - up);
}

function errorOf(analysis: Analysis, plane: number): number {
  const { kernel, core, count, errors } = analysis;
  const known = errors.get(plane);
  if (known !== undefined) return known;
  const error = kernel.exports.errorAt(core, count, stepOf(analysis, plane));
  errors.set(plane, error);
  return error;
}

/** Squared error of coding nothing. */
function energyOf(analysis: Analysis): number {
  return errorOf(analysis, TOP + 1);
}

function cutFor(analysis: Analysis, budget: number): Cut {
  const { kernel, core, count } = analysis;
  if (budget >= energyOf(analysis)) return { plane: TOP, coverage: 1, error: energyOf(analysis) };
  // Uniform errors have a twelfth of the squared step; many coefficients are 0, so planes go up from there.
  let plane = Math.floor(Math.log2(Math.sqrt((12 * budget) / count) / stepOf(analysis, 0)));
  plane = Math.min(TOP, Math.max(0, Number.isFinite(plane) ? plane : 0));
  while (plane > 0 && errorOf(analysis, plane) > budget) plane--;
  while (plane < TOP && errorOf(analysis, plane + 1) <= budget) plane++;
  const saving = errorOf(analysis, plane + 1) - budget;
  const coverage = kernel.exports.coverageFor(core, count, stepOf(analysis, plane), saving) >>> 0;
  return { plane, coverage, error: Math.max(budget, errorOf(analysis, plane)) };
}

/** Ranks and weights of a cut's coefficients; each factor's columns times their weights go to `weighted`. */
function weigh(analysis: Analysis, cut: Cut, weighted: readonly number[]): CodedFactor[] {
  const { kernel, extents, core, factors, up } = analysis;
  const { exports, arena, memory } = kernel;
  const mark = arena.mark();
  const total = extents.reduce((sum, extent) => sum + extent, 0);
  const sums = arena.alloc(total * 8);
  const sizes = arena.alloc(extents.length * 4);
  const index = arena.alloc(extents.length * 4);
  arena.release(mark);
  new Float64Array(memory.buffer, sums, total).fill(0);
  new Uint32Array(memory.buffer, sizes, extents.length).set(extents);
  exports.sliceSquares(core, sizes, extents.length, stepOf(analysis, cut.plane), cut.coverage, sums, index);
  let at = 0;
  return extents.map((extent, axis) => {
    const squares = new Float64Array(memory.buffer, sums, total).subarray(at, at + extent);
    at += extent;
    let rank = extent;
    while (rank > 1 && squares[rank - 1] === 0) rank--;
    // In units of the last plane so far; as native has it, in units of plane 0.
    const norms = squares.slice(0, rank).map((sum) => Math.sqrt(sum) * 2 ** cut.plane);
    // A core without a coefficient: native cannot read ranks of 0.
    if (norms[0] === 0 && rank === 1) norms[0] = 1;
    const from = new Float64Array(memory.buffer, factors[axis]!, extent * rank);
    const to = new Float64Array(memory.buffer, weighted[axis]!, extent * rank);
    for (let j = 0; j < rank; j++) {
      const weight = norms[j]! * 2 ** -up;
      for (let i = j * extent; i < (j + 1) * extent; i++) to[i] = from[i]! * weight;
    }
    return { rank, norms };
  });
}

/** Coefficient arrays as one section of bits. */
class SectionWriter {
  readonly #kernel: TthreshKernel;
  readonly #out: ByteWriter;

  constructor(kernel: TthreshKernel, out: ByteWriter) {
    this.#kernel = kernel;
    this.#out = out;
    kernel.exports.startWriting(0);
  }

  /**
   * Codes `count` numbers times 2^up, down to `plane`, whose first `coverage` have their bit. Readers will find them
   * 2^more times as large.
   */
  array(values: number, count: number, up: number, plane: number, coverage: number, more = 0): void {
    const { exports, arena } = this.#kernel;
    const mark = arena.mark();
    try {
      const tops = arena.alloc(count + 64);
      exports.findTops(values, count, up, tops);
      this.#write(16, () => exports.writeScale(up - more));
      // A list of n different runs covers n (n - 1) / 2 coefficients.
      const dictionary = 10 * (Math.ceil(Math.sqrt(2 * count)) + 3);
      let known = 0;
      for (let q = TOP; q >= plane; q--) {
        const covered = q === plane ? coverage : count;
        const ones = exports.countTops(tops, covered, q + 1, 0) >>> 0;
        const inner = arena.mark();
        const room = arena.alloc(exports.planeRoom(ones) >>> 0);
        this.#write(dictionary + Math.ceil(known / 8) + 4 * ones + 128, () => {
          exports.writePlane(values, tops, q, up, covered, 0, room);
          // Never all raw: runs cost less than the bits that they would become.
          exports.writeFlag(0);
          exports.writeFlag(q === plane ? 1 : 0);
        });
        arena.release(inner);
        known += ones;
      }
      this.#write(Math.ceil(known / 8) + 16, () => exports.writeSigns(values, tops, count, plane, coverage));
    } finally {
      arena.release(mark);
    }
  }

  /** Fills the last word up. */
  end(): void {
    this.#write(16, () => this.#kernel.exports.endWriting());
  }

  /** Lets `act` write up to `most` bytes and takes the whole words; bits of the last stay with the kernel. */
  #write(most: number, act: () => void): void {
    const { exports, arena, memory } = this.#kernel;
    const mark = arena.mark();
    const at = arena.alloc(most + 16);
    exports.moveWriting(at);
    act();
    const end = exports.moveWriting(at) >>> 0;
    this.#out.put(new Uint8Array(memory.buffer, at, end - at));
    arena.release(mark);
  }
}
