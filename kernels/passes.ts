export { scan32, scan64 } from "./tensor/scan";
export { differs, verifyAbs32, verifyAbs64, verifyPw32, verifyPw64 } from "./promise/verify";
