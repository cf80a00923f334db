/** Variables of NetCDF-3 files, read by range, and files of one variable to write. */
import { TempressError } from "../errors.ts";
import { DTYPES, type DType } from "../tensor/dtype.ts";
import { elementCount, frameLength, MAX_RANK } from "../tensor/shape.ts";
import type { ByteSource, TensorSource } from "../tensor/source.ts";
import { type Tensor, tensorFromBytes } from "../tensor/tensor.ts";
import { type AttributeValue, attributeTexts, fillOf } from "./attributes.ts";
import { type NetcdfHeader, type NetcdfVariable, readNetcdfHeader } from "./netcdf3-header.ts";
import { swapped } from "./raw.ts";
import { chooseVariable, type VariableInfo } from "./variables.ts";

interface Found extends VariableInfo {
  readonly variable: NetcdfVariable;
  readonly record: boolean;
}

function widthOf(dtype: DType | "char"): number {
  return dtype === "char" ? 1 : DTYPES[dtype].bytes;
}

const padded = (bytes: number): number => Math.ceil(bytes / 4) * 4;

function isRecord({ dimensions }: NetcdfHeader, variable: NetcdfVariable): boolean {
  const [first] = variable.dimensions;
  return first !== undefined && dimensions[first]!.length === 0;
}

/** Bytes of one record of a variable. */
function recordBytes({ dimensions }: NetcdfHeader, { dimensions: ids, dtype }: NetcdfVariable): number {
  return ids.slice(1).reduce((product, id) => product * dimensions[id]!.length, widthOf(dtype));
}

/** From one record to the next; a single record variable is not padded. */
function recordStride(header: NetcdfHeader): number {
  const sizes = header.variables.filter((v) => isRecord(header, v)).map((v) => recordBytes(header, v));
  return sizes.length === 1 ? sizes[0]! : sizes.reduce((sum, size) => sum + padded(size), 0);
}

function describe(header: NetcdfHeader, byteLength: number): Found[] {
  const stride = recordStride(header);
  const firstRecord = Math.min(
    ...header.variables.filter((variable) => isRecord(header, variable)).map(({ begin }) => begin),
  );
  const counted = stride > 0 ? Math.max(0, Math.floor((byteLength - firstRecord) / stride)) : 0;
  const records = header.records ?? counted;
  return header.variables.flatMap((variable): Found[] => {
    const { name, dtype, dimensions: ids, attributes } = variable;
    if (ids.length > MAX_RANK) return [];
    const axes = ids.map((id) => header.dimensions[id]!.name);
    const record = isRecord(header, variable);
    const shape = ids.map((id, k) => (k === 0 && record ? records : header.dimensions[id]!.length));
    const units = attributes.get("units");
    const coordinate = ids.length === 1 && axes[0] === name;
    return [
      {
        ...{ name, dtype, shape, variable, record },
        ...(axes.length > 0 ? { axes } : {}),
        ...(typeof units === "string" ? { units } : {}),
        secondary: coordinate || ids.length === 0 || dtype === "char",
      },
    ];
  });
}

export async function netcdf3Variables(bytes: ByteSource): Promise<VariableInfo[]> {
  const header = await readNetcdfHeader(bytes);
  return describe(header, bytes.byteLength).map(({ variable, record, ...info }) => info);
}

/**
 * Frames of one variable. Nothing but the header is read before it is asked for.
 * @throws TempressError "corrupt", "truncated" for damage, "invalid-argument" where the variable is not clear
 */
export async function netcdf3Source(bytes: ByteSource, wanted?: string): Promise<TensorSource> {
  const file = bytes.name ?? "NetCDF data";
  const header = await readNetcdfHeader(bytes);
  const chosen = chooseVariable(describe(header, bytes.byteLength), wanted, file);
  const { variable, record, name, axes } = chosen;
  const where = `${file}:${name}`;
  const { dtype, begin } = variable;
  if (dtype === "char") throw new TempressError("unsupported", "a variable of texts is not taken", { where });
  const scalar = chosen.shape.length === 0;
  const shape = scalar ? [1] : chosen.shape;
  const width = widthOf(dtype);
  const step = frameLength(shape);
  elementCount(shape, where);
  const stride = record ? recordStride(header) : step * width;
  const end = shape.includes(0) ? begin : begin + (shape[0]! - 1) * stride + step * width;
  if (!(end <= bytes.byteLength)) {
    throw new TempressError("truncated", `its values end at byte ${end}, the file at ${bytes.byteLength}`, {
      where,
      hint: "copy or download it again",
    });
  }
  const attributes = new Map<string, AttributeValue>(variable.attributes);
  for (const [key, value] of header.attributes) attributes.set(`/${key}`, value);
  const texts = attributeTexts(attributes);
  const fill = fillOf(attributes, dtype);
  const run = async (at: number, count: number): Promise<Uint8Array> => {
    const got = await bytes.read(at, at + count * width);
    if (got.length !== count * width) throw new TempressError("truncated", "the file became shorter", { where });
    return swapped(got, width as 1 | 2 | 4 | 8);
  };
  return {
    dtype,
    shape: Object.freeze([...shape]),
    name,
    ...(axes && !scalar ? { axes } : {}),
    ...(Object.keys(texts).length > 0 ? { attributes: texts } : {}),
    ...(fill === undefined ? {} : { fill }),
    async read(t0, t1): Promise<Tensor> {
      const part = [t1 - t0, ...shape.slice(1)];
      if (stride === step * width)
        return tensorFromBytes(dtype, part, await run(begin + t0 * stride, (t1 - t0) * step));
      const all = new Uint8Array((t1 - t0) * step * width);
      for (let t = t0; t < t1; t++) all.set(await run(begin + t * stride, step), (t - t0) * step * width);
      return tensorFromBytes(dtype, part, all);
    },
    readPart: async (t, start, stop) =>
      tensorFromBytes(dtype, [stop - start], await run(begin + t * stride + start * width, stop - start)),
    close: () => bytes.close?.(),
  };
}
