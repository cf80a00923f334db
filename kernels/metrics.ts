export { errorSums32, errorSums64 } from "./metrics/error-sums";
