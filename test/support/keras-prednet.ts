/**
 * A PredNet as Keras writes it, and its predictions by an evaluation of its own: channels last, kernels [down, right,
 * in, out], binary64, straight from the published equations. Nothing of src/neural is used here.
 */
import type * as H5wasm from "h5wasm";

export interface KerasPredNet {
  readonly stack: readonly number[];
  readonly recurrent: readonly number[];
  /** By layer name without suffixes, "a_0" to "o_1": kernel [3, 3, in, out] and bias. */
  readonly kernels: ReadonlyMap<
    string,
    { readonly into: number; readonly out: number; kernel: number[]; bias: number[] }
  >;
}

export function madeUpPredNet(
  stack: readonly number[],
  recurrent: readonly number[],
  next: () => number,
): KerasPredNet {
  const kernels = new Map<string, { into: number; out: number; kernel: number[]; bias: number[] }>();
  const last = stack.length - 1;
  const put = (name: string, into: number, out: number) => {
    const some = (count: number, by: number) => Array.from({ length: count }, () => Math.fround((next() - 0.5) * by));
    kernels.set(name, { into, out, kernel: some(9 * into * out, 0.7), bias: some(out, 0.5) });
  };
  // Keras sorts the groups by name.
  for (const group of ["a", "ahat", "c", "f", "i", "o"]) {
    for (const [l, s] of stack.entries()) {
      const r = recurrent[l]!;
      if (group === "a" && l < last) put(`a_${l}`, 2 * s, stack[l + 1]!);
      else if (group === "ahat") put(`ahat_${l}`, r, s);
      else if (group !== "a") put(`${group}_${l}`, 2 * s + r + (l < last ? recurrent[l + 1]! : 0), r);
    }
  }
  return { stack, recurrent, kernels };
}

export function modelJson(net: KerasPredNet, more: Readonly<Record<string, unknown>> = {}): string {
  const sizes = (count: number) => Array(count).fill(3);
  const layers = net.stack.length;
  const config = {
    name: "pred_net_1",
    trainable: true,
    return_sequences: true,
    return_state: false,
    go_backwards: false,
    stateful: false,
    unroll: false,
    implementation: 0,
    stack_sizes: net.stack,
    R_stack_sizes: net.recurrent,
    A_filt_sizes: sizes(layers - 1),
    Ahat_filt_sizes: sizes(layers),
    R_filt_sizes: sizes(layers),
    pixel_max: 1.0,
    error_activation: "relu",
    A_activation: "relu",
    LSTM_activation: "tanh",
    LSTM_inner_activation: "hard_sigmoid",
    data_format: "channels_last",
    extrap_start_time: null,
    output_mode: "error",
    ...more,
  };
  const input = {
    batch_input_shape: [null, 10, 16, 24, net.stack[0]],
    dtype: "float32",
    sparse: false,
    name: "input_1",
  };
  return JSON.stringify({
    class_name: "Model",
    config: {
      name: "model_1",
      layers: [
        { name: "input_1", class_name: "InputLayer", config: input, inbound_nodes: [] },
        { name: "pred_net_1", class_name: "PredNet", config, inbound_nodes: [[["input_1", 0, 0, {}]]] },
      ],
      input_layers: [["input_1", 0, 0]],
      output_layers: [["pred_net_1", 0, 0]],
    },
    keras_version: "2.2.4",
    backend: "tensorflow",
  });
}

export interface FileKind {
  /** A whole model (ModelCheckpoint) or weights alone. */
  readonly whole: boolean;
  readonly backend: "tensorflow" | "theano";
  /** Long lists of names are split by Keras. */
  readonly split?: boolean;
}

export function writeKeras(library: typeof H5wasm, path: string, net: KerasPredNet, kind: FileKind): void {
  const file = new library.File(path, "w");
  const texts = (on: H5wasm.Group, name: string, values: readonly string[]) =>
    on.create_attribute(name, [...values], [values.length], `S${Math.max(...values.map((value) => value.length))}`);
  const text = (on: H5wasm.Group, name: string, value: string) =>
    on.create_attribute(name, value, [], `S${value.length}`);
  text(file, "keras_version", "2.2.4");
  text(file, "backend", kind.backend);
  if (kind.whole) text(file, "model_config", modelJson(net));
  const root = kind.whole ? (file.create_group("model_weights") as H5wasm.Group) : file;
  const layers = ["input_1", "pred_net_1", "time_distributed_1", "flatten_1", "dense_2"];
  texts(root, "layer_names", layers);
  if (kind.whole) {
    text(root, "backend", kind.backend);
    text(root, "keras_version", "2.2.4");
  }
  const put = (group: H5wasm.Group, name: string, data: readonly number[], shape: readonly number[]) => {
    const parts = name.split("/");
    let inside = group;
    for (const part of parts.slice(0, -1)) {
      inside = (inside.get(part) as H5wasm.Group | null) ?? (inside.create_group(part) as H5wasm.Group);
    }
    inside.create_dataset({ name: parts.at(-1)!, data: Float32Array.from(data), shape: [...shape], dtype: "<f" });
  };
  for (const layer of layers) {
    const group = root.create_group(layer) as H5wasm.Group;
    if (layer === "pred_net_1") {
      const names = [...net.kernels.keys()].flatMap((name) =>
        ["kernel:0", "bias:0"].map((part) => `pred_net_1/layer_${name}/${part}`),
      );
      if (kind.split) {
        texts(group, "weight_names0", names.slice(0, 7));
        texts(group, "weight_names1", names.slice(7));
      } else texts(group, "weight_names", names);
      for (const [name, { into, out, kernel, bias }] of net.kernels) {
        const stored = kind.backend === "theano" ? halfTurn(kernel, into * out) : kernel;
        put(group, `pred_net_1/layer_${name}/kernel:0`, stored, [3, 3, into, out]);
        put(group, `pred_net_1/layer_${name}/bias:0`, bias, [out]);
      }
    } else if (layer === "time_distributed_1" || layer === "dense_2") {
      texts(group, "weight_names", [`${layer}/kernel:0`, `${layer}/bias:0`]);
      put(group, `${layer}/kernel:0`, [1, 0, 0, 0], [4, 1]);
      put(group, `${layer}/bias:0`, [0], [1]);
    }
  }
  file.close();
}

function halfTurn(kernel: readonly number[], each: number): number[] {
  return Array.from({ length: 9 }, (_, tap) => kernel.slice((8 - tap) * each, (9 - tap) * each)).flat();
}

/** [height][width][channels] */
type Image = number[][][];

/** Predictions P_0 of each frame, made before it is seen. Frames are [height][width][channels]. */
export function predictions({ stack, recurrent, kernels }: KerasPredNet, frames: readonly Image[]): Image[] {
  const [height, width] = [frames[0]!.length, frames[0]![0]!.length];
  const image = (l: number, channels: number, value: (y: number, x: number, c: number) => number): Image =>
    Array.from({ length: height >> l }, (_, y) =>
      Array.from({ length: width >> l }, (_, x) => Array.from({ length: channels }, (_, c) => value(y, x, c))),
    );
  const zeros = (sizes: readonly number[]) => sizes.map((channels, l) => image(l, channels, () => 0));
  const conv = (name: string, from: Image, l: number): Image => {
    const { into, out, kernel, bias } = kernels.get(name)!;
    return image(l, out, (y, x, o) => {
      let sum = bias[o]!;
      for (let dy = 0; dy < 3; dy++) {
        for (let dx = 0; dx < 3; dx++) {
          const pixel = from[y + dy - 1]?.[x + dx - 1];
          if (pixel) for (let i = 0; i < into; i++) sum += pixel[i]! * kernel[((dy * 3 + dx) * into + i) * out + o]!;
        }
      }
      return sum;
    });
  };
  const relu = (x: number) => Math.max(0, x);
  const hard = (x: number) => Math.min(1, Math.max(0, 0.2 * x + 0.5));
  let [r, c, e] = [zeros(recurrent), zeros(recurrent), zeros(stack.map((s) => 2 * s))];
  const guesses: Image[] = [];
  for (const frame of frames) {
    const [nextR, nextC] = [[...r], [...c]];
    for (let l = stack.length - 1; l >= 0; l--) {
      const above = nextR[l + 1];
      const z = image(l, 0, () => 0).map((row, y) =>
        row.map((_, x) => [...r[l]![y]![x]!, ...e[l]![y]![x]!, ...(above ? above[y >> 1]![x >> 1]! : [])]),
      );
      const [i, f, o, g] = ["i", "f", "o", "c"].map((gate) => conv(`${gate}_${l}`, z, l));
      const at = (of: Image | undefined, y: number, x: number, k: number) => of![y]![x]![k]!;
      nextC[l] = image(l, recurrent[l]!, (y, x, k) => {
        return hard(at(f, y, x, k)) * at(c[l], y, x, k) + hard(at(i, y, x, k)) * Math.tanh(at(g, y, x, k));
      });
      nextR[l] = image(l, recurrent[l]!, (y, x, k) => hard(at(o, y, x, k)) * Math.tanh(at(nextC[l], y, x, k)));
    }
    [r, c] = [nextR, nextC];
    let below = frame;
    const nextE: Image[] = [];
    for (const [l, s] of stack.entries()) {
      const raw = conv(`ahat_${l}`, r[l]!, l);
      const guess = image(l, s, (y, x, k) => Math.min(l === 0 ? 1 : Infinity, relu(raw[y]![x]![k]!)));
      if (l === 0) guesses.push(guess);
      const target = below;
      nextE[l] = image(l, 2 * s, (y, x, k) =>
        k < s ? relu(guess[y]![x]![k]! - target[y]![x]![k]!) : relu(target[y]![x]![k - s]! - guess[y]![x]![k - s]!),
      );
      if (l === stack.length - 1) break;
      const up = conv(`a_${l}`, nextE[l]!, l);
      below = image(l + 1, stack[l + 1]!, (y, x, k) =>
        Math.max(...[0, 1].flatMap((dy) => [0, 1].map((dx) => relu(up[2 * y + dy]![2 * x + dx]![k]!)))),
      );
    }
    e = nextE;
  }
  return guesses;
}
