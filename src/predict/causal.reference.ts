/** Slow twin of kernels/predict/causal.ts: planes of numbers that answer for their margins, and sums over them. */
import { type Filter, PLACES } from "./causal.ts";

/** Rows of numbers; `at` may be asked for margins, as kernels/quantize/lattice.ts and codecs/fast-rows.ts lay them. */
export interface Grid {
  readonly rows: number[][];
  at(y: number, x: number): number;
}

/** Indices: left of a row stands what is above its first, right of it its last, above a plane its past plane's row 0. */
export function indexGrid(width: number, height: number, past: Grid | undefined): Grid {
  const rows: number[][] = [];
  return {
    rows,
    at(y, x) {
      if (y < 0) return past ? past.at(0, x) : 0;
      if (y >= height) return this.at(height - 1, x);
      return x < 0 ? this.at(y - 1, 0) : rows[y]![Math.min(x, width - 1)]!;
    },
  };
}

/** Magnitudes: beside a row stands its first or last. */
export function magnitudeGrid(width: number, height: number, past: Grid | undefined): Grid {
  const rows: number[][] = [];
  return {
    rows,
    at(y, x) {
      if (y < 0) return past ? past.at(0, x) : 0;
      return rows[Math.min(y, height - 1)]![Math.max(0, Math.min(x, width - 1))]!;
    },
  };
}

/** Where the places of a filter are: which plane (0 its own), rows and columns from the value. */
const WHERE: readonly (readonly [plane: number, dy: number, dx: number])[] = [
  [0, 0, -1],
  [0, 0, -2],
  ...[-2, -1, 1, 2].map((dx) => [0, -1, dx] as const),
  ...[-1, 0, 1].map((dx) => [0, -2, dx] as const),
  ...[1, 2].flatMap((plane) => [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => [plane, dy, dx] as const))),
];

/** The prediction times 2^shift, as it stands above `above`, modulo 2^32. `planes`: its own, then the past ones. */
export function sumOf(filter: Filter, shift: number, planes: readonly Grid[], y: number, x: number): number {
  const above = planes[0]!.at(y - 1, x);
  let sum = 2 ** shift / 2;
  for (let k = 0; k < PLACES; k++) {
    const weight = filter.weights[k]! * (filter.fixed ? 2 ** shift : 1);
    if (weight === 0) continue;
    const [plane, dy, dx] = WHERE[k]!;
    sum = (sum + Math.imul(weight, planes[plane]!.at(y + dy, x + dx) - above)) | 0;
  }
  return sum;
}

/** Sum of sizes of residuals around (y, x), its own row included; `past`: magnitudes of the first past plane. */
export function activityOf(own: Grid, past: Grid | undefined, y: number, x: number): number {
  const above = (dy: number, dx: number) => own.at(y + dy, x + dx);
  let sum = above(-1, -2) + above(-1, 2) + 2 * (above(-1, -1) + above(-1, 1) + above(-2, 0)) + 4 * above(-1, 0);
  if (past) {
    sum += 4 * past.at(y, x) + past.at(y, x - 1) + past.at(y, x + 1) + past.at(y - 1, x) + past.at(y + 1, x);
  } else {
    sum += sum >> 1;
  }
  // The first of a row has what stands above it beside it.
  const left = (d: number) => (x - d < 0 ? own.at(y - 1, 0) : own.rows[y]![x - d]!);
  return sum + 8 * left(1) + 4 * left(2);
}
