/** Each node of a network in ONNX operators: forward, and from the gradient of its value to those of its inputs. */
import { TempressError } from "../errors.ts";
import type { Graph, Node, Value } from "./graph.ts";
import type { OnnxBuilder, Ref } from "./onnx-builder.ts";
import { warped } from "./onnx-warp.ts";

/** Where a layer finds what it is made from and leaves gradients. */
export interface Layers {
  readonly b: OnnxBuilder;
  readonly graph: Graph;
  parameter(name: string): Ref;
}

export interface Layer {
  readonly value: Ref;
  /** Gradients of inputs, and of parameters by name. `wanted` says whose are needed. */
  back?(gradient: Ref, wanted: (value: Value) => boolean): Gradients;
}

export interface Gradients {
  readonly inputs?: readonly (readonly [Value, Ref])[];
  readonly parameters?: readonly (readonly [string, Ref])[];
}

type Made = Exclude<Node, { op: "frame" | "state" }>;

/** @param of the value of an earlier node */
export function layer(layers: Layers, node: Made, of: (value: Value) => Ref): Layer {
  const { b } = layers;
  switch (node.op) {
    case "conv":
      return convolution(layers, node, of(node.from));
    case "relu": {
      const value = b.map("Relu", of(node.from));
      return { value, back: (g) => ({ inputs: [[node.from, b.mul(g, positive(b, value))]] }) };
    }
    case "tanh": {
      const value = b.map("Tanh", of(node.from));
      return {
        value,
        back: (g) => ({ inputs: [[node.from, b.mul(g, b.sub(b.scalar(1), b.mul(value, value)))]] }),
      };
    }
    case "hardSigmoid": {
      const from = of(node.from);
      const value = b.op("HardSigmoid", [from], from.shape, { alpha: { float: 0.2 }, beta: { float: 0.5 } });
      return {
        value,
        back: (g) => ({ inputs: [[node.from, b.mul(b.mul(g, b.scalar(0.2)), within(b, value, 0, 1))]] }),
      };
    }
    case "clamp": {
      const value = b.clip(of(node.from), node.low, node.high);
      return { value, back: (g) => ({ inputs: [[node.from, b.mul(g, within(b, value, node.low, node.high))]] }) };
    }
    case "scale":
      return {
        value: b.mul(of(node.from), b.scalar(node.by)),
        back: (g) => ({ inputs: [[node.from, b.mul(g, b.scalar(node.by))]] }),
      };
    case "add":
      return {
        value: b.add(of(node.from), of(node.other)),
        back: (g) => ({
          inputs: [
            [node.from, g],
            [node.other, g],
          ],
        }),
      };
    case "subtract":
      return {
        value: b.sub(of(node.from), of(node.other)),
        back: (g, wanted) => ({
          inputs: [[node.from, g], ...(wanted(node.other) ? [[node.other, b.map("Neg", g)] as const] : [])],
        }),
      };
    case "multiply": {
      const [x, y] = [of(node.from), of(node.other)];
      return {
        value: b.mul(x, y),
        back: (g) => ({
          inputs: [
            [node.from, b.mul(g, y)],
            [node.other, b.mul(g, x)],
          ],
        }),
      };
    }
    case "concat":
      return concatenation(layers, node, of);
    case "slice": {
      const from = of(node.from);
      const behind = from.shape[1]! - node.first - node.channels;
      return {
        value: b.slice(from, [1], [node.first], [node.channels]),
        back: (g) => ({ inputs: [[node.from, b.pad(g, [0, node.first, 0, 0], [0, behind, 0, 0])]] }),
      };
    }
    case "pool": {
      const from = of(node.from);
      const value = b.pool("MaxPool", from);
      return {
        value,
        back: (g) => {
          const largest = b.op("Equal", [b.repeat(value), from], from.shape);
          const mask = b.op("Cast", [largest], from.shape, { to: 1 });
          return { inputs: [[node.from, b.mul(b.repeat(g), mask)]] };
        },
      };
    }
    case "upsample":
      return {
        value: b.repeat(of(node.from)),
        back: (g) => ({ inputs: [[node.from, b.mul(b.pool("AveragePool", g), b.scalar(4))]] }),
      };
    case "unshuffle":
      return { value: b.unshuffle(of(node.from)), back: (g) => ({ inputs: [[node.from, b.shuffle(g)]] }) };
    case "shuffle":
      return { value: b.shuffle(of(node.from)), back: (g) => ({ inputs: [[node.from, b.unshuffle(g)]] }) };
    case "warp": {
      const { value, back } = warped(b, of(node.from), of(node.displacement));
      return {
        value,
        back: (g, wanted) => {
          if (wanted(node.from)) {
            throw new TempressError("unsupported", "only frames can be warped, not what a network computed", {
              where: "network",
            });
          }
          return { inputs: [[node.displacement, back(g)]] };
        },
      };
    }
  }
}

/** 1 where a value that is not negative is not zero. Faster than the operator Sign. */
function positive(b: OnnxBuilder, value: Ref): Ref {
  return b.clip(b.mul(value, b.scalar(1e30)), 0, 1);
}

/** 1 where a clipped value lies inside, 0 where it was clipped. */
function within(b: OnnxBuilder, value: Ref, low: number, high: number): Ref {
  const above = b.map("Sign", b.sub(value, b.scalar(low)));
  return b.mul(above, b.map("Sign", b.sub(b.scalar(high), value)));
}

function concatenation({ b }: Layers, node: Made & { op: "concat" }, of: (value: Value) => Ref): Layer {
  return {
    value: b.concat(node.parts.map(of), 1),
    back: (g, wanted) => {
      const inputs: (readonly [Value, Ref])[] = [];
      let first = 0;
      for (const part of node.parts) {
        const channels = of(part).shape[1]!;
        if (wanted(part)) inputs.push([part, b.slice(g, [1], [first], [channels])]);
        first += channels;
      }
      return { inputs };
    },
  };
}

/**
 * The gradient of the input is a convolution with turned weights. That of the weights is one matrix product for each
 * tap, over all places of all images: both are much faster than what ONNX has for them.
 */
function convolution({ b, parameter }: Layers, node: Made & { op: "conv" }, x: Ref): Layer {
  const weights = parameter(`${node.name}/weights`);
  const { size, dilation, channels, name } = node;
  const [batch = 1, inputs = 1, height = 1, width = 1] = x.shape;
  return {
    value: b.conv(x, weights, dilation, parameter(`${name}/bias`)),
    back(g, wanted) {
      const turned = () => b.transpose(b.reverse(weights, [2, 3]), [1, 0, 2, 3]);
      const places = batch * height * width;
      const gradient = b.reshape(b.transpose(g, [1, 0, 2, 3]), [channels, places]);
      const reach = ((size - 1) / 2) * dilation;
      const around = [0, 0, reach, reach];
      const source = b.transpose(b.pad(x, around, around), [1, 0, 2, 3]);
      const taps: Ref[] = [];
      for (let tap = 0; tap < size * size; tap++) {
        const [down, right] = [Math.floor(tap / size) * dilation, (tap % size) * dilation];
        const seen = b.reshape(b.slice(source, [2, 3], [down, right], [height, width]), [inputs, places]);
        taps.push(b.op("Gemm", [gradient, seen], [channels, inputs], { transB: 1 }));
      }
      const whole = taps.map((tap) => b.reshape(tap, [channels, inputs, 1]));
      return {
        inputs: wanted(node.from) ? [[node.from, b.conv(g, turned(), dilation)]] : [],
        parameters: [
          [`${name}/weights`, b.reshape(b.concat(whole, 2), [channels, inputs, size, size])],
          [`${name}/bias`, b.sum(gradient, [1])],
        ],
      };
    },
  };
}
