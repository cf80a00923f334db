/**
 * The way of one chunk, both ways. Synchronous, so that it runs in a worker thread as it runs here; the codec's
 * `prepare` must have been awaited.
 */
import type { EncodedChunk, Section, StoredChunk } from "../container/chunk-record.ts";
import { chunkName, sectionsCrc } from "../container/chunk-record.ts";
import { crc32c } from "../container/crc32c.ts";
import { TempressError } from "../errors.ts";
import { inPhase } from "../phases.ts";
import { applyCorrections, correct } from "../promise/correct.ts";
import type { Bound } from "../promise/spec.ts";
import { verifyBound } from "../promise/verify.ts";
import type { Box } from "../tensor/box.ts";
import { commonValue } from "../tensor/common-value.ts";
import { type Arrays, DTYPES, type DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import { type Slice, sliceShape } from "../tensor/slice.ts";
import { findSpecials, readSpecials } from "../tensor/specials.ts";
import { bytesOf, emptyTensor, frames, plain, type Tensor } from "../tensor/tensor.ts";
import type { Children, Codec, DecodeTask, Effort, Encoded, SectionName } from "./codec.ts";
import { PartNotLoaded } from "./part.ts";

/** What every chunk of a file shares when it is written. */
export interface ChunkSettings {
  readonly codec: Codec;
  readonly options: Readonly<Record<string, unknown>>;
  readonly children: Children;
  readonly bound: Bound;
  readonly fill?: number | undefined;
  readonly effort: Effort;
  /** Leading axes of a box that the codec does not see. */
  readonly lead: number;
  /** Whether the codec may cut the slab into windows of its own. */
  readonly cut: boolean;
  /** Whether the decoder is run on what was encoded, also where the encoder knows the values. */
  readonly readBack: boolean;
}

/** One slab as the plan cuts it; the codec may make several chunks of it. `values` fill `box` in C order. */
export function encodeSlab(values: Tensor, box: Box, settings: ChunkSettings): EncodedChunk[] {
  const { codec, options, lead, cut } = settings;
  const slab = { ...plain(values), shape: box.extent.slice(lead) };
  if (!cut || !codec.cuts || slab.shape[0]! < 2) return [inPhase("verify", () => encodeChunk(slab, box, settings))];
  const count = slab.shape[0]!;
  const edges = [0, ...codec.cuts(slab, options as never), count];
  return edges.slice(0, -1).map((start, i) => {
    const end = edges[i + 1]!;
    if (!(Number.isInteger(end) && end > start)) {
      throw codecFault(codec, `its cuts ${edges.slice(1, -1).join(", ")} do not rise within 1..${count - 1}`);
    }
    const origin = box.origin.map((first, axis) => (axis === lead ? first + start : first));
    const extent = box.extent.map((length, axis) => (axis === lead ? end - start : length));
    return inPhase("verify", () => encodeChunk(frames(slab, start, end), { origin, extent }, settings));
  });
}

function encodeChunk(values: Tensor, box: Box, settings: ChunkSettings): EncodedChunk {
  const origin = box.origin.slice(settings.lead);
  const { sections, decoded, maxError } = encodeValues(values, { ...settings, origin });
  return { box, maxError, valuesCrc: crc32c(bytesOf(decoded)), storedCrc: sectionsCrc(sections), sections };
}

/** What is encoded as one: a chunk, or values that a wrapping codec hands to the codec inside it. */
export interface ValuesSettings extends Omit<ChunkSettings, "lead" | "cut"> {
  readonly origin: readonly number[];
  /** 1 where a value does not matter, since it is stored elsewhere. */
  readonly mask?: Uint8Array | undefined;
}

export interface EncodedValues {
  readonly sections: readonly Section[];
  /** What the decoder will give. */
  readonly decoded: Tensor;
  readonly maxError: number;
}

/** Sections that keep the bound on every value: specials taken out, the codec's result checked and corrected. */
export function encodeValues(values: Tensor, settings: ValuesSettings): EncodedValues {
  const { codec, bound, fill, mask: hidden } = settings;
  const found = inPhase("scan", () => findSpecials(values, fill ?? ownFill(values, settings), codec.exactBits));
  const sections: Section[] = found.bytes ? [{ name: "specials", bytes: found.bytes }] : [];
  const { dtype, shape } = values;
  let decoded: Tensor;
  const constant = constantOf(found.frames);
  if (constant) {
    sections.push({ name: "constant", bytes: constant });
    decoded = filled(dtype, shape, constant);
  } else {
    const mask = codec.exactBits ? undefined : joinMasks(hidden, found.mask);
    const encoded = inPhase("code", () => runEncoder(found.frames, mask, settings));
    sections.push(...encoded.sections);
    const told = settings.readBack ? undefined : encoded.decoded;
    decoded = own(told ?? redecode(encoded, values, mask, settings), values, found.frames);
  }
  if (found.bytes) readSpecials(found.bytes, dtype, shape).restore(decoded);
  const asked: Bound = codec.exactBits ? { kind: "lossless", value: 0 } : bound;
  let verdict = verifyBound(values, decoded, asked, hidden, fill);
  if (verdict.broken > 0) {
    const corrections = correct(values, decoded, asked, hidden, fill);
    if (corrections) {
      sections.push({ name: "corrections", bytes: corrections });
      applyCorrections(corrections, decoded);
    }
    verdict = verifyBound(values, decoded, asked, hidden, fill);
  }
  if (verdict.broken > 0) throw codecFault(codec, `it breaks the bound on ${verdict.broken} values after correction`);
  return { sections, decoded, maxError: verdict.maxError };
}

/** 1 where either has a 1. */
function joinMasks(a: Uint8Array | undefined, b: Uint8Array | undefined): Uint8Array | undefined {
  if (!a || !b) return a ?? b;
  return a.map((bit, i) => bit | b[i]!);
}

/** What is kept like a fill value although none is named. Zero allows no error under pw_rel. */
function ownFill(values: Tensor, { codec, bound }: ValuesSettings): number | undefined {
  if (codec.exactBits) return undefined;
  if (bound.kind === "pw_rel" && DTYPES[values.dtype].kind === "float") return 0;
  return codec.commonValue ? commonValue(values) : undefined;
}

function runEncoder(values: Tensor, mask: Uint8Array | undefined, settings: ValuesSettings): Encoded {
  const { codec, bound, effort, options, origin, children } = settings;
  return codec.encode({ frames: values, bound, effort, origin, children, ...(mask ? { mask } : {}) }, options as never);
}

/** What the codec's decoder gives for these sections: whatever the encoder thinks, this is what readers will see. */
function redecode(encoded: Encoded, like: Tensor, mask: Uint8Array | undefined, settings: ValuesSettings): Tensor {
  const { codec, bound } = settings;
  const { dtype, shape } = like;
  const sections = new Map(encoded.sections.map(({ name, bytes }) => [name, bytes]));
  try {
    return codec.decode(decodeTask({ dtype, shape, bound, mask, sections, depth: 0 }), codec.version);
  } catch (error) {
    if (error instanceof PartNotLoaded) throw error;
    throw codecFault(codec, "its decoder refuses what its encoder made", error);
  }
}

/** The decoded values in memory of their own: they are changed before they are compared with the original. */
function own(decoded: Tensor, ...others: Tensor[]): Tensor {
  const shared = others.some(({ data }) => data.buffer === decoded.data.buffer);
  return shared ? { ...decoded, data: decoded.data.slice() as Arrays[DType] } : decoded;
}

/** What decoding needs to know beside the stored chunk. */
export interface DecodeSettings {
  readonly codec: Codec;
  readonly version: number;
  readonly dtype: DType;
  readonly bound: Bound;
  readonly lead: number;
}

/** The chunk's values, as a tensor of its box's extents; with `into` in that memory, which a failure leaves spoilt. */
export function decodeChunk(stored: StoredChunk, settings: DecodeSettings, into?: Arrays[DType]): Tensor {
  const { codec, version, dtype, bound, lead } = settings;
  const { box } = stored.info;
  const shape = box.extent.slice(lead);
  try {
    const values = decodeValues({ codec, version, dtype, shape, bound, sections: stored.sections, depth: 0, into });
    if (crc32c(bytesOf(values)) !== stored.valuesCrc) {
      throw new TempressError("corrupt", "the decoded values are not those that were written (checksum differs)", {
        hint: "report this with the file: either it was damaged on purpose or this program has a defect",
      });
    }
    return { ...values, shape: box.extent };
  } catch (error) {
    throw placed(error, chunkName(stored.info));
  }
}

/** Sections beside which nothing must be put right in the decoded values. */
const PLAIN: readonly SectionName[] = ["side", "data"];

/** Whether a codec can give a part of a chunk with these sections. */
export function canDecodePart(codec: Codec, sections: readonly { readonly name: SectionName }[]): boolean {
  return codec.decodePart !== undefined && sections.every(({ name }) => PLAIN.includes(name));
}

/**
 * Some indices of each axis of the chunk's box. The stored bytes are proven by their checksum; the one of all decoded
 * values cannot be looked at.
 */
export function decodeChunkPart(stored: StoredChunk, settings: DecodeSettings, slices: readonly Slice[]): Tensor {
  const { codec, version, dtype, bound, lead } = settings;
  const shape = stored.info.box.extent.slice(lead);
  const task = decodeTask({ dtype, shape, bound, mask: undefined, sections: stored.sections, depth: 0 });
  try {
    return { ...codec.decodePart!(task, version, slices.slice(lead)), shape: sliceShape(slices) };
  } catch (error) {
    throw placed(error, chunkName(stored.info));
  }
}

/** Values as they are stored: a chunk's, or those that a wrapping codec keeps in its own sections. */
export interface StoredValues {
  readonly codec: Codec;
  readonly version: number;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly bound: Bound;
  readonly sections: ReadonlyMap<SectionName, Uint8Array>;
  readonly mask?: Uint8Array | undefined;
  readonly depth: number;
  /** Memory for the values, where the caller has it. */
  readonly into?: Arrays[DType] | undefined;
}

/** The reverse of `encodeValues`. */
export function decodeValues(stored: StoredValues): Tensor {
  const { codec, version, dtype, shape, sections } = stored;
  const specials = sections.get("specials");
  const special = specials && readSpecials(specials, dtype, shape);
  const constant = sections.get("constant");
  const mask = joinMasks(stored.mask, special?.mask);
  const made = constant
    ? filled(dtype, shape, constant)
    : inPhase("code", () => codec.decode(decodeTask({ ...stored, mask: codec.exactBits ? undefined : mask }), version));
  const { into } = stored;
  const values = into ? { ...made, data: into } : made;
  if (into && made.data !== into) (into as Float64Array).set(made.data as Float64Array);
  special?.restore(values);
  const corrections = sections.get("corrections");
  if (corrections) applyCorrections(corrections, values);
  return values;
}

function decodeTask({
  dtype,
  shape,
  bound,
  mask,
  sections,
  depth,
  into,
}: Omit<StoredValues, "codec" | "version">): DecodeTask {
  return {
    dtype,
    shape,
    bound,
    depth,
    ...(mask ? { mask } : {}),
    ...(into ? { into } : {}),
    has: (name) => sections.has(name as SectionName),
    section(name) {
      const bytes = sections.get(name as SectionName);
      if (bytes) return bytes;
      throw new TempressError("corrupt", `the chunk has no section "${name}"`);
    },
  };
}

/** Names the chunk in an error of a stage; what is no typed error (a trap of a kernel) becomes one. */
function placed(error: unknown, where: string): TempressError | PartNotLoaded {
  if (error instanceof PartNotLoaded) return error;
  if (error instanceof TempressError) {
    const inner = error.where === undefined ? where : `${where}, ${error.where}`;
    const { hint = "other chunks stay readable: use --frames, or --salvage", cause } = error;
    return new TempressError(error.code, error.message, { where: inner, hint, cause });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new TempressError("corrupt", `the chunk cannot be decoded: ${message}`, { where, cause: error });
}

function codecFault(codec: Codec, why: string, cause?: unknown): TempressError {
  return new TempressError("bound-broken", `codec "${codec.name}" is at fault: ${why}`, {
    where: "compress",
    hint: "choose another codec and report this with the data",
    cause,
  });
}

/** The bytes of the one value that fills the tensor, or undefined; compared as words, so that NaN and -0 count. */
function constantOf({ data, dtype }: Tensor): Uint8Array | undefined {
  const { bytes } = DTYPES[dtype];
  const step = bytes === 8 ? 2 : 1;
  const Words = bytes === 1 ? Uint8Array : bytes === 2 ? Uint16Array : Uint32Array;
  const bits = new Words(data.buffer as ArrayBuffer, data.byteOffset, data.length * step);
  for (let i = step; i < bits.length; i++) if (bits[i] !== bits[i - step]) return undefined;
  return new Uint8Array(data.buffer, data.byteOffset, bytes).slice();
}

function filled(dtype: DType, shape: Shape, value: Uint8Array): Tensor {
  const { bytes } = DTYPES[dtype];
  if (value.length !== bytes) {
    throw new TempressError("corrupt", `a constant of ${value.length} bytes is no ${dtype}`, {
      where: "section constant",
    });
  }
  const tensor = emptyTensor(dtype, shape);
  const { buffer } = tensor.data;
  const word = new DataView(value.buffer, value.byteOffset, bytes);
  if (bytes === 1) new Uint8Array(buffer).fill(word.getUint8(0));
  else if (bytes === 2) new Uint16Array(buffer).fill(word.getUint16(0, true));
  else if (bytes === 4) new Uint32Array(buffer).fill(word.getUint32(0, true));
  else new BigUint64Array(buffer).fill(word.getBigUint64(0, true));
  return tensor;
}
