export { quantizerBytes, sz3Unpredicted } from "./codecs/sz3";
export { huffmanCount, huffmanRead, huffmanWrite } from "./entropy/huffman";
export { interpolationPlanBytes, sz3Level, sz3Seeds } from "./predict/sz3-interpolation";
export { blockScanBytes } from "./predict/sz3-block-scan";
export { sz3Blocks, sz3Rows } from "./predict/sz3-lorenzo";
