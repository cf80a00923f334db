/** SZ3's outer layout: magic, version, payload, and behind it the configuration. */
import { ByteReader, ByteWriter } from "../container/cursor.ts";
import { TempressError } from "../errors.ts";
import { DTYPES, type DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import { readU64, writeU64 } from "./sz3-quantizer.ts";

const MAGIC = 0xf342f310;
/** 3.3.2: major, minor, patch, 0 from the highest byte down. */
const VERSION = 0x03030200;

/** Names as SZ3 and LibPressio write them, in the order of their numbers. */
export const ALGORITHMS = ["LORENZO_REG", "INTERP_LORENZO", "INTERP", "NOPRED", "LOSSLESS"] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** Element types in the order of SZ3's numbers. */
export const TYPES = [
  "float32",
  "float64",
  "uint8",
  "int8",
  "uint16",
  "int16",
  "uint32",
  "int32",
  "uint64",
  "int64",
] as const satisfies readonly DType[];
export type Sz3Type = (typeof TYPES)[number];

/** Which kinds of blocks LORENZO_REG may choose from. */
export interface Predictors {
  readonly lorenzo: boolean;
  readonly lorenzo2: boolean;
  readonly regression: boolean;
}

export interface Sz3Config extends Predictors {
  /** Extents without those of 1, slowest first; one to four. */
  readonly dims: Shape;
  readonly algorithm: Algorithm;
  /** Absolute bound. */
  readonly abs: number;
  readonly openmp: boolean;
  /** SZ3's programs leave it 0, whatever the type is. */
  readonly dataType: number;
  readonly quantBins: number;
  readonly blockSize: number;
}

/** The extents that SZ3 sees: those of 1 are dropped. */
export function squeezed(shape: Shape): number[] {
  const dims = shape.filter((extent) => extent !== 1);
  return dims.length === 0 ? [1] : dims;
}

export function defaultBlockSize(rank: number): number {
  return rank === 1 ? 128 : rank === 2 ? 16 : 6;
}

/** Numbers of the bounds that follow each mode. */
const BOUNDS_OF_MODE = [1, 1, 1, 1, 2, 2];

export function writeConfig(config: Sz3Config): Uint8Array {
  const to = new ByteWriter();
  const { dims } = config;
  const width = Math.floor(Math.log2(Math.max(...dims))) + 1;
  to.u8(0);
  to.u8(dims.length);
  to.u8(width);
  let packed = 0n;
  dims.forEach((extent, axis) => {
    packed |= BigInt(extent) << BigInt(axis * width);
  });
  for (let byte = 0; byte < Math.ceil((dims.length * width) / 8); byte++) {
    to.u8(Number((packed >> BigInt(8 * byte)) & 255n));
  }
  writeU64(
    to,
    dims.reduce((product, extent) => product * extent, 1),
  );
  to.u8(ALGORITHMS.indexOf(config.algorithm));
  to.u8(0);
  to.f64(config.abs);
  to.u8(
    (config.lorenzo ? 128 : 0) | (config.lorenzo2 ? 64 : 0) | (config.regression ? 32 : 0) | (config.openmp ? 8 : 0),
  );
  to.u8(config.dataType);
  to.u32(config.quantBins);
  to.u32(config.blockSize);
  to.u8(dims.length);
  const bytes = to.written().slice();
  bytes[0] = bytes.length;
  return bytes;
}

/** Bytes of the configuration before the mode has become an absolute bound; two bounds take 8 bytes more. */
export function configBytes(dims: Shape, bounds: 1 | 2): number {
  const width = Math.floor(Math.log2(Math.max(...dims))) + 1;
  return 3 + Math.ceil((dims.length * width) / 8) + 8 + 2 + 8 * bounds + 11;
}

/** Reads one configuration; `from` is moved behind it. */
export function readConfig(outer: ByteReader): Sz3Config {
  const start = outer.at;
  const size = outer.u8();
  if (size < 3) throw outer.wrong(`a configuration cannot have ${size} bytes`);
  const from = new ByteReader(outer.take(size - 1), outer.part, outer.base + start + 1);
  const rank = from.u8();
  const width = from.u8();
  if (rank < 1 || rank > 4) throw from.wrong(`${rank} axes are not in 1..4`);
  if (width < 1 || width > 53) throw from.wrong(`extents of ${width} bits cannot be`);
  let packed = 0n;
  from.take(Math.ceil((rank * width) / 8)).forEach((byte, i) => {
    packed |= BigInt(byte) << BigInt(8 * i);
  });
  const dims = Array.from({ length: rank }, (_, axis) =>
    Number((packed >> BigInt(axis * width)) & ((1n << BigInt(width)) - 1n)),
  );
  const count = readU64(from);
  if (dims.some((extent) => extent < 1) || dims.reduce((product, extent) => product * extent, 1) !== count) {
    throw from.wrong(`extents ${dims.join("x")} do not give ${count} values`);
  }
  const algorithm = readAlgorithm(from);
  const mode = from.u8();
  const bounds = BOUNDS_OF_MODE[mode];
  if (bounds === undefined) throw from.wrong(`error bound mode ${mode} is not known`);
  const abs = from.f64();
  if (bounds === 2) from.f64();
  const left = from.left;
  const flags = left > 0 ? from.u8() : 0xa0;
  const dataType = left > 1 ? from.u8() : 0;
  const quantBins = left > 2 ? from.u32() | 0 : 65536;
  const blockSize = left > 6 ? from.u32() | 0 : defaultBlockSize(rank);
  if (blockSize < 1) throw from.wrong(`a block size cannot be ${blockSize}`);
  return {
    dims,
    algorithm,
    abs,
    lorenzo: (flags & 128) !== 0,
    lorenzo2: (flags & 64) !== 0,
    regression: (flags & 32) !== 0,
    openmp: (flags & 8) !== 0,
    dataType,
    quantBins,
    blockSize,
  };
}

function readAlgorithm(from: ByteReader): Algorithm {
  const number = from.u8();
  const algorithm = ALGORITHMS[number];
  if (algorithm) return algorithm;
  if (number > 6) throw from.wrong(`algorithm ${number} is not known`);
  throw new TempressError("unsupported", "SZ3's algorithms for molecular dynamics (BIOMD) are not read", {
    where: from.part,
    hint: "decompress it with SZ3",
  });
}

export interface Sz3File {
  readonly config: Sz3Config;
  readonly payload: Uint8Array;
}

/** @throws TempressError "corrupt", "truncated" or, for streams of other versions, "unsupported". */
export function readOuter(bytes: Uint8Array, where: string): Sz3File {
  const from = new ByteReader(bytes, where);
  if (bytes.length < 16) {
    throw new TempressError("truncated", `${bytes.length} bytes are less than SZ3's header`, { where });
  }
  if (from.u32() !== MAGIC) throw from.wrong("this is no SZ3 stream: its first bytes differ");
  const version = from.u32();
  if (version >>> 16 !== VERSION >>> 16) {
    const text = [24, 16, 8].map((shift) => (version >>> shift) & 255).join(".");
    throw new TempressError("unsupported", `the stream is of SZ3 version ${text}; 3.3 is read`, {
      where,
      hint: "decompress it with that version of SZ3",
    });
  }
  const length = readU64(from);
  if (length >= from.left) {
    throw new TempressError("truncated", `the payload needs ${length} bytes and ${from.left} follow`, {
      where,
      hint: "copy or download it again",
    });
  }
  const payload = from.take(length);
  return { payload, config: readConfig(from) };
}

export function writeOuter({ config, payload }: Sz3File): Uint8Array {
  const to = new ByteWriter();
  to.u32(MAGIC);
  to.u32(VERSION);
  writeU64(to, payload.length);
  to.put(payload);
  to.put(writeConfig(config));
  return to.written().slice();
}

export function widthOf(type: Sz3Type): 1 | 2 | 4 | 8 {
  return DTYPES[type].bytes;
}
