/**
 * Writes TIFF stacks: every image one uncompressed strip after its directory; BigTIFF where 4 GiB do not suffice.
 * The first image's description is JSON with the shape, as tifffile has it, and what else is known of the tensor.
 */
import { TempressError } from "../errors.ts";
import { DTYPES, type DType, isDType } from "../tensor/dtype.ts";
import { elementCount, formatShape, type Shape } from "../tensor/shape.ts";
import type { TensorSink, TensorSource } from "../tensor/source.ts";
import { bytesOf } from "../tensor/tensor.ts";
import { attributesOf, fillOf } from "./attributes.ts";
import type { TensorLike } from "./format.ts";
import { frameSink } from "./frame-sink.ts";
import type { ClosableSink } from "./raw.ts";

const SHORT = 3;
const LONG = 4;
const LONG8 = 16;
const ASCII = 2;

interface Described {
  readonly shape?: Shape;
  readonly dtype?: DType;
  readonly described: Pick<TensorSource, "axes" | "name" | "attributes" | "fill">;
}

/** What our own description says, where it fits the images that are there. */
export function describedIn(text: string, found: Shape, stored: DType): Described {
  let about: Record<string, unknown>;
  try {
    about = JSON.parse(text.replace(/\0+$/, "")) as Record<string, unknown>;
  } catch {
    return { described: {} };
  }
  const { shape, dtype, axes, name, attributes } = about ?? {};
  const texts = (value: unknown): value is readonly string[] =>
    Array.isArray(value) && value.every((each) => typeof each === "string");
  const product = (extents: Shape): number => extents.reduce((a, b) => a * b, 1);
  const extents =
    Array.isArray(shape) && shape.every((extent) => Number.isSafeInteger(extent) && extent > 0)
      ? (shape as number[])
      : undefined;
  const fits =
    extents !== undefined &&
    extents.length >= 1 &&
    extents.length <= 8 &&
    product(extents) === product(found) &&
    found[0]! % extents[0]! === 0;
  const bool = dtype === "bool" && stored === "uint8";
  const own: Record<string, string> = {};
  if (typeof attributes === "object" && attributes !== null) {
    for (const [key, value] of Object.entries(attributes)) if (typeof value === "string") own[key] = value;
  }
  const fill = fillOf(attributesOf(own), stored);
  return {
    ...(fits ? { shape: extents } : {}),
    ...(bool && isDType(dtype) ? { dtype } : {}),
    described: {
      ...(texts(axes) && fits && axes.length === extents.length ? { axes } : {}),
      ...(typeof name === "string" && name !== "" ? { name } : {}),
      ...(Object.keys(own).length > 0 ? { attributes: own } : {}),
      ...(fill === undefined ? {} : { fill }),
    },
  };
}

/** [t, y, x] or [t, y, x, 3]; axes between time and rows become more images. */
function imageOf({ shape, dtype }: TensorLike, where: string): { rows: number; columns: number; samples: number } {
  if (shape.length < 2 || shape.includes(0)) {
    throw new TempressError("unsupported", `shape ${formatShape(shape)} is not a series of images`, {
      where,
      hint: "TIFF stacks are [t, y, x] or [t, y, x, 3]; write .npy instead",
    });
  }
  if (DTYPES[dtype].bytes === 8 && dtype !== "float64") {
    throw new TempressError("unsupported", `TIFF images hold up to 32 bits or float64, not ${dtype}`, { where });
  }
  const colour = shape.length > 3 && shape.at(-1) === 3 && (dtype === "uint8" || dtype === "uint16");
  const [rows, columns] = (colour ? shape.slice(-3, -1) : shape.slice(-2)) as [number, number];
  return { rows, columns, samples: colour ? 3 : 1 };
}

export async function tiffSink(out: ClosableSink, like: TensorLike, where: string): Promise<TensorSink> {
  const { rows, columns, samples } = imageOf(like, where);
  const { bytes: width, kind } = DTYPES[like.dtype];
  const size = rows * columns * samples * width;
  const images = (elementCount(like.shape, where) * width) / size;
  const json = JSON.stringify({
    shape: like.shape,
    ...(like.dtype === "bool" ? { dtype: like.dtype } : {}),
    ...(like.axes ? { axes: like.axes } : {}),
    ...(like.name ? { name: like.name } : {}),
    ...(like.attributes ? { attributes: like.attributes } : {}),
  });
  // Letters beyond ASCII as JSON's escapes.
  const ascii = json.replace(/[^ -~]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const description = new TextEncoder().encode(`${ascii}\0`);
  const big = images * (size + 256) + description.length > 2 ** 32 - 2 ** 16;
  const format = kind === "float" ? 3 : kind === "int" ? 2 : 1;

  /** Directory, values that do not fit into it, then the strip; the next directory follows. */
  const directory = (index: number, at: number): Uint8Array => {
    const text = index === 0 ? description : undefined;
    const entries: [tag: number, type: number, values: number[] | Uint8Array][] = [
      [256, LONG, [columns]],
      [257, LONG, [rows]],
      [258, SHORT, Array.from({ length: samples }, () => 8 * width)],
      [259, SHORT, [1]],
      [262, SHORT, [samples === 3 ? 2 : 1]],
      ...(text ? [[270, ASCII, text] as [number, number, Uint8Array]] : []),
      [273, big ? LONG8 : LONG, [0]],
      [277, SHORT, [samples]],
      [278, LONG, [rows]],
      [279, big ? LONG8 : LONG, [size]],
      [284, SHORT, [1]],
      [339, SHORT, Array.from({ length: samples }, () => format)],
    ];
    const [countBytes, entryBytes, word] = big ? [8, 20, 8] : [2, 12, 4];
    const widths: Readonly<Record<number, number>> = { [SHORT]: 2, [LONG]: 4, [LONG8]: 8, [ASCII]: 1 };
    const head = countBytes + entries.length * entryBytes + word;
    const extra = entries.map(([, type, values]) => values.length * widths[type]!).filter((length) => length > word);
    const end = even(head + extra.reduce((sum, length) => sum + even(length), 0), 8);
    const bytes = new Uint8Array(end);
    const view = new DataView(bytes.buffer);
    const put = (where: number, value: number, length: number): void => {
      if (length === 8) view.setBigUint64(where, BigInt(value), true);
      else if (length === 4) view.setUint32(where, value, true);
      else if (length === 2) view.setUint16(where, value, true);
      else view.setUint8(where, value);
    };
    put(0, entries.length, countBytes);
    let free = head;
    entries.forEach(([tag, type, values], i) => {
      const entry = countBytes + i * entryBytes;
      put(entry, tag, 2);
      put(entry + 2, type, 2);
      put(entry + 4, values.length, word);
      const length = values.length * widths[type]!;
      let to = entry + 4 + word;
      if (length > word) {
        put(to, at + free, word);
        to = free;
        free += even(length);
      }
      values.forEach((value: number, k: number) => {
        put(to + k * widths[type]!, tag === 273 ? at + end : value, widths[type]!);
      });
    });
    const next = index + 1 < images ? at + end + even(size, 8) : 0;
    put(head - word, next, word);
    return bytes;
  };

  let at = big ? 16 : 8;
  const head = new Uint8Array(at);
  head.set(big ? [0x49, 0x49, 43, 0, 8, 0, 0, 0, 16] : [0x49, 0x49, 42, 0, 8]);
  await out.write(head);
  let index = 0;
  const images1 = { ...like, shape: [images, rows, columns, ...(samples === 3 ? [3] : [])] };
  return frameSink(images1, where, 1, {
    async group(image) {
      const first = directory(index++, at);
      await out.write(first);
      await out.write(bytesOf(image));
      await out.write(new Uint8Array(even(size, 8) - size));
      at += first.length + even(size, 8);
    },
    close: () => out.close(),
    abort: () => out.abort?.(),
  });
}

const even = (length: number, to = 2): number => Math.ceil(length / to) * to;
