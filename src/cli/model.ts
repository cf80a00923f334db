import { TempressError } from "../errors.ts";
import { openFile } from "../io/node-file.ts";
import { graphOf } from "../neural/architecture.ts";
import { costOf } from "../neural/graph.ts";
import { importKeras } from "../neural/keras.ts";
import { floatWeights, hashText, type Model, type NamedModel, readModel, writeModel } from "../neural/model-file.ts";
import { exportOnnx } from "../neural/onnx-export.ts";
import { weightCount } from "../neural/weights.ts";
import { parseShape } from "../tensor/shape.ts";
import { jsonLine, print } from "./output.ts";
import { pairs } from "./table.ts";
import { contentOf, saveFile } from "./train-keep.ts";
import { formatBytes, formatNumber } from "./units.ts";
import type { Verb } from "./verb.ts";

export const model: Verb = {
  define(command) {
    command
      .argument("<input...>", "a model (.tpm), or a PredNet of Keras: prednet_model.json prednet_weights.hdf5")
      .option("-o, --output <file>", "what to write: .tpm for an imported model, .onnx for one of ours")
      .option("--size <HxW>", "size of frames in the .onnx file (default: 128x160)", (text) => parseShape(text))
      .option("--force", "replace an existing output")
      .option("--json", "print one JSON object");
  },

  async run(inputs, flags) {
    const output = flags.output as string | undefined;
    const given =
      inputs.length === 1 && inputs[0]!.endsWith(".tpm") ? await modelFile(inputs[0]!) : await keras(inputs);
    if (output?.endsWith(".onnx")) {
      const [height, width, more] = (flags.size as readonly number[] | undefined) ?? [128, 160];
      if (height === undefined || width === undefined || more !== undefined) {
        throw new TempressError("invalid-argument", "a size is two numbers", {
          where: "--size",
          hint: "write 128x160",
        });
      }
      const bytes = exportOnnx(graphOf(given.architecture), floatWeights(given), height, width);
      await saveFile(output, bytes, flags.force === true);
    } else if (output?.endsWith(".tpm")) {
      await saveFile(output, writeModel(given), flags.force === true);
    } else if (output !== undefined) {
      throw new TempressError("invalid-argument", "the output is neither a .tpm nor a .onnx file", {
        where: output,
        hint: "name it after what it shall be",
      });
    }
    const named = "hash" in given ? (given as NamedModel) : readModel(writeModel(given));
    print(flags.json ? jsonLine(asObject(named)) : asText(output ?? inputs[0]!, named));
    return 0;
  },
};

async function modelFile(path: string): Promise<NamedModel> {
  return readModel(await contentOf(path), path);
}

/** The description and the weights, in either order, or weights that hold their description. */
async function keras(paths: readonly string[]): Promise<Model> {
  const json = paths.find((path) => path.endsWith(".json"));
  const weights = paths.filter((path) => path !== json);
  if (weights.length !== 1 || paths.length > 2) {
    throw new TempressError("invalid-argument", "give one .tpm file, or the .json and the .hdf5 file of a PredNet", {
      where: "tempress model",
      hint: "tempress model prednet_model.json prednet_weights.hdf5 -o prednet.tpm",
    });
  }
  const { readKerasWeights } = await import("../io/node-keras.ts");
  openFile(weights[0]!).close?.(); // says it if it cannot be read
  const saved = await readKerasWeights(weights[0]!);
  const text = json === undefined ? undefined : new TextDecoder().decode(await contentOf(json));
  return importKeras(text, saved, weights[0]!);
}

function asObject({ architecture, normalisation, recipe, hash, graph, tensors, plan }: NamedModel): object {
  const types = [...new Set(tensors.map(({ type }) => type))];
  return {
    hash: hashText(hash),
    architecture,
    normalisation,
    weights: weightCount(graph),
    mac_per_value: costOf(graph),
    types,
    plan,
    recipe,
  };
}

function asText(name: string, { architecture, recipe, hash, graph, tensors }: NamedModel): string {
  const bytes = tensors.reduce((sum, { data }) => sum + data.byteLength, 0);
  const { kind, ...entries } = architecture;
  const shown = Object.entries(entries).map(([key, value]) => `${key}=${value}`);
  return `${name}\n${pairs([
    ["network", `${kind} ${shown.join(" ")}`],
    ["weights", `${weightCount(graph)} (${formatBytes(bytes)})`],
    ["cost", `${formatNumber(costOf(graph) / 1000)} thousand multiplications a value`],
    ["hash", hashText(hash)],
    ["recipe", JSON.stringify(recipe)],
  ])}`;
}
