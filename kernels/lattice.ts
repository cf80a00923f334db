export { decodePlanes, decodeRun, decodeRunCoarse, decodeTwoRuns, decodeTwoRunsCoarse, encodePlane, endLowBits, openRun, residualsRun, residualsRunCoarse, symbolsRun } from "./codecs/fast";
export {
  encodeSymbols,
  entriesOf,
  frequenciesOf,
  groupLevels,
  readWeights,
  slotsOf,
  weightsOf,
  writeWeights,
} from "./entropy/rans";
export { activityRow, addPastRow, knownRow } from "./predict/causal";
export { filterCost, meanResidual, sampleRow, solveFilter, sumProducts } from "./predict/causal-fit";
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
