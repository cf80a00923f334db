/** Starting a program and reading its answer, in LibPressio's external protocol. Never a shell. */
import { spawnSync } from "node:child_process";
import { constants } from "node:os";
import { optionsFromJson } from "../compressor/pressio-json.ts";
import { PressioOptions } from "../compressor/pressio-options.ts";
import { TempressError } from "../errors.ts";
import { lastWords } from "./worker-process.ts";

export interface Program {
  /** Program and its first arguments. */
  readonly words: readonly string[];
  /** Where it runs; default here. */
  readonly folder?: string | undefined;
  readonly timeoutMs: number;
}

/** Standard output above this is no answer. */
const LONGEST_ANSWER = 64 << 20;

export function noProgram(): TempressError {
  return new TempressError("invalid-argument", "no program is named", {
    where: "external:commands",
    hint: 'such as "external:commands": ["python3", "quantise.py"], or -O external:commands=python3,quantise.py',
  });
}

/** How a program ended. */
export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit status; of one that a signal ended, as a shell would say it: 128 and the signal's number. */
  readonly status: number;
  readonly signal?: string | undefined;
}

/**
 * Runs it with standard input closed and waits.
 * @throws TempressError "io" when it cannot be started; "timeout", when it is killed; "limit" when it prints too much
 */
export function runProgram(program: Program, more: readonly string[], env: Readonly<Record<string, string>>): Ended {
  const [file, ...first] = program.words;
  if (file === undefined) throw noProgram();
  const { stdout, stderr, status, signal, error } = spawnSync(file, [...first, ...more], {
    cwd: program.folder,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: LONGEST_ANSWER,
    timeout: program.timeoutMs,
    killSignal: "SIGKILL",
    shell: false,
  });
  const where = program.words.join(" ");
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === "ETIMEDOUT") {
    const message = `the program was not done in ${program.timeoutMs / 1000} s, and was ended${lastWords(stderr)}`;
    throw new TempressError("timeout", message, { where, hint: "raise its timeout" });
  }
  if (code === "ENOBUFS") throw new TempressError("limit", "the program prints too much", { where });
  if (error) {
    const message = `the program cannot be started: ${error.message}`;
    throw new TempressError("io", message, {
      where,
      hint: "give program and arguments as a list; no shell splits or finds them",
      cause: error,
    });
  }
  if (signal === null) return { stdout, stderr, status: status ?? 0 };
  return { stdout, stderr, status: 128 + constants.signals[signal], signal };
}

/**
 * Its standard output.
 * @throws TempressError as `runProgram`; "io" also when it ends with a signal or another status than 0. All with the
 * end of its standard error
 */
export function launch(program: Program, more: readonly string[], env: Readonly<Record<string, string>>): string {
  const { stdout, stderr, status, signal } = runProgram(program, more, env);
  if (status === 0) return stdout;
  const how = signal === undefined ? `ended with status ${status}` : `was ended by ${signal}`;
  throw new TempressError("io", `the program ${how}${lastWords(stderr)}`, { where: program.words.join(" ") });
}

/** Forms of answers that LibPressio reads; it refuses the versions 6 and 7 that its documents name. */
const FIRST_LINE = /^external:api=(json:1|[1-7])\r?$/;

/**
 * Both forms: `key=value` lines, in which a repeated key is a list, and JSON.
 * @throws TempressError "protocol"
 */
export function parseReply(stdout: string, where: string): PressioOptions {
  const at = stdout.indexOf("\n");
  const [first, rest] = at < 0 ? [stdout, ""] : [stdout.slice(0, at), stdout.slice(at + 1)];
  const form = FIRST_LINE.exec(first)?.[1];
  if (form === undefined) {
    throw new TempressError("protocol", `the program answered "${first.slice(0, 80)}", not external:api=...`, {
      where,
      hint: "its first line must be external:api=5 or external:api=json:1",
    });
  }
  if (form === "json:1") return optionsFromJson(rest, where);
  const lists = new Map<string, string[]>();
  for (const line of rest.split(/\r?\n/)) {
    const equals = line.indexOf("=");
    if (equals < 1) continue;
    const key = line.slice(0, equals);
    lists.set(key, [...(lists.get(key) ?? []), line.slice(equals + 1)]);
  }
  const options = new PressioOptions();
  for (const [key, texts] of lists) options.set(key, listOf(texts));
  return options;
}

/** Numbers where all are; one alone is no list. */
function listOf(
  texts: readonly string[],
): number | string | string[] | { dtype: "float64"; shape: number[]; data: Float64Array } {
  const numbers = texts.map((text) => (text.trim() === "" ? Number.NaN : Number(text)));
  const numeric = !numbers.some(Number.isNaN);
  if (texts.length === 1) return numeric ? numbers[0]! : texts[0]!;
  return numeric ? { dtype: "float64", shape: [texts.length], data: Float64Array.from(numbers) } : [...texts];
}

/** Extents under a key, as a list or as one number. */
export function extentsOf(reply: PressioOptions, key: string, where: string): number[] {
  const value = reply.get(key);
  const list = typeof value === "object" && "data" in value ? Array.from(value.data as Float64Array, Number) : [value];
  if (list.length > 0 && list.every((extent) => Number.isSafeInteger(extent) && (extent as number) >= 0)) {
    return (list as number[]).reverse();
  }
  throw new TempressError("protocol", `the program's answer has no extents under ${key}`, { where });
}

export function textOf(reply: PressioOptions, key: string, where: string): string {
  const value = reply.get(key);
  if (typeof value === "string") return value;
  throw new TempressError("protocol", `the program's answer has no text under ${key}`, { where });
}
