import { describe, expect, it } from "vitest";
import { type Architecture, graphOf } from "./architecture.ts";
import { type Memory, type Planes, step } from "./evaluate.ts";
import { type Graph, parametersOf } from "./graph.ts";
import { random } from "./random.ts";
import { compute } from "./train-runtime.ts";
import { LOSSES, type Loss, unrolled } from "./unrolled.ts";
import { SMALL_WARP } from "./warp.ts";
import { countOf, startWeights, vectorOf, weightsOf } from "./weights.ts";

const SHAPE = { batch: 2, frames: 4, height: 8, width: 8 };

/** Smooth waves that move; values no two of which are equal. */
function waves(channels: number, seed: number): Float32Array {
  const dice = random(seed);
  const [a, c, d] = [dice.next(), dice.next(), dice.next()];
  const { batch, frames, height, width } = SHAPE;
  return Float32Array.from({ length: batch * frames * channels * height * width }, (_, i) => {
    const [x, y, t] = [i % width, Math.floor(i / width) % height, Math.floor(i / (width * height * channels))];
    return (
      0.5 + 0.4 * Math.sin(0.7 * x + a * y - 0.5 * t + c) * Math.cos(0.4 * y + 0.3 * x + d * t) + 0.01 * dice.next()
    );
  });
}

/** Weights none of which are zero, so that every path of the gradient is used. */
function shaken(graph: Graph, seed: number): Float32Array {
  const dice = random(seed);
  return vectorOf(graph, startWeights(graph, seed)).map((x) => x + 0.2 * (dice.next() - 0.5));
}

/** The same loss by the float evaluator. */
function lossOf(graph: Graph, vector: Float32Array, inputs: Record<string, Float32Array>, loss: Loss, from: number) {
  const { batch, frames, height, width } = SHAPE;
  const weights = weightsOf(graph, vector);
  const each = graph.channels * height * width;
  let sum = 0;
  for (let n = 0; n < batch; n++) {
    let memory: Memory | undefined;
    for (let t = 0; t < frames; t++) {
      const at = (n * frames + t) * each;
      const cut = (name: string): Planes => ({
        channels: graph.channels,
        height,
        width,
        data: inputs[name]!.subarray(at, at + each),
      });
      const errors: Planes[] = [];
      const now = step(graph, weights, height, width, memory, (_, index, value) => {
        if (graph.errors.includes(index)) errors.push(value);
      });
      const [target, mask] = [cut("targets").data, cut("mask").data];
      memory = now.learn(cut("frames"));
      if (t < from) continue;
      const sharp = inputs.sharpness![n]!;
      now.prediction.data.forEach((x, i) => {
        const difference = Math.abs(x - target[i]!);
        sum += mask[i]! * (loss === "bits" ? Math.log(1 + difference * sharp) : difference);
      });
      if (loss !== "L_all") continue;
      for (const { data } of errors)
        sum += (0.1 * data.reduce((a, x) => a + x, 0)) / data.length / batch / (frames - from);
    }
  }
  return sum;
}

const lengthOf = (values: Float32Array) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));

/** With the first frame whose prediction counts, and the losses to try. */
const NETWORKS: Record<string, [Architecture, number, readonly Loss[]]> = {
  warp: [{ ...SMALL_WARP, body: 4, refine: 3 }, 3, LOSSES],
  "warp of two channels": [{ ...SMALL_WARP, channels: 2, body: 4, refine: 3, past: 2, dilations: [1, 2] }, 2, ["bits"]],
  prednet: [{ kind: "prednet", stack: [1, 2, 3], recurrent: [2, 2, 3], shortcut: false }, 1, ["L_all"]],
  "prednet with shortcut": [{ kind: "prednet", stack: [2, 3], recurrent: [2, 3], shortcut: true }, 1, ["bits"]],
};

describe("training graph", () => {
  for (const [name, [architecture, from, losses]] of Object.entries(NETWORKS)) {
    it(`${name}: the loss is the float evaluator's, the gradient that of finite differences`, async () => {
      const graph = graphOf(architecture);
      const vector = shaken(graph, 3);
      const frames = waves(graph.channels, 1);
      const mask = new Float32Array(frames.length).fill(1 / (frames.length * (1 - from / SHAPE.frames)));
      mask.fill(0, 5, 9); // no data there
      const inputs = { frames, targets: waves(graph.channels, 2), mask, sharpness: Float32Array.of(20, 50) };
      for (const loss of losses) {
        const net = await compute(unrolled(graph, { ...SHAPE, loss, from, gives: "gradient" }));
        const { loss: found, gradient } = await net.run({ ...inputs, weights: vector });
        await net.release();
        expect(found![0]).toBeCloseTo(lossOf(graph, vector, inputs, loss, from), 4);

        // Along each parameter's own gradient the loss must grow by that gradient's length; kinks cost a little.
        const whole = lengthOf(gradient!);
        let first = 0;
        for (const { name: parameter, shape } of parametersOf(graph)) {
          const part = gradient!.subarray(first, first + countOf(shape));
          const length = lengthOf(part);
          const small = 2e-4 / Math.max(length, 1e-3 * whole);
          const moved = (sign: number) => {
            const there = vector.slice();
            for (const [i, g] of part.entries()) there[first + i]! += sign * small * g;
            return lossOf(graph, there, inputs, loss, from);
          };
          const slope = (moved(1) - moved(-1)) / (2 * small) / Math.max(length, 1e-3 * whole);
          expect(Math.abs(slope - length), parameter).toBeLessThan(0.04 * length + 4e-3 * whole);
          first += countOf(shape);
        }
      }
    });
  }

  it("Adam's update is Adam's", async () => {
    const graph = graphOf({ ...SMALL_WARP, body: 2, refine: 2 });
    const vector = shaken(graph, 5);
    const frames = waves(1, 1);
    const mask = new Float32Array(frames.length).fill(1 / frames.length);
    const inputs = { frames, targets: waves(1, 2), mask, sharpness: Float32Array.of(20, 50), weights: vector };
    const options = { ...SHAPE, loss: "L_0", from: 3 } as const;
    const gradients = await compute(unrolled(graph, { ...options, gives: "gradient" }));
    const updates = await compute(unrolled(graph, { ...options, gives: "update" }));
    const { gradient } = await gradients.run(inputs);
    const state = { m: vector.map((x) => 0.1 * x), v: vector.map((x) => 0.1 * x * x) };
    const scalars = { rate: Float32Array.of(0.01), correction: Float32Array.of(1.5), most: Float32Array.of(1e9) };
    const after = await updates.run({ ...inputs, ...state, ...scalars });
    for (const [i, g] of gradient!.entries()) {
      const [m, v] = [0.9 * state.m[i]! + 0.1 * g, 0.999 * state.v[i]! + 0.001 * g * g];
      expect(after["m'"]![i]).toBeCloseTo(m, 5);
      expect(after["v'"]![i]).toBeCloseTo(v, 5);
      expect(after["weights'"]![i]).toBeCloseTo(vector[i]! - (0.01 * m) / (Math.sqrt(1.5 * v) + 1e-7), 4);
    }
    await gradients.release();
    await updates.release();
  });
});
