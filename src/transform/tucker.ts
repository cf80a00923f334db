/**
 * The Tucker transform: a tensor as a core of the same size times one orthogonal matrix for each axis, so that the
 * core has little but a few large coefficients (higher-order singular value decomposition, De Lathauwer et al. 2000,
 * done axis after axis as in Ballester-Ripoll et al., TTHRESH, section 4). Axes are numbered from the fastest on.
 */
import { TempressError } from "../errors.ts";
import type { KernelModule } from "../wasm/instance.ts";
import type { TthreshExports } from "../wasm/tthresh.generated.ts";

export type TuckerKernel = KernelModule<TthreshExports>;

/** Columns that are packed at once, and summands of a Gram matrix: what a cache holds. */
const COLUMNS = 128;
const SUMMANDS = 256;
const ROWS = 64;
/** Values of the frames that are made at once. */
const BLOCK_VALUES = 1 << 19;

const volume = (extents: readonly number[]) => extents.reduce((product, extent) => product * extent, 1);

/**
 * Turns the values at `values` (float64) into their core, in place.
 * @returns addresses of one matrix for each axis, extent x extent: row j is the factor's column j.
 * @throws TempressError "unsupported" for values that are not finite or overflow.
 */
export function analyse(kernel: TuckerKernel, values: number, extents: readonly number[]): number[] {
  const { exports, arena } = kernel;
  const factors = extents.map((extent) => arena.alloc(extent * extent * 8));
  const mark = arena.mark();
  try {
    const longest = Math.max(...extents);
    const packed = arena.alloc((longest + 3) * Math.max(longest, SUMMANDS, COLUMNS) * 8);
    const turned = arena.alloc(longest * Math.max(SUMMANDS, ROWS) * 8);
    const roots = arena.alloc(2 * longest * 8);
    for (const [axis, extent] of extents.entries()) {
      const factor = factors[axis]!;
      const inner = volume(extents.slice(0, axis));
      const outer = volume(extents.slice(axis + 1));
      new Float64Array(kernel.memory.buffer, factor, extent * extent).fill(0);
      if (axis === 0) gramOfRows(kernel, values, outer, extent, factor, packed, turned);
      else gramOfSlabs(kernel, values, inner, outer, extent, factor, packed);
      if (exports.eigen(factor, extent, roots, roots + 8 * longest) !== 0) {
        throw new TempressError("unsupported", "the values have no eigenvectors that can be found", {
          where: "tucker",
          hint: "they are not finite, or too large to be squared; choose another codec",
        });
      }
      if (axis === 0) {
        exports.packRows(factor, extent, extent, extent, packed);
        for (let row = 0; row < outer; row += ROWS) {
          const rows = Math.min(ROWS, outer - row);
          const at = values + row * extent * 8;
          exports.product(at, extent, packed, turned, extent, rows, extent, extent, 0);
          exports.gather(turned, extent, rows, extent, at);
        }
      } else {
        for (let slab = 0; slab < outer; slab++) {
          const at = values + slab * extent * inner * 8;
          multiplySlab(kernel, factor, extent, extent, at, inner, at, packed);
        }
      }
    }
  } finally {
    arena.release(mark);
  }
  return factors;
}

/** G = X^T X of the rows' matrix X. */
function gramOfRows(
  { exports }: TuckerKernel,
  values: number,
  rows: number,
  extent: number,
  gram: number,
  packed: number,
  turned: number,
): void {
  for (let row = 0; row < rows; row += SUMMANDS) {
    const count = Math.min(SUMMANDS, rows - row);
    const at = values + row * extent * 8;
    exports.transpose(at, extent, count, extent, turned);
    exports.packColumns(at, extent, count, extent, packed);
    exports.symmetricProduct(turned, count, packed, gram, extent, count);
  }
}

/** G = sum of S S^T over slabs S of `extent` rows and `inner` columns. */
function gramOfSlabs(
  { exports }: TuckerKernel,
  values: number,
  inner: number,
  outer: number,
  extent: number,
  gram: number,
  packed: number,
): void {
  for (let slab = 0; slab < outer; slab++) {
    for (let column = 0; column < inner; column += SUMMANDS) {
      const count = Math.min(SUMMANDS, inner - column);
      const at = values + (slab * extent * inner + column) * 8;
      exports.packRows(at, inner, count, extent, packed);
      exports.symmetricProduct(at, inner, packed, gram, extent, count);
    }
  }
}

/** out (rows x inner) = matrix (rows x extent) times the slab (extent x inner). In place if rows <= extent. */
function multiplySlab(
  { exports }: TuckerKernel,
  matrix: number,
  rows: number,
  extent: number,
  slab: number,
  inner: number,
  out: number,
  packed: number,
): void {
  for (let column = 0; column < inner; column += COLUMNS) {
    const count = Math.min(COLUMNS, inner - column);
    exports.packColumns(slab + column * 8, inner, extent, count, packed);
    exports.product(matrix, extent, packed, out + column * 8, inner, rows, extent, count, 0);
  }
}

/** A factor of the way back: `rows` x `rank`, row by row. */
export interface Factor {
  readonly at: number;
  readonly rows: number;
  readonly rank: number;
}

/**
 * The way back: core (ranks as the factors say, axis 0 fastest) times all factors. The slowest axis goes first, so that
 * some of its indices cost only their part. Rows of a factor may be a selection, or weighted sums of others.
 *
 * Values come in blocks of whole indices of the slowest axis: `take` is shown where they are (float64, before the next
 * call of the kernel) and how many.
 */
export function synthesise(
  kernel: TuckerKernel,
  core: number,
  factors: readonly Factor[],
  take: (at: number, count: number) => void,
): void {
  if (factors.length === 1) {
    synthesiseVector(kernel, core, factors[0]!, take);
    return;
  }
  const { exports, arena } = kernel;
  const last = factors.length - 1;
  const slowest = factors[last]!;
  const fastest = factors[0]!;
  const frame = volume(factors.slice(0, last).map(({ rows }) => rows));
  const block = Math.max(1, Math.min(slowest.rows, Math.floor(BLOCK_VALUES / frame)));
  // The largest of what lies between two axes.
  const most = Math.max(
    ...factors.map((_, axis) => volume(factors.slice(0, last).map(({ rows, rank }, k) => (k < axis ? rank : rows)))),
  );
  const mark = arena.mark();
  try {
    const ranks = Math.max(...factors.map(({ rank }) => rank));
    const across = arena.alloc((fastest.rows + 3) * fastest.rank * 8);
    const packed = arena.alloc(ranks * (COLUMNS + 3) * 8);
    let from = arena.alloc(block * most * 8);
    let to = arena.alloc(block * most * 8);
    exports.packRows(fastest.at, fastest.rank, fastest.rank, fastest.rows, across);
    for (let start = 0; start < slowest.rows; start += block) {
      const rows = Math.min(block, slowest.rows - start);
      let inner = volume(factors.slice(0, last).map(({ rank }) => rank));
      multiplySlab(kernel, slowest.at + start * slowest.rank * 8, rows, slowest.rank, core, inner, from, packed);
      let outer = rows;
      for (let axis = last - 1; axis > 0; axis--) {
        const factor = factors[axis]!;
        inner /= factor.rank;
        for (let slab = 0; slab < outer; slab++) {
          const at = from + slab * factor.rank * inner * 8;
          multiplySlab(
            kernel,
            factor.at,
            factor.rows,
            factor.rank,
            at,
            inner,
            to + slab * factor.rows * inner * 8,
            packed,
          );
        }
        outer *= factor.rows;
        [from, to] = [to, from];
      }
      for (let row = 0; row < outer; row += ROWS) {
        const count = Math.min(ROWS, outer - row);
        const at = to + row * fastest.rows * 8;
        const left = from + row * fastest.rank * 8;
        exports.product(left, fastest.rank, across, at, fastest.rows, count, fastest.rank, fastest.rows, 0);
      }
      take(to, rows * frame);
    }
  } finally {
    arena.release(mark);
  }
}

function synthesiseVector(
  { exports, arena }: TuckerKernel,
  core: number,
  { at, rows, rank }: Factor,
  take: (at: number, count: number) => void,
): void {
  const mark = arena.mark();
  try {
    const packed = arena.alloc((rows + 3) * rank * 8);
    const out = arena.alloc(rows * 8);
    exports.packRows(at, rank, rank, rows, packed);
    exports.product(core, rank, packed, out, rows, 1, rank, rows, 0);
    take(out, rows);
  } finally {
    arena.release(mark);
  }
}
