/** What the errors of each frame are, one entry a frame. */
export interface FrameDrift {
  /** Mean of x - y. */
  readonly bias: Float64Array;
  readonly rmse: Float64Array;
  readonly max: Float64Array;
  /** Growth of rmse a frame, by least squares: above 0 where errors add up over time. */
  readonly slope: number;
}

/** @param frameLength values of a frame. Places where either side is NaN do not count. */
export function frameDrift(x: ArrayLike<number>, y: ArrayLike<number>, frameLength: number): FrameDrift {
  const frames = Math.floor(x.length / frameLength);
  const [bias, rmse, max] = [new Float64Array(frames), new Float64Array(frames), new Float64Array(frames)];
  for (let t = 0; t < frames; t++) {
    let [sum, squares, most, n] = [0, 0, 0, 0];
    for (let i = t * frameLength; i < (t + 1) * frameLength; i++) {
      const d = x[i]! - y[i]!;
      if (Number.isNaN(d)) continue;
      sum += d;
      squares += d * d;
      most = Math.max(most, Math.abs(d));
      n++;
    }
    if (n === 0) continue;
    bias[t] = sum / n;
    rmse[t] = Math.sqrt(squares / n);
    max[t] = most;
  }
  return { bias, rmse, max, slope: slopeOf(rmse) };
}

function slopeOf(values: Float64Array): number {
  const n = values.length;
  if (n < 2) return 0;
  const middle = (n - 1) / 2;
  const mean = values.reduce((sum, each) => sum + each, 0) / n;
  let [up, down] = [0, 0];
  for (let t = 0; t < n; t++) {
    up += (t - middle) * (values[t]! - mean);
    down += (t - middle) ** 2;
  }
  return up / down;
}
