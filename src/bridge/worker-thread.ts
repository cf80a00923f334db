/** The thread of `worker-sync.ts`: speaks with a worker process while the thread that asked waits. */
import { type MessagePort, workerData } from "node:worker_threads";
import { type ErrorCode, TempressError } from "../errors.ts";
import { type ProcessAnswer, type WorkerCommand, WorkerProcess } from "./worker-process.ts";
import type { WorkerHello, WorkRequest } from "./worker-protocol.ts";

export interface ThreadData {
  readonly command: WorkerCommand;
  readonly port: MessagePort;
  /** One word: 1 when an answer is there. */
  readonly flag: SharedArrayBuffer;
}

export interface ThreadRequest {
  /** Absent: hello only. */
  readonly request?: WorkRequest | undefined;
  readonly timeoutMs: number;
}

export type ThreadAnswer =
  | { readonly hello: WorkerHello }
  | { readonly done: ProcessAnswer }
  | {
      readonly error: {
        readonly code?: ErrorCode;
        readonly message: string;
        readonly where?: string | undefined;
        readonly hint?: string | undefined;
      };
    };

const { command, port, flag } = workerData as ThreadData;
const ready = new Int32Array(flag);
const worker = new WorkerProcess(command);

port.on("message", async ({ request, timeoutMs }: ThreadRequest) => {
  let answer: ThreadAnswer;
  try {
    answer = request ? { done: await worker.ask(request, timeoutMs) } : { hello: await worker.hello(timeoutMs) };
  } catch (error) {
    const { message } = error as Error;
    const typed = error instanceof TempressError ? { code: error.code, where: error.where, hint: error.hint } : {};
    answer = { error: { message, ...typed } };
  }
  port.postMessage(answer);
  Atomics.store(ready, 0, 1);
  Atomics.notify(ready, 0);
});
