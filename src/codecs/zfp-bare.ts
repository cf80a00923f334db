/** Bare .zfp files whole: what the command line reads and writes. */
import type { BareFiles } from "../compressor/codec.ts";
import { checkOptions } from "../compressor/schema.ts";
import { TempressError } from "../errors.ts";
import type { Bound } from "../promise/spec.ts";
import { DTYPES } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { toCarrier } from "./zfp-carrier.ts";
import { decodeZfp } from "./zfp-decode.ts";
import { layoutOf } from "./zfp-file.ts";
import { modeOfBound, modeOfOptions, zfpOptions } from "./zfp-options.ts";
import { bareShape, bareType, zfpWriter } from "./zfp-write.ts";

export const zfpBare: BareFiles<typeof zfpOptions> = {
  read(bytes, { dtype, shape, where, options }) {
    const mode = modeOfOptions(checkOptions(zfpOptions, options));
    const { layout, bits } = layoutOf(bytes, { dtype, shape, mode }, where);
    const data = decodeZfp(layout, bytes, bits);
    return { dtype: layout.type, shape: layout.shape, data } as Tensor;
  },

  write(values, bound, options) {
    const asked = modeOfOptions(options);
    if (!asked && !bound) {
      throw new TempressError("invalid-argument", "nothing says how exact the file must be", {
        where: "zfp",
        hint: "give --abs, --rel or --lossless, or a mode such as -O zfp:rate=8",
      });
    }
    const mode = asked ?? modeOf(values, bound!);
    // A mean error is at most the largest one.
    const abs = bound?.kind === "lossless" ? 0 : bound?.value;
    const writer = zfpWriter(values, { mode, abs: "reversible" in mode ? undefined : abs });
    const pieces = [...writer.write(values), writer.finish()];
    const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  },
};

function modeOf(values: Tensor, bound: Bound) {
  if (bound.kind === "pw_rel") {
    throw new TempressError("unsupported", "zfp cannot keep a bound for each value", {
      where: "--pw-rel",
      hint: "use --abs, --rel or --lossless",
    });
  }
  const exact = bound.kind === "lossless" || DTYPES[values.dtype].kind !== "float";
  const type = bareType(values.dtype, exact);
  const shape: Shape = bareShape(values.shape);
  return modeOfBound(bound, type, shape.length, toCarrier(values, type));
}
