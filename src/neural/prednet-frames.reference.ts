/** The slow, clear twin of prednet-frames.ts: two steps of the published equations, each operation rounded to float32. */
import { floatWeights, type Model } from "./model-file.ts";
import { publishedPredNet } from "./prednet-frames.ts";

const f = Math.fround;

/** Planes of one height and width. */
type Planes = Float32Array<ArrayBufferLike>[];

export function guessNext(model: Model, height: number, width: number, frame: Float32Array | undefined): Float32Array {
  const { stack, recurrent } = publishedPredNet(model);
  const weights = floatWeights(model);
  const size = (l: number): [number, number] => [height >> l, width >> l];
  const zeros = (count: number, l: number): Planes =>
    Array.from({ length: count }, () => new Float32Array((height >> l) * (width >> l)));
  const convolve = (from: Planes, name: string, l: number): Planes => {
    const [h, w] = size(l);
    const taps = weights.get(`${name}/weights`)!;
    return Array.from(weights.get(`${name}/bias`)!, (bias, o) => {
      const sums = new Float32Array(h * w).fill(bias);
      for (let i = 0; i < from.length; i++) {
        for (let tap = 0; tap < 9; tap++) {
          const weight = taps[(o * from.length + i) * 9 + tap]!;
          for (let at = 0; at < sums.length; at++) {
            const y = Math.floor(at / w) + Math.floor(tap / 3) - 1;
            const x = (at % w) + (tap % 3) - 1;
            const value = y >= 0 && y < h && x >= 0 && x < w ? from[i]![y * w + x]! : 0;
            sums[at] = f(sums[at]! + f(weight * value));
          }
        }
      }
      return sums;
    });
  };
  const enlarge = (from: Planes, l: number): Planes => {
    const [, w] = size(l);
    return zeros(from.length, l).map((plane, c) =>
      plane.map((_, at) => from[c]![(Math.floor(at / w) >> 1) * (w >> 1) + ((at % w) >> 1)]!),
    );
  };
  const pool = (from: Planes, l: number): Planes => {
    const [, w] = size(l);
    return zeros(from.length, l).map((plane, c) =>
      plane.map((_, at) => {
        const first = 4 * w * Math.floor(at / w) + 2 * (at % w);
        return Math.max(0, ...[0, 1, 2 * w, 2 * w + 1].map((more) => from[c]![first + more]!));
      }),
    );
  };

  const r = recurrent.map(zeros);
  const cells = recurrent.map(zeros);
  const errors = stack.map((count, l) => zeros(2 * count, l));
  const represent = (): void => {
    for (let l = stack.length - 1; l >= 0; l--) {
      const above = r[l + 1];
      const z = [...r[l]!, ...errors[l]!, ...(above ? enlarge(above, l) : [])];
      const [i, forget, o, g] = ["i", "f", "o", "c"].map((gate) => convolve(z, `${gate}_${l}`, l)) as [
        Planes,
        Planes,
        Planes,
        Planes,
      ];
      cells[l] = cells[l]!.map((plane, c) =>
        plane.map((value, at) =>
          f(f(hardSigmoid(forget[c]![at]!) * value) + f(hardSigmoid(i[c]![at]!) * tanh(g[c]![at]!))),
        ),
      );
      r[l] = cells[l]!.map((plane, c) => plane.map((value, at) => f(hardSigmoid(o[c]![at]!) * tanh(value))));
    }
  };
  const guessOf = (l: number): Planes => {
    const most = l === 0 ? 1 : Number.POSITIVE_INFINITY;
    return convolve(r[l]!, `ahat_${l}`, l).map((plane) => plane.map((value) => Math.min(most, Math.max(0, value))));
  };

  represent();
  if (frame !== undefined) {
    let target: Planes = zeros(stack[0]!, 0).map((plane, c) => frame.slice(c * plane.length, (c + 1) * plane.length));
    for (const [l, count] of stack.entries()) {
      const guess = guessOf(l);
      const above = (a: Planes, b: Planes): Planes =>
        a.map((plane, c) => plane.map((value, at) => Math.max(0, f(value - b[c]![at]!))));
      errors[l] = [...above(guess, target), ...above(target, guess)];
      if (errors[l]!.length !== 2 * count) throw new Error("channels do not fit");
      if (l + 1 < stack.length) target = pool(convolve(errors[l]!, `a_${l}`, l), l + 1);
    }
    represent();
  }
  const planes = guessOf(0);
  const all = new Float32Array(planes.length * height * width);
  for (const [c, plane] of planes.entries()) all.set(plane, c * plane.length);
  return all;
}

export function hardSigmoid(x: number): number {
  return Math.min(1, Math.max(0, f(f(f(0.2) * x) + 0.5)));
}

/** By Lambert's continued fraction at half the argument. */
export function tanh(x: number): number {
  const half = f(0.5 * Math.min(9, Math.max(-9, x)));
  const s = f(half * half);
  const polynomial = (first: number, ...rest: number[]): number =>
    rest.reduce((sum, coefficient) => f(f(sum * s) + f(coefficient)), first);
  const up = polynomial(1, 990, 135135, 4729725, 34459425);
  const down = polynomial(45, 13860, 945945, 16216200, 34459425);
  const t = f(f(half * up) / down);
  return Math.min(1, Math.max(-1, f(f(t + t) / f(1 + f(t * t)))));
}
