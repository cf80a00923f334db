/** The parser (commander), made to throw errors of ours and to print nothing by itself. */
import { Command, CommanderError } from "commander";
import { TempressError } from "../errors.ts";
import type { Verb } from "./verb.ts";

/** A verb as commander sees it. */
export function commandOf(name: string, summary: string, verb: Verb): Command {
  const command = new Command(`tempress ${name}`);
  command.exitOverride().configureOutput({ writeOut: () => {}, writeErr: () => {} });
  if (summary) command.description(summary);
  verb.define(command);
  return command;
}

export interface Parsed {
  readonly args: readonly string[];
  readonly flags: Readonly<Record<string, unknown>>;
}

export function parse(name: string, verb: Verb, words: readonly string[]): Parsed {
  const command = commandOf(name, "", verb);
  const given: Parsed[] = [];
  command.action(() => void given.push({ args: command.args, flags: command.opts() }));
  try {
    command.parse(verb.prepare?.(words) ?? [...words], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) throw translated(error, name);
    throw error;
  }
  return given[0]!;
}

/** "error: unknown option '--ab'\n(Did you mean --abs?)" as message and remedy. */
function translated(error: CommanderError, name: string): TempressError {
  const [first = "", ...rest] = error.message.replace(/^error: /, "").split("\n");
  const guess = /\(Did you mean (one of )?(.*)\?\)/.exec(rest.join(" "))?.[2];
  const hint = guess ? `did you mean ${guess}?` : `see: tempress help ${name}`;
  return new TempressError("invalid-argument", first.replaceAll("'", '"'), { where: `tempress ${name}`, hint });
}

export async function helpText(name: string, summary: string, verb: Verb): Promise<string> {
  const notes = await verb.notes?.();
  const text = commandOf(name, summary, verb).helpInformation();
  return notes === undefined ? text : `${text}\n${notes}`;
}
