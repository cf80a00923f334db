export {
  decodeRun,
  encodeRun,
  endPlane,
  exportPlane,
  importPlane,
  isDamaged,
  planeBytes,
  sequentialBytes,
  sequentialStart,
  startPlane,
} from "./codecs/sequential";
export { decoderStart, encoderFinish, encoderLength, encoderStart } from "./entropy/binary";
export { logarithm, logistic, logOddsBuild, logOddsBytes } from "./entropy/log-odds";
