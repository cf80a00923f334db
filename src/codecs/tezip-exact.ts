/**
 * tezip's `exact` method: byte shuffle and zstd, for what prediction cannot take: noise. Lossless data that can be
 * predicted go through `fast` (indices and places in their cells) or `levels` (bits).
 */
import type { DecodeTask, Encoded, EncodeTask } from "../compressor/codec.ts";
import { PartNotLoaded } from "../compressor/part.ts";
import { isZstdReady, prepareZstd, zstdCompress, zstdDecompress } from "../entropy/lossless.ts";
import { shuffle, unshuffle } from "../quantize/shuffle.ts";
import { DTYPES } from "../tensor/dtype.ts";
import { elementCount } from "../tensor/shape.ts";
import { bytesOf, type Tensor, tensorFromBytes } from "../tensor/tensor.ts";

const LEVELS = { fast: 1, balanced: 6, max: 19 } as const;

export function encodeExact({ frames, effort }: EncodeTask): Encoded {
  needZstd();
  const planes = shuffle(bytesOf(frames), DTYPES[frames.dtype].bytes);
  return {
    sections: [
      { name: "side", bytes: new Uint8Array(0) },
      { name: "data", bytes: zstdCompress(planes, LEVELS[effort]) },
    ],
    decoded: frames,
  };
}

export function decodeExact({ dtype, shape, section }: DecodeTask): Tensor {
  needZstd();
  const width = DTYPES[dtype].bytes;
  const planes = zstdDecompress(section("data"), elementCount(shape) * width, "section data");
  return tensorFromBytes(dtype, shape, unshuffle(planes, width));
}

/** Few chunks come here, and zstd takes longer to load than the rest of tezip. */
function needZstd(): void {
  if (!isZstdReady()) throw new PartNotLoaded(prepareZstd);
}
