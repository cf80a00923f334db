/** Chooses the filter of each kind of plane from a sample of a chunk's indices (encoder only). */
import type { KernelModule } from "../wasm/instance.ts";
import type { LatticeExports } from "../wasm/lattice.generated.ts";
import {
  type CausalPlanes,
  FINE,
  FIXED_FILTERS,
  type Filter,
  KINDS,
  type Past,
  PLACES,
  pastOf,
  roundFilter,
} from "./causal.ts";

/** How long a fit may take. */
export interface FitCare {
  /** Samples for the kind with most planes, and for each other kind. */
  readonly samples: number;
  readonly fewer: number;
  /** Share of the squared error that a filter over one more past plane must save. */
  readonly worth: number;
  /** Mean residual (in steps) below which contexts tell distances from the rounded prediction. */
  readonly fractions: number;
}

/** For effort fast: a gain of a hundredth of a bit a value is not worth nine more places. */
export const QUICK: FitCare = { samples: 4000, fewer: 500, worth: 0.02, fractions: 2 };
export const THOROUGH: FitCare = { samples: 12000, fewer: 3000, worth: 0.005, fractions: 3 };

/** Bytes of one sample, and float64 numbers of sums of products. */
const SAMPLE_BYTES = 112;
const SUMS = 28 * 30;
const ROUNDS = 2;
/** One of so many samples is enough to compare filters. */
const LOOKED_AT = 3;

/** Gives the indices around a run of a row. */
export interface IndexSource {
  readonly planes: CausalPlanes;
  /** Numbers from one row to the next in what `window` gives. */
  readonly stride: number;
  /**
   * Address of row `y`, column `x` of a copy of a plane that holds at least rows y - 2 to y + 1 and columns x - 2 to
   * x + count + 2, or what stands for them at borders. `slot` (0, 1, 2): copies with different slots last together.
   */
  window(plane: number, y: number, x: number, count: number, slot: number): number;
}

/** Most values of a row that are asked for at once. */
export const MOST_RUN = 256;

export interface Fit {
  /** By kind; undefined where no plane is of it. */
  readonly filters: readonly (Filter | undefined)[];
  /** Of the filters' weights. */
  readonly shift: number;
  /** Mean size of residuals in the sample, in lattice steps. */
  readonly mean: number;
  /** Whether contexts tell distances from the rounded prediction. */
  readonly fractions: boolean;
}

/** `shift`: of the filters' weights. */
export function fitKinds(
  module: KernelModule<LatticeExports>,
  indices: IndexSource,
  shift: number,
  care: FitCare,
): Fit {
  const { count, levels } = indices.planes;
  const kinds: { past: Past; planes: number[] }[] = [];
  for (let plane = 0; plane < count; plane++) {
    const past = pastOf(plane, levels);
    kinds[past.kind] ??= { past, planes: [] };
    kinds[past.kind]!.planes.push(plane);
  }
  const most = Math.max(...Array.from(kinds, (group) => group?.planes.length ?? 0));
  const filters: (Filter | undefined)[] = new Array(KINDS).fill(undefined);
  let mean = 0;
  for (let kind = 0; kind < KINDS; kind++) {
    const group = kinds[kind];
    if (!group) continue;
    const main = group.planes.length === most;
    const fit = fitKind(module, indices, group.planes, main ? care.samples : care.fewer, shift, care);
    filters[kind] = fit.filter;
    if (main) mean = fit.mean;
  }
  return { filters, shift, mean, fractions: mean < care.fractions && shift === FINE };
}

function fitKind(
  module: KernelModule<LatticeExports>,
  indices: IndexSource,
  planes: readonly number[],
  wanted: number,
  shift: number,
  care: FitCare,
): { filter: Filter; mean: number } {
  const { arena, exports, memory } = module;
  const mark = arena.mark();
  const samples = arena.alloc((wanted + 2 * MOST_RUN) * SAMPLE_BYTES);
  const weightsAt = arena.alloc(PLACES * 8);
  const products = arena.alloc(SUMS * 8);
  const scratch = arena.alloc(SUMS * 8);
  const sizes = arena.alloc((wanted + 2 * MOST_RUN) * 8);
  const sampleWeights = arena.alloc((wanted + 2 * MOST_RUN) * 8);
  const weights = new Float64Array(memory.buffer, weightsAt, PLACES);
  const count = gather(module, indices, planes, wanted, samples);
  const pasts = pastOf(planes[0]!, indices.planes.levels).planes.length;
  const cost = () => exports.filterCost(samples, count, LOOKED_AT, weightsAt);

  let best: Filter = FIXED_FILTERS[0]!;
  let least = Infinity;
  for (const filter of FIXED_FILTERS) {
    if (filter.pasts > pasts) continue;
    weights.set(filter.weights);
    const bits = cost();
    if (bits < least) [best, least] = [filter, bits];
  }
  weights.set(best.weights);
  let mean = count > 0 ? exports.meanResidual(samples, count, weightsAt) : 0;
  if (least > 0 && count >= 10 * PLACES) {
    const taps = (p: number) => 9 + 9 * p;
    const sum = (places: number) => {
      exports.weighSamples(samples, count, weightsAt, sizes, sampleWeights);
      exports.sumProducts(samples, count, sampleWeights, places, products);
    };
    sum(taps(pasts));
    let chosen = -1;
    let fitted = Infinity;
    for (let p = 0; p <= pasts; p++) {
      exports.solveFilter(products, taps(p), scratch, weightsAt);
      const error = exports.weightedError(samples, count, LOOKED_AT, weightsAt, sampleWeights);
      if (chosen < 0 || error < fitted * (1 - care.worth)) [chosen, fitted] = [p, error];
    }
    exports.solveFilter(products, taps(chosen), scratch, weightsAt);
    for (let round = 0; round < ROUNDS; round++) {
      sum(taps(chosen));
      exports.solveFilter(products, taps(chosen), scratch, weightsAt);
    }
    const fit = weights.slice();
    const error = () => exports.weightedError(samples, count, LOOKED_AT, weightsAt, sampleWeights);
    const fitError = error();
    const fitBits = cost();
    weights.set(best.weights);
    // Two measures of bits a value: as if contexts knew nothing, and as if they knew the size of each residual.
    // The second is half of a logarithm: of its series the first term, which is the same on every machine.
    const fixedError = error();
    const known = (Math.LOG2E * (fixedError - fitError)) / (fixedError + fitError);
    const gain = ((least - fitBits) * LOOKED_AT) / count + known;
    const filter = gain > 0 ? roundFilter(fit, chosen, shift) : undefined;
    weights.set(fit);
    if (filter) {
      best = filter;
      mean = exports.meanResidual(samples, count, weightsAt);
    }
  }
  arena.release(mark);
  return { filter: best, mean };
}

/** Runs of a row, spread over all planes; a fixed sequence, so that a chunk is always coded alike. */
function gather(
  { exports }: KernelModule<LatticeExports>,
  indices: IndexSource,
  planes: readonly number[],
  wanted: number,
  samples: number,
): number {
  const { width, height, levels } = indices.planes;
  const run = Math.min(width, MOST_RUN);
  const rows = planes.length * height;
  const runs = Math.min(rows, Math.ceil(wanted / run));
  let seed = 1;
  let count = 0;
  for (let r = 0; r < runs; r++) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    const part = seed / 2 ** 32;
    const row = Math.floor(((r + (runs === rows ? 0 : part)) * rows) / runs);
    const from = Math.floor(((width - run + 1) * (seed & 0xffff)) / 65536);
    const plane = planes[Math.floor(row / height)]!;
    const y = row % height;
    const past = pastOf(plane, levels).planes;
    // The first row of a first plane has another filter.
    if (y === 0 && past.length === 0) continue;
    const at = (p: number | undefined, slot: number) => (p === undefined ? 0 : indices.window(p, y, from, run, slot));
    const own = at(plane, 0);
    const into = samples + count * SAMPLE_BYTES;
    exports.sampleRow(own, at(past[0], 1), at(past[1], 2), indices.stride, run, into);
    count += run;
  }
  return count;
}
