/** A worker thread of the daemon: one request at a time, with codecs loaded and warm. */
import { parentPort, workerData } from "node:worker_threads";
import { TempressError } from "../errors.ts";
import { failureOf, type Order, type Report, type Result } from "./serve-task.ts";
import { warmUp, work } from "./serve-work.ts";

const { warm } = workerData as { warm: readonly string[] };

/** A signal that looks at memory: no message reaches a thread that computes. */
function signalOf(stop: Int32Array): AbortSignal {
  const { signal } = new AbortController();
  const look = () => {
    if (Atomics.load(stop, 0) !== 0) throw new TempressError("cancelled", "the request was given up");
  };
  return Object.defineProperties(signal, {
    throwIfAborted: { value: look },
    aborted: { get: () => Atomics.load(stop, 0) !== 0 },
  });
}

function say(report: Report, transfer: ArrayBuffer[] = []): void {
  parentPort!.postMessage(report, transfer);
}

/** Outputs move; a view is made a buffer of its own first, or all that is under it would go with it. */
function movable({ outputs, ...rest }: Result): { result: Result; transfer: ArrayBuffer[] } {
  const transfer: ArrayBuffer[] = [];
  const own = outputs.map((output) => {
    if (!("bytes" in output)) return output;
    const { bytes } = output;
    const whole = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength;
    const moved = whole && !transfer.includes(bytes.buffer) ? bytes : new Uint8Array(bytes);
    transfer.push(moved.buffer as ArrayBuffer);
    return { bytes: moved };
  });
  return { result: { ...rest, outputs: own }, transfer };
}

parentPort!.on("message", async ({ task, stop }: Order) => {
  try {
    const { result, transfer } = movable(await work(task, signalOf(stop)));
    say({ kind: "done", result }, transfer);
  } catch (error) {
    say({ kind: "failed", failure: failureOf(error) });
  }
});

// A failure ends the thread, and the daemon says why.
void warmUp(warm).then(() => say({ kind: "warm" }));
