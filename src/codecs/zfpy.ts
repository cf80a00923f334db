/**
 * Zarr's codec "zfpy" (numcodecs' ZFPY): array in, bytes out, no container. The bytes are a zfp stream with its
 * header, as `zfpy.compress_numpy` writes it.
 */
import { TempressError } from "../errors.ts";
import type { DType } from "../tensor/dtype.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { decodeZfp } from "./zfp-decode.ts";
import { encodeZfp } from "./zfp-encode.ts";
import { readZfpHeader } from "./zfp-header.ts";
import { prepareZfp } from "./zfp-kernel.ts";
import { isZfpType, type ZfpMode, zfpParameters } from "./zfp-parameters.ts";

/** The codec's configuration as Zarr's metadata hold it; `id` is "zfpy". */
export interface ZfpyConfig {
  /** 2 fixed rate, 3 fixed precision, 4 fixed accuracy, 5 reversible. */
  readonly mode: number;
  readonly tolerance?: number;
  readonly rate?: number;
  readonly precision?: number;
}

/**
 * @param values rank 1 to 4, of int32, int64, float32 or float64, C order.
 * @throws TempressError "unsupported" for other types and ranks, "invalid-argument" for a mode without its number.
 */
export async function zfpyEncode(values: Tensor, config: ZfpyConfig): Promise<Uint8Array> {
  await prepareZfp();
  const { dtype, shape, data } = values;
  if (!isZfpType(dtype) || shape.length > 4 || shape.includes(0)) {
    throw new TempressError("unsupported", `zfpy does not take ${formatShape(shape)} ${dtype}`, {
      where: "zfpy",
      hint: "ranks 1 to 4 of int32, int64, float32 and float64",
    });
  }
  const parameters = zfpParameters(zfpyMode(config), dtype, shape.length);
  return encodeZfp({ type: dtype, shape, parameters }, data as never, true);
}

/**
 * @param known dtype and shape of the Zarr chunk, which the stream must agree with.
 * @throws TempressError "corrupt" where it does not, and for any damage that can be seen.
 */
export async function zfpyDecode(
  bytes: Uint8Array,
  known: { readonly dtype?: DType; readonly shape?: Shape } = {},
): Promise<Tensor> {
  await prepareZfp();
  const header = readZfpHeader(bytes, "zfpy");
  const { type, shape } = header;
  if ((known.dtype ?? type) !== type || formatShape(known.shape ?? shape) !== formatShape(shape)) {
    throw new TempressError("corrupt", `the stream holds ${formatShape(shape)} ${type}`, {
      where: "zfpy",
      hint: `the array says ${formatShape(known.shape ?? shape)} ${known.dtype ?? type}`,
    });
  }
  return { dtype: type, shape, data: decodeZfp(header, bytes, header.bits) };
}

function zfpyMode({ mode, tolerance = -1, rate = -1, precision = -1 }: ZfpyConfig): ZfpMode {
  if (mode === 2) return { rate };
  if (mode === 3) return { precision };
  if (mode === 4) return { accuracy: tolerance };
  if (mode === 5) return { reversible: true };
  throw new TempressError("unsupported", `zfpy mode ${mode} is not known`, {
    where: "zfpy",
    hint: "2 fixed rate, 3 fixed precision, 4 fixed accuracy, 5 reversible",
  });
}
