export {
  decodePlanes,
  decodeRunCoarse,
  decodeRunFine,
  decodeRunFractions,
  decodeTwoCoarse,
  decodeTwoFine,
  decodeTwoFractions,
} from "./codecs/fast-decode";
export {
  encodePlane,
  endLowBits,
  residualsCoarse,
  residualsFine,
  residualsFractions,
  symbolsRun,
} from "./codecs/fast-encode";
export { openRun } from "./codecs/fast-rows";
export {
  encodeSymbols,
  encodeTwoSymbols,
  entriesOf,
  frequenciesOf,
  groupLevels,
  readWeights,
  slotsOf,
  weightsOf,
  writeWeights,
} from "./entropy/rans";
export { activityRow, addPastRow, knownRow } from "./predict/causal";
export { addPastShortRow, knownShortRow, shortenRow } from "./predict/causal-short";
export { filterCost, meanResidual, sampleRow, solveFilter, sumProducts, weighSamples, weightedError } from "./predict/causal-fit";
export {
  endPlane,
  failuresInto,
  quantizePlane,
  quantizeRowF32,
  quantizeRowF64,
  startPlane,
  valuesPlane,
  valuesRowF32,
} from "./quantize/lattice";
export {
  refinePlane,
  refineRowF32,
  refineRowF64,
  restorePlane,
  restoreRowF32,
  restoreRowF64,
  strayInto,
} from "./quantize/refine";
