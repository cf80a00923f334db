/** Sums for the filter fit of the `levels` method (encoder only). */
import { accumulateRow, gatherRow, targetRow } from "../predict/levels";
import { height, pitch, rows, SEGMENT, tapsAt, width } from "./levels-state";

/** Adds a sample of a plane's rows (every `every`-th) to the normal equations of one (stride, phase); returns points used. */
// @ts-ignore: decorator
@inline
function fitPlane<T>(planes: usize, mask: usize, klass: i32, s: i32, phase: i32, from: i32, every: i32, gram: usize): i32 {
  const x0 = phase == 2 ? 0 : s;
  const y0 = phase == 1 ? 0 : s;
  if (x0 >= width || y0 >= height) return 0;
  const n = (width - 1 - x0) / (2 * s) + 1;
  const table = tapsAt(klass, phase);
  const count = load<i32>(table);
  let used = 0;
  for (let y = y0 + 2 * s * from; y < height; y += 2 * s * every) {
    for (let j = 0; j < n; j += SEGMENT) {
      const x = x0 + 2 * s * j;
      const points = min(SEGMENT, n - j);
      gatherRow<T>(planes, table + 8, count, y, x, s, points, rows, pitch);
      used += targetRow<T>(<usize>load<u32>(planes), mask, y, x, s, points, rows, pitch, count);
      accumulateRow<T>(rows, pitch, count, points, gram);
    }
  }
  return used;
}
export function fitPlaneF32(planes: usize, mask: usize, klass: i32, s: i32, phase: i32, from: i32, every: i32, gram: usize): i32 {
  return fitPlane<f32>(planes, mask, klass, s, phase, from, every, gram);
}
export function fitPlaneF64(planes: usize, mask: usize, klass: i32, s: i32, phase: i32, from: i32, every: i32, gram: usize): i32 {
  return fitPlane<f64>(planes, mask, klass, s, phase, from, every, gram);
}
