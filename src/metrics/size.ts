import { DTYPES } from "../tensor/dtype.ts";
import { elementCount } from "../tensor/shape.ts";
import type { Described, Metric, MetricKind } from "./metric.ts";

function sizeOf({ dtype, shape }: Described): number {
  return elementCount(shape) * DTYPES[dtype].bytes;
}

/** Sizes in bytes; the bit rate is bits of the file for each value. */
export const size: MetricKind = {
  name: "size",
  summary: "bytes before and after, compression ratio, bits a value",
  options: {},
  results: {
    "size:uncompressed_size": "bytes of the original values",
    "size:compressed_size": "bytes of the file",
    "size:decompressed_size": "bytes of the decompressed values",
    "size:compression_ratio": "uncompressed_size / compressed_size",
    "size:bit_rate": "bits of the file for each value",
  },
  keeps: "sums",
  create(): Metric {
    const found: Record<string, number> = {};
    return {
      afterCompress(input, compressedBytes) {
        const uncompressed = sizeOf(input);
        found["size:uncompressed_size"] = uncompressed;
        found["size:compressed_size"] = compressedBytes;
        found["size:compression_ratio"] = uncompressed / compressedBytes;
        found["size:bit_rate"] = (8 * compressedBytes) / elementCount(input.shape);
      },
      beforeDecompress(compressedBytes) {
        found["size:compressed_size"] = compressedBytes;
      },
      afterDecompress(output) {
        found["size:decompressed_size"] = sizeOf(output);
      },
      results: () => ({ ...found }),
    };
  },
};
