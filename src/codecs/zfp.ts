/**
 * zfp in a chunk: section "data" is one stream as native zfp writes it, with its header, so that the chunk tells by
 * itself what it holds. The stages are transform/: block floats, lifting, bit planes.
 */
import type { Codec } from "../compressor/codec.ts";
import { TempressError } from "../errors.ts";
import { DTYPE_NAMES } from "../tensor/dtype.ts";
import { formatShape } from "../tensor/shape.ts";
import type { ZfpValues } from "./zfp-array.ts";
import { zfpBare } from "./zfp-bare.ts";
import { canCarry, carrierType, foldedShape, fromCarrier, toCarrier } from "./zfp-carrier.ts";
import { decodeZfp } from "./zfp-decode.ts";
import { encodeZfp } from "./zfp-encode.ts";
import { readZfpHeader } from "./zfp-header.ts";
import { prepareZfp } from "./zfp-kernel.ts";
import { modeOfBound, modeOfOptions, zfpOptions } from "./zfp-options.ts";
import { zfpParameters } from "./zfp-parameters.ts";

export const zfp: Codec<typeof zfpOptions> = {
  name: "zfp",
  id: 11,
  version: 1,
  stability: "stable",
  summary: "zfp's streams: blocks of 4^d values, lifting transform, bit planes",
  keeps: ["abs", "lossless"],
  dtypes: DTYPE_NAMES,
  options: zfpOptions,
  bare: zfpBare,
  prepare: prepareZfp,

  encode({ frames, bound }, options) {
    const asked = modeOfOptions(options);
    const shape = foldedShape(frames.shape);
    const type = carrierType(frames, bound.kind);
    const values = toCarrier(frames, type);
    const mode = asked ?? modeOfBound(bound, type, shape.length, values);
    const parameters = zfpParameters(mode, type, shape.length);
    return { sections: [{ name: "data", bytes: encodeZfp({ type, shape, parameters }, values, true) }] };
  },

  decode({ dtype, shape, section, into }) {
    const stream = section("data");
    const where = "section data";
    const header = readZfpHeader(stream, where);
    if (!canCarry(header.type, dtype) || formatShape(header.shape) !== formatShape(foldedShape(shape))) {
      throw new TempressError("corrupt", `the stream holds ${formatShape(header.shape)} ${header.type} values`, {
        where,
        hint: `the chunk is ${formatShape(shape)} ${dtype}; the file is damaged`,
      });
    }
    if (into && header.type === dtype) {
      return { dtype, shape, data: decodeZfp(header, stream, header.bits, into as ZfpValues) };
    }
    return fromCarrier(decodeZfp(header, stream, header.bits), header.type, dtype, shape);
  },
};
