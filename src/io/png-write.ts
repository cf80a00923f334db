/** Writing PNG images. */
import type { Tensor } from "../tensor/tensor.ts";
import { chunkBytes, expected, GREY, joined, PNG_SIGNATURE, RGB, through } from "./png-parts.ts";

/** A frame [y, x] or [y, x, 3] of uint8 or uint16 as a PNG file; each row takes the filter with the smallest rest. */
export async function encodePng(frame: Tensor): Promise<Uint8Array> {
  const [height, width] = [frame.shape[0]!, frame.shape[1]!];
  const depth = frame.dtype === "uint16" ? 16 : 8;
  const samples = frame.shape[2] ?? 1;
  const step = (samples * depth) >> 3;
  const length = width * step;
  const values = bigEndianBytes(frame);
  const rows = new Uint8Array(height * (length + 1));
  const tries = [0, 1, 2, 3, 4].map(() => new Uint8Array(length));
  for (let y = 0; y < height; y++) {
    const start = y * length;
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (const [kind, rest] of tries.entries()) {
      let sum = 0;
      for (let i = 0; i < length; i++) {
        const at = start + i;
        const left = i >= step ? values[at - step]! : 0;
        const up = y > 0 ? values[at - length]! : 0;
        const corner = i >= step && y > 0 ? values[at - length - step]! : 0;
        const difference = (values[at]! - expected(kind, left, up, corner)) & 255;
        rest[i] = difference;
        sum += difference < 128 ? difference : 256 - difference;
      }
      if (sum < least) {
        least = sum;
        best = kind;
      }
    }
    rows[y * (length + 1)] = best;
    rows.set(tries[best]!, y * (length + 1) + 1);
  }
  const packed: Uint8Array[] = [];
  for await (const piece of through(new CompressionStream("deflate"), [rows])) packed.push(piece);
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, depth);
  header.setUint8(9, samples === 3 ? RGB : GREY);
  return joined([
    Uint8Array.from(PNG_SIGNATURE),
    chunkBytes("IHDR", [new Uint8Array(header.buffer)]),
    chunkBytes("IDAT", packed),
    chunkBytes("IEND", []),
  ]);
}

function bigEndianBytes(frame: Tensor): Uint8Array {
  if (frame.dtype !== "uint16") return frame.data as Uint8Array;
  const values = frame.data as Uint16Array;
  const out = new Uint8Array(values.length * 2);
  for (let i = 0; i < values.length; i++) {
    out[2 * i] = values[i]! >> 8;
    out[2 * i + 1] = values[i]!;
  }
  return out;
}
