/** One worker process: started at the first request, handed its options, and started again after a crash. */
import { type ChildProcess, spawn } from "node:child_process";
import { isTempressError, TempressError } from "../errors.ts";
import {
  type Answer,
  checkHello,
  LONGEST_LINE,
  parseAnswer,
  WORKER_PROTOCOL,
  type WorkerHello,
  type WorkRequest,
} from "./worker-protocol.ts";

export interface WorkerCommand {
  /** Program and its arguments; no shell sees them. */
  readonly words: readonly string[];
  readonly folder?: string | undefined;
  /** Descriptors of the two segments. */
  readonly input: number;
  readonly output: number;
}

export interface ProcessAnswer {
  readonly hello: WorkerHello;
  readonly answer: Answer;
  /** Milliseconds that starting and loading took, when this request caused them. */
  readonly start: number;
  readonly load: number;
}

/** What is kept of standard error, for messages. */
const KEPT_STDERR = 4096;

interface Running {
  readonly child: ChildProcess;
  readonly hello: WorkerHello;
  /** Options it has loaded, as JSON. */
  loaded?: string;
}

export class WorkerProcess {
  readonly #command: WorkerCommand;
  readonly #program: string;
  #running: Running | undefined;
  #stderr = "";
  #line = "";
  #waiting: { readonly child: ChildProcess; resolve(line: string): void; reject(error: Error): void } | undefined;
  /** Starts after a crash, for tests and reports. */
  restarts = 0;

  constructor(command: WorkerCommand) {
    this.#command = command;
    this.#program = command.words.join(" ");
  }

  /** What the worker says of itself; starts it. */
  async hello(timeoutMs: number): Promise<WorkerHello> {
    return (await this.#start(timeoutMs)).running.hello;
  }

  /**
   * One request at a time. A worker that crashes is started again and asked once more: requests change nothing.
   * @throws TempressError "unsupported" (it refused), "protocol", "timeout" (it is ended), "io" (it crashed twice, or
   * there is no such program)
   */
  async ask(request: WorkRequest, timeoutMs: number): Promise<ProcessAnswer> {
    try {
      return await this.#attempt(request, timeoutMs);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      this.restarts++;
      try {
        return await this.#attempt(request, timeoutMs);
      } catch (again) {
        throw again instanceof Crash ? again.asError(this.#program, this.#stderr) : again;
      }
    }
  }

  /** Closes its standard input, which ends it; kills it if it stays. */
  close(): void {
    const child = this.#running?.child;
    this.#running = undefined;
    child?.stdin?.end();
    if (child) setTimeout(() => child.kill("SIGKILL"), 1000).unref();
  }

  async #attempt(request: WorkRequest, timeoutMs: number): Promise<ProcessAnswer> {
    const { running, start } = await this.#start(timeoutMs);
    const { hello } = running;
    const options = JSON.stringify(request.options);
    let load = 0;
    if (running.loaded !== options) {
      const began = performance.now();
      await this.#exchange(running.child, { op: "load", options: request.options }, timeoutMs);
      load = performance.now() - began;
      running.loaded = options;
    }
    return { hello, answer: await this.#exchange(running.child, request, timeoutMs), start, load };
  }

  async #start(timeoutMs: number): Promise<{ running: Running; start: number }> {
    if (this.#running) return { running: this.#running, start: 0 };
    const began = performance.now();
    const [program, ...rest] = this.#command.words;
    const { input, output, folder } = this.#command;
    this.#stderr = "";
    this.#line = "";
    const child = spawn(program!, rest, { cwd: folder, stdio: ["pipe", "pipe", "pipe", input, output], shell: false });
    // A worker that is gone is noticed by its end, not by the pipe.
    child.stdin!.on("error", () => undefined);
    child.stdout!.setEncoding("utf8").on("data", (text: string) => this.#receive(child, text));
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-KEPT_STDERR);
    });
    child.on("error", (cause) => this.#ended(child, new NoProgram(cause)));
    // "close" and not "exit": what it wrote before its end is there then.
    child.on("close", (code, signal) => this.#ended(child, new Crash(code, signal)));
    try {
      const answer = await this.#exchange(child, { op: "hello", protocol: [1, WORKER_PROTOCOL] }, timeoutMs);
      this.#running = { child, hello: checkHello(answer, this.#program) };
    } catch (error) {
      child.kill("SIGKILL");
      throw error instanceof NoProgram ? error.asError(this.#program) : error;
    }
    return { running: this.#running, start: performance.now() - began };
  }

  async #exchange(child: ChildProcess, request: object, timeoutMs: number): Promise<Answer> {
    let timer: NodeJS.Timeout | undefined;
    const line = await new Promise<string>((resolve, reject) => {
      this.#waiting = { child, resolve, reject };
      timer = setTimeout(() => this.#ended(child, timedOut(this.#program, timeoutMs, this.#stderr)), timeoutMs);
      child.stdin!.write(`${JSON.stringify(request)}\n`);
    }).finally(() => clearTimeout(timer));
    try {
      return parseAnswer(line, this.#program);
    } catch (error) {
      // Which of its words belong to which request is no longer known.
      if (isTempressError(error, "protocol")) this.#ended(child, error);
      throw error;
    }
  }

  #receive(child: ChildProcess, text: string): void {
    // One that was ended may still have words in its pipe.
    if (this.#waiting?.child !== child) return;
    this.#line += text;
    const end = this.#line.indexOf("\n");
    if (end < 0 && this.#line.length <= LONGEST_LINE) return;
    const waiting = this.#waiting;
    const line = this.#line.slice(0, end < 0 ? 200 : end);
    this.#line = end < 0 ? "" : this.#line.slice(end + 1);
    this.#waiting = undefined;
    waiting.resolve(line);
  }

  /** The child cannot be asked any more. */
  #ended(child: ChildProcess, why: Error): void {
    if (this.#running?.child === child) this.#running = undefined;
    child.kill("SIGKILL");
    const waiting = this.#waiting;
    // The next one may be asked already when the end of this one is told.
    if (waiting?.child !== child) return;
    this.#waiting = undefined;
    waiting.reject(why);
  }
}

/** A worker that ended by itself: the next request starts another. */
class Crash extends Error {
  constructor(code: number | null, signal: NodeJS.Signals | null) {
    super(signal === null ? `it ended with exit status ${code}` : `it was ended by ${signal}`);
  }

  asError(program: string, stderr: string): TempressError {
    return new TempressError("io", `the worker crashed twice: ${this.message}${lastWords(stderr)}`, {
      where: program,
      hint: "its last words on standard error are above; run it by itself to see more",
    });
  }
}

class NoProgram extends Error {
  constructor(cause: Error) {
    super(cause.message);
  }

  asError(program: string): TempressError {
    return new TempressError("io", `the worker cannot be started: ${this.message}`, {
      where: program,
      hint: "give program and arguments as a list; no shell splits or finds them",
    });
  }
}

function timedOut(program: string, timeoutMs: number, stderr: string): TempressError {
  const message = `the worker gave no answer in ${timeoutMs / 1000} s, and was ended${lastWords(stderr)}`;
  return new TempressError("timeout", message, { where: program, hint: "raise external_compressor:timeout" });
}

/** The end of standard error, on one line. */
export function lastWords(stderr: string): string {
  const text = stderr.trim().split("\n").slice(-6).join(" | ").slice(-600);
  return text === "" ? "" : `; standard error: ${text}`;
}
