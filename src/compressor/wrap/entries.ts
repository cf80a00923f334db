/** Codecs that wrap others, for the registry; each is loaded when it is first used. */
import type { Codec } from "../codec.ts";

interface WrapperEntry {
  readonly name: string;
  /** Container byte, never reused. */
  readonly id: number;
  load(): Promise<Codec>;
}

export const WRAPPERS = [
  { name: "transpose", id: 40, load: async () => (await import("./transpose.ts")).transpose },
  { name: "resize", id: 41, load: async () => (await import("./resize.ts")).resize },
  { name: "cast", id: 42, load: async () => (await import("./cast.ts")).cast },
  { name: "delta_encoding", id: 43, load: async () => (await import("./delta-encoding.ts")).deltaEncoding },
  { name: "linear_quantizer", id: 44, load: async () => (await import("./linear-quantizer.ts")).linearQuantizer },
  { name: "log_transform", id: 45, load: async () => (await import("./log-transform.ts")).logTransform },
  { name: "pw_rel", id: 46, load: async () => (await import("./pw-rel.ts")).pwRel },
  { name: "threshold_small", id: 47, load: async () => (await import("./threshold-small.ts")).thresholdSmall },
  { name: "remove_background", id: 48, load: async () => (await import("./remove-background.ts")).removeBackground },
  { name: "sample", id: 49, load: async () => (await import("./sample.ts")).sample },
  { name: "binning", id: 50, load: async () => (await import("./binning.ts")).binning },
  { name: "mask_binning", id: 51, load: async () => (await import("./mask-binning.ts")).maskBinning },
  { name: "mask_interpolation", id: 52, load: async () => (await import("./mask-interpolation.ts")).maskInterpolation },
  { name: "roibin", id: 53, load: async () => (await import("./roibin.ts")).roibin },
  { name: "switch", id: 54, load: async () => (await import("./switch.ts")).switchCodec },
  { name: "pipeline", id: 55, load: async () => (await import("./pipeline.ts")).pipeline },
  { name: "chunking", id: 56, load: async () => (await import("./chunking.ts")).chunking },
  { name: "corrector", id: 57, load: async () => (await import("./corrector.ts")).corrector },
  { name: "pressio", id: 60, load: async () => (await import("../direct/through.ts")).pressio },
  { name: "manifest", id: 61, load: async () => (await import("../direct/through.ts")).manifest },
  { name: "many_independent", id: 62, load: async () => (await import("../direct/through.ts")).manyIndependent },
  {
    name: "many_independent_threaded",
    id: 63,
    load: async () => (await import("../direct/through.ts")).manyIndependentThreaded,
  },
  { name: "many_dependent", id: 64, load: async () => (await import("../direct/through.ts")).manyDependent },
  { name: "repeat", id: 65, load: async () => (await import("../direct/repeat.ts")).repeat },
  { name: "opt", id: 66, load: async () => (await import("../direct/opt.ts")).opt },
] as unknown as readonly WrapperEntry[];
