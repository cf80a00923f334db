import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isTempressError } from "../errors.ts";
import { graphOf } from "./architecture.ts";
import { floatTensors, floatWeights, type Model, readModel, writeModel } from "./model-file.ts";
import { SMALL_WARP } from "./warp.ts";
import { startWeights } from "./weights.ts";

const architecture = { ...SMALL_WARP, body: 2, refine: 2 };
const graph = graphOf(architecture);
const weights = startWeights(graph, 7);
const model: Model = {
  architecture,
  normalisation: "deviation",
  tensors: floatTensors(graph, weights),
  plan: { shift: 12, ranges: [1, 2.5] },
  recipe: { seed: 7, data: "none" },
};
const bytes = writeModel(model);

describe("model file", () => {
  it("gives back what was written", () => {
    const { hash, graph: opened, ...rest } = readModel(bytes);
    expect(rest).toEqual(model);
    expect(opened).toEqual(graph);
    expect(hash.length).toBe(32);
    const inside = Buffer.alloc(bytes.length + 3);
    inside.set(bytes, 3);
    expect(readModel(inside.subarray(3)).tensors).toEqual(model.tensors);
    expect(floatWeights(rest)).toEqual(weights);
  });

  it("gives integers the values of their scales, one for all or one for each output", () => {
    const rounded = model.tensors.map(({ name, shape, data }, i) => {
      const scales = i % 2 ? [2 ** -12] : Array.from({ length: shape[0]! }, (_, k) => 2 ** (-12 - (k % 2)));
      const each = data.length / scales.length;
      const numbers = Int16Array.from(data, (x, k) => Math.round(x / scales[Math.floor(k / each)]!));
      return { name: `q/${name}`, shape, type: "int16" as const, scales, data: numbers };
    });
    for (const [name, values] of floatWeights(readModel(writeModel({ ...model, tensors: rounded })))) {
      const exact = weights.get(name)!;
      expect(values.every((x, i) => Math.abs(x - exact[i]!) <= 2 ** -13)).toBe(true);
    }
  });

  it("reports what is wrong and where, whatever is cut or changed", () => {
    const refused = (wrong: Uint8Array) => {
      try {
        readModel(wrong, "some.tpm");
      } catch (error) {
        return isTempressError(error) && error.where !== undefined;
      }
      return false;
    };
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const flipped = bytes.slice();
        flipped[at]! ^= change;
        return refused(bytes.subarray(0, at)) && refused(flipped);
      }),
    );
    const longer = new Uint8Array(bytes.length + 3);
    longer.set(bytes);
    expect(refused(longer)).toBe(true);
    expect(refused(new TextEncoder().encode("no model"))).toBe(true);
  });

  it("refuses absurd networks before it allocates for them", () => {
    const absurd = [
      { ...architecture, body: 1e9 },
      { ...architecture, dilations: Array(17).fill(1) },
      { ...architecture, channels: 1024, body: 1024, refine: 1024 },
      { ...architecture, hypotheses: 9 },
      { kind: "prednet", stack: [1, 2], recurrent: [1], shortcut: false },
      { kind: "oracle" },
    ];
    for (const wrong of absurd) {
      const file = writeModel({ ...model, architecture: wrong as typeof architecture });
      expect(() => readModel(file)).toThrow(/network/);
    }
  });

  it("refuses weights that do not fit the network", () => {
    expect(() => floatWeights({ ...model, tensors: model.tensors.slice(1) })).toThrow(/body0\/weights/);
    const spoilt = weights.get("motion/bias")!.slice();
    spoilt[0] = Number.NaN;
    expect(() => floatTensors(graph, new Map([...weights, ["motion/bias", spoilt]]))).toThrow(/not finite/);
  });
});
