/**
 * Reading PNG images, with the deflate that Node and browsers have built in.
 * 8-bit images are uint8, 16-bit ones uint16; grey is [y, x], colour [y, x, 3]. Palettes are expanded to RGB and
 * 1, 2, 4-bit grey to 8 bits; an alpha channel must be opaque and is dropped.
 * Own code because pngjs gives zeros for image data that end too early, and four samples for every grey one.
 */
import { TempressError } from "../errors.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { again, type Chunk, chunkType, expected, GREY, PNG_SIGNATURE, RGB, readChunks, through } from "./png-parts.ts";

/** Bytes from the start to the end of the IHDR chunk. */
export const PNG_HEADER_BYTES = 33;
const PALETTE = 3;
/** Samples a pixel and possible bits a sample, by colour type. */
const COLOUR_TYPES: Readonly<Record<number, { samples: number; depths: readonly number[] }>> = {
  [GREY]: { samples: 1, depths: [1, 2, 4, 8, 16] },
  [RGB]: { samples: 3, depths: [8, 16] },
  [PALETTE]: { samples: 1, depths: [1, 2, 4, 8] },
  4: { samples: 2, depths: [8, 16] },
  6: { samples: 4, depths: [8, 16] },
};
/** Deflate cannot shrink by more than this; a header that claims more lies. */
const DEFLATE_LIMIT = 1032;

export interface PngHeader {
  readonly dtype: "uint8" | "uint16";
  /** [height, width] or [height, width, 3]. */
  readonly shape: Shape;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly type: number;
  /** Samples a pixel as stored, and bytes a row with its filter byte. */
  readonly samples: number;
  readonly rowBytes: number;
}

/**
 * Checks the first 33 bytes of a PNG, and that a file of `byteLength` bytes can hold so large an image.
 * @throws TempressError "corrupt", "truncated" or "unsupported".
 */
export function readPngHeader(start: Uint8Array, byteLength: number, where: string): PngHeader {
  const corrupt = (what: string): TempressError =>
    new TempressError("corrupt", `not a readable PNG: ${what}`, { where, hint: again });
  if (start.some((byte, i) => i < 8 && byte !== PNG_SIGNATURE[i])) throw corrupt("the signature is missing");
  if (start.length < PNG_HEADER_BYTES) {
    throw new TempressError("truncated", "the PNG ends inside its header", { where, hint: again });
  }
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  if (view.getUint32(8) !== 13 || chunkType(start, 8) !== "IHDR") throw corrupt("the first chunk is not IHDR");
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [depth, type, method, filter, interlace] = start.subarray(24, 29) as unknown as [
    number,
    number,
    number,
    number,
    number,
  ];
  const colour = COLOUR_TYPES[type];
  if (!colour?.depths.includes(depth)) throw corrupt(`colour type ${type} with ${depth} bits does not exist`);
  if (method !== 0 || filter !== 0) throw corrupt(`compression ${method} with filter ${filter} does not exist`);
  if (width === 0 || height === 0) throw corrupt(`it claims ${width} x ${height} pixels`);
  if (interlace !== 0) {
    throw new TempressError("unsupported", "the PNG is interlaced", { where, hint: "save it without interlacing" });
  }
  const rowBytes = Math.ceil((width * colour.samples * depth) / 8) + 1;
  if (height * rowBytes > byteLength * DEFLATE_LIMIT) {
    throw corrupt(`${width} x ${height} pixels cannot be in ${byteLength} bytes`);
  }
  const grey = type === GREY || type === 4;
  const shape = grey ? [height, width] : [height, width, 3];
  const dtype = depth === 16 ? "uint16" : "uint8";
  return { dtype, shape, width, height, depth, type, samples: colour.samples, rowBytes };
}

/** One image as a tensor [y, x] or [y, x, 3]. Every chunk's checksum is tested first. */
export async function decodePng(bytes: Uint8Array, where = "PNG"): Promise<Tensor> {
  const header = readPngHeader(bytes.subarray(0, PNG_HEADER_BYTES), bytes.byteLength, where);
  const chunks = readChunks(bytes, where);
  const image = chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data);
  const rows = await inflate(image, header.height * header.rowBytes, where);
  unfilter(rows, header, where);
  return pixels(rows, header, chunks, where);
}

/** Inflates to exactly `size` bytes and never holds more. */
async function inflate(parts: readonly Uint8Array[], size: number, where: string): Promise<Uint8Array> {
  const out = new Uint8Array(size);
  let filled = 0;
  try {
    for await (const piece of through(new DecompressionStream("deflate"), parts)) {
      if (filled + piece.length > size) throw new Error("there are more image data than pixels");
      out.set(piece, filled);
      filled += piece.length;
    }
    if (filled < size) throw new Error("there are fewer image data than pixels");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TempressError("corrupt", `the PNG is damaged: ${reason}`, { where, hint: again, cause });
  }
  return out;
}

/** Replaces every row by its unfiltered bytes, in place. */
function unfilter(rows: Uint8Array, { height, rowBytes, samples, depth }: PngHeader, where: string): void {
  const step = Math.max(1, (samples * depth) >> 3);
  for (let y = 0; y < height; y++) {
    const start = y * rowBytes + 1;
    const kind = rows[start - 1]!;
    if (kind > 4)
      throw new TempressError("corrupt", `filter ${kind} in row ${y} does not exist`, { where, hint: again });
    if (kind === 0) continue;
    for (let i = 0; i < rowBytes - 1; i++) {
      const at = start + i;
      const left = i >= step ? rows[at - step]! : 0;
      const up = y > 0 ? rows[at - rowBytes]! : 0;
      const corner = i >= step && y > 0 ? rows[at - rowBytes - step]! : 0;
      rows[at] = rows[at]! + expected(kind, left, up, corner);
    }
  }
}

function pixels(rows: Uint8Array, header: PngHeader, chunks: readonly Chunk[], where: string): Tensor {
  const { dtype, shape, width, height, depth, type, samples, rowBytes } = header;
  const bytesOf = (name: string): Uint8Array | undefined => chunks.find((chunk) => chunk.type === name)?.data;
  const palette = bytesOf("PLTE");
  const colours = (palette?.length ?? 0) / 3;
  const opaque = 2 ** depth - 1;
  let transparent = type === PALETTE ? bytesOf("tRNS")?.some((alpha) => alpha < 255) : bytesOf("tRNS") !== undefined;
  const channels = shape.length === 3 ? 3 : 1;
  const hasAlpha = type >= 4;
  const out = new (dtype === "uint16" ? Uint16Array : Uint8Array)(width * height * channels);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const row = rows.subarray(y * rowBytes + 1, (y + 1) * rowBytes);
    const sample = (i: number): number => {
      if (depth === 8) return row[i]!;
      if (depth === 16) return row[2 * i]! * 256 + row[2 * i + 1]!;
      return (row[(i * depth) >> 3]! >> (8 - depth - ((i * depth) & 7))) & opaque;
    };
    for (let x = 0; x < width; x++) {
      const first = x * samples;
      if (type === PALETTE) {
        const index = sample(first);
        if (index >= colours) {
          throw new TempressError("corrupt", `colour ${index} is not in the palette`, { where, hint: again });
        }
        for (let c = 0; c < 3; c++) out[to++] = palette![3 * index + c]!;
        continue;
      }
      if (hasAlpha && sample(first + channels) !== opaque) transparent = true;
      for (let c = 0; c < channels; c++) {
        const value = sample(first + c);
        out[to++] = depth < 8 ? (value * 255) / opaque : value;
      }
    }
  }
  if (transparent) {
    throw new TempressError("unsupported", "the PNG has transparent pixels, which have no place in a tensor", {
      where,
      hint: "save it without an alpha channel",
    });
  }
  return tensor<DType>(dtype, shape, out);
}
