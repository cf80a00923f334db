/** `tempress/codecs/zfp`: zfp's own streams and files, without the container of Tempress. Runs in pages too. */
export { openZfp, type ZfpFile, type ZfpKnown } from "./zfp-file.ts";
export { prepareZfp } from "./zfp-kernel.ts";
export type { ZfpMode, ZfpParameters, ZfpType } from "./zfp-parameters.ts";
export { type ZfpWriteOptions, type ZfpWriter, zfpWriter } from "./zfp-write.ts";
export { type ZfpyConfig, zfpyDecode, zfpyEncode } from "./zfpy.ts";
