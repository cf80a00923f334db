/** Finds model files on this machine: by path, or by hash where the variable TEMPRESS_MODELS says. */
import * as fs from "node:fs";
import { delimiter, join } from "node:path";
import { TempressError } from "../errors.ts";

const HASH = /^[0-9a-f]{64}$/;
const HASH_BYTES = 32;
/** No model is larger; weights of the published PredNet are 28 MB. */
const MOST_BYTES = 2 ** 28;

/** @throws TempressError "io" if there is none */
export function findModel(wanted: string): Uint8Array {
  if (!HASH.test(wanted)) return contentOf(wanted);
  const places = (process.env.TEMPRESS_MODELS ?? "").split(delimiter).filter((place) => place !== "");
  for (const path of places.flatMap(modelsIn)) {
    if (endOf(path) === wanted) return contentOf(path);
  }
  throw new TempressError("io", `the model ${wanted} is not here`, {
    where: "model",
    hint: "put its .tpm file, or the folder it is in, into the variable TEMPRESS_MODELS",
  });
}

function modelsIn(place: string): string[] {
  const stat = fs.statSync(place, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return stat ? [place] : [];
  const names = fs.readdirSync(place).filter((name) => name.endsWith(".tpm"));
  return names.sort().map((name) => join(place, name));
}

/** The hash at the end of a file. */
function endOf(path: string): string {
  const file = fs.openSync(path, "r");
  try {
    const end = Buffer.alloc(HASH_BYTES);
    const got = fs.readSync(file, end, 0, HASH_BYTES, Math.max(0, fs.fstatSync(file).size - HASH_BYTES));
    return end.subarray(0, got).toString("hex");
  } finally {
    fs.closeSync(file);
  }
}

function contentOf(path: string): Uint8Array {
  const fail = (what: string, cause?: unknown) =>
    new TempressError("io", `the model cannot be read: ${what}`, { where: path, hint: "name a .tpm file", cause });
  try {
    const { size } = fs.statSync(path);
    if (size > MOST_BYTES) throw fail(`${size} bytes are more than ${MOST_BYTES}`);
    return new Uint8Array(fs.readFileSync(path));
  } catch (cause) {
    if (cause instanceof TempressError) throw cause;
    const missing = (cause as { code?: string }).code === "ENOENT";
    throw fail(missing ? "there is no such file" : String((cause as Error).message), cause);
  }
}
