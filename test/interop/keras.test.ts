/** PredNets of Keras: files in its layout, written here by h5wasm, and the numbers of an evaluation of its own. */
import { mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isTempressError } from "../../src/errors.ts";
import { h5wasm } from "../../src/io/node-hdf5-file.ts";
import { readKerasWeights } from "../../src/io/node-keras.ts";
import { graphOf } from "../../src/neural/architecture.ts";
import { type Memory, type Planes, step } from "../../src/neural/evaluate.ts";
import { importKeras } from "../../src/neural/keras.ts";
import { floatWeights, type Model, readModel, writeModel } from "../../src/neural/model-file.ts";
import { random } from "../../src/neural/random.ts";
import {
  type FileKind,
  type KerasPredNet,
  madeUpPredNet,
  modelJson,
  predictions,
  writeKeras,
} from "../support/keras-prednet.ts";

const [HEIGHT, WIDTH, FRAMES] = [8, 12, 4];
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tempress-keras-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
async function written(net: KerasPredNet, kind: FileKind): Promise<string> {
  const path = join(folder, `${files++}.hdf5`);
  writeKeras(await h5wasm(), path, net, kind);
  return path;
}

/** The largest difference of predictions by the float evaluator and by the test's own. */
function difference(net: KerasPredNet, model: Model): number {
  const channels = net.stack[0]!;
  const dice = random(9);
  const images = Array.from({ length: FRAMES }, () =>
    Array.from({ length: HEIGHT }, () =>
      Array.from({ length: WIDTH }, () => Array.from({ length: channels }, dice.next)),
    ),
  );
  const expected = predictions(net, images);
  const graph = graphOf(model.architecture);
  const weights = floatWeights(model);
  let memory: Memory | undefined;
  let largest = 0;
  for (const [t, image] of images.entries()) {
    const data = Float32Array.from({ length: channels * HEIGHT * WIDTH }, (_, i) => {
      return image[Math.floor(i / WIDTH) % HEIGHT]![i % WIDTH]![Math.floor(i / WIDTH / HEIGHT)]!;
    });
    const frame: Planes = { channels, height: HEIGHT, width: WIDTH, data };
    const now = step(graph, weights, HEIGHT, WIDTH, memory);
    now.prediction.data.forEach((x, i) => {
      const y = expected[t]![Math.floor(i / WIDTH) % HEIGHT]![i % WIDTH]![Math.floor(i / WIDTH / HEIGHT)]!;
      largest = Math.max(largest, Math.abs(x - y));
    });
    memory = now.learn(frame);
  }
  return largest;
}

describe("PredNets of Keras", () => {
  const grey = madeUpPredNet([1, 3, 4], [2, 3, 4], random(1).next);
  const colour = madeUpPredNet([3, 4, 5, 6], [3, 4, 5, 6], random(2).next);

  for (const [name, kind] of Object.entries<FileKind>({
    "a whole model": { whole: true, backend: "tensorflow" },
    "weights alone": { whole: false, backend: "tensorflow" },
    "Theano's kernels": { whole: false, backend: "theano" },
    "a split list of names": { whole: true, backend: "tensorflow", split: true },
  })) {
    it(`${name}: the imported network predicts what the published equations do`, async () => {
      const saved = await readKerasWeights(await written(grey, kind));
      const model = importKeras(kind.whole ? undefined : modelJson(grey, { data_format: "channels_first" }), saved);
      expect(difference(grey, model)).toBeLessThan(1e-5);
      expect(difference(grey, readModel(writeModel(model)))).toBeLessThan(1e-5);
    });
  }

  it("four layers and three channels: 46 arrays by their order", async () => {
    const saved = await readKerasWeights(await written({ ...colour }, { whole: true, backend: "tensorflow" }));
    expect(saved.layers.find(({ name }) => name === "pred_net_1")?.arrays.length).toBe(46);
    const four = { ...colour, stack: colour.stack };
    const wide = importKeras(undefined, saved);
    expect(wide.architecture).toEqual({
      kind: "prednet",
      stack: [3, 4, 5, 6],
      recurrent: [3, 4, 5, 6],
      shortcut: false,
    });
    expect(four.kernels.size).toBe(23);
  });

  it("three layers of three channels predict alike", async () => {
    const net = madeUpPredNet([3, 4, 5], [3, 4, 5], random(3).next);
    const saved = await readKerasWeights(await written(net, { whole: true, backend: "tensorflow" }));
    expect(difference(net, importKeras(undefined, saved))).toBeLessThan(1e-5);
  });

  it("says what does not fit", async () => {
    const saved = await readKerasWeights(await written(grey, { whole: false, backend: "tensorflow" }));
    expect(() => importKeras(undefined, saved)).toThrow(/without the network's description/);
    expect(() => importKeras("{", saved)).toThrow(/no JSON/);
    expect(() => importKeras("{}", saved)).toThrow(/no layer of class PredNet/);
    expect(() => importKeras(modelJson(colour), saved)).toThrow(/no layer has the 46 arrays/);
    expect(() => importKeras(modelJson({ ...grey, stack: [2, 3, 4] }), saved)).toThrow(/should be/);
    expect(() => importKeras(modelJson(grey, { pixel_max: 255 }), saved)).toThrow(/differs from the published/);
    expect(() => importKeras(modelJson(grey, { R_filt_sizes: [5, 3, 3] }), saved)).toThrow(/R_filt_sizes/);
  });

  it("reports damaged files", async () => {
    for (const length of [0, 100, 2000, 9000]) {
      const path = await written(grey, { whole: true, backend: "tensorflow" });
      truncateSync(path, length);
      const refused = await readKerasWeights(path).then(
        () => false,
        (error) => isTempressError(error),
      );
      expect(refused).toBe(true);
    }
    await expect(readKerasWeights(join(folder, "nothing.hdf5"))).rejects.toThrow();
  });
});
