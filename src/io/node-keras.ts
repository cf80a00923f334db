/**
 * Weights that Keras saved in HDF5, a whole model or weights alone: layers and their arrays in the order of the lists
 * `layer_names` and `weight_names`, which is what Keras itself goes by.
 */
import type { Dataset, File, Group } from "h5wasm";
import { TempressError } from "../errors.ts";
import { closeHdf5, inHdf5, openHdf5 } from "./node-hdf5-file.ts";

export interface SavedLayers {
  readonly layers: readonly { readonly name: string; readonly arrays: readonly SavedArray[] }[];
  /** "tensorflow" or "theano". */
  readonly backend: string;
  /** JSON of the network, where it was saved too. */
  readonly config: string | undefined;
}

export interface SavedArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** No network that can be used has arrays larger than this. */
const MOST_VALUES = 1 << 26;

/** @throws TempressError "io", or "corrupt" if it is no such file */
export async function readKerasWeights(path: string): Promise<SavedLayers> {
  const file: File = await openHdf5(path);
  try {
    return inHdf5(path, "read the weights", () => {
      const whole = file.get("model_weights") as Group | null;
      const root = whole ?? (file as Group);
      const names = textsOf(root, "layer_names");
      if (names.length === 0) {
        throw new TempressError("corrupt", "these are no weights of Keras: there is no list of layers", {
          where: path,
          hint: "give the .hdf5 file that Keras' ModelCheckpoint or save_weights wrote",
        });
      }
      const layers = names.map((name) => ({ name, arrays: arraysOf(root, name, path) }));
      const backend = textsOf(root, "backend")[0] ?? textsOf(file as Group, "backend")[0] ?? "tensorflow";
      return { layers, backend, config: textsOf(file as Group, "model_config")[0] };
    });
  } finally {
    closeHdf5(file);
  }
}

function arraysOf(root: Group, layer: string, path: string): SavedArray[] {
  const group = root.get(layer) as Group | null;
  if (group === null) throw missing(layer, path);
  return textsOf(group, "weight_names").map((name) => {
    const dataset = group.get(name) as Dataset | null;
    const shape = dataset?.shape;
    if (!dataset || !shape) throw missing(`${layer}/${name}`, path);
    if (shape.reduce((a, b) => a * b, 1) > MOST_VALUES) {
      throw new TempressError("corrupt", `array ${name} of [${shape}] is too large`, { where: path });
    }
    return { name, shape, data: Float32Array.from(dataset.value as ArrayLike<number>) };
  });
}

/** A list of texts; very long ones are split into NAME0, NAME1, ... */
function textsOf(group: Group, name: string): string[] {
  const of = (key: string): string[] | undefined => {
    const value = group.attrs[key]?.value;
    if (value === undefined || value === null) return undefined;
    return Array.isArray(value) ? value.map(String) : [String(value)];
  };
  const whole = of(name);
  if (whole !== undefined) return whole;
  const parts: string[] = [];
  for (let n = 0; ; n++) {
    const part = of(`${name}${n}`);
    if (part === undefined) return parts;
    parts.push(...part);
  }
}

function missing(name: string, path: string): TempressError {
  return new TempressError("corrupt", `${name} is in the list but not in the file`, {
    where: path,
    hint: "the file is damaged",
  });
}
