/** PredNet in WebAssembly and its twin: the same bits. */
import { beforeAll, describe, expect, it } from "vitest";
import { graphOf } from "../../src/neural/architecture.ts";
import { step } from "../../src/neural/evaluate.ts";
import { floatTensors, floatWeights, type Model } from "../../src/neural/model-file.ts";
import { guessNext, tanh } from "../../src/neural/prednet-frames.reference.ts";
import { openPredNet, predNetKernels } from "../../src/neural/prednet-frames.ts";
import { random } from "../../src/neural/random.ts";
import { startWeights } from "../../src/neural/weights.ts";

beforeAll(async () => void (await predNetKernels.ready()));

function predNet(stack: number[], recurrent: number[], seed: number): Model {
  const architecture = { kind: "prednet", stack, recurrent, shortcut: false } as const;
  const graph = graphOf(architecture);
  const weights = startWeights(graph, seed);
  const dice = random(seed);
  // Biases that are not zero, and weights large enough to reach the ends of all functions.
  for (const values of weights.values())
    for (let i = 0; i < values.length; i++) values[i]! += 0.6 * (dice.next() - 0.5);
  return { architecture, normalisation: "range", tensors: floatTensors(graph, weights), plan: {}, recipe: {} };
}

const CASES = [
  { stack: [1, 3], recurrent: [2, 5], height: 6, width: 10 },
  { stack: [3, 4, 6], recurrent: [3, 4, 6], height: 8, width: 20 },
  { stack: [3, 5, 4, 6], recurrent: [3, 2, 6, 7], height: 16, width: 24 },
  { stack: [2], recurrent: [1], height: 3, width: 5 },
];

describe.each(CASES)("PredNet $stack on $height x $width", ({ stack, recurrent, height, width }) => {
  it("gives the bits of its twin, again and again", () => {
    for (const seed of [1, 2, 3]) {
      const model = predNet(stack, recurrent, seed);
      const open = openPredNet(model, height, width);
      expect(open.blank).toEqual(guessNext(model, height, width, undefined));
      const dice = random(seed + 10);
      let frame: Float32Array = Float32Array.from({ length: stack[0]! * height * width }, dice.next);
      for (let t = 0; t < 3; t++) {
        const next = open.next(frame);
        expect(next).toEqual(guessNext(model, height, width, frame));
        frame = next;
      }
      open.close();
    }
  });

  it("predicts what the float evaluator does for [frame, zeros]", () => {
    const model = predNet(stack, recurrent, 4);
    const [graph, weights] = [graphOf(model.architecture), floatWeights(model)];
    const dice = random(5);
    const data = Float32Array.from({ length: stack[0]! * height * width }, dice.next);
    const memory = step(graph, weights, height, width).learn({ channels: stack[0]!, height, width, data });
    const { prediction } = step(graph, weights, height, width, memory);
    const open = openPredNet(model, height, width);
    const ours = open.next(data);
    open.close();
    expect(Math.max(...ours.map((value, i) => Math.abs(value - prediction.data[i]!)))).toBeLessThan(2e-5);
  });
});

it("tanh is near the true one, odd, and never beyond 1", () => {
  let worst = 0;
  for (let i = 0; i <= 12000; i++) {
    const x = Math.fround(i / 1000);
    worst = Math.max(worst, Math.abs(tanh(x) - Math.tanh(x)), Math.abs(tanh(x) + tanh(-x)), tanh(x) - 1);
  }
  expect(worst).toBeLessThan(4e-7);
});
