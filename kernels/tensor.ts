export { specialsBytes, specialsDecode, specialsEncode } from "./tensor/specials";
export { specialsTake } from "./tensor/specials-take";
