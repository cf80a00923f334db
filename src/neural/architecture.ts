/** Architectures by their description, which is what a model file holds: checked here, whoever wrote it. */
import { TempressError } from "../errors.ts";
import type { Graph } from "./graph.ts";
import { type PredNetConfig, predNetGraph } from "./prednet.ts";
import { type WarpConfig, warpGraph } from "./warp.ts";
import { weightCount } from "./weights.ts";

export type Architecture = WarpConfig | PredNetConfig;

/** Above these a description is taken for damage, and nothing is allocated for it. */
const MOST = { layers: 16, channels: 1024, parameters: 1 << 25, past: 8, dilation: 64 };

/** @throws TempressError if `description` is no architecture or an absurd one. */
export function architectureFrom(description: unknown): Architecture {
  if (typeof description !== "object" || description === null) throw wrong("it is not an object");
  const given = description as Readonly<Record<string, unknown>>;
  const checked = given.kind === "warp" ? warpFrom(given) : given.kind === "prednet" ? predNetFrom(given) : undefined;
  if (checked === undefined) {
    throw new TempressError("unsupported", `unknown network "${String(given.kind).slice(0, 40)}"`, {
      where: "model",
      hint: "it may be of a later version of Tempress",
    });
  }
  const weights = weightCount(graphOf(checked));
  if (weights > MOST.parameters) throw wrong(`${weights} weights are more than ${MOST.parameters}`);
  return checked;
}

export function graphOf(architecture: Architecture): Graph {
  return architecture.kind === "warp" ? warpGraph(architecture) : predNetGraph(architecture);
}

function warpFrom(given: Readonly<Record<string, unknown>>): WarpConfig {
  const past = whole(given, "past", MOST.past);
  return {
    kind: "warp",
    channels: whole(given, "channels", MOST.channels),
    past,
    hypotheses: whole(given, "hypotheses", past),
    body: whole(given, "body", MOST.channels),
    dilations: list(given, "dilations", MOST.dilation),
    refine: whole(given, "refine", MOST.channels),
  };
}

function predNetFrom(given: Readonly<Record<string, unknown>>): PredNetConfig {
  const [stack, recurrent] = [list(given, "stack", MOST.channels), list(given, "recurrent", MOST.channels)];
  if (stack.length !== recurrent.length) throw wrong(`stack and recurrent differ in length`);
  if (typeof given.shortcut !== "boolean") throw wrong("shortcut is neither true nor false");
  return { kind: "prednet", stack, recurrent, shortcut: given.shortcut };
}

function whole(given: Readonly<Record<string, unknown>>, key: string, most: number): number {
  return natural(given[key], key, most);
}

function list(given: Readonly<Record<string, unknown>>, key: string, most: number): number[] {
  const values = given[key];
  if (!Array.isArray(values) || values.length < 1 || values.length > MOST.layers) {
    throw wrong(`${key} is not a list of 1 to ${MOST.layers} numbers`);
  }
  return values.map((value) => natural(value, key, most));
}

function natural(value: unknown, key: string, most: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw wrong(`${key} is not a whole number from 1 to ${most}`);
}

function wrong(what: string): TempressError {
  return new TempressError("corrupt", `the model's description of its network is wrong: ${what}`, {
    where: "model",
    hint: "the file is damaged, or was not written by Tempress",
  });
}
