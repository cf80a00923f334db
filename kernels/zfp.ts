export * from "./codecs/zfp";
