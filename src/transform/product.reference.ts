/** The product of an axis with a matrix, value by value: the twin of kernels/transform/product.ts. */

/**
 * values (axes `extents`, the fastest first) times matrix (rows x extents[axis], row by row) along `axis`.
 * Sums run from index 0 up.
 */
export function axisProductReference(
  values: Float64Array,
  extents: readonly number[],
  axis: number,
  matrix: Float64Array,
  rows: number,
): Float64Array {
  const extent = extents[axis]!;
  const inner = extents.slice(0, axis).reduce((product, n) => product * n, 1);
  const outer = extents.slice(axis + 1).reduce((product, n) => product * n, 1);
  const out = new Float64Array(inner * rows * outer);
  for (let o = 0; o < outer; o++) {
    for (let r = 0; r < rows; r++) {
      for (let i = 0; i < inner; i++) {
        let sum = 0;
        for (let k = 0; k < extent; k++) sum += matrix[r * extent + k]! * values[(o * extent + k) * inner + i]!;
        out[(o * rows + r) * inner + i] = sum;
      }
    }
  }
  return out;
}
