/** Reaction and diffusion of two substances (Gray and Scott): spots and stripes that grow, split and drift. */
import { random } from "../../../src/neural/random.ts";

export interface ReactionOptions {
  readonly frames?: number;
  readonly size?: number;
  readonly seed?: number;
  readonly steps?: number;
  readonly before?: number;
  readonly feed?: number;
  readonly kill?: number;
}

/** Concentration of the second substance, [frames, size, size], C order. Binary64 and + - * only. */
export function grayScott(options: ReactionOptions = {}): Float32Array {
  const { frames = 100, size = 256, seed = 1, steps = 25, before = 500, feed = 0.026, kill = 0.055 } = options;
  const count = size * size;
  let [u, v] = [new Float64Array(count).fill(1), new Float64Array(count)];
  let [u2, v2] = [new Float64Array(count), new Float64Array(count)];
  const dice = random(seed);
  for (let drop = 0; drop < Math.max(4, count / 3000); drop++) {
    const [y0, x0] = [dice.below(size), dice.below(size)];
    for (let i = 0; i < 36; i++) {
      const at = ((y0 + Math.floor(i / 6)) % size) * size + ((x0 + (i % 6)) % size);
      u[at] = 0.5;
      v[at] = 0.25 + 0.1 * dice.next();
    }
  }
  const sequence = new Float32Array(frames * count);
  for (let now = -before, done = 0; done < frames; now++) {
    if (now >= 0 && now % steps === 0) sequence.set(v, done++ * count);
    for (let y = 0; y < size; y++) {
      const [up, down] = [((y + size - 1) % size) * size, ((y + 1) % size) * size];
      for (let x = 0; x < size; x++) {
        const [left, right] = [(x + size - 1) % size, (x + 1) % size];
        const at = y * size + x;
        const around = (p: Float64Array) =>
          p[up + x]! + p[down + x]! + p[y * size + left]! + p[y * size + right]! - 4 * p[at]!;
        const [a, b] = [u[at]!, v[at]!];
        const met = a * b * b;
        u2[at] = a + 0.2 * around(u) - met + feed * (1 - a);
        v2[at] = b + 0.1 * around(v) + met - (feed + kill) * b;
      }
    }
    [u, u2] = [u2, u];
    [v, v2] = [v2, v];
  }
  return sequence;
}
