/** Raw and .npy files on this machine; `-` is standard input and output. */
import { TempressError } from "../errors.ts";
import { DTYPE_NAMES, DTYPES } from "../tensor/dtype.ts";
import { elementCount, formatShape } from "../tensor/shape.ts";
import type { Format, TensorLike } from "./format.ts";
import { createBytes, openBytes } from "./node-stream.ts";
import { npyHeader, npySource } from "./npy.ts";
import { rawSink, rawSource } from "./raw.ts";
import { parseRawName, RAW_EXTENSIONS, rawExtension } from "./raw-name.ts";

export const rawFormat: Format = {
  name: "raw",
  extensions: RAW_EXTENSIONS,
  summary: "little-endian values without a header",
  async open(path, hint) {
    const named = path === "-" ? { dtype: undefined, shape: undefined } : parseRawName(path);
    const dtype = hint.dtype ?? named.dtype ?? hint.otherwise?.dtype;
    if (dtype === undefined) {
      throw new TempressError("invalid-argument", "the type of the raw values is not known", {
        where: path,
        hint: `add --dtype (one of ${DTYPE_NAMES.join(", ")}), or name the file like wind_132x73x144.f32`,
      });
    }
    const width = DTYPES[dtype].bytes;
    const shape = hint.shape ?? named.shape ?? hint.otherwise?.shape;
    if (shape === undefined) {
      const known = path === "-" ? "" : await valuesIn(path, width);
      throw new TempressError("invalid-argument", `the shape of the raw values is not known${known}`, {
        where: path,
        hint: "add --shape, slowest axis first (--shape 132x73x144), or put it into the name (wind_132x73x144.f32)",
      });
    }
    const bytes = await openBytes(path, elementCount(shape) * width);
    try {
      return rawSource(bytes, { dtype, shape });
    } catch (error) {
      await bytes.close?.();
      throw error;
    }
  },
  async save(path, like, options) {
    if (path !== "-") checkName(path, like);
    return rawSink(createBytes(path, options), like, path);
  },
};

async function valuesIn(path: string, width: number): Promise<string> {
  const bytes = await openBytes(path);
  await bytes.close?.();
  return ` (${bytes.byteLength / width} values)`;
}

/** A name that tells another dtype or shape than the data have would be read wrongly. */
function checkName(path: string, like: TensorLike): void {
  const named = parseRawName(path);
  const shape = formatShape(like.shape);
  if (named.dtype !== undefined && named.dtype !== like.dtype) {
    throw new TempressError("invalid-argument", `the name says ${named.dtype}, but the values are ${like.dtype}`, {
      where: path,
      hint: `end it in .${rawExtension(like.dtype)} (or .raw)`,
    });
  }
  if (named.shape !== undefined && formatShape(named.shape) !== shape) {
    throw new TempressError(
      "invalid-argument",
      `the name says ${formatShape(named.shape)}, but the shape is ${shape}`,
      {
        where: path,
        hint: `put ${shape} into the name, or no shape`,
      },
    );
  }
}

export const npyFormat: Format = {
  name: "npy",
  extensions: ["npy"],
  summary: "NumPy array",
  async open(path, hint) {
    const bytes = await openBytes(path);
    try {
      const source = await npySource(bytes);
      for (const [flag, wanted, found] of [
        ["--dtype", hint.dtype, source.dtype],
        ["--shape", hint.shape && formatShape(hint.shape), formatShape(source.shape)],
      ]) {
        if (wanted !== undefined && wanted !== found) {
          throw new TempressError("invalid-argument", `the file says ${found}, not ${wanted}`, {
            where: path,
            hint: `leave ${flag} out; .npy files carry it`,
          });
        }
      }
      return source;
    } catch (error) {
      await bytes.close?.();
      throw error;
    }
  },
  async save(path, like, options) {
    const out = createBytes(path, options);
    await out.write(npyHeader(like));
    return rawSink(out, like, path);
  },
};
