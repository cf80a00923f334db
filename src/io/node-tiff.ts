/** TIFF stacks: read through geotiff, image by image; written uncompressed, so that any program reads them. */
import type { GeoTIFF, GeoTIFFImage } from "geotiff";
import { TempressError } from "../errors.ts";
import { DTYPES, type DType } from "../tensor/dtype.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import type { ByteSource, TensorSource } from "../tensor/source.ts";
import { emptyTensor } from "../tensor/tensor.ts";
import type { Format } from "./format.ts";
import { openFile } from "./node-file.ts";
import { geotiffPackage } from "./node-packages.ts";
import { createBytes } from "./node-stream.ts";
import { countTiffImages } from "./tiff-directories.ts";
import { describedIn, tiffSink } from "./tiff-write.ts";

/** One image in memory. */
const LARGEST_IMAGE = 2 ** 31;
/** What deflate can make of one byte, and a little. */
const MOST_PACKED = 1100;

export const tiffFormat: Format = {
  name: "tiff",
  extensions: ["tif", "tiff"],
  summary: "TIFF stacks",
  async open(path) {
    const bytes = openFile(path);
    try {
      return await tiffSource(bytes);
    } catch (error) {
      await bytes.close?.();
      throw error;
    }
  },
  async save(path, like, options) {
    const out = createBytes(path, options);
    try {
      return await tiffSink(out, like, path);
    } catch (error) {
      await out.abort?.();
      throw error;
    }
  },
};

interface Image {
  readonly dtype: DType;
  /** [y, x] or [y, x, samples]. */
  readonly shape: Shape;
}

/** Errors of the library as ours; it finds them late. */
async function inTiff<T>(where: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof TempressError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const unknown = /unknown compression/i.test(reason);
    throw new TempressError(unknown ? "unsupported" : "corrupt", `the image does not decode: ${reason}`, {
      where,
      hint: unknown ? "save it with deflate, LZW or none" : "copy or save it again",
      cause,
    });
  }
}

export async function tiffSource(bytes: ByteSource): Promise<TensorSource> {
  const where = bytes.name ?? "TIFF data";
  const count = await countTiffImages(bytes);
  const { GeoTIFF: Library } = await geotiffPackage();
  const tiff = await inTiff(where, () => Library.fromSource(librarySource(bytes), { cache: false }));
  const first = await inTiff(where, async () => await checked(await tiff.getImage(0), bytes, where));
  const { dtype, shape } = first;
  const description = await inTiff(where, async () => {
    const image = await tiff.getImage(0);
    return (await image.fileDirectory.loadValue("ImageDescription")) as unknown;
  });
  const about = describedIn(typeof description === "string" ? description : "", [count, ...shape], dtype);
  const whole = about.shape ?? [count, ...shape];
  // One image is one frame, or one slice of one.
  const each = count / whole[0]!;
  const length = shape.reduce((a, b) => a * b, 1);
  return {
    ...about.described,
    dtype: about.dtype ?? dtype,
    shape: Object.freeze(whole),
    async read(t0, t1) {
      const out = emptyTensor(about.dtype ?? dtype, [t1 - t0, ...whole.slice(1)]);
      for (let i = t0 * each; i < t1 * each; i++) {
        const name = `${where}, image ${i + 1}`;
        const values = await inTiff(name, async () => await valuesOf(tiff, i, first, bytes, name));
        (out.data as Uint8Array).set(values as Uint8Array, (i - t0 * each) * length);
      }
      return out;
    },
    close: () => bytes.close?.(),
  };
}

/** The library asks for ranges; the file may be larger than memory. */
function librarySource(bytes: ByteSource): Parameters<typeof GeoTIFF.fromSource>[0] {
  const fetchSlice = async ({ offset, length }: { offset: number; length: number }) => {
    const start = Math.min(offset, bytes.byteLength);
    const end = Math.min(offset + length, bytes.byteLength);
    const data = Uint8Array.from(await bytes.read(start, end)).buffer;
    return { offset, length: end - start, data };
  };
  return {
    fetchSlice,
    fetch: async (slices: { offset: number; length: number }[]) =>
      await Promise.all(slices.map(async (slice) => (await fetchSlice(slice)).data)),
    fileSize: bytes.byteLength,
    async close() {},
  };
}

async function checked(image: GeoTIFFImage, bytes: ByteSource, where: string): Promise<Image> {
  const [width, height, samples] = [image.getWidth(), image.getHeight(), image.getSamplesPerPixel()];
  const bits = image.getBitsPerSample();
  const format = image.getSampleFormat();
  const dtype = `${{ 1: "uint", 2: "int", 3: "float" }[format] ?? "unknown"}${bits}`;
  if (!Object.hasOwn(DTYPES, dtype)) {
    throw new TempressError("unsupported", `${bits}-bit samples of format ${format} are not taken`, {
      where,
      hint: "8, 16, 32 bits whole, 32 or 64 bits float",
    });
  }
  const type = dtype as DType;
  const size = width * height * samples * DTYPES[type].bytes;
  if (!(width > 0 && height > 0 && samples > 0))
    throw new TempressError("corrupt", "an image without pixels", { where });
  if (size > LARGEST_IMAGE || size > bytes.byteLength * MOST_PACKED) {
    throw new TempressError("corrupt", `an image claims ${size} bytes in a file of ${bytes.byteLength}`, { where });
  }
  const [tileWidth, tileHeight] = [image.getTileWidth(), image.getTileHeight()];
  if (!(tileWidth * tileHeight * samples * DTYPES[type].bytes <= LARGEST_IMAGE)) {
    throw new TempressError("corrupt", `tiles of ${tileWidth} x ${tileHeight}`, { where });
  }
  return { dtype: type, shape: samples === 1 ? [height, width] : [height, width, samples] };
}

async function valuesOf(tiff: GeoTIFF, index: number, first: Image, bytes: ByteSource, where: string) {
  const image = await tiff.getImage(index);
  const { dtype, shape } = await checked(image, bytes, where);
  if (dtype !== first.dtype || formatShape(shape) !== formatShape(first.shape)) {
    throw new TempressError(
      "invalid-argument",
      `this image is ${formatShape(shape)} ${dtype}, the first one is ${formatShape(first.shape)} ${first.dtype}`,
      {
        where,
        hint: "all images of a stack must have one size and type",
      },
    );
  }
  const values = await image.readRasters({ interleave: true });
  if (!(values instanceof DTYPES[dtype].Array) || values.length !== shape.reduce((a, b) => a * b, 1)) {
    throw new TempressError("corrupt", "the image has another size than it says", { where });
  }
  return values;
}
