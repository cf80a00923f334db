/** Our streams as codecs that zarrita's registry takes: array in, bytes out. */
import { TempressError } from "../errors.ts";
import { DTYPES, type DType, isDType } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type ChunkCodec, chunkCodecNames, decodeChunk, encodeChunk, kindOf } from "./chunk-stream.ts";

/** A chunk as zarrita has it. */
interface ZarrChunk {
  readonly data: unknown;
  readonly shape: number[];
  readonly stride: number[];
}

interface ChunkMeta {
  readonly dataType: string;
  readonly shape: number[];
}

/** What zarrita's registry holds. Its own type is not public. */
export type ZarrRegistry = Map<string, () => Promise<unknown>>;

class TempressZarrCodec {
  readonly kind = "array_to_bytes";
  readonly #codec: ChunkCodec;
  readonly #dtype: DType;
  readonly #shape: readonly number[];
  readonly #template: { Data: new (buffer: ArrayBufferLike, at: number, length: number) => unknown };

  constructor(codec: ChunkCodec, meta: ChunkMeta) {
    if (!isDType(meta.dataType)) {
      throw new TempressError("unsupported", `${codec.name} does not take ${meta.dataType}`, { where: "codec" });
    }
    this.#codec = codec;
    this.#dtype = meta.dataType;
    this.#shape = meta.shape;
    this.#template = { Data: meta.dataType === "bool" ? BooleanValues : (DTYPES[meta.dataType].Array as never) };
  }

  async encode({ data, shape, stride }: ZarrChunk): Promise<Uint8Array> {
    const kind = kindOf(this.#dtype, shape);
    return await encodeChunk(this.#codec, { ...kind, data: inCOrder(plainValues(data, this.#dtype), shape, stride) });
  }

  async decode(bytes: Uint8Array): Promise<ZarrChunk> {
    const { data } = await decodeChunk(this.#codec, bytes, kindOf(this.#dtype, this.#shape));
    const shape = [...this.#shape];
    const stride = shape.map((_, k) => shape.slice(k + 1).reduce((a, b) => a * b, 1));
    const values = this.#dtype === "bool" ? new this.#template.Data(data.buffer, data.byteOffset, data.length) : data;
    return { data: values, shape, stride };
  }
}

/** What zarrita asks of an array of booleans. */
class BooleanValues {
  readonly #bytes: Uint8Array;

  constructor(buffer: ArrayBufferLike, at: number, length: number) {
    this.#bytes = new Uint8Array(buffer, at, length);
  }

  get BYTES_PER_ELEMENT(): number {
    return 1;
  }
  get byteOffset(): number {
    return this.#bytes.byteOffset;
  }
  get byteLength(): number {
    return this.#bytes.byteLength;
  }
  get buffer(): ArrayBufferLike {
    return this.#bytes.buffer;
  }
  get length(): number {
    return this.#bytes.length;
  }
  get(at: number): boolean {
    return this.#bytes[at] === 1;
  }
  set(at: number, value: boolean): void {
    this.#bytes[at] = value ? 1 : 0;
  }
  fill(value: boolean): void {
    this.#bytes.fill(value ? 1 : 0);
  }
  *[Symbol.iterator](): IterableIterator<boolean> {
    for (const byte of this.#bytes) yield byte === 1;
  }
}

/** zarrita's booleans are a class around bytes; all other types are typed arrays. */
function plainValues(data: unknown, dtype: DType): Tensor["data"] {
  const { Array: Values } = DTYPES[dtype];
  if (data instanceof Values) return data as Tensor["data"];
  const { buffer, byteOffset, length } = data as { buffer: ArrayBufferLike; byteOffset: number; length: number };
  return new Values(buffer, byteOffset, length) as Tensor["data"];
}

function inCOrder(values: Tensor["data"], shape: readonly number[], stride: readonly number[]): Tensor["data"] {
  const plain = shape.every((extent, k) => extent === 1 || stride[k] === shape.slice(k + 1).reduce((a, b) => a * b, 1));
  if (plain) return values;
  const out = values.slice() as Float64Array;
  const index = shape.map(() => 0);
  for (let to = 0; to < out.length; to++) {
    out[to] = (values as Float64Array)[index.reduce((sum, i, k) => sum + i * stride[k]!, 0)]!;
    for (let k = shape.length - 1; k >= 0 && ++index[k]! === shape[k]; k--) index[k] = 0;
  }
  return out;
}

export function registerCodecs(registry: ZarrRegistry): void {
  for (const name of chunkCodecNames()) {
    const fromConfig = (config: unknown, meta: ChunkMeta) =>
      new TempressZarrCodec({ name, configuration: (config ?? {}) as Record<string, unknown> }, meta);
    registry.set(name, async () => ({ kind: "array_to_bytes", fromConfig }));
  }
}
