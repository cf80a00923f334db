/**
 * Requests that wait for a worker thread. Clients take turns, so that one with many requests does not hold up the
 * others; a worker that crashes, or does not stop when it is told to, is replaced and its request answered.
 */
import { Worker } from "node:worker_threads";
import type { Failure, Report, Result, Task } from "./serve-task.ts";

export interface Job {
  /** Clients take turns. */
  readonly client: number;
  readonly task: Task;
  /** Bytes of tensors that it holds on to while it runs. */
  readonly bytes: number;
  /** Milliseconds from now; 0: as long as it takes. */
  readonly deadline: number;
  /** Called once. `queued` is the time in milliseconds before it ran. */
  done(outcome: { readonly result: Result } | { readonly failure: Failure }, queued: number): void;
}

export interface QueueSettings {
  readonly workerFile: URL;
  readonly threads: number;
  /** Of all requests that run. */
  readonly mostBytes: number;
  /** Codecs that a worker loads before its first request. */
  readonly warm: readonly string[];
  log(text: string): void;
}

/** A worker that was told to stop gets so long to do it by itself. */
const STOP_MS = 250;
/** A worker that dies before it is warm is not started again at once. */
const RESTART_MS = 1000;

interface Running {
  readonly job: Job;
  readonly queued: number;
  /** Why it is to be given up. */
  reason?: Failure;
}

interface Slot {
  readonly worker: Worker;
  /** The worker sees it too: 1 tells it to give up what it does. */
  readonly stop: Int32Array;
  warm: boolean;
  running?: Running;
}

const CRASHED: Failure = {
  code: "internal",
  message: "the worker that did this request stopped",
  where: "daemon",
  hint: "out of memory? the other requests go on; try a smaller one",
};

export class WorkQueue {
  private readonly slots: Slot[] = [];
  private readonly waiting = new Map<number, { job: Job; since: number }[]>();
  private readonly timers = new Map<Job, NodeJS.Timeout>();
  private readonly settings: QueueSettings;
  private bytes = 0;
  private closing = false;
  private idle: (() => void)[] = [];
  /** Workers that were replaced. */
  restarts = 0;

  constructor(settings: QueueSettings) {
    this.settings = settings;
    for (let i = 0; i < settings.threads; i++) this.start();
  }

  get running(): number {
    return this.slots.filter(({ running }) => running).length;
  }

  get queued(): number {
    let count = 0;
    for (const jobs of this.waiting.values()) count += jobs.length;
    return count;
  }

  submit(job: Job): void {
    const entry = { job, since: performance.now() };
    const own = this.waiting.get(job.client);
    if (own) own.push(entry);
    else this.waiting.set(job.client, [entry]);
    if (job.deadline > 0) {
      const late = () =>
        this.giveUp(job, { code: "timeout", message: `not done in ${job.deadline} ms`, where: "deadline" });
      this.timers.set(job, setTimeout(late, job.deadline));
    }
    this.next();
  }

  /** Ends a request: at once if it waits, soon if it runs. Its `done` is called with `reason`. */
  giveUp(job: Job, reason: Failure): void {
    const own = this.waiting.get(job.client);
    const at = own?.findIndex((entry) => entry.job === job) ?? -1;
    if (own && at >= 0) {
      const [entry] = own.splice(at, 1);
      if (own.length === 0) this.waiting.delete(job.client);
      this.finish(job, { failure: reason }, performance.now() - entry!.since);
      this.next();
      return;
    }
    const slot = this.slots.find(({ running }) => running?.job === job);
    if (!slot?.running || slot.running.reason) return;
    slot.running.reason = reason;
    Atomics.store(slot.stop, 0, 1);
    const { running } = slot;
    setTimeout(() => {
      // Nothing stops a kernel that computes but the end of its thread.
      if (slot.running === running) void slot.worker.terminate();
    }, STOP_MS);
  }

  /** Resolves when nothing waits or runs. */
  async drained(): Promise<void> {
    if (this.running === 0 && this.queued === 0) return;
    await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  async close(): Promise<void> {
    this.closing = true;
    await Promise.all(this.slots.map(({ worker }) => worker.terminate()));
  }

  private start(): void {
    const { workerFile, warm, log } = this.settings;
    const stop = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(workerFile, { workerData: { warm, stop } });
    const slot: Slot = { worker, stop, warm: false };
    this.slots.push(slot);
    worker.on("message", (report: Report) => {
      if (report.kind === "warm") slot.warm = true;
      else this.took(slot, report.kind === "done" ? { result: report.result } : { failure: report.failure });
      this.next();
    });
    worker.on("error", (error) => log(`worker: ${error.message}`));
    worker.on("exit", () => this.lost(slot));
  }

  private lost(slot: Slot): void {
    this.slots.splice(this.slots.indexOf(slot), 1);
    if (slot.running) this.took(slot, { failure: CRASHED });
    if (this.closing) return;
    this.restarts++;
    if (slot.warm) this.start();
    else setTimeout(() => this.closing || this.start(), RESTART_MS);
    this.next();
  }

  private took(slot: Slot, outcome: { result: Result } | { failure: Failure }): void {
    const { running } = slot;
    if (!running) return;
    delete slot.running;
    this.bytes -= running.job.bytes;
    const failed = "failure" in outcome && running.reason ? { failure: running.reason } : outcome;
    this.finish(running.job, failed, running.queued);
  }

  private finish(job: Job, outcome: Parameters<Job["done"]>[0], queued: number): void {
    clearTimeout(this.timers.get(job));
    this.timers.delete(job);
    job.done(outcome, queued);
    if (this.running > 0 || this.queued > 0) return;
    for (const resolve of this.idle.splice(0)) resolve();
  }

  private next(): void {
    for (const slot of this.slots) {
      if (slot.running || !slot.warm) continue;
      const [first] = this.waiting;
      if (!first) return;
      const [client, own] = first;
      const { job, since } = own[0]!;
      // A request larger than what is free waits until it is free; nothing overtakes it.
      if (this.bytes > 0 && this.bytes + job.bytes > this.settings.mostBytes) return;
      own.shift();
      this.waiting.delete(client);
      if (own.length > 0) this.waiting.set(client, own);
      this.bytes += job.bytes;
      Atomics.store(slot.stop, 0, 0);
      slot.running = { job, queued: performance.now() - since };
      slot.worker.postMessage(job.task);
    }
  }
}
