export { ssimFrame, ssimWindows } from "./metrics/ssim";
