/** The settings of SZ3's interpolation as its streams have them. */
import type { ByteReader, ByteWriter } from "../container/cursor.ts";
import { effectiveStride, type InterpolationSettings, orderCount } from "../predict/sz3-interpolation.ts";
import type { Shape } from "../tensor/shape.ts";
import { readU64, writeU64 } from "./sz3-quantizer.ts";

const BLOCK = 32;

export function writeInterpolationHead(to: ByteWriter, dims: Shape, settings: InterpolationSettings): void {
  for (const extent of dims) writeU64(to, extent);
  to.u32(BLOCK);
  to.u32(settings.cubic ? 1 : 0);
  to.u32(settings.direction);
  writeU64(to, effectiveStride(dims, settings.anchorStride));
  to.f64(settings.alpha);
  to.f64(settings.beta);
}

/** @throws TempressError "corrupt" for settings that no encoder writes, or other extents than `dims`. */
export function readInterpolationHead(from: ByteReader, dims: Shape): InterpolationSettings {
  for (const extent of dims) {
    if (readU64(from) !== extent) throw from.wrong("extents differ between payload and configuration");
  }
  const block = from.u32();
  if (block !== BLOCK) throw from.wrong(`interpolation in blocks of ${block}: ${BLOCK} is known`);
  const kind = from.u32();
  if (kind > 1) throw from.wrong(`interpolation ${kind} is not known`);
  const direction = from.u32();
  if (direction >= orderCount(dims.length)) throw from.wrong(`there is no order ${direction} of the axes`);
  const anchorStride = readU64(from);
  if (anchorStride > 2 ** 30 || (anchorStride & (anchorStride - 1)) !== 0) {
    throw from.wrong(`an anchor stride cannot be ${anchorStride}`);
  }
  const alpha = from.f64();
  const beta = from.f64();
  if (!(Number.isFinite(alpha) && (alpha < 1 || (beta > 0 && Number.isFinite(beta) && alpha < 2 ** 30)))) {
    throw from.wrong(`levels cannot have alpha ${alpha}, beta ${beta}`);
  }
  return { cubic: kind === 1, direction, anchorStride, alpha, beta };
}
