/** SZ3's streams to values. */
import { ByteReader } from "../container/cursor.ts";
import { zstdDecompress } from "../entropy/lossless.ts";
import { TempressError } from "../errors.ts";
import { type InterpolationSettings, interpolate } from "../predict/sz3-interpolation.ts";
import { activePredictors, blockCount, REGRESSION, WorkingArray } from "../predict/sz3-lorenzo.ts";
import { KernelQuantizer } from "../quantize/linear.ts";
import type { Arrays, DType } from "../tensor/dtype.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import { bytesOf, emptyTensor, type Tensor } from "../tensor/tensor.ts";
import { readConfig, readOuter, type Sz3Config, type Sz3Type, squeezed, widthOf } from "./sz3-config.ts";
import { readInterpolationHead } from "./sz3-interpolation-head.ts";
import { bytesAt, type CodedArray, withArray } from "./sz3-kernels.ts";
import { type QuantizerForm, readQuantizer, readU64 } from "./sz3-quantizer.ts";
import { readSymbols } from "./sz3-symbols.ts";

/** zstd makes at most 128 KB from a block of 4 bytes. */
const ZSTD_MOST = 2 ** 15;

/**
 * Decodes a whole stream of values of `type`, which the stream does not tell.
 * @param expected the extents, where the caller knows them: then they are believed, however small the stream is.
 * @param into memory of as many values for them.
 * @returns the values with SZ3's extents (none of 1).
 * @throws TempressError "corrupt", "truncated" or "unsupported"; never other values.
 */
export function decodeSz3(
  bytes: Uint8Array,
  type: Sz3Type,
  where = "SZ3 stream",
  expected?: Shape,
  into?: Arrays[DType],
): Tensor {
  const { config, payload } = readOuter(bytes, where);
  checkDims(config.dims, bytes.length, where, expected);
  const values = into ? { dtype: type, shape: config.dims, data: into } : emptyTensor(type, config.dims);
  const out = bytesOf(values);
  if (config.openmp) decodeParts(payload, config, type, out, where);
  else decodeEnvelope(payload, config, type, out, where);
  return values;
}

/** A small stream may mean a large array, of nearly one value everywhere; but not any size is allocated for it. */
function checkDims(dims: Shape, bytes: number, where: string, expected: Shape | undefined): void {
  const held = formatShape(dims);
  if (expected !== undefined && formatShape(squeezed(expected)) !== held) {
    throw new TempressError("invalid-argument", `the stream holds ${held} values, not ${formatShape(expected)}`, {
      where,
      hint: "--shape can add axes of length 1 to that, nothing else",
    });
  }
  const count = dims.reduce((product, extent) => product * extent, 1);
  if (expected === undefined && count > Math.max(2 ** 26, 1024 * bytes)) {
    throw new TempressError("corrupt", `${bytes} bytes would be ${held} values: too many to believe`, {
      where,
      hint: `if that is right, give --shape ${held}`,
    });
  }
  if (Math.max(...dims) >= 2 ** 30) {
    throw new TempressError("unsupported", `an axis of ${Math.max(...dims)} values is too long`, { where });
  }
}

/** What several threads wrote: slices along the slowest axis, each with a configuration of its own. */
function decodeParts(payload: Uint8Array, config: Sz3Config, type: Sz3Type, out: Uint8Array, where: string): void {
  const from = new ByteReader(payload, where, 16);
  const parts = from.u32();
  const slices = config.dims[0]!;
  if (parts < 1 || parts > slices) throw from.wrong(`${slices} slices cannot be in ${parts} parts`);
  const configs = Array.from({ length: parts }, () => readConfig(from));
  const lengths = configs.map(() => readU64(from));
  const sliceBytes = out.length / slices;
  configs.forEach((part, t) => {
    const start = Math.floor((t * slices) / parts) * sliceBytes;
    const end = Math.floor(((t + 1) * slices) / parts) * sliceBytes;
    const values = part.dims.reduce((product, extent) => product * extent, widthOf(type));
    if (values !== end - start) throw from.wrong(`part ${t} has ${formatShape(part.dims)} values`);
    decodeEnvelope(from.take(lengths[t]!), part, type, out.subarray(start, end), `${where}, part ${t}`);
  });
}

function decodeEnvelope(payload: Uint8Array, config: Sz3Config, type: Sz3Type, out: Uint8Array, where: string): void {
  const envelope = new ByteReader(payload, where);
  const size = readU64(envelope);
  const frame = envelope.take(envelope.left);
  if (size > frame.length * ZSTD_MOST || size >= 2 ** 32) throw envelope.wrong(`it cannot expand to ${size} bytes`);
  if (config.algorithm === "LOSSLESS" && size !== out.length) {
    throw envelope.wrong(`${size} bytes are not ${formatShape(config.dims)} values of ${type}`);
  }
  // Codes, a tree and the values stored apart: more than these no encoder needs.
  if (size > 2 ** 22 + 32 * out.length) throw envelope.wrong(`${size} bytes are too many for its values`);
  const inner = zstdDecompress(frame, size, where);
  if (config.algorithm === "LOSSLESS") out.set(inner);
  else decodeInner(new ByteReader(inner, `${where}, after zstd`), config, type, out);
}

function decodeInner(from: ByteReader, config: Sz3Config, type: Sz3Type, out: Uint8Array): void {
  const { dims, algorithm } = config;
  const width = widthOf(type);
  const count = out.length / width;
  if (algorithm === "LORENZO_REG") {
    const head = readLorenzoHead(from, config, width);
    const main = readQuantizer(from, width, count);
    withArray(type, dims, main.radius, main.escapes, (array) => {
      decodeIndices(from, array);
      decodeLorenzo(from, array, config, main.bound, head);
      finish(from, array, out);
    });
    return;
  }
  if (algorithm === "INTERP_LORENZO") throw from.wrong("a single stream is of one algorithm, not INTERP_LORENZO");
  const head: InterpolationSettings | undefined =
    algorithm === "INTERP" ? readInterpolationHead(from, dims) : undefined;
  const main = readQuantizer(from, width, count);
  withArray(type, dims, main.radius, main.escapes, (array) => {
    const { kernels, quantizer, values } = array;
    decodeIndices(from, array);
    if (head) interpolate(kernels, array.type, values, dims, head, quantizer, main.bound);
    else {
      quantizer.setBound(main.bound);
      kernels.exports.sz3Unpredicted(array.type, values, count, quantizer.address);
    }
    finish(from, array, out);
  });
}

function decodeIndices(from: ByteReader, { kernels, indices, count }: CodedArray): void {
  readSymbols(from, kernels, { address: indices, count }, true);
}

function finish(from: ByteReader, array: CodedArray, out: Uint8Array): void {
  if (array.quantizer.failed) throw from.wrong("there are fewer values stored apart than codes say");
  out.set(bytesAt(array));
}

/** The lists in front of LORENZO_REG's main quantiser, unread: where their bytes begin is all that can be skipped. */
interface LorenzoHead {
  readonly active: readonly number[];
  readonly blocks: number;
  readonly constant?: QuantizerForm;
  readonly linear?: QuantizerForm;
  readonly coefficients: Int32Array;
  readonly selections: Int32Array;
}

function readLorenzoHead(from: ByteReader, config: Sz3Config, width: number): LorenzoHead {
  const active = activePredictors(config);
  if (active.length === 0) throw from.wrong("no predictor is active");
  const blocks = blockCount(config.dims, config.blockSize);
  let forms: { constant: QuantizerForm; linear: QuantizerForm } | undefined;
  let coefficients = new Int32Array(0);
  let selections = new Int32Array(0);
  if (active.includes(REGRESSION)) {
    const count = readU64(from);
    const most = blocks * (config.dims.length + 1);
    if (count > most) throw from.wrong(`${count} coefficients for ${blocks} blocks`);
    if (count > 0) {
      const constant = readQuantizer(from, width, most);
      forms = { constant, linear: readQuantizer(from, width, most) };
      coefficients = readList(from, count);
    }
  }
  if (active.length > 1) {
    const count = readU64(from);
    if (count !== blocks) throw from.wrong(`${count} choices for ${blocks} blocks`);
    selections = readList(from, count);
    if (selections.some((choice) => choice < 0 || choice >= active.length)) throw from.wrong("a choice is not active");
  }
  return { active, blocks, ...forms, coefficients, selections };
}

/** Symbols of a list, in memory of their own. */
function readList(from: ByteReader, count: number): Int32Array<ArrayBuffer> {
  return withArray("int32", [count], 1, new Uint8Array(0), ({ kernels, indices }) => {
    readSymbols(from, kernels, { address: indices, count }, false);
    return new Int32Array(kernels.memory.buffer, indices, count).slice();
  });
}

function decodeLorenzo(
  from: ByteReader,
  { kernels, type, width, dims, values, quantizer }: CodedArray,
  { blockSize }: Sz3Config,
  bound: number,
  head: LorenzoHead,
): void {
  const { arena, memory } = kernels;
  const put = (bytes: ArrayBufferView): number => {
    const at = arena.alloc(bytes.byteLength);
    const source = new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
    new Uint8Array(memory.buffer, at, bytes.byteLength).set(source);
    return at;
  };
  const coefficientQuantizer = (form: QuantizerForm | undefined, indices: number): KernelQuantizer | undefined => {
    if (!form) return undefined;
    const escapes = put(form.escapes);
    const at = { indices, escapes, escapesEnd: escapes + form.escapes.length, encoding: false };
    const made = new KernelQuantizer(kernels, form.radius, at);
    made.setBound(form.bound);
    return made;
  };
  const work = new WorkingArray(kernels, type, width, dims);
  const coefficients = put(head.coefficients);
  const linear = coefficientQuantizer(head.linear, coefficients);
  const constant = coefficientQuantizer(head.constant, coefficients);
  const lists = {
    values: quantizer,
    selections: put(head.selections),
    coefficients,
    coefficientsEnd: coefficients + head.coefficients.byteLength,
    linear,
    constant,
  };
  work.fill();
  const ends = work.scan({ active: head.active, blockSize }, bound, lists);
  if (!ends || linear?.failed || constant?.failed) throw from.wrong("there are too few coefficients");
  work.take(values);
}
