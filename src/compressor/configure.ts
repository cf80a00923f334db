/**
 * A codec with all that it wraps, from one flat set of options by LibPressio's rules: a plain key such as
 * "sz3:algorithm" holds for every codec of the tree that has it; "/transpose/sz3:sz3:algorithm" only for the one at
 * that place and what is inside it. The most specific one wins.
 *
 * Structure comes first (which codecs: "early" options), then the options of these ("late" ones).
 */
import { TempressError } from "../errors.ts";
import { suggestion } from "../nearest.ts";
import type { Children, Codec, ConfiguredCodec } from "./codec.ts";
import { codecs } from "./registry.ts";
import { checkOption, type OptionSchema, type OptionSpec, type OptionValue, parseOption } from "./schema.ts";

/** Codecs in codecs at most. A plain "transpose:compressor=transpose" would go on for ever. */
export const MAX_DEPTH = 8;

/** A codec of a tree, with what introspection asks of it. */
export interface Node {
  readonly codec: Codec;
  /** "transpose/sz3": names from the root, as qualified keys have them. */
  readonly path: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly children: Readonly<Record<string, readonly Node[]>>;
}

/** How values are taken: as they are, or from texts of a command line. */
export type Take = (key: string, spec: OptionSpec, value: unknown) => unknown;
export const fromText: Take = (key, spec, value) =>
  typeof value === "string" ? parseOption(key, spec, value) : checkOption(key, spec, value);

/** A codec of the tree is not loaded: loading takes time, and a call that cannot wait meets it. */
class NotLoaded extends Error {
  readonly codec: string;

  constructor(codec: string) {
    super(codec);
    this.codec = codec;
  }
}

/**
 * Loads what the tree needs and configures it.
 * @throws TempressError "invalid-argument" for unknown codecs and options (with the nearest name), wrong values, and
 * trees deeper than `MAX_DEPTH`
 */
export async function configure(
  name: string,
  given: Readonly<Record<string, unknown>> = {},
  take: Take = checkOption,
): Promise<Node> {
  const loaded = new Map<string, Codec>();
  for (;;) {
    try {
      return configureLoaded(name, given, loaded, take);
    } catch (error) {
      if (!(error instanceof NotLoaded)) throw error;
      loaded.set(error.codec, await codecs.get(error.codec));
    }
  }
}

/** The same at once, from codecs that are loaded: they, and those that it names beside them, are in `loaded`. */
export function configureNow(
  name: string,
  given: Readonly<Record<string, unknown>>,
  loaded: ReadonlyMap<string, Codec>,
): Node {
  try {
    return configureLoaded(name, given, loaded, checkOption);
  } catch (error) {
    if (!(error instanceof NotLoaded)) throw error;
    throw new TempressError("invalid-argument", `codec "${error.codec}" is not loaded yet`, {
      where: "options",
      hint: "which codecs are inside is set by `await configure(options)`, or when the compressor is made",
    });
  }
}

function configureLoaded(
  name: string,
  given: Readonly<Record<string, unknown>>,
  loaded: ReadonlyMap<string, Codec>,
  take: Take,
): Node {
  const used = new Set<string>();
  const root = nodeOf(name, name, { given, take, used, loaded }, 1);
  refuseUnknown(root, given, used);
  return root;
}

interface Given {
  readonly given: Readonly<Record<string, unknown>>;
  readonly take: Take;
  readonly used: Set<string>;
  readonly loaded: ReadonlyMap<string, Codec>;
}

function nodeOf(name: string, path: string, all: Given, depth: number): Node {
  const { given, take, used, loaded } = all;
  if (depth > MAX_DEPTH) {
    throw new TempressError("invalid-argument", `codecs wrap each other more than ${MAX_DEPTH} deep`, {
      where: path,
      hint: `name the codec at one place: "/${path.split("/")[0]}:${name}:compressor" holds for that one only`,
    });
  }
  const codec = loaded.get(name);
  if (codec === undefined) throw new NotLoaded(name);
  const options: Record<string, unknown> = {};
  for (const [key, spec] of Object.entries(codec.options as OptionSchema)) {
    options[key] = spec.default;
    for (const form of formsOf(path, key)) {
      if (!Object.hasOwn(given, form) || given[form] === undefined) continue;
      used.add(form);
      options[key] = take(form, spec, given[form]);
    }
  }
  const children: Record<string, Node[]> = {};
  const ownNames = options[`${name}:names`] as readonly string[] | undefined;
  for (const [key, { child, type }] of Object.entries(codec.options as OptionSchema)) {
    if (!child) continue;
    const several = type === "strings";
    const inside = several ? (options[key] as readonly string[]) : [options[key] as string];
    children[key] = inside.map((each, i) =>
      nodeOf(each, `${path}/${(several && ownNames?.[i]) || each}`, all, depth + 1),
    );
  }
  return { codec, path, options, children };
}

/** Ways to name option `key` of the codec at `path`, the least specific first. */
export function formsOf(path: string, key: string): string[] {
  const steps = path.split("/");
  return [key, ...steps.map((_, i) => `/${steps.slice(0, i + 1).join("/")}:${key}`)];
}

/** Every codec of the tree, the root first. */
export function* nodesOf(root: Node): Generator<Node> {
  yield root;
  for (const child of Object.values(root.children).flat()) yield* nodesOf(child);
}

/** Options of the whole tree. */
export function schemaOf(root: Node): OptionSchema {
  return Object.assign({}, ...[...nodesOf(root)].map(({ codec }) => codec.options));
}

/** Options by plain key, or by "/place:key" where codecs of one name stand at several places. */
function* named(root: Node): Generator<{ key: string; name: string; spec: OptionSpec; value: unknown }> {
  const counts = new Map<string, number>();
  for (const { codec } of nodesOf(root)) counts.set(codec.name, (counts.get(codec.name) ?? 0) + 1);
  for (const { codec, path, options } of nodesOf(root)) {
    for (const [key, spec] of Object.entries(codec.options as OptionSchema)) {
      yield { key, name: counts.get(codec.name)! > 1 ? `/${path}:${key}` : key, spec, value: options[key] };
    }
  }
}

export function treeSchema(root: Node): OptionSchema {
  return Object.fromEntries([...named(root)].map(({ name, spec }) => [name, spec]));
}

export function treeValues(root: Node): Record<string, OptionValue | undefined> {
  return Object.fromEntries([...named(root)].map(({ name, value }) => [name, value as OptionValue | undefined]));
}

function refuseUnknown(root: Node, given: Readonly<Record<string, unknown>>, used: ReadonlySet<string>): void {
  const stray = Object.keys(given).find((key) => given[key] !== undefined && !used.has(key));
  if (stray === undefined) return;
  const known = stray.startsWith("/")
    ? [...nodesOf(root)].flatMap(({ codec, path }) => Object.keys(codec.options).map((key) => `/${path}:${key}`))
    : Object.keys(schemaOf(root));
  throw new TempressError("invalid-argument", `there is no option "${stray}"`, {
    where: "options",
    hint: known.length === 0 ? "this codec has no options" : suggestion(stray, known),
  });
}

/** The same as plain data, for chunks and worker threads. */
export function plainTree({ codec, options, children }: Node): ConfiguredCodec {
  return { name: codec.name, options, children: plainChildren(children) };
}

export function plainChildren(children: Node["children"]): Children {
  return Object.fromEntries(Object.entries(children).map(([key, nodes]) => [key, nodes.map(plainTree)]));
}
