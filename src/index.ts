/** Tempress: error-bounded compression of time-evolving scientific data. */
export { type Archive, type OpenOptions, openArchive, type WriteOptions } from "./compressor/archive.ts";
export type { Damage } from "./compressor/chunk-reader.ts";
export {
  type Codec,
  type DecodeTask,
  EFFORTS,
  type Effort,
  type Encoded,
  type EncodeTask,
  SECTIONS,
  type SectionName,
} from "./compressor/codec.ts";
export { type CompressReport, compress, compressTo, DEFAULT_CODEC } from "./compressor/compress.ts";
export { type Compressor, compressor, loadCompressor } from "./compressor/compressor.ts";
export { type DecompressOptions, decompress } from "./compressor/decompress.ts";
export type { InspectReport } from "./compressor/inspect.ts";
export { type Declared, type Introspection, introspect, type PluginType } from "./compressor/introspect.ts";
export { addModel } from "./compressor/models.ts";
export type { CompressOptions, Progress } from "./compressor/options.ts";
export { optionsFromJson, optionsToJson } from "./compressor/pressio-json.ts";
export { PressioOptions } from "./compressor/pressio-options.ts";
export type { KeyState, PressioOption, PressioType, PressioValue } from "./compressor/pressio-types.ts";
export { codecs } from "./compressor/registry.ts";
export {
  bool,
  child,
  children,
  choice,
  float,
  int,
  numbers,
  type OptionSchema,
  type OptionSpec,
  string,
} from "./compressor/schema.ts";
export { type VerifyOptions, type VerifyReport, verifyArchive } from "./compressor/verify.ts";
export type { ChunkInfo } from "./container/chunk-record.ts";
export type { Header } from "./container/header.ts";
export { type ErrorCode, isTempressError, TempressError } from "./errors.ts";
export { formats } from "./io/formats.ts";
export type { Metric, MetricKind, MetricResults } from "./metrics/metric.ts";
export { metrics } from "./metrics/registry.ts";
export type { Bound, PromiseSpec } from "./promise/spec.ts";
export { verifyBound } from "./promise/verify.ts";
export { DTYPE_NAMES, type DType, isDType } from "./tensor/dtype.ts";
export type { Shape } from "./tensor/shape.ts";
export {
  type ByteSink,
  type ByteSource,
  byteSource,
  type TensorSink,
  type TensorSource,
  tensorSource,
} from "./tensor/source.ts";
export { type Tensor, tensor } from "./tensor/tensor.ts";
