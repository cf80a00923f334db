/** Values to SZ3's streams, with the choices that SZ3 makes. */
import { ByteWriter } from "../container/cursor.ts";
import { TempressError } from "../errors.ts";
import { interpolate } from "../predict/sz3-interpolation.ts";
import { activePredictors, blockCount, REGRESSION, WorkingArray } from "../predict/sz3-lorenzo.ts";
import { DTYPES } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import { bytesOf, type Tensor } from "../tensor/tensor.ts";
import { BlockLists } from "./sz3-blocks.ts";
import {
  configBytes,
  defaultBlockSize,
  type Sz3Config,
  type Sz3Type,
  squeezed,
  TYPES,
  writeOuter,
} from "./sz3-config.ts";
import { writeInterpolationHead } from "./sz3-interpolation-head.ts";
import { bytesAt, type CodedArray, withArray } from "./sz3-kernels.ts";
import { compressBound, envelope, pack, radiusOf } from "./sz3-pack.ts";
import type { Sz3Settings } from "./sz3-settings.ts";
import { tune } from "./sz3-tune.ts";

export interface Sz3Encoded {
  readonly bytes: Uint8Array;
  /** What the stream decodes to. */
  readonly decoded: Tensor;
}

/**
 * Encodes a tensor of one to four axes longer than 1 as SZ3 3.3.2 does.
 * @throws TempressError "unsupported" for types or ranks that SZ3 does not have, "invalid-argument" for empty input
 * and for regression alone where it does not work.
 */
export function encodeSz3(values: Tensor, settings: Sz3Settings): Sz3Encoded {
  const dims = squeezed(values.shape);
  checkInput(values, dims);
  const raw = bytesOf(values);
  const config = configOf(settings, dims);
  // Room that SZ3's program or, for small input, its library gives the payload.
  const size = configBytes(dims, 1);
  const room = Math.max(2 * raw.length, 4096 + size + compressBound(raw.length)) - 16 - 2 * size;
  const lossy =
    settings.abs > 0 && settings.algorithm !== "LOSSLESS" ? encodeLossy(values, dims, settings, room) : undefined;
  if (lossy && (raw.length / lossy.payload.length >= 3 || raw.length === 0)) return done(values, config, lossy);
  const payload = envelope(raw, Number.POSITIVE_INFINITY)!;
  if (lossy && lossy.payload.length <= payload.length) return done(values, config, lossy);
  const bytes = writeOuter({ config: { ...config, algorithm: "LOSSLESS" }, payload });
  return { bytes, decoded: values };
}

function done(values: Tensor, config: Sz3Config, { payload, decoded, changes }: Lossy): Sz3Encoded {
  const Values = DTYPES[values.dtype].Array;
  return {
    bytes: writeOuter({ config: { ...config, ...changes }, payload }),
    decoded: { ...values, data: new Values(decoded.buffer) },
  };
}

function checkInput(values: Tensor, dims: Shape): void {
  if (!(TYPES as readonly string[]).includes(values.dtype)) {
    throw new TempressError("unsupported", `SZ3 has no type ${values.dtype}`, { where: "sz3", hint: "use uint8" });
  }
  if (values.data.length === 0) {
    throw new TempressError("invalid-argument", "SZ3 cannot hold an array without values", { where: "sz3" });
  }
  if (dims.length > 4) {
    throw new TempressError("unsupported", `SZ3 has at most 4 axes, the data have ${dims.length}`, {
      where: "sz3",
      hint: "reshape the data so that axes are joined",
    });
  }
}

function configOf(settings: Sz3Settings, dims: Shape): Sz3Config {
  const { algorithm, abs, lorenzo, lorenzo2, regression, quantBins, dataType = 0 } = settings;
  const blockSize = settings.blockSize || defaultBlockSize(dims.length);
  return { dims, algorithm, abs, lorenzo, lorenzo2, regression, openmp: false, dataType, quantBins, blockSize };
}

interface Lossy {
  readonly payload: Uint8Array;
  readonly decoded: Uint8Array<ArrayBuffer>;
  /** What the configuration says of how it was coded. */
  readonly changes: Partial<Sz3Config>;
}

/** Undefined where SZ3 gives lossy coding up, because its buffer would not suffice. */
function encodeLossy(values: Tensor, dims: Shape, settings: Sz3Settings, room: number): Lossy | undefined {
  let { algorithm, interpolation } = settings;
  let lorenzo: Sz3Settings = settings;
  let changes: Partial<Sz3Config> = {};
  if (algorithm === "INTERP_LORENZO") {
    const choice = tune(values, dims, settings);
    if (!choice) return undefined;
    algorithm = choice.algorithm;
    interpolation = choice.interpolation;
    changes = { algorithm };
    if (algorithm === "LORENZO_REG") {
      const flags = { lorenzo: true, lorenzo2: true, regression: false, blockSize: defaultBlockSize(dims.length) };
      lorenzo = { ...settings, ...flags, quantBins: choice.quantBins };
      changes = { algorithm, ...flags, quantBins: choice.quantBins };
    }
  }
  const bins = algorithm === "LORENZO_REG" ? lorenzo.quantBins : settings.quantBins;
  return withArray(values.dtype as Sz3Type, dims, radiusOf(bins), undefined, (array) => {
    const { kernels, quantizer, count } = array;
    bytesAt(array).set(bytesOf(values));
    const head = new ByteWriter();
    if (algorithm === "LORENZO_REG") {
      scanBlocks(head, array, lorenzo);
    } else if (algorithm === "INTERP") {
      writeInterpolationHead(head, dims, interpolation);
      interpolate(kernels, array.type, array.values, dims, interpolation, quantizer, settings.abs);
    } else {
      quantizer.setBound(settings.abs);
      kernels.exports.sz3Unpredicted(array.type, array.values, count, quantizer.address);
    }
    const payload = pack(head, array, settings.abs, count, room);
    return payload && { payload, decoded: bytesAt(array).slice(), changes };
  });
}

function scanBlocks(head: ByteWriter, array: CodedArray, settings: Sz3Settings): void {
  const { kernels, type, width, dims, values } = array;
  const active = activePredictors(settings);
  const blockSize = settings.blockSize || defaultBlockSize(dims.length);
  checkPredictors(active, dims, blockSize);
  const lists = new BlockLists(array, { active, blockSize }, settings.abs, blockCount(dims, blockSize));
  const work = new WorkingArray(kernels, type, width, dims);
  work.fill(values);
  lists.scan(work);
  work.take(values);
  lists.writeHead(head);
}

function checkPredictors(active: readonly number[], dims: Shape, blockSize: number): void {
  const where = "sz3:regression";
  if (active.length === 0) {
    throw new TempressError("invalid-argument", "no predictor is active", {
      where,
      hint: "set sz3:lorenzo, sz3:lorenzo2 or sz3:regression",
    });
  }
  if (active.length === 1 && active[0] === REGRESSION && dims.some((extent) => extent % blockSize === 1)) {
    // SZ3 reads beyond its memory there, and breaks its bound.
    throw new TempressError("unsupported", `regression alone needs blocks thicker than 1, not ${dims.join("x")}`, {
      where,
      hint: "set sz3:lorenzo too, or another sz3:block_size",
    });
  }
}
