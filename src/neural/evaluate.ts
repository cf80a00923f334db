/**
 * A network in float, value by value: slow and clear, for study, for tests, and for finding the ranges of activations.
 * Never used for decoding, which is done in integers.
 */
import { type Graph, type Node, needsPresent } from "./graph.ts";
import type { Weights } from "./weights.ts";

/** Channels of one height and width, C order. */
export interface Planes {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly data: Float32Array;
}

/** A network's memory between steps. */
export interface Memory {
  /** Past frames, the latest first. */
  readonly frames: readonly Planes[];
  readonly states: Readonly<Record<string, Planes>>;
}

export interface Step {
  readonly prediction: Planes;
  /** Gives the memory for the next step, once the present frame is known. `watch` sees all values of the step. */
  learn(frame: Planes): Memory;
}

/**
 * Predicts a frame. Height and width must be multiples of `graph.multiple`.
 * @param memory of the step before; undefined at the start of a window: there the prediction knows no frame.
 */
export function step(
  graph: Graph,
  weights: Weights,
  height: number,
  width: number,
  memory?: Memory,
  watch?: (node: Node, index: number, value: Planes) => void,
): Step {
  const values: Planes[] = [];
  const late = needsPresent(graph);
  const compute = (index: number, present?: Planes) => {
    const node = graph.nodes[index]!;
    const value = evaluate(node, values, graph, weights, height, width, memory, present);
    values[index] = value;
    watch?.(node, index, value);
  };
  for (const index of graph.nodes.keys()) if (!late[index]) compute(index);
  return {
    prediction: values[graph.prediction]!,
    learn(frame) {
      for (const index of graph.nodes.keys()) if (late[index]) compute(index, frame);
      const states = Object.fromEntries(Object.entries(graph.states).map(([name, value]) => [name, values[value]!]));
      return { frames: [frame, ...(memory?.frames ?? [])].slice(0, Math.max(1, graph.past)), states };
    },
  };
}

function evaluate(
  node: Node,
  values: readonly Planes[],
  graph: Graph,
  weights: Weights,
  frameHeight: number,
  frameWidth: number,
  memory: Memory | undefined,
  present: Planes | undefined,
): Planes {
  const { channels } = node;
  const [height, width] = [frameHeight >> node.level, frameWidth >> node.level];
  const empty = (): Planes => ({ channels, height, width, data: new Float32Array(channels * height * width) });
  const map = (from: number, f: (x: number, i: number) => number): Planes => ({
    ...empty(),
    data: values[from]!.data.map(f),
  });
  switch (node.op) {
    case "frame": {
      if (node.back === 0) return present!;
      return memory?.frames[node.back - 1] ?? memory?.frames.at(-1) ?? empty();
    }
    case "state":
      return memory?.states[node.name] ?? empty();
    case "conv":
      return convolve(node, values[node.from]!, weights, empty(), graph);
    case "relu":
      return map(node.from, (x) => Math.max(0, x));
    case "tanh":
      return map(node.from, Math.tanh);
    case "hardSigmoid":
      return map(node.from, (x) => Math.min(1, Math.max(0, 0.2 * x + 0.5)));
    case "clamp":
      return map(node.from, (x) => Math.min(node.high, Math.max(node.low, x)));
    case "scale":
      return map(node.from, (x) => x * node.by);
    case "add":
      return map(node.from, (x, i) => x + values[node.other]!.data[i]!);
    case "subtract":
      return map(node.from, (x, i) => x - values[node.other]!.data[i]!);
    case "multiply":
      return map(node.from, (x, i) => x * values[node.other]!.data[i]!);
    case "concat": {
      const whole = empty();
      let at = 0;
      for (const part of node.parts) {
        whole.data.set(values[part]!.data, at);
        at += values[part]!.data.length;
      }
      return whole;
    }
    case "slice": {
      const first = node.first * height * width;
      return { ...empty(), data: values[node.from]!.data.slice(first, first + channels * height * width) };
    }
    case "pool":
      return filled(empty(), (c, y, x) => {
        const at = (dy: number, dx: number) => valueAt(values[node.from]!, c, 2 * y + dy, 2 * x + dx);
        return Math.max(at(0, 0), at(0, 1), at(1, 0), at(1, 1));
      });
    case "upsample":
      return filled(empty(), (c, y, x) => valueAt(values[node.from]!, c, y >> 1, x >> 1));
    case "unshuffle":
      return filled(empty(), (c, y, x) => valueAt(values[node.from]!, c >> 2, 2 * y + ((c >> 1) & 1), 2 * x + (c & 1)));
    case "shuffle":
      return filled(empty(), (c, y, x) => valueAt(values[node.from]!, 4 * c + 2 * (y & 1) + (x & 1), y >> 1, x >> 1));
    case "warp":
      return filled(empty(), (c, y, x) => {
        const displacement = values[node.displacement]!;
        return cubicAt(values[node.from]!, c, y + valueAt(displacement, 0, y, x), x + valueAt(displacement, 1, y, x));
      });
  }
}

function convolve(node: Node & { op: "conv" }, from: Planes, weights: Weights, into: Planes, graph: Graph): Planes {
  const { size, dilation, name, channels } = node;
  const [w, bias] = [weights.get(`${name}/weights`)!, weights.get(`${name}/bias`)!];
  const { height, width } = into;
  const inputs = graph.nodes[node.from]!.channels;
  const middle = (size - 1) / 2;
  for (let o = 0; o < channels; o++) {
    const sums = into.data.subarray(o * height * width, (o + 1) * height * width).fill(bias[o]!);
    for (let tap = 0; tap < inputs * size * size; tap++) {
      const weight = w[o * inputs * size * size + tap]!;
      const down = (Math.floor(tap / size) % size) - middle;
      const right = (tap % size) - middle;
      const [dy, dx] = [down * dilation, right * dilation];
      const plane = Math.floor(tap / (size * size)) * height;
      const [x0, x1] = [Math.max(0, -dx), Math.min(width, width - dx)];
      for (let y = Math.max(0, -dy); y < Math.min(height, height - dy); y++) {
        const [row, source] = [y * width, (plane + y + dy) * width + dx];
        for (let x = x0; x < x1; x++) sums[row + x]! += weight * from.data[source + x]!;
      }
    }
  }
  return into;
}

/** Keys' cubic kernel, a = -1/2: weights of the pixels at -1, 0, 1 and 2 for a place `t` behind pixel 0. */
export function cubicWeights(t: number): [number, number, number, number] {
  return [
    ((-0.5 * t + 1) * t - 0.5) * t,
    (1.5 * t - 2.5) * t * t + 1,
    ((-1.5 * t + 2) * t + 0.5) * t,
    (0.5 * t - 0.5) * t * t,
  ];
}

function cubicAt(planes: Planes, c: number, y: number, x: number): number {
  const { height, width } = planes;
  const [top, left] = [Math.floor(y), Math.floor(x)];
  const [down, right] = [cubicWeights(y - top), cubicWeights(x - left)];
  const inside = (i: number, extent: number) => Math.min(extent - 1, Math.max(0, i));
  let sum = 0;
  for (const [j, weightDown] of down.entries()) {
    for (const [i, weightRight] of right.entries()) {
      const value = valueAt(planes, c, inside(top + j - 1, height), inside(left + i - 1, width));
      sum += weightDown * weightRight * value;
    }
  }
  return sum;
}

function valueAt(planes: Planes, c: number, y: number, x: number): number {
  return planes.data[(c * planes.height + y) * planes.width + x]!;
}

function filled(planes: Planes, value: (c: number, y: number, x: number) => number): Planes {
  const { channels, height, width, data } = planes;
  let at = 0;
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data[at++] = value(c, y, x);
  }
  return planes;
}
