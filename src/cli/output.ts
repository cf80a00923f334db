/** Text to people and programs. Written at once, so that nothing is lost when the process ends. */
import { writeAll } from "../io/node-file.ts";

function put(fd: number, text: string, end = "\n"): void {
  writeAll(fd, new TextEncoder().encode(text.endsWith(end) ? text : text + end));
}

export function print(text: string): void {
  put(1, text);
}

/** For people only: on standard error. */
export function note(text: string, end?: string): void {
  try {
    put(2, text, end);
  } catch {
    // Nobody listens; the exit status still tells.
  }
}

/** One object on one line; what JSON has no number for (NaN, infinities) becomes null, arrays of values lists. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value, (_, part) => {
    if (typeof part === "bigint") return part.toString();
    return ArrayBuffer.isView(part) ? Array.from(part as Uint8Array) : part;
  });
}

/** Where reports go: beside data on standard output they would spoil them. */
export function reporter(output: string): (text: string) => void {
  return output === "-" ? note : print;
}
