/**
 * Codecs that only arrange the work of another and leave nothing in the file: they are replaced by it before the first
 * chunk. They stand outermost.
 */
import { TempressError } from "../../errors.ts";
import { DTYPE_NAMES } from "../../tensor/dtype.ts";
import type { TensorSource } from "../../tensor/source.ts";
import type { Codec } from "../codec.ts";
import { type Node, nodesOf } from "../configure.ts";
import type { CompressOptions } from "../options.ts";
import type { OptionSchema } from "../schema.ts";

/** What to do instead, and what to report of it under names of its own. */
export interface Directed {
  readonly options: CompressOptions;
  readonly results?: Readonly<Record<string, number>>;
}

export type Direct = (
  input: TensorSource,
  options: CompressOptions,
  tree: Node,
  /** Compresses the input, or another, into memory. */
  run: (options: CompressOptions, other?: TensorSource) => Promise<Uint8Array>,
) => Promise<Directed>;

export interface DirectorParts<S extends OptionSchema> {
  readonly name: string;
  readonly id: number;
  readonly summary: string;
  readonly options: S;
  direct: Direct;
}

export function director<const S extends OptionSchema>(parts: DirectorParts<S>): Codec {
  const inside = () => {
    throw new TempressError("unsupported", `codec "${parts.name}" cannot stand inside another`, {
      where: "codec",
      hint: `make it the outermost: --codec ${parts.name}`,
    });
  };
  return {
    version: 1,
    stability: "experimental",
    keeps: ["abs", "pw_rel", "lossless"],
    dtypes: DTYPE_NAMES,
    prepare: async () => undefined,
    encode: inside,
    decode: inside,
    ...parts,
  } as unknown as Codec;
}

/** The options of `compress` for the codec at `node` alone, as it is configured inside its director. */
export function optionsFor(node: Node, given: CompressOptions): CompressOptions {
  const options: Record<string, unknown> = {};
  for (const { path, options: values } of nodesOf(node)) {
    const place = `/${node.codec.name}${path.slice(node.path.length)}`;
    for (const [key, value] of Object.entries(values)) {
      if (value !== undefined) options[`${place}:${key}`] = value;
    }
  }
  return { ...given, codec: node.codec.name, options };
}
