/** Writes ONNX nodes front to back, and knows each tensor's shape. One method an operator, named like it. */
import type { Attribute, OnnxGraph, OnnxNode, OnnxPort, OnnxTensor } from "./onnx-bytes.ts";
import { countOf } from "./weights.ts";

export interface Ref {
  readonly name: string;
  readonly shape: readonly number[];
}

export class OnnxBuilder {
  readonly #nodes: OnnxNode[] = [];
  readonly #constants = new Map<string, OnnxTensor>();
  readonly #inputs: Ref[] = [];
  #count = 0;

  input(name: string, shape: readonly number[]): Ref {
    const ref = { name, shape };
    this.#inputs.push(ref);
    return ref;
  }

  /** A constant; the same numbers are stored once. */
  constant(values: readonly number[] | Float32Array, shape: readonly number[] = [values.length]): Ref {
    const data = Float32Array.from(values);
    return this.#keep(data.length > 64 ? `f${this.#count++}` : `f[${shape}]${data}`, shape, data);
  }

  scalar(value: number): Ref {
    return this.constant([value], []);
  }

  #integers(values: readonly number[]): Ref {
    return this.#keep(`i${values}`, [values.length], BigInt64Array.from(values, BigInt));
  }

  #keep(name: string, shape: readonly number[], data: Float32Array | BigInt64Array): Ref {
    if (!this.#constants.has(name)) this.#constants.set(name, { name, shape, data });
    return { name, shape };
  }

  op(
    op: string,
    inputs: readonly Ref[],
    shape: readonly number[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Ref {
    const name = `${op}${this.#count++}`;
    this.#nodes.push({ op, inputs: inputs.map((ref) => ref.name), outputs: [name], attributes });
    return { name, shape };
  }

  map(op: "Relu" | "Tanh" | "Abs" | "Sign" | "Neg" | "Sqrt" | "Floor" | "Log" | "Exp", x: Ref): Ref {
    return this.op(op, [x], x.shape);
  }

  add(a: Ref, b: Ref): Ref {
    return this.op("Add", [a, b], broadcast(a.shape, b.shape));
  }

  sub(a: Ref, b: Ref): Ref {
    return this.op("Sub", [a, b], broadcast(a.shape, b.shape));
  }

  mul(a: Ref, b: Ref): Ref {
    return this.op("Mul", [a, b], broadcast(a.shape, b.shape));
  }

  div(a: Ref, b: Ref): Ref {
    return this.op("Div", [a, b], broadcast(a.shape, b.shape));
  }

  clip(x: Ref, low: number, high: number): Ref {
    return this.op("Clip", [x, this.scalar(low), this.scalar(high)], x.shape);
  }

  reshape(x: Ref, shape: readonly number[]): Ref {
    return this.op("Reshape", [x, this.#integers(shape)], shape);
  }

  transpose(x: Ref, axes: readonly number[]): Ref {
    const shape = axes.map((axis) => x.shape[axis]!);
    return this.op("Transpose", [x], shape, { perm: axes });
  }

  expand(x: Ref, shape: readonly number[]): Ref {
    return this.op("Expand", [x, this.#integers(shape)], shape);
  }

  concat(parts: readonly Ref[], axis: number): Ref {
    if (parts.length === 1) return parts[0]!;
    const shape = parts[0]!.shape.slice();
    (shape as number[])[axis] = parts.reduce((sum, part) => sum + part.shape[axis]!, 0);
    return this.op("Concat", parts, shape, { axis });
  }

  /** Elements [first, first + count) of each of `axes`. */
  slice(x: Ref, axes: readonly number[], first: readonly number[], count: readonly number[]): Ref {
    const shape = x.shape.slice() as number[];
    axes.forEach((axis, i) => {
      shape[axis] = count[i]!;
    });
    const ends = first.map((start, i) => start + count[i]!);
    const inputs = [x, this.#integers(first), this.#integers(ends), this.#integers(axes)];
    return this.op("Slice", inputs, shape);
  }

  /** Backwards along `axes`. */
  reverse(x: Ref, axes: readonly number[]): Ref {
    const each = (value: number) => this.#integers(axes.map(() => value));
    return this.op("Slice", [x, each(-1), each(-(2 ** 31)), this.#integers(axes), each(-1)], x.shape);
  }

  /** Zeros before and behind, by axis. */
  pad(x: Ref, before: readonly number[], behind: readonly number[]): Ref {
    const shape = x.shape.map((extent, axis) => extent + before[axis]! + behind[axis]!);
    return this.op("Pad", [x, this.#integers([...before, ...behind])], shape);
  }

  sum(x: Ref, axes: readonly number[], keep = false): Ref {
    const shape = keep
      ? x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent))
      : x.shape.filter((_, axis) => !axes.includes(axis));
    return this.op("ReduceSum", [x, this.#integers(axes)], shape, { keepdims: keep ? 1 : 0 });
  }

  total(x: Ref): Ref {
    return this.sum(this.reshape(x, [countOf(x.shape)]), [0]);
  }

  /** Stride 1, zeros around; `weights` [out, in, size, size]. */
  conv(x: Ref, weights: Ref, dilation: number, bias?: Ref): Ref {
    const [batch = 1, , height = 1, width = 1] = x.shape;
    const pad = ((weights.shape[2]! - 1) / 2) * dilation;
    return this.op("Conv", bias ? [x, weights, bias] : [x, weights], [batch, weights.shape[0]!, height, width], {
      kernel_shape: weights.shape.slice(2),
      pads: [pad, pad, pad, pad],
      dilations: [dilation, dilation],
    });
  }

  /** Over 2 x 2 without overlap. */
  pool(op: "MaxPool" | "AveragePool", x: Ref): Ref {
    const [batch = 1, channels = 1, height = 1, width = 1] = x.shape;
    const shape = [batch, channels, height / 2, width / 2];
    return this.op(op, [x], shape, { kernel_shape: [2, 2], strides: [2, 2] });
  }

  /** Each value four times. */
  repeat(x: Ref): Ref {
    const [batch = 1, channels = 1, height = 1, width = 1] = x.shape;
    const attributes = { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };
    const none = { name: "", shape: [] };
    return this.op(
      "Resize",
      [x, none, this.constant([1, 1, 2, 2])],
      [batch, channels, 2 * height, 2 * width],
      attributes,
    );
  }

  /** Each 2 x 2 values as four planes, in the order of `unshuffle`. */
  unshuffle(x: Ref): Ref {
    const [batch = 1, channels = 1, height = 1, width = 1] = x.shape;
    const cut = this.reshape(x, [batch, channels, height / 2, 2, width / 2, 2]);
    return this.reshape(this.transpose(cut, [0, 1, 3, 5, 2, 4]), [batch, 4 * channels, height / 2, width / 2]);
  }

  shuffle(x: Ref): Ref {
    const [batch = 1, channels = 1, height = 1, width = 1] = x.shape;
    const cut = this.reshape(x, [batch, channels / 4, 2, 2, height, width]);
    return this.reshape(this.transpose(cut, [0, 1, 4, 2, 5, 3]), [batch, channels / 4, 2 * height, 2 * width]);
  }

  /** Gives the graph, with outputs by the names wanted for them. */
  finish(name: string, outputs: Readonly<Record<string, Ref>>): OnnxGraph {
    const port = ({ name, shape }: OnnxPort): OnnxPort => ({ name, shape });
    const named = Object.entries(outputs).map(([name, ref]) => {
      this.#nodes.push({ op: "Identity", inputs: [ref.name], outputs: [name], attributes: {} });
      return { name, shape: ref.shape };
    });
    return {
      name,
      nodes: this.#nodes,
      constants: [...this.#constants.values()],
      inputs: this.#inputs.map(port),
      outputs: named,
    };
  }
}

function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [x, y] = [a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1];
    if (x !== y && x !== 1 && y !== 1) throw new Error(`shapes [${a}] and [${b}] do not fit together`);
    return Math.max(x, y);
  });
}
