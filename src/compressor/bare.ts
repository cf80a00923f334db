/** Bare files: one codec's stream as other programs have it, without a container. The whole tensor is in memory. */
import { TempressError } from "../errors.ts";
import { resolveBound } from "../promise/bound.ts";
import { namedPromises, type PromiseOptions, promiseFromOptions } from "../promise/from-options.ts";
import { scanRange } from "../promise/range.ts";
import type { Shape } from "../tensor/shape.ts";
import { type Slice, takeSlices } from "../tensor/slice.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { BareFiles, BareHint, Codec } from "./codec.ts";
import { codecs } from "./registry.ts";
import { checkOptions } from "./schema.ts";

async function bareOf(name: string): Promise<Codec & { readonly bare: BareFiles }> {
  const codec = await codecs.get(name);
  const { bare } = codec;
  if (!bare) throw new TempressError("unsupported", `codec "${name}" has no bare files`, { where: "codec" });
  await codec.prepare();
  return { ...codec, bare };
}

/**
 * Decodes a bare file.
 * @throws TempressError "corrupt" or "truncated" for damage, "invalid-argument" where the hint does not suffice
 */
export async function decompressBare(name: string, bytes: Uint8Array, hint: BareHint): Promise<Tensor> {
  const { bare } = await bareOf(name);
  return bare.read(bytes, hint);
}

/** The same for some indices of each axis: without decoding all, where the codec can. */
export async function sliceBare(
  name: string,
  bytes: Uint8Array,
  hint: BareHint,
  choose: (shape: Shape) => readonly Slice[],
): Promise<Tensor> {
  const { bare } = await bareOf(name);
  if (bare.readSlice) return bare.readSlice(bytes, hint, choose);
  const values = bare.read(bytes, hint);
  return takeSlices(values, choose(values.shape));
}

/**
 * Encodes a tensor as a bare file. The promise may be left out where the codec's options say a bound.
 * @throws TempressError "invalid-argument" without any bound, "unsupported" for what the stream cannot hold
 */
export async function compressBare(
  name: string,
  values: Tensor,
  promise: PromiseOptions,
  options: Readonly<Record<string, unknown>> = {},
): Promise<Uint8Array> {
  const { bare, options: schema } = await bareOf(name);
  const named = namedPromises(promise).length > 0;
  const bound = named
    ? resolveBound(promiseFromOptions(promise), scanRange(values, undefined, promise.eps !== undefined), values.dtype)
    : undefined;
  return bare.write(values, bound, checkOptions(schema, options));
}
