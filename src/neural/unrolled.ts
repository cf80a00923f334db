/**
 * A network over a sequence of frames as one ONNX graph: all steps, the loss, the gradients back through time, and
 * Adam. The parameters are one long vector, in the order of `parametersOf`.
 */
import { type Graph, inputsOf, type Node, parametersOf, type Value } from "./graph.ts";
import { OnnxBuilder, type Ref } from "./onnx-builder.ts";
import type { OnnxGraph } from "./onnx-bytes.ts";
import { type Layer, type Layers, layer } from "./onnx-layers.ts";
import { countOf, weightCount } from "./weights.ts";

/**
 * What is made small. `L_0`: the mean absolute error. `L_all`: the same, and a tenth of the mean of each error unit
 * above the lowest (PredNet). `bits`: the mean of log(1 + |error| / tolerance), about the bits that a residual takes.
 */
export const LOSSES = ["bits", "L_0", "L_all"] as const;
export type Loss = (typeof LOSSES)[number];

export interface SequenceShape {
  /** Sequences at a time. */
  readonly batch: number;
  /** Frames of each. */
  readonly frames: number;
  readonly height: number;
  readonly width: number;
}

export interface UnrolledOptions extends SequenceShape {
  readonly loss: Loss;
  /** First frame of a sequence whose prediction counts. */
  readonly from: number;
  /** What is computed beside the loss: nothing, the gradient, or Adam's update of weights, m and v. */
  readonly gives: "loss" | "gradient" | "update";
}

export const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 } as const;
/** Part of the mean of each upper error unit that L_all adds. */
const UPPER = 0.1;

/**
 * Inputs: `weights` [n]; `frames` and `targets` [batch, frames, channels, height, width]; `mask`, of the same shape,
 * says how much each target counts (all together 1; 0 where there is no data); `sharpness` [batch, 1, 1, 1] is 1 /
 * tolerance of each sequence. For updates also `m`, `v` [n], `rate`, `correction`, `most` (largest norm of a gradient).
 * Outputs: `loss`, then `predictions` of the frames that count, or `gradient`, or `weights'`, `m'`, `v'`.
 */
export function unrolled(graph: Graph, options: UnrolledOptions): OnnxGraph {
  const { batch, frames, height, width, gives, loss } = options;
  const b = new OnnxBuilder();
  const count = weightCount(graph);
  const vector = b.input("weights", [count]);
  const shape = [batch, frames, graph.channels, height, width];
  const [inputs, targets, mask] = ["frames", "targets", "mask"].map((name) => b.input(name, shape));
  const sharpness = b.input("sharpness", [batch, 1, 1, 1]);
  const frameOf = (sequence: Ref, t: number) => b.reshape(b.slice(sequence, [1], [t], [1]), [batch, ...shape.slice(2)]);

  const parameters = parametersView(b, graph, vector);
  const layers: Layers = { b, graph, parameter: (name) => parameters.get(name)! };
  const past = Array.from({ length: frames }, (_, t) => frameOf(inputs!, t));
  const steps: Step[] = [];
  const losses: Ref[] = [];
  /** Gradients of the loss that do not come from later nodes, by step and value. */
  const own: Map<Value, Ref>[] = [];
  for (let t = 0; t < frames; t++) {
    const before = steps.at(-1);
    const now = new Step(layers, (node) => source(b, graph, node, past, t, before, options));
    steps.push(now);
    own.push(new Map());
    if (t < options.from) continue;
    const weight = frameOf(mask!, t);
    const difference = b.sub(now.of(graph.prediction), frameOf(targets!, t));
    const scaled = loss === "bits" ? b.mul(b.map("Abs", difference), sharpness) : b.map("Abs", difference);
    const cost = loss === "bits" ? b.map("Log", b.add(scaled, b.scalar(1))) : scaled;
    losses.push(b.total(b.mul(cost, weight)));
    let slope = b.mul(weight, b.map("Sign", difference));
    if (loss === "bits") slope = b.div(b.mul(slope, sharpness), b.add(scaled, b.scalar(1)));
    own[t]!.set(graph.prediction, slope);
    if (loss !== "L_all") continue;
    for (const value of graph.errors) {
      const error = now.of(value);
      const share = b.scalar(UPPER / (countOf(error.shape) * (frames - options.from)));
      losses.push(b.mul(b.total(error), share));
      own[t]!.set(value, b.expand(share, error.shape));
    }
  }
  const total = losses.reduce((sum, one) => b.add(sum, one));
  if (gives === "loss") {
    const predictions = steps.slice(options.from).map((step) => step.of(graph.prediction));
    const each = predictions.map((one) => b.reshape(one, [batch, 1, ...shape.slice(2)]));
    return b.finish("loss", { loss: total, predictions: b.concat(each, 1) });
  }
  const gradient = backward(b, graph, steps, own, parameters);
  if (gives === "gradient") return b.finish("gradient", { loss: total, gradient });
  return b.finish("update", { loss: total, ...adam(b, vector, gradient, count) });
}

/** The long vector cut into weights and biases. */
export function parametersView(b: OnnxBuilder, graph: Graph, vector: Ref): Map<string, Ref> {
  const parameters = new Map<string, Ref>();
  let first = 0;
  for (const { name, shape } of parametersOf(graph)) {
    parameters.set(name, b.reshape(b.slice(vector, [0], [first], [countOf(shape)]), shape));
    first += countOf(shape);
  }
  return parameters;
}

/** One step: its nodes are written when they are first asked for, so that what nobody needs is not there. */
class Step {
  readonly layers: (Layer | undefined)[] = [];
  readonly #of: (node: Node) => Ref | undefined;
  readonly #net: Layers;

  constructor(net: Layers, sourceOf: (node: Node) => Ref | undefined) {
    this.#net = net;
    this.#of = sourceOf;
  }

  of(value: Value): Ref {
    const done = this.layers[value];
    if (done) return done.value;
    const node = this.#net.graph.nodes[value]!;
    const made =
      node.op === "frame" || node.op === "state"
        ? { value: this.#of(node)! }
        : layer(this.#net, node, (input) => this.of(input));
    this.layers[value] = made;
    return made.value;
  }
}

function source(
  b: OnnxBuilder,
  graph: Graph,
  node: Node,
  past: readonly Ref[],
  t: number,
  before: Step | undefined,
  { batch, height, width }: SequenceShape,
): Ref | undefined {
  const shape = [batch, node.channels, height >> node.level, width >> node.level];
  const zeros = () => b.expand(b.scalar(0), shape);
  if (node.op === "frame") {
    if (node.back === 0) return past[t]!;
    return t === 0 ? zeros() : past[Math.max(0, t - node.back)]!;
  }
  if (node.op === "state") return before === undefined ? zeros() : before.of(graph.states[node.name]!);
  return undefined;
}

/** Back through all steps; returns the gradient of the long vector. */
function backward(
  b: OnnxBuilder,
  graph: Graph,
  steps: readonly Step[],
  own: readonly ReadonlyMap<Value, Ref>[],
  parameters: ReadonlyMap<string, Ref>,
): Ref {
  const learns = dependsOnParameters(graph);
  const sums = new Map<string, Ref>();
  const collected = steps.map((_, t) => new Map(own[t]));
  const addTo = <Key>(map: Map<Key, Ref>, key: Key, gradient: Ref) => {
    const there = map.get(key);
    map.set(key, there ? b.add(there, gradient) : gradient);
  };
  for (let t = steps.length - 1; t >= 0; t--) {
    const gradients = collected[t]!;
    for (let value = graph.nodes.length - 1; value >= 0; value--) {
      const node = graph.nodes[value]!;
      const gradient = gradients.get(value);
      if (gradient === undefined || !learns[value]) continue;
      if (node.op === "state") {
        if (t > 0) addTo(collected[t - 1]!, graph.states[node.name]!, gradient);
        continue;
      }
      const given = steps[t]!.layers[value]!.back?.(gradient, (input) => learns[input]!);
      for (const [input, part] of given?.inputs ?? []) if (learns[input]) addTo(gradients, input, part);
      for (const [name, part] of given?.parameters ?? []) addTo(sums, name, part);
    }
  }
  const parts = [...parameters].map(([name, { shape }]) => {
    const sum = sums.get(name);
    return sum ? b.reshape(sum, [countOf(shape)]) : b.expand(b.scalar(0), [countOf(shape)]);
  });
  return b.concat(parts, 0);
}

/** Which values any parameter can change; through states too. */
function dependsOnParameters(graph: Graph): boolean[] {
  let learns: boolean[] = graph.nodes.map(() => false);
  for (;;) {
    const next: boolean[] = [];
    for (const node of graph.nodes) {
      const now =
        node.op === "conv" ||
        (node.op === "state" ? learns[graph.states[node.name]!]! : inputsOf(node).some((value) => next[value]));
      next.push(now);
    }
    if (next.every((now, i) => now === learns[i])) return learns;
    learns = next;
  }
}

/**
 * Adam (Kingma and Ba, 2015) with Keras' place for epsilon. `rate` holds the learning rate and the correction of m,
 * `correction` that of v. Gradients longer than `most` are shortened.
 */
function adam(b: OnnxBuilder, vector: Ref, gradient: Ref, count: number): Record<string, Ref> {
  const [m, v] = [b.input("m", [count]), b.input("v", [count])];
  const [rate, correction, most] = ["rate", "correction", "most"].map((name) => b.input(name, [1]));
  const norm = b.map("Sqrt", b.add(b.sum(b.mul(gradient, gradient), [0], true), b.scalar(1e-20)));
  const g = b.mul(gradient, b.clip(b.div(most!, norm), 0, 1));
  const mix = (old: Ref, fresh: Ref, keep: number) =>
    b.add(b.mul(old, b.scalar(keep)), b.mul(fresh, b.scalar(1 - keep)));
  const nextM = mix(m, g, ADAM.beta1);
  const nextV = mix(v, b.mul(g, g), ADAM.beta2);
  const spread = b.add(b.map("Sqrt", b.mul(nextV, correction!)), b.scalar(ADAM.epsilon));
  const next = b.sub(vector, b.div(b.mul(nextM, rate!), spread));
  return { "weights'": next, "m'": nextM, "v'": nextV, norm };
}
