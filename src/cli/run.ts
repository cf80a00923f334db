/** From words to a verb, and from errors to exit status: 0 done, 1 a promise was not met, 2 error. */
import { isTempressError, TempressError } from "../errors.ts";
import { suggestion } from "../nearest.ts";
import { note, print } from "./output.ts";
import { VERBS, type VerbEntry } from "./verb.ts";

export async function run(words: readonly string[], version: string): Promise<void> {
  let status: number;
  try {
    status = await dispatch(words, version);
  } catch (error) {
    status = report(error, words.includes("--json"));
  }
  process.exit(status);
}

/** Does what the words say; errors are thrown. */
export async function dispatch(words: readonly string[], version: string): Promise<number> {
  const name = words[0];
  if (name === undefined || name === "--help" || name === "-h" || (name === "help" && words.length === 1)) {
    const { overview } = await import("./help.ts");
    print(overview(version));
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "-V") throw misuse("--version stands alone", "tempress --version");
  const entry = VERBS.find((verb) => verb.name === name);
  if (entry) return await runVerb(entry, words.slice(1));
  const names = VERBS.map((verb) => verb.name);
  if (name.startsWith("-")) throw misuse(`"${name}" stands before any verb`, `start with one of ${names.join(", ")}`);
  throw new TempressError("invalid-argument", `there is no verb "${name}"`, {
    where: "command line",
    hint: suggestion(name, names),
  });
}

async function runVerb(entry: VerbEntry, words: readonly string[]): Promise<number> {
  const [verb, { parse, helpText }] = await Promise.all([entry.load(), import("./parse.ts")]);
  if (words.includes("--help") || words.includes("-h")) {
    print(await helpText(entry.name, entry.summary, verb));
    return 0;
  }
  const { args, flags } = parse(entry.name, verb, words);
  return await verb.run(args, flags);
}

export function misuse(message: string, hint: string): TempressError {
  return new TempressError("invalid-argument", message, { where: "command line", hint });
}

/** Prints an error for people on standard error, with --json also as one object on standard output. */
function report(error: unknown, json: boolean): number {
  const ours = isTempressError(error);
  const reason = error instanceof Error ? error.message : String(error);
  if ((error as { code?: string }).code === "EPIPE") return 2;
  const shown = ours
    ? error
    : new TempressError("unsupported", `internal error: ${reason}`, {
        hint: "this is a defect of Tempress, please report it (TEMPRESS_TRACE=1 shows where)",
      });
  note(`tempress: ${shown.describe()}`);
  if (process.env.TEMPRESS_TRACE) note(String((error as Error).stack));
  if (json) {
    const { code, message, where, hint } = shown;
    print(JSON.stringify({ error: { code: ours ? code : "internal", message, where, hint } }));
  }
  return shown.code === "bound-broken" ? 1 : 2;
}
