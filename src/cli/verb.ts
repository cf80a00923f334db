import type { Command } from "commander";

/** One word after `tempress`. */
export interface Verb {
  /** Declares arguments and flags. */
  define(command: Command): void;
  /** Does the work and gives the exit status: 0 done, 1 a promise was not met. Errors are thrown. */
  run(args: readonly string[], flags: Readonly<Record<string, unknown>>): Promise<number>;
  /** Rewrites the words before they are parsed, for what the parser cannot express. */
  prepare?(words: readonly string[]): string[];
  /** More text below the help. */
  notes?(): Promise<string>;
}

export interface VerbEntry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<Verb>;
}

export const VERBS: readonly VerbEntry[] = [
  {
    name: "compress",
    summary: "frames and a promise in, a .tpz file out",
    load: async () => (await import("./compress.ts")).compress,
  },
  {
    name: "decompress",
    summary: "a .tpz file in, frames out; all of them or a range",
    load: async () => (await import("./decompress.ts")).decompress,
  },
  {
    name: "inspect",
    summary: "what a .tpz file holds: shape, promise, achieved error, bytes by stage",
    load: async () => (await import("./inspect.ts")).inspect,
  },
  {
    name: "verify",
    summary: "prove a .tpz file's promise against the original, value by value",
    load: async () => (await import("./verify.ts")).verify,
  },
  {
    name: "metrics",
    summary: "how the restored frames differ from the original: errors, spectra, similarity, ...",
    load: async () => (await import("./metrics.ts")).metrics,
  },
  {
    name: "convert",
    summary: "values from one format to another, or to 8-bit frames and back",
    load: async () => (await import("./convert.ts")).convert,
  },
  {
    name: "train",
    summary: "frames in, a network that predicts them out",
    load: async () => (await import("./train.ts")).train,
  },
  {
    name: "model",
    summary: "what a model is; PredNets of Keras in, ONNX out",
    load: async () => (await import("./model.ts")).model,
  },
  {
    name: "tezip",
    summary: "TEZIP as published, with its own flags and files",
    load: async () => (await import("./tezip.ts")).tezip,
  },
  {
    name: "list",
    summary: "the codecs, wrappers, metrics and formats there are",
    load: async () => (await import("./list.ts")).list,
  },
  {
    name: "external",
    summary: "answers LibPressio, which runs it as an external compressor",
    load: async () => (await import("./external.ts")).external,
  },
  {
    name: "serve",
    summary: "the daemon: compresses for programs in any language, without starting anew",
    load: async () => (await import("./serve.ts")).serve,
  },
  {
    name: "help",
    summary: "how a verb is used, or a codec's options",
    load: async () => (await import("./help.ts")).help,
  },
  {
    name: "completion",
    summary: "a completion script for bash, zsh or fish",
    load: async () => (await import("./completion.ts")).completion,
  },
];
