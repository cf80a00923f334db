/**
 * Models that codecs ask for: by the hash that names them, or by the path of a file. Node finds them by itself
 * (node-models.ts); a page adds them.
 */
import { TempressError } from "../errors.ts";
import { PartNotLoaded } from "./part.ts";

const known = new Map<string, Uint8Array>();

/** A hash names the file it ends. */
const HASH_BYTES = 32;

/**
 * Makes a model (the bytes of a .tpm file) known in this thread, and gives the hash that names it.
 * Files that name it can be read from then on, and codecs can be told the hash.
 */
export function addModel(bytes: Uint8Array): string {
  const hash = Array.from(bytes.subarray(-HASH_BYTES), (byte) => byte.toString(16).padStart(2, "0")).join("");
  known.set(hash, bytes);
  return hash;
}

/**
 * The bytes of a model, not yet checked.
 * @param wanted its hash in hexadecimal, or the path of its file
 * @throws PartNotLoaded where it has to be looked for, TempressError where it cannot be
 */
export function modelBytes(wanted: string): Uint8Array {
  const bytes = known.get(wanted);
  if (bytes) return bytes;
  if (typeof process === "undefined") {
    throw new TempressError("invalid-argument", `the model ${wanted} is not known`, {
      where: "model",
      hint: "fetch it and give its bytes to addModel",
    });
  }
  throw new PartNotLoaded(async () => {
    const { findModel } = await import("./node-models.ts");
    const found = findModel(wanted);
    addModel(found);
    known.set(wanted, found);
  });
}
