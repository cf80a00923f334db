/** What must not be lost while a network is trained: the run, the best so far, and what a full disk would take. */
import { rmSync } from "node:fs";
import { isTempressError } from "../errors.ts";
import { createFile, openFile, removeTemporaryFiles } from "../io/node-file.ts";
import type { RunState } from "../neural/train-checkpoint.ts";
import { note } from "./output.ts";

/** Checkpoints are written at most this often. */
const EVERY_MS = 10_000;

export interface CheckpointKeeper {
  /** Writes the run, unless it was just written; `now` writes it in any case. Training goes on if it cannot be. */
  keep(state: RunState, now?: boolean): Promise<void>;
  /** The run is over. */
  remove(): void;
}

export function checkpointKeeper(path: string, bytesOf: (state: RunState) => Uint8Array): CheckpointKeeper {
  let written = performance.now();
  let warned = false;
  let there = false;
  return {
    async keep(state, now = false) {
      if (!now && performance.now() - written < EVERY_MS) return;
      try {
        await saveFile(path, bytesOf(state), true);
        written = performance.now();
        there = true;
      } catch (error) {
        if (!isTempressError(error, "io")) throw error;
        if (!warned) note(`the checkpoint cannot be written, training goes on: ${error.describe()}`);
        warned = true;
      }
    },
    remove() {
      if (there) rmSync(path, { force: true });
    },
  };
}

/** A whole file in memory. */
export async function contentOf(path: string): Promise<Uint8Array> {
  const file = openFile(path);
  try {
    return await file.read(0, file.byteLength);
  } finally {
    await file.close?.();
  }
}

/** A file that is there whole or as it was before. */
export async function saveFile(path: string, bytes: Uint8Array, force: boolean): Promise<void> {
  const sink = createFile(path, { force });
  await sink.write(bytes);
  await sink.close();
}

/** Is aborted by the first Ctrl-C; the second ends the process. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) {
        removeTemporaryFiles();
        process.exit(2);
      }
      note("\nstopping: the best so far is saved (once more: at once, without it)");
      stop.abort();
    });
  }
  return stop.signal;
}
