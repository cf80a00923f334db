/**
 * Options are declared once, here as plain data: type, check, default, `--help`, docs, JSON and LibPressio's
 * introspection all derive from the declaration.
 */
export type OptionType = "int" | "float" | "bool" | "string" | "choice";

export interface OptionSpec<T = unknown> {
  readonly type: OptionType;
  readonly default: T;
  readonly help: string;
  readonly unit?: string;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  /** Whether the value is recorded in the file. */
  readonly stored: boolean;
}

export type OptionSchema = Readonly<Record<string, OptionSpec>>;
export type OptionValues<S extends OptionSchema> = { readonly [K in keyof S]: S[K]["default"] };

interface More {
  readonly unit?: string;
  readonly min?: number;
  readonly max?: number;
  readonly stored?: boolean;
}

export function int(fallback: number, help: string, more: More = {}): OptionSpec<number> {
  return { type: "int", default: fallback, help, stored: true, ...more };
}

export function float(fallback: number, help: string, more: More = {}): OptionSpec<number> {
  return { type: "float", default: fallback, help, stored: true, ...more };
}

export function bool(fallback: boolean, help: string, more: More = {}): OptionSpec<boolean> {
  return { type: "bool", default: fallback, help, stored: true, ...more };
}

export function choice<const C extends readonly string[]>(
  choices: C,
  fallback: C[number],
  help: string,
  more: More = {},
): OptionSpec<C[number]> {
  return { type: "choice", default: fallback, help, choices, stored: true, ...more };
}
