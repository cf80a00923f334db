import { Worker } from "node:worker_threads";
import { TempressError } from "../errors.ts";
import { type Arrays, DTYPES, type DType } from "../tensor/dtype.ts";
import { bytesOf, type Tensor } from "../tensor/tensor.ts";
import type { Answer, Request } from "./node-worker.ts";
import type { ChunkPool } from "./pool.ts";

let workerFile = new URL("./node-worker.js", import.meta.url);

/** Where the worker's built code is, when it is not beside this module (bundles, tests). */
export function setWorkerFile(file: URL): void {
  workerFile = file;
}

interface Task {
  readonly request: Request;
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/** Threads that start when there is work for them, up to `threads`. */
export function nodePool(threads: number): ChunkPool {
  const idle: Worker[] = [];
  const busy = new Map<Worker, Task>();
  const queue: Task[] = [];
  /** Shared memory of finished encodings, for the next ones. */
  const spare: SharedArrayBuffer[] = [];
  let closed = false;

  function start(): Worker {
    const worker = new Worker(workerFile);
    const stopped = (why: string, cause?: unknown) => {
      const task = busy.get(worker);
      busy.delete(worker);
      if (idle.includes(worker)) idle.splice(idle.indexOf(worker), 1);
      task?.reject(
        new TempressError("unsupported", `a worker thread stopped: ${why}`, {
          where: "threads",
          hint: "out of memory? use fewer --threads or a smaller --window",
          cause,
        }),
      );
      if (!closed) next();
    };
    worker.on("message", (answer: Answer) => {
      const task = busy.get(worker);
      busy.delete(worker);
      // An idle thread must not keep the process alive.
      worker.unref();
      idle.push(worker);
      task?.resolve(answer);
      next();
    });
    worker.on("error", (error) => stopped(error.message, error));
    worker.on("exit", (code) => stopped(`exit status ${code}`));
    return worker;
  }

  function next(): void {
    while (queue.length > 0 && (idle.length > 0 || busy.size < threads)) {
      const worker = idle.pop() ?? start();
      const task = queue.shift()!;
      busy.set(worker, task);
      worker.ref();
      worker.postMessage(task.request);
    }
  }

  async function ask(request: Request): Promise<Answer> {
    if (closed) throw new TempressError("invalid-argument", "the archive is closed", { where: "threads" });
    const answer = await new Promise<Answer>((resolve, reject) => {
      queue.push({ request, resolve, reject });
      next();
    });
    if (answer.kind !== "error") return answer;
    if (answer.code === undefined) throw new Error(answer.message);
    throw new TempressError(answer.code, answer.message, {
      ...(answer.where === undefined ? {} : { where: answer.where }),
      ...(answer.hint === undefined ? {} : { hint: answer.hint }),
    });
  }

  return {
    threads,
    async encode(job, values, box) {
      const { dtype, shape } = values;
      const shared = share(values, spare);
      try {
        const { codec, options, bound, fill, effort, lead, cut } = job;
        const plain = { codec, options, bound, fill, effort, lead, cut };
        const answer = await ask({ kind: "encode", job: plain, values: { dtype, shape, data: shared }, box });
        if (answer.kind !== "chunks") throw new TypeError("a worker gave another answer");
        return answer.chunks;
      } finally {
        spare.push(shared.buffer as SharedArrayBuffer);
      }
    },
    async decode(job, bytes, info) {
      // A copy of just these bytes: `bytes` may be a view of the whole file, all of which would be sent.
      const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
      const answer = await ask({ kind: "decode", job, bytes: own, info });
      if (answer.kind !== "values") throw new TypeError("a worker gave another answer");
      return answer.values;
    },
    async close() {
      closed = true;
      const all = [...idle, ...busy.keys()];
      for (const task of [...busy.values(), ...queue]) {
        task.reject(new TempressError("invalid-argument", "stopped before it was done", { where: "threads" }));
      }
      busy.clear();
      queue.length = 0;
      idle.length = 0;
      await Promise.all(all.map((worker) => worker.terminate()));
    },
  };
}

/** The values in memory that both threads see. */
function share(values: Tensor, spare: SharedArrayBuffer[]): Arrays[DType] {
  const { Array: Values } = DTYPES[values.dtype];
  const { byteLength } = values.data;
  const found = spare.findIndex((buffer) => buffer.byteLength >= byteLength);
  const buffer = found >= 0 ? spare.splice(found, 1)[0]! : new SharedArrayBuffer(byteLength);
  new Uint8Array(buffer).set(bytesOf(values));
  return new Values(buffer, 0, values.data.length) as Arrays[DType];
}
