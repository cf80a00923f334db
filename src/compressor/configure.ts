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
import { checkOption, type OptionSchema, type OptionSpec, parseOption } from "./schema.ts";

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

/**
 * @throws TempressError "invalid-argument" for unknown codecs and options (with the nearest name), wrong values, and
 * trees deeper than `MAX_DEPTH`
 */
export async function configure(
  name: string,
  given: Readonly<Record<string, unknown>> = {},
  take: Take = checkOption,
): Promise<Node> {
  const used = new Set<string>();
  const root = await nodeOf(name, name, given, take, used, 1);
  refuseUnknown(root, given, used);
  return root;
}

async function nodeOf(
  name: string,
  path: string,
  given: Readonly<Record<string, unknown>>,
  take: Take,
  used: Set<string>,
  depth: number,
): Promise<Node> {
  if (depth > MAX_DEPTH) {
    throw new TempressError("invalid-argument", `codecs wrap each other more than ${MAX_DEPTH} deep`, {
      where: path,
      hint: `name the codec at one place: "/${path.split("/")[0]}:${name}:compressor" holds for that one only`,
    });
  }
  const codec = await codecs.get(name);
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
    const inside = type === "strings" ? (options[key] as readonly string[]) : [options[key] as string];
    children[key] = await Promise.all(
      inside.map((each, i) =>
        nodeOf(each, `${path}/${(type === "strings" && ownNames?.[i]) || each}`, given, take, used, depth + 1),
      ),
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
