import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, it } from "vitest";
import { type Architecture, graphOf } from "./architecture.ts";
import { type Memory, type Planes, step } from "./evaluate.ts";
import { exportOnnx } from "./onnx-export.ts";
import { random } from "./random.ts";
import { SMALL_WARP } from "./warp.ts";
import { startWeights } from "./weights.ts";

const NETWORKS: Record<string, Architecture> = {
  warp: { ...SMALL_WARP, body: 4, refine: 3 },
  prednet: { kind: "prednet", stack: [1, 2, 3], recurrent: [2, 2, 3], shortcut: false },
};

for (const [name, architecture] of Object.entries(NETWORKS)) {
  it(`${name} as ONNX predicts what the float evaluator does, step by step`, async () => {
    const [height, width] = [8, 16];
    const graph = graphOf(architecture);
    const dice = random(4);
    const weights = new Map(
      [...startWeights(graph, 2)].map(([key, values]) => [key, values.map((x) => x + 0.1 * (dice.next() - 0.5))]),
    );
    const session = await InferenceSession.create(exportOnnx(graph, weights, height, width));
    let memory: Memory | undefined;
    for (let t = 0; t < 3; t++) {
      const data = Float32Array.from({ length: height * width }, dice.next);
      const frame: Planes = { channels: 1, height, width, data };
      const now = step(graph, weights, height, width, memory);
      const before = memory;
      memory = now.learn(frame);
      const feeds: Record<string, Tensor> = {};
      for (const node of graph.nodes) {
        const shape = [1, node.channels, height >> node.level, width >> node.level];
        const put = (key: string, planes: Planes | undefined) => {
          const empty = new Float32Array(shape.reduce((a, b) => a * b, 1));
          feeds[key] = new Tensor("float32", planes?.data ?? empty, shape);
        };
        if (node.op === "frame" && node.back === 0) put("present", frame);
        else if (node.op === "frame") put(`past${node.back}`, before?.frames[node.back - 1] ?? before?.frames.at(-1));
        else if (node.op === "state") put(`state_${node.name}`, before?.states[node.name]);
      }
      const found = await session.run(feeds);
      const compare = (key: string, planes: Planes) => {
        const values = found[key]!.data as Float32Array;
        expect(
          planes.data.every((x, i) => Math.abs(x - values[i]!) < 1e-5),
          key,
        ).toBe(true);
      };
      compare("prediction", now.prediction);
      for (const [state, planes] of Object.entries(memory.states)) compare(`next_${state}`, planes);
    }
    await session.release();
  });
}
