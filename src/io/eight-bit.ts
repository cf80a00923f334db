/**
 * Fields as 8- or 16-bit frames, as studies of image codecs make them, and back. The scale is one for the whole field:
 * level 0 is its least value, the highest level its greatest, values between are rounded to the nearest level.
 */
import { TempressError } from "../errors.ts";
import { DTYPES, type DType, isDType } from "../tensor/dtype.ts";
import { elementCount, formatShape, type Shape } from "../tensor/shape.ts";
import { emptyTensor, type Tensor } from "../tensor/tensor.ts";

export const SCALE_FILE = "scale.json";

/** What the frames alone do not say. `value = least + level * (greatest - least) / (2 ** bits - 1)`. */
export interface FrameScale {
  readonly format: "tempress-frames";
  readonly version: 1;
  readonly bits: 8 | 16;
  /** Three equal channels, as codecs of RGB images want them. */
  readonly rgb: boolean;
  readonly least: number;
  readonly greatest: number;
  /** Of the field. */
  readonly shape: Shape;
  readonly dtype: DType;
  readonly axes?: readonly string[];
  readonly name?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  /** Values that are no number, or the fill value, became level 0; so many there were. */
  readonly missing: number;
}

export interface Levels {
  readonly least: number;
  readonly greatest: number;
  missing: number;
}

/** Widens the range by the numbers of a slab; missing values do not count. */
export function widen(levels: Levels | undefined, { data }: Tensor, fill: number | undefined): Levels {
  let least = levels?.least ?? Number.POSITIVE_INFINITY;
  let greatest = levels?.greatest ?? Number.NEGATIVE_INFINITY;
  let missing = levels?.missing ?? 0;
  for (let i = 0; i < data.length; i++) {
    const value = Number(data[i]);
    if (!Number.isFinite(value) || value === fill) missing++;
    else {
      if (value < least) least = value;
      if (value > greatest) greatest = value;
    }
  }
  return { least, greatest, missing };
}

/** The frames' shape [t, y, x] or [t, y, x, 3]; more axes than three become rows of images. */
export function frameShape(shape: Shape, rgb: boolean): number[] {
  const [t, y, x] =
    shape.length === 1
      ? [1, 1, shape[0]!]
      : shape.length === 2
        ? [1, ...shape]
        : [shape[0]!, elementCount(shape.slice(1, -1)), shape.at(-1)!];
  return rgb ? [t!, y!, x!, 3] : [t!, y!, x!];
}

/** Levels of some values, in the order they have; each three times for RGB. */
export function toLevels({ data }: Tensor, scale: FrameScale, fill: number | undefined): Tensor {
  const most = 2 ** scale.bits - 1;
  const range = scale.greatest - scale.least;
  const channels = scale.rgb ? 3 : 1;
  const out = emptyTensor(scale.bits === 8 ? "uint8" : "uint16", [data.length * channels]);
  for (let i = 0; i < data.length; i++) {
    const value = Number(data[i]);
    const there = Number.isFinite(value) && value !== fill && range > 0;
    const level = there ? Math.round(((value - scale.least) / range) * most) : 0;
    out.data.fill(Math.min(most, Math.max(0, level)), i * channels, (i + 1) * channels);
  }
  return out;
}

/** Values of levels; of RGB frames the mean of the three channels, which a lossy codec may have made unequal. */
export function fromLevels({ data }: Tensor, scale: FrameScale): Tensor {
  const most = 2 ** scale.bits - 1;
  const channels = scale.rgb ? 3 : 1;
  const count = data.length / channels;
  const out = emptyTensor(scale.dtype, [count]);
  const whole = DTYPES[scale.dtype].kind !== "float";
  const big = whole && DTYPES[scale.dtype].bytes === 8;
  for (let i = 0; i < count; i++) {
    let level = 0;
    for (let c = 0; c < channels; c++) level += Number(data[i * channels + c]);
    const value = scale.least + (level / channels / most) * (scale.greatest - scale.least);
    (out.data as unknown as unknown[])[i] = big ? BigInt(Math.round(value)) : whole ? Math.round(value) : value;
  }
  return out;
}

/** @throws TempressError "corrupt" with the field that is wrong. */
export function parseScale(text: string, where: string): FrameScale {
  const wrong = (what: string): TempressError =>
    new TempressError("corrupt", `the frames' scale is not readable: ${what}`, {
      where,
      hint: `it is the ${SCALE_FILE} that tempress convert --to-frames writes beside the frames`,
    });
  let found: Partial<Record<keyof FrameScale, unknown>>;
  try {
    found = JSON.parse(text) as typeof found;
  } catch {
    throw wrong("it is no JSON");
  }
  if (found?.format !== "tempress-frames" || found.version !== 1) throw wrong("format or version");
  const { bits, rgb, least, greatest, shape, dtype, axes, name, attributes } = found;
  if (bits !== 8 && bits !== 16) throw wrong("bits");
  if (typeof rgb !== "boolean") throw wrong("rgb");
  if (!Number.isFinite(least) || !Number.isFinite(greatest)) throw wrong("least and greatest");
  if (typeof dtype !== "string" || !isDType(dtype)) throw wrong("dtype");
  if (!Array.isArray(shape)) throw wrong("shape");
  elementCount(shape as number[], where);
  const texts = (value: unknown): boolean => Array.isArray(value) && value.every((each) => typeof each === "string");
  if (axes !== undefined && !(texts(axes) && (axes as string[]).length === shape.length)) throw wrong("axes");
  if (name !== undefined && typeof name !== "string") throw wrong("name");
  if (attributes !== undefined && !(typeof attributes === "object" && texts(Object.values(attributes ?? {}))))
    throw wrong("attributes");
  return found as unknown as FrameScale;
}

/** @throws TempressError "invalid-argument" when frames and scale are not of one field. */
export function checkFrames(
  found: { readonly shape: Shape; readonly dtype: DType },
  scale: FrameScale,
  where: string,
): void {
  const wanted = frameShape(scale.shape, scale.rgb);
  const dtype = scale.bits === 8 ? "uint8" : "uint16";
  const grey = frameShape(scale.shape, false);
  const shapes = [formatShape(wanted), formatShape(grey)];
  if (found.dtype === dtype && shapes.includes(formatShape(found.shape))) return;
  throw new TempressError(
    "invalid-argument",
    `the frames are ${formatShape(found.shape)} ${found.dtype}, the scale is of ${formatShape(wanted)} ${dtype}`,
    { where, hint: "every frame must be there, in the size it was written" },
  );
}
