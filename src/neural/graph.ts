/**
 * The one language in which a network is described: a list of nodes, each made from earlier ones. The ONNX graph for
 * training, the float evaluator and the plan in integers are all derived from it.
 *
 * A graph is one step in time: from past frames, and from states that the step before left, to the prediction of the
 * present frame and to new states. Values are planes: `channels` of them, at 1 / 2^level of the frame's resolution.
 * Only what new states are made of may look at the present frame (`frame(0)`): a prediction must not.
 */
import { TempressError } from "../errors.ts";

/** A node's number in `Graph.nodes`. */
export type Value = number;

/** How weights start. Zeros are for last layers, so that an untrained network is its base, the previous frame. */
export type Start = "glorot" | "zero";

interface Planes {
  readonly channels: number;
  readonly level: number;
}

export type Node = Planes &
  (
    | /** The frame `back` steps ago; 0 is the present one. Before the first frame there are copies of the first. */
    { readonly op: "frame"; readonly back: number } /** What the step before left under this name, zeros at first. */
    | {
        readonly op: "state";
        readonly name: string;
      } /** Cross-correlation with bias, stride 1, zeros around. Weights: [channels, channels of from, size, size]. */
    | {
        readonly op: "conv";
        readonly from: Value;
        readonly name: string;
        readonly size: number;
        readonly dilation: number;
        readonly start: Start;
      }
    | { readonly op: "relu" | "tanh" | "hardSigmoid"; readonly from: Value }
    | { readonly op: "clamp"; readonly from: Value; readonly low: number; readonly high: number }
    | { readonly op: "scale"; readonly from: Value; readonly by: number }
    | { readonly op: "add" | "subtract" | "multiply"; readonly from: Value; readonly other: Value }
    | { readonly op: "concat"; readonly parts: readonly Value[] }
    | {
        readonly op: "slice";
        readonly from: Value;
        readonly first: number;
      } /** Largest of 2 x 2; each value four times; 2 x 2 values as four planes (top left, top right, ...) and back. */
    | { readonly op: "pool" | "upsample" | "unshuffle" | "shuffle"; readonly from: Value } /**
     * `from` read at the place that `displacement` (down, right; in pixels) points to, by cubic interpolation
     * (Keys, a = -1/2) between 4 x 4 neighbours; the edge is repeated outwards.
     */
    | { readonly op: "warp"; readonly from: Value; readonly displacement: Value }
  );

export interface Graph {
  readonly nodes: readonly Node[];
  /** Has as many channels as a frame, at level 0. */
  readonly prediction: Value;
  /** New value of each state. */
  readonly states: Readonly<Record<string, Value>>;
  /** Planes whose means are what the loss L_all adds: a PredNet's error units above the lowest. */
  readonly errors: readonly Value[];
  /** Channels of a frame. */
  readonly channels: number;
  /** How many past frames are looked at. */
  readonly past: number;
  /** Height and width must be multiples of this. */
  readonly multiple: number;
}

/** A convolution's weights or bias, in the order of use. */
export interface Parameter {
  /** `NAME/weights` or `NAME/bias`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly start: Start;
}

type WithoutPlanes<T> = T extends unknown ? Omit<T, keyof Planes> : never;

/** Writes nodes front to back and checks that planes fit together. */
export class GraphBuilder {
  readonly #nodes: Node[] = [];
  readonly #channels: number;

  constructor(channels: number) {
    this.#channels = channels;
  }

  frame(back: number): Value {
    return this.#put({ op: "frame", back }, this.#channels, 0);
  }

  state(name: string, channels: number, level: number): Value {
    return this.#put({ op: "state", name }, channels, level);
  }

  conv(
    from: Value,
    name: string,
    channels: number,
    more: { size?: number; dilation?: number; start?: Start } = {},
  ): Value {
    const { size = 3, dilation = 1, start = "glorot" } = more;
    return this.#put({ op: "conv", from, name, size, dilation, start }, channels, this.#of(from).level);
  }

  relu(from: Value): Value {
    return this.#same({ op: "relu", from }, from);
  }

  tanh(from: Value): Value {
    return this.#same({ op: "tanh", from }, from);
  }

  /** clip(0.2 x + 0.5, 0, 1) */
  hardSigmoid(from: Value): Value {
    return this.#same({ op: "hardSigmoid", from }, from);
  }

  clamp(from: Value, low: number, high: number): Value {
    return this.#same({ op: "clamp", from, low, high }, from);
  }

  scale(from: Value, by: number): Value {
    return this.#same({ op: "scale", from, by }, from);
  }

  add(from: Value, other: Value): Value {
    return this.#same({ op: "add", from, other }, from, other);
  }

  subtract(from: Value, other: Value): Value {
    return this.#same({ op: "subtract", from, other }, from, other);
  }

  multiply(from: Value, other: Value): Value {
    return this.#same({ op: "multiply", from, other }, from, other);
  }

  concat(parts: readonly Value[]): Value {
    const { level } = this.#of(parts[0]!);
    for (const part of parts) if (this.#of(part).level !== level) this.#unfit("concat");
    const channels = parts.reduce((sum, part) => sum + this.#of(part).channels, 0);
    return parts.length === 1 ? parts[0]! : this.#put({ op: "concat", parts: [...parts] }, channels, level);
  }

  slice(from: Value, first: number, channels: number): Value {
    const whole = this.#of(from);
    if (first < 0 || first + channels > whole.channels) this.#unfit("slice");
    return this.#put({ op: "slice", from, first }, channels, whole.level);
  }

  pool(from: Value): Value {
    return this.#put({ op: "pool", from }, this.#of(from).channels, this.#of(from).level + 1);
  }

  upsample(from: Value): Value {
    return this.#put({ op: "upsample", from }, this.#of(from).channels, this.#of(from).level - 1);
  }

  unshuffle(from: Value): Value {
    return this.#put({ op: "unshuffle", from }, this.#of(from).channels * 4, this.#of(from).level + 1);
  }

  shuffle(from: Value): Value {
    return this.#put({ op: "shuffle", from }, this.#of(from).channels / 4, this.#of(from).level - 1);
  }

  warp(from: Value, displacement: Value): Value {
    const to = this.#of(displacement);
    if (to.channels !== 2 || to.level !== this.#of(from).level) this.#unfit("warp");
    return this.#same({ op: "warp", from, displacement }, from);
  }

  finish(prediction: Value, states: Readonly<Record<string, Value>> = {}, errors: readonly Value[] = []): Graph {
    const nodes = this.#nodes;
    const { channels, level } = this.#of(prediction);
    if (channels !== this.#channels || level !== 0) this.#unfit("prediction");
    let [past, deepest] = [0, 0];
    for (const node of nodes) {
      if (node.op === "frame") past = Math.max(past, node.back);
      deepest = Math.max(deepest, node.level);
      if (node.op === "state") {
        const next = nodes[states[node.name] ?? -1];
        if (next?.channels !== node.channels || next.level !== node.level) this.#unfit(`state ${node.name}`);
      }
    }
    const graph = { nodes, prediction, states, errors, channels: this.#channels, past, multiple: 2 ** deepest };
    if (needsPresent(graph)[prediction]) this.#unfit("prediction from the present frame");
    return graph;
  }

  #of(value: Value): Node {
    const node = this.#nodes[value];
    if (node === undefined) throw this.#unfit(`value ${value}`);
    return node;
  }

  #same(node: WithoutPlanes<Node>, ...from: Value[]): Value {
    const { channels, level } = this.#of(from[0]!);
    for (const other of from) {
      if (this.#of(other).channels !== channels || this.#of(other).level !== level) this.#unfit(node.op);
    }
    return this.#put(node, channels, level);
  }

  #put(node: WithoutPlanes<Node>, channels: number, level: number): Value {
    if (!Number.isInteger(channels) || channels < 1 || level < 0) this.#unfit(node.op);
    return this.#nodes.push({ ...node, channels, level } as Node) - 1;
  }

  #unfit(what: string): never {
    throw new TempressError("invalid-argument", `planes do not fit together: ${what}`, { where: "network" });
  }
}

/** The values a node is made from. */
export function inputsOf(node: Node): readonly Value[] {
  switch (node.op) {
    case "frame":
    case "state":
      return [];
    case "concat":
      return node.parts;
    case "add":
    case "subtract":
    case "multiply":
      return [node.from, node.other];
    case "warp":
      return [node.from, node.displacement];
    default:
      return [node.from];
  }
}

/** Which nodes wait for the present frame: they are computed once it is known, after the prediction. */
export function needsPresent(graph: Pick<Graph, "nodes">): boolean[] {
  const needs: boolean[] = [];
  for (const node of graph.nodes) {
    needs.push(node.op === "frame" ? node.back === 0 : inputsOf(node).some((value) => needs[value]));
  }
  return needs;
}

/** Weights and biases, in the order of the nodes. */
export function parametersOf(graph: Graph): Parameter[] {
  return graph.nodes.flatMap((node) => {
    if (node.op !== "conv") return [];
    const { name, size, start, channels } = node;
    const shape = [channels, graph.nodes[node.from]!.channels, size, size];
    return [
      { name: `${name}/weights`, shape, start },
      { name: `${name}/bias`, shape: [channels], start: "zero" as const },
    ];
  });
}

/** Multiplications and additions a value of the frame and step, warps and pointwise nodes left out. */
export function costOf(graph: Graph): number {
  let cost = 0;
  for (const node of graph.nodes) {
    if (node.op === "conv") {
      cost += (node.size ** 2 * node.channels * graph.nodes[node.from]!.channels) / 4 ** node.level;
    }
  }
  return cost / graph.channels;
}
