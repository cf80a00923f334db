/** One step of a network as an ONNX model, for study and for other programs. Frames have a fixed size there. */
import { TempressError } from "../errors.ts";
import { type Graph, parametersOf, type Value } from "./graph.ts";
import { OnnxBuilder, type Ref } from "./onnx-builder.ts";
import { onnxBytes } from "./onnx-bytes.ts";
import { type Layers, layer } from "./onnx-layers.ts";
import type { Weights } from "./weights.ts";

/**
 * Inputs: `past1`, `past2`, ... [1, channels, height, width], the latest first; `state_NAME`; `present`, where states
 * are made of it. Outputs: `prediction` and `next_NAME` of each state. `present` has no part in the prediction.
 */
export function exportOnnx(graph: Graph, weights: Weights, height: number, width: number): Uint8Array<ArrayBuffer> {
  if (height % graph.multiple !== 0 || width % graph.multiple !== 0) {
    throw new TempressError("invalid-argument", `${height}x${width} are no multiples of ${graph.multiple}`, {
      where: "--size",
      hint: "frames are padded to such multiples before they reach the network",
    });
  }
  const b = new OnnxBuilder();
  const shapes = new Map(parametersOf(graph).map(({ name, shape }) => [name, shape]));
  const parameters = new Map<string, Ref>();
  const layers: Layers = {
    b,
    graph,
    parameter(name) {
      const known = parameters.get(name) ?? b.constant(weights.get(name)!, shapes.get(name)!);
      parameters.set(name, known);
      return known;
    },
  };
  const values = new Map<Value, Ref>();
  for (const [index, node] of graph.nodes.entries()) {
    const shape = [1, node.channels, height >> node.level, width >> node.level];
    if (node.op === "frame") values.set(index, b.input(node.back === 0 ? "present" : `past${node.back}`, shape));
    else if (node.op === "state") values.set(index, b.input(`state_${node.name}`, shape));
    else values.set(index, layer(layers, node, (value) => values.get(value)!).value);
  }
  const next = Object.entries(graph.states).map(([name, value]) => [`next_${name}`, values.get(value)!] as const);
  const outputs = { prediction: values.get(graph.prediction)!, ...Object.fromEntries(next) };
  return onnxBytes(b.finish("tempress", outputs));
}
