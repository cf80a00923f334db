/** A worker thread of the daemon: one request at a time, with codecs loaded and warm. */
import { parentPort, workerData } from "node:worker_threads";
import { TempressError } from "../errors.ts";
import { failureOf, type Report, type Result, type Task } from "./serve-task.ts";
import { warmUp, work } from "./serve-work.ts";

const { warm, stop } = workerData as { warm: readonly string[]; stop: Int32Array };

/** A signal that looks at memory: no message reaches a thread that computes. */
function stopSignal(): AbortSignal {
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

/** Smaller outputs are copied sooner than they are moved. */
const MOVED_BYTES = 32 << 10;

/** Outputs move; a view is made a buffer of its own first, or all that is under it would go with it. */
function movable({ outputs, ...rest }: Result): { result: Result; transfer: ArrayBuffer[] } {
  const transfer: ArrayBuffer[] = [];
  const own = outputs.map((output) => {
    if (!("bytes" in output)) return output;
    const { bytes } = output;
    const whole = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength;
    if (whole && bytes.length < MOVED_BYTES) return output;
    const moved = whole && !transfer.includes(bytes.buffer) ? bytes : new Uint8Array(bytes);
    transfer.push(moved.buffer as ArrayBuffer);
    return { bytes: moved };
  });
  return { result: { ...rest, outputs: own }, transfer };
}

const signal = stopSignal();

parentPort!.on("message", async (task: Task) => {
  try {
    const { result, transfer } = movable(await work(task, signal));
    say({ kind: "done", result }, transfer);
  } catch (error) {
    say({ kind: "failed", failure: failureOf(error) });
  }
});

// A failure ends the thread, and the daemon says why.
void warmUp(warm).then(() => say({ kind: "warm" }));
