/**
 * onnxruntime-node, which is only needed for training: an optional package of 290 MB. It is loaded when training
 * starts; what it computes never decides what a decoder gives.
 */
import type { InferenceSession } from "onnxruntime-node";
import { TempressError } from "../errors.ts";
import { type OnnxGraph, onnxBytes } from "./onnx-bytes.ts";
import { countOf } from "./weights.ts";

export type Numbers = Readonly<Record<string, Float32Array>>;

export interface Compute {
  /** Inputs and outputs by name. */
  run(inputs: Numbers): Promise<Record<string, Float32Array>>;
  release(): Promise<void>;
}

/** @throws TempressError if onnxruntime-node is not installed. */
export async function compute(graph: OnnxGraph, threads = 1): Promise<Compute> {
  const runtime = await load();
  const options = {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    // Waiting threads that spin take the other core from whoever needs it.
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  } as InferenceSession.SessionOptions;
  const session = await runtime.InferenceSession.create(onnxBytes(graph), options);
  return {
    async run(inputs) {
      const feeds = Object.fromEntries(
        graph.inputs.map(({ name, shape }) => {
          const extents = shape.map(Number);
          const data = inputs[name];
          if (data?.length !== countOf(extents)) {
            throw new TempressError("invalid-argument", `"${name}" should be ${countOf(extents)} numbers`, {
              where: "training",
            });
          }
          return [name, new runtime.Tensor("float32", data, extents)];
        }),
      );
      const results = await session.run(feeds);
      return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]));
    },
    release: () => session.release(),
  };
}

async function load(): Promise<typeof import("onnxruntime-node")> {
  try {
    return await import("onnxruntime-node");
  } catch (cause) {
    throw new TempressError("unsupported", "training needs the package onnxruntime-node, which is not there", {
      where: "training",
      hint: "npm install onnxruntime-node (with ONNXRUNTIME_NODE_INSTALL=skip where only the CPU is used)",
      cause,
    });
  }
}
