export * from "./codecs/tthresh-decode";
export * from "./codecs/tthresh-encode";
export { bytesRead, endWriting, moveWriting, startReading, startWriting } from "./entropy/word-bits";
export * from "./transform/eigen";
export * from "./transform/product";
