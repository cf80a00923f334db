/**
 * The chain of images in a TIFF file, checked before a library reads them: every directory and every list of values
 * lies inside the file, the chain ends, no strip claims absurd sizes.
 */
import { TempressError } from "../errors.ts";
import type { ByteSource } from "../tensor/source.ts";

/** Bytes of a value by the type's number in the file. */
const WIDTHS: Readonly<Record<number, number>> = {
  ...{ 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8 },
};
const MOST_ENTRIES = 4096;
const MOST_IMAGES = 1 << 20;

function corrupt(where: string, what: string, code: "corrupt" | "truncated" = "corrupt"): TempressError {
  return new TempressError(code, `not a readable TIFF file: ${what}`, { where });
}

/** How many images there are. Compression and sizes are the library's; what it would trust blindly is checked here. */
export async function countTiffImages(bytes: ByteSource): Promise<number> {
  const where = bytes.name ?? "TIFF data";
  if (bytes.byteLength < 16) throw corrupt(where, "it ends inside its header", "truncated");
  const read = async (at: number, length: number): Promise<DataView> => {
    if (at + length > bytes.byteLength) throw corrupt(where, "a directory is cut off", "truncated");
    const got = await bytes.read(at, at + length);
    return new DataView(got.buffer, got.byteOffset, got.byteLength);
  };
  const head = await read(0, 16);
  const mark = head.getUint16(0);
  if (mark !== 0x4949 && mark !== 0x4d4d) throw corrupt(where, "it begins with neither II nor MM");
  const little = mark === 0x4949;
  const version = head.getUint16(2, little);
  if (version !== 42 && version !== 43) throw corrupt(where, `version ${version}`);
  const wide = version === 43;
  const offset = (view: DataView, at: number): number =>
    wide ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little);
  const seen = new Set<number>();
  const [countBytes, entryBytes] = wide ? [8, 20] : [2, 12];
  for (let at = offset(head, wide ? 8 : 4); at !== 0; ) {
    if (seen.has(at)) throw corrupt(where, "its images form a ring");
    seen.add(at);
    if (seen.size > MOST_IMAGES) throw corrupt(where, `more than ${MOST_IMAGES} images`);
    const first = await read(at, countBytes);
    const count = wide ? Number(first.getBigUint64(0, little)) : first.getUint16(0, little);
    if (count === 0 || count > MOST_ENTRIES) throw corrupt(where, `a directory of ${count} entries`);
    const length = count * entryBytes + (wide ? 8 : 4);
    const list = await read(at + countBytes, length);
    for (let i = 0; i < count; i++) {
      const entry = i * entryBytes;
      const width = WIDTHS[list.getUint16(entry + 2, little)];
      if (width === undefined) throw corrupt(where, `a value of type ${list.getUint16(entry + 2, little)}`);
      const size = offset(list, entry + 4) * width;
      const inside = size <= (wide ? 8 : 4);
      if (!inside && !(offset(list, entry + (wide ? 12 : 8)) + size <= bytes.byteLength)) {
        throw corrupt(where, `the values of tag ${list.getUint16(entry, little)} lie outside the file`);
      }
    }
    at = offset(list, count * entryBytes);
  }
  if (seen.size === 0) throw corrupt(where, "it has no image");
  return seen.size;
}
