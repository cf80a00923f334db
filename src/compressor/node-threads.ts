/**
 * Worker threads that outlive a call, so that the next one finds them started, with kernels loaded and compiled. One
 * set for the whole process: calls that overlap share it. Idle threads do not keep the process alive, and end after
 * a while.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { TempressError } from "../errors.ts";
import type { Answer, Request } from "./node-worker.ts";

/** An idle thread ends after this many milliseconds: its memory is that of its largest chunk. */
const IDLE_MS = 10_000;

let workerFile = new URL("./node-worker.js", import.meta.url);

/** Where the worker's built code is, when it is not beside this module (bundles, tests). Ends idle threads. */
export function setWorkerFile(file: URL): void {
  workerFile = file;
  for (const thread of [...idle]) end(thread);
}

/** How many threads there are now, at work or idle. */
export function threadCount(): number {
  return idle.length + busy.size;
}

/** A call's part of the threads: how many may work for it at once, and how many do. */
export interface Share {
  readonly threads: number;
  working: number;
}

interface Task {
  readonly share: Share;
  readonly request: Request;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

interface Thread {
  readonly worker: Worker;
  timer?: NodeJS.Timeout;
}

/** Shared memory that tasks are done with, for the next ones: fresh memory costs time. It goes when the threads do. */
const spare: SharedArrayBuffer[] = [];
const MOST_SPARE = 128 << 20;

/** Shared memory of at least so many bytes, with anything in it; sizes are powers of two, so that they fit again. */
export function takeShared(byteLength: number): SharedArrayBuffer {
  const size = 2 ** Math.ceil(Math.log2(Math.max(byteLength, 1 << 12)));
  const found = spare.findIndex((buffer) => buffer.byteLength === size);
  return found >= 0 ? spare.splice(found, 1)[0]! : new SharedArrayBuffer(size);
}

/** Not after a failure: a thread that is about to end may still use it. */
export function giveBack(buffer: SharedArrayBuffer): void {
  const kept = spare.reduce((sum, { byteLength }) => sum + byteLength, buffer.byteLength);
  if (kept <= MOST_SPARE && threadCount() > 0) spare.push(buffer);
}

const idle: Thread[] = [];
const busy = new Map<Thread, Task>();
const queue: Task[] = [];
const shares = new Set<Share>();

export function openShare(threads: number): Share {
  const share = { threads, working: 0 };
  shares.add(share);
  return share;
}

/** Gives up what the share still waits for; a thread in the middle of it is ended. */
export function closeShare(share: Share, reason: Error): void {
  shares.delete(share);
  for (const task of [...queue, ...busy.values()]) if (task.share === share) cancel(task, reason);
}

/**
 * Has a thread answer. The signal's reason is thrown at once when it fires.
 * @throws TempressError "unsupported" where the thread stopped; the next task gets another one.
 */
export function ask(share: Share, request: Request, signal?: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    if (!shares.has(share)) {
      throw new TempressError("invalid-argument", "the archive is closed", { where: "threads" });
    }
    const stop = () => cancel(task, signal!.reason);
    const settled =
      <T>(settle: (value: T) => void) =>
      (value: T) => {
        signal?.removeEventListener("abort", stop);
        settle(value);
      };
    const task: Task = { share, request, resolve: settled(resolve), reject: settled(reject) };
    signal?.addEventListener("abort", stop);
    queue.push(task);
    next();
  });
}

function next(): void {
  for (let i = 0; i < queue.length; ) {
    const task = queue[i]!;
    if (task.share.working >= task.share.threads) {
      i++;
      continue;
    }
    const thread = idle.pop() ?? (busy.size < most() ? start() : undefined);
    if (!thread) return;
    queue.splice(i, 1);
    run(thread, task);
  }
}

/** As many as the greediest call wants; for calls side by side more, as far as there are processors. */
function most(): number {
  const wanted = [...shares].map(({ threads }) => threads);
  const all = wanted.reduce((sum, threads) => sum + threads, 0);
  return Math.max(...wanted, Math.min(all, availableParallelism()));
}

function run(thread: Thread, task: Task): void {
  clearTimeout(thread.timer);
  busy.set(thread, task);
  task.share.working++;
  thread.worker.ref();
  thread.worker.postMessage(task.request);
}

function start(): Thread {
  const thread: Thread = { worker: new Worker(workerFile) };
  thread.worker.on("message", (answer: Answer) => {
    const task = leave(thread);
    if (!task) return;
    thread.worker.unref();
    thread.timer = setTimeout(() => end(thread), IDLE_MS).unref();
    idle.push(thread);
    task.resolve(answer);
    next();
  });
  thread.worker.on("error", (error) => stopped(thread, error.message, error));
  thread.worker.on("exit", (code) => stopped(thread, `exit status ${code}`));
  return thread;
}

/** Takes the thread's task from it. */
function leave(thread: Thread): Task | undefined {
  const task = busy.get(thread);
  if (task) task.share.working--;
  busy.delete(thread);
  return task;
}

function end(thread: Thread): void {
  clearTimeout(thread.timer);
  const place = idle.indexOf(thread);
  if (place >= 0) idle.splice(place, 1);
  leave(thread);
  if (threadCount() === 0) spare.length = 0;
  void thread.worker.terminate();
}

function stopped(thread: Thread, why: string, cause?: unknown): void {
  const task = busy.get(thread);
  end(thread);
  task?.reject(
    new TempressError("unsupported", `a worker thread stopped: ${why}`, {
      where: "threads",
      hint: "out of memory? use fewer --threads or a smaller --window",
      cause,
    }),
  );
  next();
}

/** A task that nobody waits for any more. A kernel cannot be interrupted, so its thread ends with it. */
function cancel(task: Task, reason: unknown): void {
  const place = queue.indexOf(task);
  if (place >= 0) queue.splice(place, 1);
  for (const [thread, running] of [...busy]) if (running === task) end(thread);
  task.reject(reason);
  next();
}
