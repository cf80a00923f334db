/**
 * The persistent worker protocol, version 1 (docs/external.md). A program is started once, with two segments of shared
 * memory as descriptors 3 (to it) and 4 (from it). Requests and answers are lines of JSON on its standard input and
 * output, one at a time:
 *
 *     hello   {"op":"hello","protocol":[1,1]}   -> {"ok":true,"protocol":1,"name":...,"version":...,"options":{...}}
 *     load    {"op":"load","options":{...}}     -> {"ok":true}
 *     encode  {"op":"encode","dtype":...,"shape":[...],"bytes":N,"bound":{...},"options":{...}} -> {"ok":true,"bytes":M}
 *     decode  the same, with the bytes that encode made  -> {"ok":true,"bytes":N}
 *
 * An error is {"ok":false,"error":"text"}; the worker goes on. Any answer may have "ms", the time it took.
 */
import { TempressError } from "../errors.ts";
import type { Bound } from "../promise/spec.ts";
import { DTYPE_NAMES, type DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";

export const WORKER_PROTOCOL = 1;
/** A longer answer is no answer. */
export const LONGEST_LINE = 1 << 20;

export type WorkerOptions = Readonly<Record<string, number | string | boolean>>;

export interface WorkRequest {
  readonly op: "encode" | "decode";
  readonly dtype: DType;
  /** Slowest axis first. */
  readonly shape: Shape;
  /** Bytes in segment 3. */
  readonly bytes: number;
  readonly bound: Bound;
  readonly effort?: string;
  readonly options: WorkerOptions;
}

/** What a worker says of itself. */
export interface WorkerHello {
  readonly name: string;
  readonly version: string;
  readonly summary: string;
  readonly keeps: readonly string[];
  readonly dtypes: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

export interface WorkAnswer {
  /** Bytes in segment 4. */
  readonly bytes: number;
  /** The worker's own time, and what was spent before: starting it, loading its model. Milliseconds. */
  readonly ms: { readonly work: number; readonly start: number; readonly load: number };
}

export type Answer = Readonly<Record<string, unknown>>;

/** One line as an answer. @throws TempressError "protocol" for another text, "unsupported" for the worker's refusal */
export function parseAnswer(line: string, program: string): Answer {
  let read: unknown;
  try {
    read = JSON.parse(line);
  } catch {
    throw broken(program, `it answered "${line.slice(0, 80)}", which is no JSON`);
  }
  if (typeof read !== "object" || read === null || Array.isArray(read)) {
    throw broken(program, "its answer is no JSON object");
  }
  const answer = read as Answer;
  if (answer.ok === true) return answer;
  const said = typeof answer.error === "string" ? answer.error : "it gave no reason";
  throw new TempressError("unsupported", `the worker refused: ${said}`, { where: program });
}

/** @throws TempressError "protocol" */
export function checkHello(answer: Answer, program: string): WorkerHello {
  const { protocol, name, version, summary = "", keeps = [], dtypes = DTYPE_NAMES, options = {} } = answer;
  if (protocol !== WORKER_PROTOCOL) throw broken(program, `it speaks protocol ${String(protocol)}`);
  if (typeof name !== "string" || !isProgramName(name)) throw broken(program, `its name is ${JSON.stringify(name)}`);
  const texts = (list: unknown) => Array.isArray(list) && list.every((item) => typeof item === "string");
  const plain = typeof version === "string" && version.length <= 80 && typeof summary === "string";
  if (!plain || !texts(keeps) || !texts(dtypes) || typeof options !== "object" || options === null) {
    throw broken(program, "its hello is not as the protocol says");
  }
  return { name, version, summary, keeps, dtypes, options } as WorkerHello;
}

/** Names that can be typed, stored and shown. */
export function isProgramName(name: string): boolean {
  return /^[A-Za-z][\w.-]{0,63}$/.test(name);
}

/** @throws TempressError "protocol" */
export function announcedBytes(answer: Answer, most: number, program: string): number {
  const { bytes } = answer;
  if (Number.isSafeInteger(bytes) && (bytes as number) >= 0 && (bytes as number) <= most) return bytes as number;
  throw broken(program, `it announced ${String(bytes)} bytes where at most ${most} can be`);
}

function broken(program: string, message: string): TempressError {
  return new TempressError("protocol", `the worker broke the protocol: ${message}`, {
    where: program,
    hint: "only answers may go to its standard output; see docs/external.md",
  });
}
