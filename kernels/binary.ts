export {
  decodeBit,
  decodeRaw,
  decoderStart,
  encodeBit,
  encodeRaw,
  encoderFinish,
  encoderLength,
  encoderStart,
} from "./entropy/binary";
