/**
 * Which programs may decode. A file names the program that made it, and never says how to start one: commands come
 * from the caller alone, who compressed with them in this process, told them by `trustProgram`, or set TEMPRESS_EXTERNAL.
 */
import { TempressError } from "../errors.ts";
import { isProgramName } from "./worker-protocol.ts";

export interface TrustedProgram {
  /** Program and its first arguments; no shell sees them. */
  readonly words: readonly string[];
  readonly folder?: string | undefined;
  readonly timeoutMs: number;
}

const trusted = new Map<string, TrustedProgram>();
const DEFAULT_TIMEOUT_MS = 300_000;

/** Lets files that name `name` be decoded by this program. The latest one counts. */
export function trustProgram(
  name: string,
  words: readonly string[],
  more: { readonly folder?: string | undefined; readonly timeoutMs?: number | undefined } = {},
): void {
  if (!isProgramName(name) || words.length === 0) {
    throw new TempressError("invalid-argument", `"${name}" cannot be trusted so`, {
      where: "external programs",
      hint: 'such as trustProgram("quantise", ["python3", "quantise.py"])',
    });
  }
  trusted.set(name, { words: [...words], folder: more.folder, timeoutMs: more.timeoutMs ?? DEFAULT_TIMEOUT_MS });
}

/** @throws TempressError "unsupported" for a program that nobody named */
export function trustedProgram(name: string): TrustedProgram {
  const found = trusted.get(name) ?? fromEnvironment(process.env.TEMPRESS_EXTERNAL ?? "").get(name);
  if (found) return found;
  throw new TempressError("unsupported", `the file was made by the external program "${name}"`, {
    where: "external_compressor",
    hint: `say how it is started: TEMPRESS_EXTERNAL='${name}=python3 ${name}.py'`,
  });
}

/** `NAME=WORDS`, several separated by semicolons; words are separated by spaces, as LibPressio splits commands. */
function fromEnvironment(text: string): Map<string, TrustedProgram> {
  const all = new Map<string, TrustedProgram>();
  for (const entry of text.split(";").filter((part) => part.trim() !== "")) {
    const [, name, command] = /^\s*([^=\s]+)\s*=\s*(\S.*)$/.exec(entry) ?? [];
    if (name === undefined || command === undefined || !isProgramName(name)) {
      throw new TempressError("invalid-argument", `TEMPRESS_EXTERNAL has the entry "${entry.trim()}"`, {
        where: "environment",
        hint: "write NAME=PROGRAM ARGUMENTS, entries separated by ;",
      });
    }
    all.set(name, { words: command.trim().split(/\s+/), timeoutMs: DEFAULT_TIMEOUT_MS });
  }
  return all;
}
