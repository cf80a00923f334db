/** The definition of `ssim`, window by window: the twin of kernels/metrics/ssim.ts. */
import type { Shape } from "../tensor/shape.ts";

/** Mean similarity over windows of up to 7 values on each of the last three axes, 2 apart; undefined without windows. */
export function plainSsim(x: Float64Array, y: Float64Array, shape: Shape): number | undefined {
  const [depth, height, width] = [1, 1, 1, ...shape].slice(-3) as [number, number, number];
  const volume = depth * height * width;
  const starts = (extent: number) => {
    const all: number[] = [];
    for (let at = 0; at + Math.min(7, extent) <= extent; at += 2) all.push(at);
    return all;
  };
  let total = 0;
  let windows = 0;
  for (let base = 0; base < x.length; base += volume) {
    for (const z of starts(depth)) {
      for (const r of starts(height)) {
        for (const c of starts(width)) {
          const [a, b]: [number[], number[]] = [[], []];
          for (let k = z; k < Math.min(depth, z + 7); k++) {
            for (let j = r; j < Math.min(height, r + 7); j++) {
              for (let i = c; i < Math.min(width, c + 7); i++) {
                a.push(x[base + (k * height + j) * width + i]!);
                b.push(y[base + (k * height + j) * width + i]!);
              }
            }
          }
          if (!a.every(Number.isFinite)) continue;
          total += similarity(a, b);
          windows++;
        }
      }
    }
  }
  return windows === 0 ? undefined : total / windows;
}

/** Of one window (Wang et al. 2004, equations 6, 9, 10), with the range of `a` as dynamic range. */
function similarity(a: readonly number[], b: readonly number[]): number {
  const n = a.length;
  const mean = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / n;
  const [ma, mb] = [mean(a), mean(b)];
  const va = mean(a.map((each) => (each - ma) ** 2));
  const vb = mean(b.map((each) => (each - mb) ** 2));
  const covariance = mean(a.map((each, i) => (each - ma) * (b[i]! - mb)));
  const spanned = Math.max(...a) - Math.min(...a);
  // Squares of smaller ranges are 0.
  const range = spanned < 1e-150 ? 1 : spanned;
  const [c1, c2] = [(0.01 * range) ** 2, (0.03 * range) ** 2];
  const spread = Math.sqrt(va) * Math.sqrt(vb);
  const luminance = (2 * ma * mb + c1) / (ma * ma + mb * mb + c1);
  const contrast = (2 * spread + c2) / (va + vb + c2);
  return (luminance * contrast * (covariance + c2 / 2)) / (spread + c2 / 2);
}
