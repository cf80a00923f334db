export { crc32c, crcTables } from "./container/crc32c";
