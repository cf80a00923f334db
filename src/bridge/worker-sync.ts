/**
 * A worker process that is asked synchronously, as codecs are: a thread speaks with the process, and the caller's
 * thread waits for it. Values go through shared memory, and only a few words through the thread.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { TempressError } from "../errors.ts";
import { announcedBytes, type WorkAnswer, type WorkerHello, type WorkRequest } from "./worker-protocol.ts";
import { Segment } from "./worker-segment.ts";
import type { ThreadAnswer, ThreadData, ThreadRequest } from "./worker-thread.ts";

let threadFile = new URL("./worker-thread.js", import.meta.url);

/** Where the thread's built code is, when it is not beside this module (bundles, tests). */
export function setWorkerThreadFile(file: URL): void {
  threadFile = file;
}

/** The thread ends a request that takes too long; a thread that does not is at fault itself. */
const GRACE_MS = 10_000;

export interface WorkResult extends WorkAnswer {
  readonly hello: WorkerHello;
  readonly payload: Uint8Array;
  /** Milliseconds of the worker's own function, where it tells. */
  readonly own: number;
  /** Milliseconds of copying in, of everything until the answer came, of copying out. */
  readonly copyIn: number;
  readonly asked: number;
  readonly copyOut: number;
}

export class SyncWorker {
  readonly #input = new Segment();
  readonly #output = new Segment();
  readonly #port: MessagePort;
  readonly #flag = new Int32Array(new SharedArrayBuffer(4));
  readonly #thread: Worker;
  readonly #program: string;

  constructor(words: readonly string[], folder?: string) {
    this.#program = words.join(" ");
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const data: ThreadData = {
      command: { words, folder, input: this.#input.fd, output: this.#output.fd },
      port: port2,
      flag: this.#flag.buffer as SharedArrayBuffer,
    };
    this.#thread = new Worker(threadFile, { workerData: data, transferList: [port2] });
    // Neither keeps the process alive; the worker process ends when its standard input does.
    this.#thread.unref();
    this.#port.unref();
  }

  hello(timeoutMs: number): WorkerHello {
    return (this.#ask({ timeoutMs }) as { hello: WorkerHello }).hello;
  }

  /**
   * @param most bytes that the answer may have
   * @throws TempressError as `WorkerProcess.ask`
   */
  work(request: Omit<WorkRequest, "bytes">, payload: Uint8Array, most: number, timeoutMs: number): WorkResult {
    const began = performance.now();
    this.#input.write(payload);
    const copied = performance.now();
    const asked = { request: { ...request, bytes: payload.length }, timeoutMs };
    const { done } = this.#ask(asked) as Extract<ThreadAnswer, { done: unknown }>;
    const answered = performance.now();
    const bytes = announcedBytes(done.answer, most, this.#program);
    const result = this.#output.read(bytes);
    const work = typeof done.answer.ms === "number" ? done.answer.ms : 0;
    return {
      hello: done.hello,
      bytes,
      payload: result,
      own: typeof done.answer.own_ms === "number" ? done.answer.own_ms : work,
      ms: { work, start: done.start, load: done.load },
      copyIn: copied - began,
      asked: answered - copied,
      copyOut: performance.now() - answered,
    };
  }

  async close(): Promise<void> {
    this.#port.close();
    await this.#thread.terminate();
    this.#input.close();
    this.#output.close();
  }

  #ask(request: ThreadRequest): ThreadAnswer {
    Atomics.store(this.#flag, 0, 0);
    this.#port.postMessage(request);
    // Start, load and work may each take that long, twice after a crash.
    const waited = Atomics.wait(this.#flag, 0, 0, 6 * request.timeoutMs + GRACE_MS);
    const answer = waited === "timed-out" ? undefined : receiveMessageOnPort(this.#port)?.message;
    if (answer === undefined) {
      throw new TempressError("internal", "the thread of the worker gives no answer", { where: this.#program });
    }
    const { error } = answer as { error?: Extract<ThreadAnswer, { error: unknown }>["error"] };
    if (error === undefined) return answer as ThreadAnswer;
    throw new TempressError(error.code ?? "internal", error.message, {
      where: error.where ?? this.#program,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}
