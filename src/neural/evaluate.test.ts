import { describe, expect, it } from "vitest";
import { graphOf } from "./architecture.ts";
import { type Memory, type Planes, step } from "./evaluate.ts";
import { costOf, GraphBuilder, parametersOf } from "./graph.ts";
import { PUBLISHED_PREDNET } from "./prednet.ts";
import { random } from "./random.ts";
import { SMALL_WARP } from "./warp.ts";
import { countOf, startWeights } from "./weights.ts";

const noise = (channels: number, height: number, width: number, seed: number): Planes => {
  const dice = random(seed);
  return { channels, height, width, data: Float32Array.from({ length: channels * height * width }, dice.next) };
};

describe("architectures", () => {
  it("warp starts as the previous frame, at the cost it says", () => {
    const graph = graphOf(SMALL_WARP);
    const weights = startWeights(graph, 1);
    let memory: Memory | undefined;
    for (const seed of [1, 2, 3]) {
      const frame = noise(1, 16, 24, seed);
      const now = step(graph, weights, 16, 24, memory);
      if (seed > 1) expect(now.prediction).toEqual(noise(1, 16, 24, seed - 1));
      memory = now.learn(frame);
    }
    expect(graph.multiple).toBe(2);
    expect(costOf(graph)).toBeLessThan(7000);
  });

  it("prednet has the published shapes: 46 arrays, 6,915,948 numbers, 335 kMAC a pixel", () => {
    const graph = graphOf(PUBLISHED_PREDNET);
    const parameters = parametersOf(graph);
    expect(parameters.length).toBe(46);
    expect(parameters.reduce((sum, { shape }) => sum + countOf(shape), 0)).toBe(6_915_948);
    expect(Math.round(costOf(graph) * 3)).toBe(335_421);
    expect(graph.multiple).toBe(8);
  });

  it("prednet's first prediction knows no frame", () => {
    const graph = graphOf({ kind: "prednet", stack: [1, 3], recurrent: [2, 3], shortcut: false });
    const weights = startWeights(graph, 5);
    const first = step(graph, weights, 8, 8);
    const [a, b] = [noise(1, 8, 8, 1), noise(1, 8, 8, 2)].map((frame) => first.learn(frame));
    expect(first.prediction.data.some((x) => x !== 0)).toBe(false); // biases start at zero
    expect(step(graph, weights, 8, 8, a).prediction).not.toEqual(step(graph, weights, 8, 8, b).prediction);
  });
});

describe("nodes", () => {
  const run = (build: (g: GraphBuilder, frame: number) => number, frame: Planes) => {
    const g = new GraphBuilder(frame.channels);
    const graph = g.finish(build(g, g.frame(1)));
    return step(graph, new Map(), frame.height, frame.width, { frames: [frame], states: {} }).prediction.data;
  };

  it("unshuffle and shuffle are each other's way back", () => {
    const frame = noise(2, 6, 4, 3);
    expect(run((g, x) => g.shuffle(g.unshuffle(x)), frame)).toEqual(frame.data);
  });

  it("warp by whole pixels moves, and between them meets a parabola", () => {
    const g = new GraphBuilder(1);
    const where = g.conv(g.frame(1), "where", 2, { start: "zero" });
    const graph = g.finish(g.warp(g.frame(1), where));
    const data = Float32Array.from({ length: 64 }, (_, i) => (i % 8) ** 2 + (i >> 3));
    const frame = { channels: 1, height: 8, width: 8, data };
    const weights = startWeights(graph, 1);
    weights.get("where/bias")!.set([1, -0.5]);
    const moved = step(graph, weights, 8, 8, { frames: [frame], states: {} }).prediction.data;
    for (let x = 2; x < 6; x++) expect(moved[2 * 8 + x]).toBeCloseTo((x - 0.5) ** 2 + 3, 5);
  });
});
