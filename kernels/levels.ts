export * from "./codecs/levels";
